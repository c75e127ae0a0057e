"""Ledgers in PostgreSQL: several runs, several processes, one credential.

Run as a program, this file is one such process: it spends the points of a GitHub that is
a table, and kills itself in the middle of a call if told to.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from stargazer.planner.budget import Budget
from stargazer.planner.page import Call, Reading, Reply
from stargazer.planner.plan import Plan
from stargazer.planner.step import Reason, Wait
from stargazer.runner import Granted, Run, SystemClock
from stargazer.store.database import Database
from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell

if __name__ != "__main__":
    from tests.laws.world import World

ENDPOINT_URL = "https://api.github.com/graphql"
LIMIT = 50
PLAYERS = 4
LEASE_SECONDS = 2.0
"""Short for a test, and long for a process that a busy machine does not let run."""

ALL_LISTEN = """
SELECT count(DISTINCT pid) >= $1 FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'LISTEN%'
"""
CALL_SECONDS = 0.01
SLOW_CALL_SECONDS = 0.05

TOY_GITHUB = "CREATE TABLE toy_call (worker int, begun_at timestamptz, ended_at timestamptz)"
TOY_CALL = (
    "INSERT INTO toy_call SELECT $1, clock_timestamp(), clock_timestamp() + $2::interval RETURNING ended_at"
)
OVERLAPS = """
SELECT count(*) FROM toy_call AS one JOIN toy_call AS other ON one.ctid < other.ctid
WHERE one.begun_at < other.ended_at AND other.begun_at < one.ended_at
"""


def now() -> datetime:
    return datetime.now(UTC)


def call(points: int = 1) -> Call:
    return Call(1, (), points, 100, 100, CALL_SECONDS)


async def eventually(database: Database, question: str, *arguments: object) -> None:
    """Ask until the answer is yes."""
    async with asyncio.timeout(60):
        while not await database.pool.fetchval(question, *arguments):  # noqa: ASYNC110 - it is a database
            await asyncio.sleep(0.002)


async def credential(database: Database, login: str = "octocat") -> int:
    """Make a credential's user, or find it."""
    found: int = await database.pool.fetchval(
        "INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, $2, $2) "
        "ON CONFLICT (endpoint, node_id) DO UPDATE SET login = excluded.login RETURNING id",
        database.endpoint,
        login,
    )
    return found


class Player:
    """One worker with a ledger and the toy GitHub."""

    def __init__(self, database: Database, ledger: PostgresLedger, number: int) -> None:
        self.database = database
        self.ledger = ledger
        self.number = number

    async def granted(self) -> Granted | None:
        """Ask until a call is granted; None when the points are used up."""
        while True:
            step = await self.ledger.reserve(call(), now(), remaining_seconds=10.0, budget=Budget(share=1.0))
            if isinstance(step, Granted):
                return step
            if step.reason is Reason.POINTS:
                return None
            await self.ledger.freed()

    async def play(self, killed_in_call: int | None) -> None:
        made = 0
        while (grant := await self.granted()) is not None:
            made += 1
            span = timedelta(seconds=0.5 if made == killed_in_call else CALL_SECONDS)
            ended_at = await self.database.pool.fetchval(TOY_CALL, self.number, span)
            if made == killed_in_call:
                os.kill(os.getpid(), signal.SIGKILL)
            await eventually(self.database, "SELECT clock_timestamp() >= $1", ended_at)
            used = await self.database.pool.fetchval("SELECT count(*) FROM toy_call")
            reading = Reading(LIMIT, LIMIT - used, used, now() + timedelta(hours=1), 1)
            await self.ledger.settle(grant, Reply(call(), (), None, reading, CALL_SECONDS), now())


async def play(dsn: str, number: int, killed_in_call: int | None) -> None:
    async with Database.open(dsn, ENDPOINT_URL) as database, Bell.open(database) as bell:
        ledger = PostgresLedger(database, bell, await credential(database), lease_seconds=LEASE_SECONDS)
        await eventually(database, ALL_LISTEN, PLAYERS)
        await Player(database, ledger, number).play(killed_in_call)


@pytest.fixture
async def bell(database: Database) -> AsyncIterator[Bell]:
    async with Bell.open(database) as opened:
        yield opened


async def reserve(
    ledger: PostgresLedger, *, left: float = 10.0, at: datetime | None = None
) -> Granted | Wait:
    return await ledger.reserve(call(), at or now(), remaining_seconds=left, budget=Budget())


def reply() -> Reply:
    return Reply(call(), (), None, Reading(5000, 4000, 1000, now() + timedelta(hours=1), 1), CALL_SECONDS)


def granted(step: Granted | Wait) -> Granted:
    assert isinstance(step, Granted)
    return step


async def test_processes_with_one_credential_never_overspend(database_url: str) -> None:
    """Four processes, one of them killed in mid-call, spend exactly the limit, one call at a time."""
    async with Database.open(database_url, ENDPOINT_URL) as database:
        await database.pool.execute(TOY_GITHUB)
        players = [
            subprocess.Popen([sys.executable, __file__, database_url, str(number)])  # noqa: ASYNC220, S603
            for number in range(PLAYERS)
        ]
        ends = [await asyncio.to_thread(player.wait) for player in players]
        assert ends == [-signal.SIGKILL, 0, 0, 0]
        assert await database.pool.fetchval("SELECT count(*) FROM toy_call") == LIMIT
        assert await database.pool.fetchval(OVERLAPS) == 0
        assert await database.pool.fetchval("SELECT count(DISTINCT worker) FROM toy_call") == PLAYERS


async def test_a_waiting_run_wakes_when_the_call_has_ended(
    database: Database, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of one run's call wakes another, which would not ask again by itself for long."""
    monkeypatch.setattr("stargazer.store.ledger._ASK_AGAIN_SECONDS", 3_600.0)
    user = await credential(database)
    one, two = PostgresLedger(database, bell, user), PostgresLedger(database, bell, user)
    grant = granted(await reserve(one, left=0.001))
    assert isinstance(await reserve(two, left=0.001), Wait)
    waiting = asyncio.create_task(two.freed())
    await asyncio.sleep(0)
    assert not waiting.done()
    await one.settle(grant, reply(), now())
    async with asyncio.timeout(60):
        await waiting
    granted(await reserve(two, left=0.001))


async def test_a_run_that_leaves_gives_up_its_place(database: Database, bell: Bell) -> None:
    """The place that a call leaves behind is for the run's next call: there may be none."""
    user = await credential(database)
    moment = now()
    one, two = (PostgresLedger(database, bell, user, speed=None) for _ in range(2))
    grant = granted(await reserve(one, left=5.0, at=moment))
    await one.settle(grant, reply(), moment)
    await one.leave()
    granted(await reserve(two, left=100.0, at=moment))


async def test_a_call_that_was_given_up_is_left_to_its_lease(database: Database, bell: Bell) -> None:
    """GitHub may still be busy with it: nobody else gets a call until its lease ends."""
    user = await credential(database)
    one = PostgresLedger(database, bell, user, lease_seconds=LEASE_SECONDS)
    two = PostgresLedger(database, bell, user)
    grant = granted(await reserve(one))
    await one.settle(grant, None, now())
    wait = await reserve(two)
    assert isinstance(wait, Wait)
    assert wait.reason is Reason.IN_FLIGHT
    async with asyncio.timeout(60):
        while isinstance(await reserve(two), Wait):  # noqa: ASYNC110 - it is a database
            await asyncio.sleep(0.02)
    assert (await two.read(now())).windows.unsettled == 1


async def test_a_call_in_flight_keeps_its_lease(database: Database, bell: Bell) -> None:
    """A call that takes longer than its lease is not taken for lost while its worker lives."""
    user = await credential(database)
    one = PostgresLedger(database, bell, user, lease_seconds=LEASE_SECONDS)
    two = PostgresLedger(database, bell, user)
    grant = granted(await reserve(one))
    wait = await reserve(two, left=0.001)
    assert isinstance(wait, Wait)
    await eventually(database, "SELECT clock_timestamp() > $1::timestamptz + interval '0.5 s'", wait.until)
    assert isinstance(await reserve(two, left=0.001), Wait)
    await one.settle(grant, reply(), now())


async def test_the_clock_of_one_machine_does_no_harm(database: Database, bell: Bell) -> None:
    """Runs go by the database's clock and are told moments by their own."""
    user = await credential(database)
    one, two = PostgresLedger(database, bell, user), PostgresLedger(database, bell, user)
    grant = granted(await reserve(one, at=now() + timedelta(days=3)))
    wrong = now() - timedelta(days=3)
    wait = await reserve(two, at=wrong)
    assert isinstance(wait, Wait)
    assert 0 < (wait.until - wrong).total_seconds() < 13
    await one.settle(grant, reply(), now() + timedelta(days=3))
    assert abs((await two.read(now())).windows.spells[0].ended_at - now()) < timedelta(seconds=5)


async def test_ledgers_of_different_credentials_do_not_meet(database: Database, bell: Bell) -> None:
    """Each GitHub user has a budget of their own."""
    for login in ("octocat", "hubot"):
        granted(await reserve(PostgresLedger(database, bell, await credential(database, login))))


async def test_a_bell_that_lost_its_connection_rings_when_it_is_back(database: Database, bell: Bell) -> None:
    """Whoever waited while nothing could be heard is woken, and later notices are heard."""
    ear = bell.ear("name")
    await eventually(database, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    await database.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    )
    for _ in range(2):
        async with asyncio.timeout(5):
            await ear.wait()
        ear.forget()
        await database.pool.execute("SELECT pg_notify('stargazer', 'name')")


class ToyTransport:
    """Answers for a world after so many real seconds, and counts what is in flight in all."""

    flying: ClassVar[list[int]] = []
    most: ClassVar[list[int]] = []

    def __init__(self, world: World) -> None:
        self.world = world
        world.model = lambda *_: SLOW_CALL_SECONDS
        world.jitter = 0.0

    async def send(self, call: Call) -> Reply:
        self.flying.append(call.number)
        self.most.append(len(self.flying))
        await asyncio.sleep(SLOW_CALL_SECONDS)
        self.flying.remove(call.number)
        self.world.now = now()
        self.world.reset_at = now() + timedelta(hours=1)
        return self.world.answer(call)


def make_run(world: World, ledger: PostgresLedger, plan: Plan | None = None) -> Run:
    plan = plan or Plan.neighbours("owner/r1")
    return Run(plan, ToyTransport(world), SystemClock(), on_pages=lambda _pages: None, ledger=ledger)


async def test_a_small_run_does_not_wait_behind_a_large_one(database: Database, bell: Bell) -> None:
    """Two runs take turns call by call: beside the small one's calls there are at most as many."""
    user = await credential(database)
    large = make_run(World.sized(3000), PostgresLedger(database, bell, user))
    reading = asyncio.create_task(large.finish())
    await eventually(database, "SELECT state->'leases' <> '{}' FROM ledger")
    plan = Plan.neighbours("owner/r1")
    small = make_run(World.sized(120), PostgresLedger(database, bell, user), plan)
    before = len(ToyTransport.most)
    assert (await small.finish()).coverage.kind == "exact"
    together = len(ToyTransport.most) - before
    assert not reading.done()
    large.wind_down()
    await reading
    # The call in flight when it came, and the one after its last.
    assert together <= 2 * plan.spent.calls + 2
    assert max(ToyTransport.most) == 1


async def test_a_run_that_winds_down_takes_in_its_call_in_flight(database: Database, bell: Bell) -> None:
    """The reply is kept and settled, and no further call is sent."""
    ledger = PostgresLedger(database, bell, await credential(database))
    plan = Plan.neighbours("owner/r1")
    run = Run(plan, ToyTransport(World.sized(120)), SystemClock(), on_pages=lambda _: None, ledger=ledger)
    reading = asyncio.create_task(run.finish())
    await eventually(database, "SELECT state->'leases' <> '{}' FROM ledger")
    run.wind_down()
    await reading
    assert plan.spent.calls == 1
    assert (await ledger.read(now())).leases == {}


if __name__ == "__main__":
    worker = int(sys.argv[2])
    asyncio.run(play(sys.argv[1], worker, 2 if worker == 0 else None))
