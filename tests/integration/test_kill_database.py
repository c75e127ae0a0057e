"""PostgreSQL is killed with -9 while it is used: whoever uses it waits, goes on, and loses nothing."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from tests.integration.cli_world import (
    TOKEN,
    Ran,
    data_folder,
    fetch_value,
    finish,
    serving,
    start,
    wait_for_calls,
)
from tests.integration.service_world import ONE, Names, busy_graph, truth_of
from tests.integration.store.embedded.world import PATIENCE_SECONDS, connected, kill, server_pid

from stargazer.cli.answer import Choice, Rows
from stargazer.cli.waiting import StoreWait, resumed
from stargazer.errors import StoreUnavailable
from stargazer.runner import SystemClock
from stargazer.sandbox import Behaviour, Graph, Sandbox
from stargazer.sandbox.server import FAST
from stargazer.service import Service
from stargazer.store import embedded
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database
from stargazer.store.embedded.commands import dsn
from stargazer.store.embedded.place import prepare
from stargazer.store.failures import store_errors
from stargazer.store.jobs import Jobs
from stargazer.store.jobs_states import Job
from stargazer.store.ledger_bell import Bell

BEHAVIOUR = Behaviour(speed=3.0, server=FAST)

CALLS_BEFORE = (2, 4, 6)
"""A run of 200 stargazers takes some ten calls."""

END_LEASES = "DELETE FROM ledger"

LISTS = "SELECT user_number, read_at FROM star_list"

ANY_BACKEND = """
SELECT pid FROM pg_stat_activity
WHERE application_name = 'stargazer' AND pid <> pg_backend_pid() ORDER BY backend_start LIMIT 1
"""

Victim = Callable[[Path], int]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return busy_graph()


@pytest.fixture
def sandbox(graph: Graph) -> Generator[Sandbox]:
    with serving(graph, BEHAVIOUR) as sandbox:
        yield sandbox


@pytest.fixture
def folder() -> Generator[Path]:
    with data_folder() as folder:
        yield folder


def url(folder: Path) -> str:
    return dsn(prepare(folder).socket)


def backend_pid(folder: Path) -> int:
    """One of the server's processes that serve us: when it is killed the server ends all the others."""
    return int(asyncio.run(fetch_value(url(folder), ANY_BACKEND)))


def own(folder: Path) -> dict[str, str]:
    """The environment of a command that runs its own server."""
    return {"STARGAZER_DATABASE_URL": "", "DATABASE_URL": "", "STARGAZER_DATA_DIR": str(folder)}


def kill_in_mid_run(
    program: subprocess.Popen[bytes], sandbox: Sandbox, folder: Path, victim: Victim
) -> set[tuple[int, str]]:
    """Kill what *victim* names again and again while *program* reads; returns what was committed before."""
    kept: set[tuple[int, str]] = set()
    for calls in CALLS_BEFORE:
        wait_for_calls(sandbox, calls)
        assert program.poll() is None
        with use(folder):
            kept |= kept_lists(folder)
            asyncio.run(kill(victim(folder)))
    return kept


@contextmanager
def started(*args: str, **where: Any) -> Generator[subprocess.Popen[bytes]]:
    """Start a command as a program of its own, which does not outlive the test."""
    program = start(*args, **where)
    try:
        yield program
    finally:
        if program.poll() is None:
            program.kill()
            finish(program)


@contextmanager
def use(folder: Path) -> Generator[None]:
    """Be a user of the server, so that it runs."""
    with asyncio.Runner() as runner:
        attached = embedded.attach(folder)
        runner.run(attached.__aenter__())
        try:
            yield
        finally:
            runner.run(attached.__aexit__(None, None, None))


def kept_lists(folder: Path) -> set[tuple[int, str]]:
    """The star lists that are committed."""
    return asyncio.run(fetch_pairs(url(folder)))


async def fetch_pairs(url: str) -> set[tuple[int, str]]:
    """Which star lists a store holds, each with the moment it was read."""
    async with connected(url) as connection:
        return {(row[0], str(row[1])) for row in await connection.fetch(LISTS)}


async def end_leases(url: str) -> None:
    """Let time pass for the call whose end could not be written down: others need not wait for its lease."""
    async with connected(url) as connection:
        await connection.execute(END_LEASES)


def answered(ran: Ran) -> Names:
    """What `neighbours` printed, in the form of the truth."""
    return {item["repo"]: item["stargazers"] for item in msgspec.json.decode(ran.out)}


@pytest.mark.parametrize("victim", [server_pid, backend_pid])
def test_neighbours_outlives_its_own_server(sandbox: Sandbox, folder: Path, victim: Victim) -> None:
    """The server is started again; the answer is exact, and no committed list is read twice."""
    with started("neighbours", ONE, "--format", "json", at=sandbox, environment=own(folder)) as program:
        kept = kill_in_mid_run(program, sandbox, folder, victim)
        ran = finish(program)
    with use(folder):
        assert ran.exit_code == 0, ran
        assert answered(ran) == truth_of(sandbox.graph)
        assert kept <= kept_lists(folder)


async def test_neighbours_waits_for_a_server_of_somebody_else(sandbox: Sandbox, folder: Path) -> None:
    """It says in one line what it waits for, and goes on when the server is back."""
    async with embedded.attach(folder) as server, AsyncExitStack() as stack:
        theirs = {"STARGAZER_DATABASE_URL": server.dsn}
        program = stack.enter_context(
            started("neighbours", ONE, "--format", "json", at=sandbox, environment=theirs)
        )
        await asyncio.to_thread(wait_for_calls, sandbox, CALLS_BEFORE[1])
        await kill(server_pid(folder))
        assert program.stderr is not None
        said = await asyncio.to_thread(program.stderr.readline)
        await server.ensure()
        await end_leases(server.dsn)
        ran = await asyncio.to_thread(finish, program)
    assert said.startswith(b"stargazer: waiting for the store: ")
    assert (ran.exit_code, ran.err) == (0, "")
    assert answered(ran) == truth_of(sandbox.graph)


async def test_a_worker_outlives_its_own_server(sandbox: Sandbox, folder: Path) -> None:
    """The server is killed again and again; the worker starts it, goes on, and the answer is exact."""
    async with (
        embedded.attach(folder) as server,
        Database.open(server.dsn, sandbox.url, server=server) as database,
        Bell.open(database) as bell,
        AsyncExitStack() as stack,
    ):
        service, jobs = Service(database, SystemClock()), Jobs(database, bell)
        worker = stack.enter_context(started("worker", at=sandbox, environment=own(folder)))
        user = await known_user(service)
        job = await jobs.ask(ONE, user, "test")
        for calls in CALLS_BEFORE:
            await asyncio.to_thread(wait_for_calls, sandbox, calls)
            await kill(server_pid(folder))
        ended = await job_ended(jobs, job.id)
        worker.send_signal(signal.SIGTERM)
        ran = await asyncio.to_thread(finish, worker)
        assert ran.exit_code == 0, ran
        assert "Traceback" not in ran.err
        assert '"level":"error"' not in ran.err
        assert ended.answer is not None
        answer = await service.answers.find(ended.answer, user)
        assert answer is not None
        assert answer.kind == "exact"
        page = await service.pages.page(answer, limit=1_000_000, names=1_000_000)
    assert page is not None
    assert {one.repo: list(one.stargazers) for one in page.neighbours} == truth_of(sandbox.graph)


async def known_user(service: Service) -> int:
    """Wait until the worker has asked whose its token is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (user := await service.credentials.find(fingerprint(TOKEN))) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return user


async def job_ended(jobs: Jobs, job_id: UUID) -> Job:
    """Watch a job to its end, through outages."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(StoreUnavailable):
                job = await jobs.find(job_id)
                if job is not None and job.finished:
                    return job
            await asyncio.sleep(0.02)


async def test_a_store_that_stays_away_is_given_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After the time that was set it is said that the store is gone, and that nothing was lost."""
    async with embedded.attach(folder) as server, Database.open(server.dsn, "https://a.test") as database:
        wait = StoreWait(database, patience_seconds=0.1)
        await kill(server_pid(folder))
        with pytest.raises(StoreUnavailable) as down:
            async with database.connection():
                pass
        with pytest.raises(StoreUnavailable, match="it has not come back") as gone:
            await wait.out(down.value)
    assert "goes on with what is stored" in gone.value.message
    assert capsys.readouterr().err.count("waiting for the store: ") == 1


async def test_what_waiting_cannot_mend_is_told_at_once(folder: Path) -> None:
    """A store that is refused, and not away, is not waited for."""
    async with embedded.attach(folder) as server, Database.open(server.dsn, "https://a.test") as database:
        refused = StoreUnavailable("PostgreSQL refuses the user", do="correct it")
        with pytest.raises(StoreUnavailable, match="refuses the user"):
            await StoreWait(database).out(refused)


async def test_rows_go_on_where_an_outage_broke_them_off(folder: Path) -> None:
    """What is printed of a stored answer has every row once, though the store went away between two."""
    async with (
        embedded.attach(folder) as server,
        Database.open(server.dsn, "https://a.test", server=server) as database,
    ):

        async def rows(_: Choice) -> Rows:
            for number in range(4):
                async with database.connection() as connection:
                    if number == 2 and not killed:
                        killed.append(server_pid(folder))
                        await kill(*killed)
                    found = await connection.fetchval("SELECT $1::text", str(number))
                yield [found, found + "b"]

        killed: list[int] = []
        printed: list[object] = [
            row async for some in resumed(rows, StoreWait(database))(Choice()) for row in some
        ]
    assert printed == ["0", "0b", "1", "1b", "2", "2b", "3", "3b"]
    assert killed


async def lose(database: Database, folder: Path) -> None:
    """Kill the server under a connection that is in use."""
    async with database.connection() as connection:
        await kill(server_pid(folder))
        await connection.fetchval("SELECT 1")


async def test_a_pool_that_loses_its_database_logs_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What went wrong is raised where the database is used, and nowhere else."""
    async with embedded.attach(folder) as server, Database.open(server.dsn, "https://a.test") as database:
        with pytest.raises(StoreUnavailable):
            await lose(database, folder)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="nothing answers"):
                async with database.connection():
                    pass
    assert caplog.records == []


async def test_advice_fits_our_own_server(folder: Path) -> None:
    """Whoever never named a database is told where the log of ours is, not to check a variable."""
    async with embedded.attach(folder) as server:
        with pytest.raises(StoreUnavailable) as down, store_errors(server):
            raise ConnectionRefusedError
        with pytest.raises(StoreUnavailable) as full, store_errors(server):
            raise asyncpg.DiskFullError("no")
    assert f"read {folder}/postgresql/server.log" in down.value.message
    assert "STARGAZER_DATABASE_URL" not in down.value.message
    assert f"free some space for {folder}/postgresql" in full.value.message
