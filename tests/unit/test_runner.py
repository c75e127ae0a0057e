"""The loop that awaits: it sends what the plan wants, lets time pass, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from tests.laws.world import EPOCH, World
from tests.laws.worlds import befalls, of

from stargazer.errors import QueryRefused
from stargazer.planner.budget import Budget
from stargazer.planner.page import Call, FailureKind, Page, Reply, User
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import Run, ScaledClock, SystemClock, VirtualClock

REPOSITORY = "owner/r1"


class Transport:
    """Asks a world, on the run's own clock; `meanwhile` is awaited while a call is on its way."""

    def __init__(
        self, world: World, clock: VirtualClock, meanwhile: Callable[[Call], Awaitable[None]] | None = None
    ) -> None:
        self.world = world
        self.clock = clock
        self.meanwhile = meanwhile
        self.in_flight = 0
        self.most_in_flight = 0
        self.given_up: list[Call] = []

    async def send(self, call: Call) -> Reply:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.meanwhile is not None:
                await self.meanwhile(call)
            self.world.now = self.clock.now()
            return self.world.answer(call)
        except asyncio.CancelledError:
            self.given_up.append(call)
            raise
        finally:
            self.in_flight -= 1


class Scene:
    """A run over a world, and everything that it told."""

    def __init__(
        self,
        world: World,
        *,
        budget: Budget | None = None,
        meanwhile: Callable[[Call], Awaitable[None]] | None = None,
    ) -> None:
        self.plan = Plan.neighbours(REPOSITORY, budget=budget)
        self.clock = VirtualClock(EPOCH)
        self.transport = Transport(world, self.clock, meanwhile)
        self.pages: list[Page | User] = []
        self.records: list[Progress] = []
        self.run = Run(
            self.plan, self.transport, self.clock, on_pages=self.take, on_progress=self.records.append
        )

    def take(self, pages: Sequence[Page | User]) -> None:
        self.pages.extend(pages)


async def test_a_run_carries_its_plan_to_the_end() -> None:
    """Every page that the plan accepts is handed on, and time passes as the calls take it."""
    scene = Scene(World.of([250, 30, 40] * 20))

    finish = await scene.run.finish()

    assert finish.coverage.kind == "exact"
    assert len(scene.pages) == scene.plan.spent.pages
    passed = (scene.clock.now() - EPOCH).total_seconds()
    assert passed == pytest.approx(scene.plan.spent.github_seconds + scene.run.waited_seconds)
    assert scene.transport.most_in_flight == 1


async def test_waits_are_waited_and_counted() -> None:
    """What the windows make us wait is waited by the clock, told before, and counted."""
    world = World.of([2500] * 5)
    world.limit = 4
    scene = Scene(world)

    finish = await scene.run.finish()

    assert finish.coverage.kind == "exact"
    assert scene.run.waited_seconds > 3600
    waiting = [record for record in scene.records if record.waiting_until is not None]
    assert waiting
    assert all(record.waiting_for for record in waiting)


async def test_progress_is_told_in_frozen_records() -> None:
    """After each reply and before each wait a record is given that nobody can change."""
    scene = Scene(World.of([250, 30, 40] * 20))

    await scene.run.finish()

    waits = [record for record in scene.records if record.waiting_until is not None]
    assert len(scene.records) == scene.plan.spent.calls + len(waits)
    told = [(record.calls, record.users_read, record.github_seconds) for record in scene.records]
    assert told == sorted(told)
    assert scene.records[-1].users_read == 60
    assert scene.records[0].__struct_config__.frozen


async def test_a_run_needs_nobody_to_watch_it() -> None:
    """Progress may go unheard."""
    world = World.of([2500] * 5)
    world.limit = 4
    clock = VirtualClock(EPOCH)
    run = Run(Plan.neighbours(REPOSITORY), Transport(world, clock), clock, on_pages=lambda _pages: None)

    assert (await run.finish()).coverage.kind == "exact"


async def test_a_page_is_kept_before_the_next_call_is_sent() -> None:
    """When keeping pages takes time, the run waits for it."""
    world = World.of([30] * 60)
    clock = VirtualClock(EPOCH)
    kept: list[int] = []
    sent_while_keeping = []

    async def keep(pages: Sequence[Page | User]) -> None:
        before = len(world.calls)
        await asyncio.sleep(0)
        sent_while_keeping.append(len(world.calls) - before)
        kept.append(len(pages))

    run = Run(Plan.neighbours(REPOSITORY), Transport(world, clock), clock, on_pages=keep)

    await run.finish()

    assert len(kept) == len(world.calls)
    assert not any(sent_while_keeping)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_as_many_calls_are_in_flight_as_the_budget_says(concurrency: int) -> None:
    """One call at a time unless more are asked for, and the answer is the same."""

    async def meanwhile(call: Call) -> None:
        for _ in range(call.number % 5):
            await asyncio.sleep(0)

    scene = Scene(World.of([250] * 80), budget=Budget(concurrency=concurrency), meanwhile=meanwhile)

    finish = await scene.run.finish()

    assert finish.coverage.kind == "exact"
    assert scene.transport.most_in_flight == concurrency


async def test_a_run_that_is_stopped_gives_up_what_is_in_flight() -> None:
    """`stop` ends the run at once, with what was read; the call on its way is given up."""
    on_its_way = asyncio.Event()

    async def hang(call: Call) -> None:
        if call.number == 4:
            on_its_way.set()
            await asyncio.Event().wait()

    scene = Scene(World.of([250] * 60), meanwhile=hang)
    running = asyncio.create_task(scene.run.finish())
    await on_its_way.wait()

    scene.run.stop()
    finish = await running

    assert finish.error is None
    assert finish.coverage.users_unread > 0
    assert finish.coverage.stargazers_listed == 60
    assert [call.number for call in scene.transport.given_up] == [4]
    assert scene.plan.spent.calls == 3


class StandingClock(VirtualClock):
    """A clock on which a sleep never ends."""

    def __init__(self) -> None:
        super().__init__(EPOCH)
        self.asleep = asyncio.Event()

    async def sleep_until(self, at: datetime) -> None:
        assert at > self.now()
        self.asleep.set()
        await asyncio.Event().wait()


async def test_a_run_that_is_stopped_wakes_up() -> None:
    """`stop` ends a wait too."""
    world = World.of([250] * 60)
    world.weather = befalls([None, of(FailureKind.SECONDARY_LIMIT, 0.1, 3600.0)])
    clock = StandingClock()
    run = Run(Plan.neighbours(REPOSITORY), Transport(world, clock), clock, on_pages=lambda _pages: None)
    running = asyncio.create_task(run.finish())
    await clock.asleep.wait()

    run.stop()

    assert (await running).coverage.users_unread == 60


async def test_a_run_that_is_cancelled_leaves_nothing_in_flight() -> None:
    """Cancelling a run cancels its calls, and is not swallowed."""
    on_its_way = asyncio.Event()

    async def hang(_call: Call) -> None:
        on_its_way.set()
        await asyncio.Event().wait()

    scene = Scene(World.of([5]), meanwhile=hang)
    running = asyncio.create_task(scene.run.finish())
    await on_its_way.wait()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert scene.transport.in_flight == 0


@pytest.mark.parametrize("bad", [2, 3, 4])
async def test_a_mistake_of_ours_loses_no_other_reply(bad: int) -> None:
    """A refused query ends the run with its error, and replies that came with it are still taken."""
    together = asyncio.Event()

    async def meanwhile(call: Call) -> None:
        if call.number == 4:
            together.set()
            await asyncio.sleep(0)
        elif call.number > 1:
            await together.wait()
        if call.number == bad:
            raise QueryRefused("Field 'stars' doesn't exist")

    scene = Scene(World.of([30] * 80), budget=Budget(concurrency=3), meanwhile=meanwhile)

    with pytest.raises(QueryRefused):
        await scene.run.finish()

    assert scene.plan.spent.calls == 3
    assert len(scene.pages) == scene.plan.spent.pages


def test_a_virtual_clock_moves_only_forward() -> None:
    """A sleep until a moment that is over does not turn the clock back."""
    clock = VirtualClock(EPOCH)

    asyncio.run(clock.sleep_until(EPOCH - timedelta(hours=1)))
    assert clock.now() == EPOCH

    clock.passed(1.5)
    asyncio.run(clock.sleep_until(EPOCH + timedelta(hours=1)))
    assert clock.now() == EPOCH + timedelta(hours=1)


async def test_the_systems_clock_is_this_machines() -> None:
    """It tells UTC, needs not be told what has passed, and does not sleep until what is over."""
    clock = SystemClock()
    before = datetime.now(UTC)

    clock.passed(3600)
    await clock.sleep_until(before - timedelta(hours=1))

    assert timedelta(0) <= clock.now() - before < timedelta(minutes=1)
    assert clock.now().tzinfo is UTC


async def test_a_scaled_clock_runs_ahead() -> None:
    """A clock a million times as fast sleeps through an hour in milliseconds."""
    clock = ScaledClock(1e6)
    before = clock.now()

    clock.passed(1e12)
    await clock.sleep_until(before + timedelta(hours=1))

    assert timedelta(hours=1) <= clock.now() - before < timedelta(days=3650)
