"""`stargazer import stargazers`: rubbish is told by number, and the neighbours come from the list."""

from __future__ import annotations

import io
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from tests.integration.cli_world import TOKEN, Console, database_server, fresh_database, serving, star_graph

from stargazer.sandbox import Behaviour, Sandbox, Stargazers, Token


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture(params=[Stargazers.FORBIDDEN, Stargazers.EMPTY])
def sandbox(request: pytest.FixtureRequest) -> Generator[Sandbox]:
    tokens = {TOKEN: Token(user="operator", stargazers=request.param)}
    with serving(star_graph(), Behaviour(tokens=tokens)) as sandbox:
        yield sandbox


@pytest.fixture
def console(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, server: str
) -> Generator[Console]:
    with fresh_database(server) as url:
        console = Console(capsysbinary, monkeypatch)
        console.use_store(STARGAZER_DATABASE_URL=url)
        yield console


def decoded(out: bytes) -> Any:
    return msgspec.json.decode(out)


def test_a_closed_repository_is_answered(console: Console, sandbox: Sandbox, tmp_path: Path) -> None:
    """First refused, in every command and for one call; then answered from the list, as partial."""
    for command in ("neighbours", "plan", "neighbours"):
        ran = console.run(command, "o/seed", at=sandbox)
        assert ran.exit_code == 4
        assert ran.out == b""
        assert "a classic token was refused" in ran.err
        assert "stargazer list o/seed" in ran.err
    assert len(sandbox.record) == 2  # whose token it is, and the one question

    file, report = tmp_path / "list.csv", tmp_path / "report.json"
    file.write_text("login,starred_at\nada,2025-01-02T03:04:05Z\n!!!,\nbob,2025-06-01T00:00:00Z\ncy,\nADA,\n")
    ran = console.run("import", "stargazers", "o/seed", str(file), "--source", "an archive")
    assert ran.exit_code == 0
    assert ran.out.decode() == (
        "3 stargazers of o/seed kept, 100.0% of the 3 that GitHub counts; "
        "starred from 2025-01-02 to 2025-06-01; 1 line skipped.\n"
    )
    assert "warning: line 3: '!!!' is not a login" in ran.err

    ran = console.run("neighbours", "o/seed", "--format", "json", "--report", str(report))
    assert ran.exit_code == 3
    assert {item["repo"]: item["stargazers"] for item in decoded(ran.out)} == {
        "o/near": ["ada", "bob"],
        "o/far": ["ada"],
    }
    told = decoded(report.read_bytes())
    assert told["kind"] == "partial"
    assert told["coverage"]["imported"]["source"] == "an archive"
    assert told["coverage"]["imported"]["share"] == 1
    asked = len(sandbox.record)
    again = console.run("neighbours", "o/seed", "--format", "json", "--report", str(report))
    assert again.out == ran.out
    assert decoded(report.read_bytes())["coverage"]["imported"]["source"] == "an archive"
    assert len(sandbox.record) == asked

    assert console.run("import", "remove", "o/seed").out == b"The imported list of o/seed is removed.\n"
    assert decoded(console.run("import", "remove", "o/seed", "--format", "json").out)["removed"] is False
    assert console.run("neighbours", "o/seed").exit_code == 4


def test_what_it_prints_as_json(console: Console, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """One object with every figure and every warning; from standard input too."""
    given = SimpleNamespace(buffer=io.BytesIO(b'{"login":"ada"}\n{"login":7}\n'), isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", given)
    ran = console.run("import", "stargazers", "o/seed", "-", "--format", "json", at=sandbox)
    told = decoded(ran.out)
    assert (told["entries"], told["skipped"], told["share"]) == (1, 1, 0.333)
    assert told["first_starred_at"] is None
    assert told["warnings"][0].startswith("line 2: ")


@pytest.mark.parametrize(("repository", "exit_code"), [("o/seed", 2), ("no/body", 6), ("nonsense", 2)])
def test_what_cannot_be_imported(
    console: Console, sandbox: Sandbox, tmp_path: Path, repository: str, exit_code: int
) -> None:
    """An empty file, no such repository, no name of one: one line that says so."""
    file = tmp_path / "list.csv"
    file.write_text("login\n" if repository == "o/seed" else "login\nada\n")
    ran = console.run("import", "stargazers", repository, str(file), at=sandbox)
    assert ran.exit_code == exit_code
    assert ran.out == b""
    assert len(ran.lines) == 1
