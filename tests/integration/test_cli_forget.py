"""`stargazer forget`: gone from everything that is printed, and what it says of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from typing import Any

import msgspec
import pytest
from tests.integration.cli_world import Console, database_server, fresh_database, serving, star_graph

from stargazer.sandbox import Sandbox


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
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


def test_no_export_names_them(console: Console, sandbox: Sandbox) -> None:
    """In no format; the counts stay, and a second time there is nothing left to remove."""
    console.run("neighbours", "o/seed", at=sandbox)
    ran = console.run("forget", "Bob")
    assert ran.exit_code == 0
    assert ran.out.decode().splitlines()[:2] == [
        "Removed: 1 star list; taken out of 1 list of stargazers, 1 answer.",
        "They are kept out from now on.",
    ]
    has_parquet = importlib.util.find_spec("pyarrow") is not None
    for form in ("csv", "ndjson", "json", *["parquet"] * has_parquet):
        out = console.run("export", "o/seed", "--format", form).out
        assert b"bob" not in out
        assert b"ada" in out
    told = decoded(console.run("export", "o/seed", "--format", "json").out)
    assert [(item["repo"], item["shared"]) for item in told] == [("o/near", 2), ("o/far", 1)]

    ran = console.run("forget", "bob", "--format", "json")
    told = decoded(ran.out)
    assert (told["login"], told["star_lists"], told["answers"]) == ("bob", 0, 0)

    ran = console.run("neighbours", "o/seed", "--max-age", "1s", "--format", "json")
    assert {item["repo"]: item["stargazers"] for item in decoded(ran.out)} == {
        "o/near": ["ada"],
        "o/far": ["ada"],
    }


def test_somebody_unknown(console: Console, sandbox: Sandbox) -> None:
    """A login that nobody bears says what to do; by number they are kept out all the same."""
    ran = console.run("forget", "nobody", at=sandbox)
    assert (ran.exit_code, ran.out, len(ran.lines)) == (6, b"", 1)
    assert "--id" in ran.err

    number = sandbox.graph.user_database_id(sandbox.graph.user("bob"))
    ran = console.run("forget", "--id", str(number))
    assert (ran.exit_code, ran.out.decode().splitlines()[0]) == (0, "Nothing is kept of them.")
    ran = console.run("neighbours", "o/seed", "--format", "csv")
    assert b"bob" not in ran.out


@pytest.mark.parametrize("args", [(), ("no login!",), ("--id", "0"), ("--id", "bob")])
def test_what_is_nobody(console: Console, sandbox: Sandbox, args: tuple[str, ...]) -> None:
    """Neither a login nor a number: one line, and nothing is asked of the store."""
    ran = console.run("forget", *args, at=sandbox)
    assert (ran.exit_code, ran.out, len(ran.lines)) == (2, b"", 1)
