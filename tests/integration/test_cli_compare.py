"""`stargazer compare`, against a real sandbox with the stars of 2009 and a real PostgreSQL."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Generator
from typing import Any

import msgspec
import pytest
from tests.integration.cli_world import Console, database_server, fresh_database, serving

from stargazer.sandbox import Sandbox, real_graph

ONE, TWO = "mojombo/grit", "technoweenie/attachment_fu"
SAMPLE = "120"


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


@pytest.fixture(scope="module")
def sandbox() -> Generator[Sandbox]:
    with serving(real_graph()) as sandbox:
        yield sandbox


def people(sandbox: Sandbox) -> tuple[set[str], set[str]]:
    return set(sandbox.graph.stargazers_of(ONE)), set(sandbox.graph.stargazers_of(TWO))


def truth(sandbox: Sandbox, whose: set[str]) -> dict[str, int]:
    starred = Counter(name for login in whose for name in sandbox.graph.starred_by(login))
    return {name: shared for name, shared in starred.items() if name not in (ONE, TWO)}


def test_two_are_read_and_compared(console: Console, sandbox: Sandbox) -> None:
    """Both are read; counts are those of the graph, and asked again nothing is read."""
    one, two = people(sandbox)
    ran = console.run("compare", ONE, TWO, "--format", "json", at=sandbox)
    told: dict[str, Any] = msgspec.json.decode(ran.out)

    assert ran.exit_code == 0
    assert [each["stargazers"] for each in told["repositories"]] == [len(one), len(two)]
    assert told["pairs"][0]["shared"] == told["intersection"]["stargazers"] == len(one & two)
    assert told["union"] == {"stargazers": len(one | two)}
    assert (told["kind"], told["complete"]) == ("exact", True)
    assert {each["repo"]: each["shared"] for each in told["neighbours"]} == truth(sandbox, one | two)

    calls = len(sandbox.record)
    table = console.run("compare", ONE, TWO, "--intersection", at=sandbox)
    lines = console.run("compare", ONE, TWO, "--intersection", "--format", "csv", at=sandbox)
    assert (table.exit_code, lines.exit_code, len(sandbox.record)) == (0, 0, calls)
    said = f"{len(one | two):,} starred any of them, {len(one & two):,} all of them"
    assert said in " ".join(table.out.decode().split())
    rows = list(csv.DictReader(io.StringIO(lines.out.decode())))
    assert {row["repo"]: int(row["shared"]) for row in rows} == truth(sandbox, one & two)
    assert all(len(row["stargazers"].split()) == int(row["shared"]) for row in rows)


def test_a_sample_gives_intervals(console: Console, sandbox: Sandbox) -> None:
    """From samples the overlap is exact all the same; neighbours have intervals that hold the truth."""
    one, two = people(sandbox)
    ran = console.run("compare", ONE, TWO, "--sample", SAMPLE, "--format", "json", at=sandbox)
    told = msgspec.json.decode(ran.out)

    assert [each["kind"] for each in told["repositories"]] == ["estimate", "estimate"]
    assert told["pairs"][0]["shared"] == len(one & two)
    assert told["kind"] == "estimate"
    counts = truth(sandbox, one | two)
    held = [each["shared_low"] <= counts[each["repo"]] <= each["shared_high"] for each in told["neighbours"]]
    assert sum(held) >= 0.93 * len(held)
    assert told["coverage"]["sample"] < told["coverage"]["stargazers_listed"] == len(one | two)


def test_what_cannot_be_compared(console: Console, sandbox: Sandbox) -> None:
    """Too few, one twice, none of that name; what the budget of all did not pay for is missing."""
    assert console.run("compare", ONE, at=sandbox).exit_code == 2
    twice = console.run("compare", ONE, ONE.upper(), at=sandbox)
    assert (twice.exit_code, "different repositories" in twice.err) == (2, True)
    assert console.run("compare", ONE, "no/body", at=sandbox).exit_code == 6
    dear = console.run("compare", TWO, "rails/rails", "--budget", "12", "--format", "json", at=sandbox)
    told = msgspec.json.decode(dear.out)
    assert (dear.exit_code, told["kind"], told["complete"]) == (5, "partial", False)
    assert "budget" in dear.err
    assert console.run("compare", ONE, TWO, "--language", "Ruby", at=sandbox).exit_code == 2
