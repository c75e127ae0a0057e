"""`export`, `migrate`, and what `doctor` says of the database."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Generator
from typing import Any

import msgspec
import pytest
from tests.integration.cli_world import (
    TOKEN,
    Console,
    database_server,
    fetch_value,
    fresh_database,
    serving,
    star_graph,
)
from tests.integration.store.conftest import execute

from stargazer.sandbox import Behaviour, Sandbox, Token
from stargazer.store.migrate import installed


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture
def database(server: str) -> Generator[str]:
    with fresh_database(server) as url:
        yield url


@pytest.fixture
def console(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, database: str
) -> Console:
    console = Console(capsysbinary, monkeypatch)
    console.use_store(STARGAZER_DATABASE_URL=database)
    return console


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
        yield sandbox


def decoded(out: bytes) -> Any:
    return msgspec.json.decode(out)


# export


@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_an_export_is_what_neighbours_prints(console: Console, sandbox: Sandbox, form: str) -> None:
    """The stored answer is exported byte for byte, without a call."""
    printed = console.run("neighbours", "o/seed", "--format", form, at=sandbox)
    calls = len(sandbox.record)
    exported = console.run("export", "O/Seed", "--format", form, at=sandbox)
    assert exported == printed
    assert len(sandbox.record) == calls


def test_an_old_answer_is_exported_too(console: Console, sandbox: Sandbox) -> None:
    """Whatever its age: an export is of what is stored, and the default is CSV."""
    printed = console.run("neighbours", "o/seed", "--format", "csv", at=sandbox)
    sandbox.graph.star("dee", "o/seed")
    assert console.run("export", "o/seed", at=sandbox).out == printed.out


def test_an_incomplete_answer_keeps_its_exit_code(console: Console) -> None:
    """A partial answer is exported as one: exit 3, and one line that says what it lacks."""
    graph = star_graph()
    graph.mark_over_limit("ada", 1)
    with serving(graph) as sandbox:
        printed = console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
        exported = console.run("export", "o/seed", "--format", "json", at=sandbox)
    assert (exported.exit_code, exported.out) == (3, printed.out)
    assert exported.lines[0].startswith("stargazer: partial: 2 of 3 stargazers were read, 1 cut short")
    assert len(exported.lines) == 1


def test_nothing_is_stored_yet(console: Console, sandbox: Sandbox) -> None:
    """What was never read cannot be exported: exit 6, and what to do."""
    ran = console.run("export", "o/seed", at=sandbox)
    assert (ran.exit_code, ran.out, len(ran.lines)) == (6, b"", 1)
    assert "stargazer neighbours o/seed" in ran.err


def test_answers_belong_to_whose_token_read_them(console: Console) -> None:
    """Another user's token does not get them; another token of the same user does."""
    tokens = {
        TOKEN: Token(user="ada"),
        "ghp_another_of_ada": Token(user="ada"),
        "ghp_one_of_the_other": Token(user="bob"),
    }
    with serving(star_graph(), Behaviour(tokens=tokens)) as sandbox:
        printed = console.run("neighbours", "o/seed", "--format", "csv", at=sandbox)
        console.set(GITHUB_TOKEN="ghp_another_of_ada")
        same = console.run("export", "o/seed", at=sandbox)
        console.set(GITHUB_TOKEN="ghp_one_of_the_other")
        other = console.run("export", "o/seed", at=sandbox)
    assert (same.exit_code, same.out) == (0, printed.out)
    assert (other.exit_code, other.out) == (6, b"")


def test_parquet_needs_pyarrow(console: Console, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, one line says how to get it, before anything is opened."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = console.run("export", "o/seed", "--format", "parquet", at=sandbox)
    assert (ran.exit_code, ran.out, len(ran.lines)) == (2, b"", 1)
    assert "pip install pyarrow" in ran.err
    assert sandbox.record == []


# migrate


def test_migrations_are_checked_then_applied_then_done(console: Console, database: str) -> None:
    """`--check` changes nothing and exits 1; `migrate` names what it applied; then nothing is left."""
    names = [migration.name for migration in installed()]
    checked = console.run("migrate", "--check", "--format", "json")
    assert (checked.exit_code, decoded(checked.out)) == (1, {"missing": names})
    assert asyncio.run(fetch_value(database, "SELECT to_regclass('migration') IS NULL"))
    applied = console.run("migrate", "--format", "json")
    assert (applied.exit_code, decoded(applied.out)) == (0, {"applied": names})
    assert (console.run("migrate", "--check").out, console.run("migrate").out) == (
        b"The schema is up to date.\n",
        b"The schema is up to date.\n",
    )
    assert asyncio.run(fetch_value(database, "SELECT count(*) FROM migration")) == len(names)


def test_migrations_in_words(console: Console) -> None:
    """People are told the names, and what to do."""
    checked = console.run("migrate", "--check").out.decode().splitlines()
    applied = console.run("migrate").out.decode().splitlines()
    assert checked[0].endswith("migrations are missing; `stargazer migrate` applies them:")
    assert applied == [f"Applied {len(installed())} migrations:", *checked[1:]]


def test_some_migrations_are_missing(console: Console, database: str) -> None:
    """Of a database that an older version made, only what is new is named."""
    console.run("migrate")
    last = installed()[-1]
    asyncio.run(execute(database, f"DELETE FROM migration WHERE number = {last.number}"))  # noqa: S608
    checked = console.run("migrate", "--check", "--format", "json")
    assert decoded(checked.out) == {"missing": [last.name]}


# doctor


def checks(out: bytes) -> dict[str, tuple[str, str]]:
    return {check["name"]: (check["state"], check["found"]) for check in decoded(out)["checks"]}


def test_the_doctor_looks_at_the_database_and_changes_nothing(
    console: Console, database: str, sandbox: Sandbox
) -> None:
    """It tells the server's version, and whether the schema is up to date."""
    before = console.run("doctor", "--format", "json", at=sandbox)
    assert asyncio.run(fetch_value(database, "SELECT to_regclass('migration') IS NULL"))
    console.run("migrate")
    after = console.run("doctor", "--format", "json", at=sandbox)
    assert (before.exit_code, after.exit_code) == (0, 0)
    assert checks(before.out)["database"][1].startswith("PostgreSQL ")
    assert checks(before.out)["schema"][0] == "warning"
    assert checks(after.out)["schema"] == ("ok", f"version {installed()[-1].number}, up to date")


def test_the_doctor_tells_what_github_charged(console: Console, database: str, sandbox: Sandbox) -> None:
    """Nothing before the first call; then the prediction beside the charge; too much is a warning."""
    overcharge = "UPDATE ledger SET state = jsonb_set(state, '{charged,charged}', '99') RETURNING 1"
    found = []
    for step in ("nothing", "neighbours", "overcharge"):
        if step == "neighbours":
            console.run("neighbours", "o/seed", at=sandbox)
        if step == "overcharge":
            asyncio.run(fetch_value(database, overcharge))
        ran = console.run("doctor", "--format", "json", at=sandbox)
        checks = {check["name"]: check for check in decoded(ran.out)["checks"]}
        found.append(checks.get("charges", {}))
    nothing, predicted, too_much = found
    assert nothing == {}
    # The third asks what the neighbours in the table are about.
    assert (predicted["state"], predicted["found"]) == ("ok", "3 calls cost 3 points, as predicted")
    assert too_much["state"] == "warning"
    assert "cost 99 points; 3 points were predicted" in too_much["found"]


def test_the_doctor_tells_a_newer_schema(console: Console, database: str, sandbox: Sandbox) -> None:
    """A newer schema is a problem with what to do, and the exit code of an unusable store."""
    console.run("migrate")
    asyncio.run(execute(database, "INSERT INTO migration VALUES (9999, '9999_later.sql', 'x')"))
    ran = console.run("doctor", "--format", "json", at=sandbox)
    assert ran.exit_code == 1
    assert checks(ran.out)["schema"][0] == "problem"
    assert "upgrade stargazer" in ran.err


def test_the_doctor_tells_a_database_that_is_down(console: Console, sandbox: Sandbox) -> None:
    """Its password is not told."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        console.set(
            STARGAZER_DATABASE_URL=f"postgresql://me:hunter2hunter2@127.0.0.1:{taken.getsockname()[1]}/d"
        )
        ran = console.run("doctor", "--format", "json", at=sandbox)
    assert (ran.exit_code, checks(ran.out)["database"][0]) == (1, "problem")
    assert "hunter2" not in ran.err + ran.out.decode()
