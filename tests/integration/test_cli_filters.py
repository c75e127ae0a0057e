"""`stargazer neighbours` with filters, and what its table tells of neighbours."""

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
)

from stargazer.sandbox import Behaviour, Fault, Faults, Graph, Sandbox

LISTS = {
    "ada": ["o/seed", "o/near", "p/far", "p/old", "q/copy"],
    "bob": ["o/near", "o/seed", "p/old"],
    "cy": ["o/seed", "p/old"],
    "dee": ["p/far"],
}
LANGUAGES = {"o/near": "Python", "p/far": "C++", "p/old": "Python"}
USAGE = 2


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture
def console(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, server: str
) -> Generator[Console]:
    console = Console(capsysbinary, monkeypatch)
    with fresh_database(server) as url:
        console.use_store(STARGAZER_DATABASE_URL=url)
        yield console


def known_graph() -> Graph:
    """A small graph in which one repository is archived and one a fork."""
    graph = Graph.from_lists(LISTS, languages=LANGUAGES)
    graph.repositories.archived = frozenset({graph.repository("p/old")})
    graph.repositories.forks = frozenset({graph.repository("q/copy")})
    return graph


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(known_graph()) as sandbox:
        yield sandbox


def found(console: Console, sandbox: Sandbox, *options: str) -> list[object]:
    """The names that a command prints, in their order."""
    ran = console.run("neighbours", "o/seed", "--format", "json", *options, at=sandbox)
    assert (ran.exit_code, ran.err) == (0, "")
    return names(msgspec.json.decode(ran.out))


FILTERED = [
    ((), ["p/old", "o/near", "p/far", "q/copy"]),
    (("--owner", "P"), ["p/old", "p/far"]),
    (("--min-stars", "2"), ["p/old", "o/near", "p/far"]),
    (("--max-stars", "2", "--top", "1"), ["o/near"]),
    (("--language", "python"), ["p/old", "o/near"]),
    (("--language", "c++"), ["p/far"]),
    (("--archived",), ["p/old"]),
    (("--no-archived", "--no-forks"), ["o/near", "p/far"]),
    (("--forks", "--sort", "relevance"), ["q/copy"]),
]


def test_filters_choose_what_is_printed(console: Console, sandbox: Sandbox) -> None:
    """GitHub is asked about all neighbours once, when the first filter needs it, and never again."""
    for options, expected in FILTERED:
        assert found(console, sandbox, *options) == expected
    asked = [call for call in sandbox.record if call.kinds.get("repository") and not call.requests]
    assert [call.aliases for call in asked] == [4]


def test_filters_without_a_store(console: Console, sandbox: Sandbox) -> None:
    """Owner and stars are known without it; what neighbours are about is not, and that is said."""
    for options, expected in FILTERED[:4]:
        assert found(console, sandbox, "--no-store", *options) == expected
    calls = len(sandbox.record)
    for option in (("--language", "python"), ("--no-forks",), ("--archived",)):
        ran = console.run("neighbours", "o/seed", "--no-store", *option, at=sandbox)
        assert (ran.exit_code, ran.out, len(ran.lines)) == (USAGE, b"", 1)
        assert "go without --no-store" in ran.err
    assert len(sandbox.record) == calls


def test_from_store_asks_nobody(console: Console, sandbox: Sandbox) -> None:
    """What is known there already is filtered; of what is not, it is said that it is left out."""
    console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
    calls = len(sandbox.record)
    inverted = ("neighbours", "o/near", "--from", "store", "--format", "json")
    ran = console.run(*inverted, "--language", "python", at=sandbox)
    assert names(msgspec.json.decode(ran.out)) == []
    assert "what 4 of the 4 closest neighbours are about is not known: they are left out" in ran.err
    assert len(sandbox.record) == calls
    console.run("neighbours", "o/seed", "--format", "json", "--forks", at=sandbox)
    ran = console.run(*inverted, "--language", "python", at=sandbox)
    assert names(msgspec.json.decode(ran.out)) == ["p/old"]
    assert console.run(*inverted, "--owner", "o", at=sandbox).out.count(b'"repo"') == 1


def test_an_empty_range_is_told(console: Console, sandbox: Sandbox) -> None:
    """Nothing can pass: that is a mistake, and GitHub is not asked."""
    ran = console.run("neighbours", "o/seed", "--min-stars", "3", "--max-stars", "2", at=sandbox)
    assert (ran.exit_code, ran.out) == (USAGE, b"")
    assert "--max-stars is less than --min-stars" in ran.err
    assert not sandbox.record


def spent(path: Path) -> dict[str, float]:
    report: dict[str, dict[str, float]] = msgspec.json.decode(path.read_bytes())
    return report["spent"]


def test_the_table_tells_languages(console: Console, sandbox: Sandbox, tmp_path: Path) -> None:
    """One call for what is shown, told as spent; a stored answer asks nothing, unless a filter does."""
    report = tmp_path / "report.json"
    ran = console.run("neighbours", "o/seed", "--top", "2", "--report", str(report), at=sandbox)
    assert b"language" in ran.out
    assert ran.out.count(b"Python") == 2
    assert (sandbox.record[-1].aliases, sandbox.record[-1].requests) == (2, 0)
    assert spent(report)["points"] == sum(call.points for call in sandbox.record[1:])
    calls = len(sandbox.record)
    ran = console.run("neighbours", "o/seed", at=sandbox)
    assert ran.out.count(b"Python") == 2
    assert b"C++" not in ran.out
    assert len(sandbox.record) == calls
    ran = console.run("neighbours", "o/seed", "--language", "c++", "--report", str(report), at=sandbox)
    assert b"p/far" in ran.out
    assert b"GitHub was asked what its neighbours are about, for 1 point;" in ran.out
    assert (len(sandbox.record), spent(report)["calls"]) == (calls + 1, 1)


def test_a_budget_covers_it_too(console: Console, sandbox: Sandbox) -> None:
    """What the answer leaves of the budget may be spent; without that the table goes without."""
    ran = console.run("neighbours", "o/seed", "--budget", "2", at=sandbox)
    assert ran.exit_code == 0
    assert b"language" not in ran.out
    calls = len(sandbox.record)
    ran = console.run("neighbours", "o/seed", "--max-age", "0", "--budget", "3", at=sandbox)
    assert b"language" in ran.out
    assert len(sandbox.record) == calls + 3


def test_a_failure_costs_the_column_alone(console: Console) -> None:
    """The answer is printed all the same, and stays exact; a filter says why it leaves neighbours out."""
    with serving(
        known_graph(), Behaviour(faults=Faults(script={4: Fault.FORBIDDEN, 5: Fault.FORBIDDEN}))
    ) as sandbox:
        ran = console.run("neighbours", "o/seed", at=sandbox)
        assert (ran.exit_code, len(sandbox.record)) == (0, 4)
        assert b"Exact" in ran.out
        assert b"language" not in ran.out
        ran = console.run("neighbours", "o/seed", "--forks", "--format", "csv", at=sandbox)
    assert (ran.exit_code, ran.out.count(b"\n")) == (0, 1)
    assert "what 4 of the 4 closest neighbours are about is not known (status 403" in ran.err
