"""`neighbours --from store`, against a real sandbox and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest
from tests.integration.cli_world import (
    Console,
    database_server,
    fresh_database,
    names,
    serving,
    star_graph,
)

from stargazer.sandbox import Sandbox


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture
def console(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, server: str
) -> Generator[Console]:
    with fresh_database(server) as url:
        console = Console(capsysbinary, monkeypatch)
        console.use_store(STARGAZER_DATABASE_URL=url)
        yield console


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
        yield sandbox


def test_another_repository_is_answered_from_the_lists_that_are_stored(
    console: Console, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Without a call: partial, with the lists it is from, and never called its own neighbours."""
    first = msgspec.json.decode(console.run("neighbours", "o/seed", "--format", "json", at=sandbox).out)
    calls = len(sandbox.record)
    closest = first[0]

    report = tmp_path / "report.json"
    ran = console.run(
        "neighbours",
        closest["repo"],
        "--from",
        "store",
        "--format",
        "json",
        "--report",
        str(report),
        at=sandbox,
    )

    assert (ran.exit_code, len(sandbox.record)) == (3, calls)
    told = msgspec.json.decode(ran.out)
    [seed] = [each for each in told if each["repo"] == "o/seed"]
    assert (seed["shared"], seed["stargazers"]) == (closest["shared"], closest["stargazers"])
    assert closest["repo"] not in names(told)
    assert "not its own neighbours" in ran.err
    coverage = msgspec.json.decode(report.read_bytes())["coverage"]
    assert (coverage["source"], coverage["lists_of"]) == ("store", ["o/seed"])
    assert coverage["stargazers_listed"] == closest["shared"]


def test_unknown_and_unread(console: Console, sandbox: Sandbox) -> None:
    """What nobody starred gives nothing, and says that there are no lists where there are none."""
    ran = console.run("neighbours", "no/body", "--from", "store", "--format", "json", at=sandbox)
    assert (ran.exit_code, msgspec.json.decode(ran.out)) == (3, [])
    assert "read a repository first" in ran.err


@pytest.mark.parametrize(
    "option", [["--budget", "5"], ["--sample", "30"], ["--no-store"], ["--max-stars-per-user", "9"]]
)
def test_what_asks_for_a_reading_is_refused(console: Console, sandbox: Sandbox, option: list[str]) -> None:
    """`--from store` reads nothing."""
    ran = console.run("neighbours", "o/seed", "--from", "store", *option, at=sandbox)
    assert ran.exit_code == 2
    assert "--from store" in ran.err
    assert sandbox.record == []
