"""The one loop that awaits: it drives a plan, sends its calls, and lets time pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, assert_never

import msgspec

from stargazer.errors import StargazersRestricted
from stargazer.planner.budget import Budget
from stargazer.planner.page import Call, Page, Reply, User
from stargazer.planner.plan import Plan
from stargazer.planner.step import Finish, Progress, Send, Wait

LONGEST_SLEEP_SECONDS = 60.0
"""A sleep is cut to this, so that a clock that jumps costs a minute at most."""


class Transport(Protocol):
    """Whatever can send a call. Weather comes back in the reply; only mistakes are raised."""

    async def send(self, call: Call) -> Reply:
        """Send *call* and decode what comes back."""
        ...


class Clock(Protocol):
    """The time that a run goes by."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...

    async def sleep_until(self, at: datetime) -> None:
        """Come back at *at*, or somewhat before it."""
        ...

    def passed(self, seconds: float) -> None:
        """Take note that a call took so many *seconds* of GitHub's time."""
        ...


class Granted(msgspec.Struct, frozen=True):
    """The leave to send one call, to be settled under its `key`."""

    key: str


class Ledger(Protocol):
    """What all runs with one credential have reserved and spent together."""

    async def reserve(
        self, call: Call, now: datetime, *, remaining_seconds: float, budget: Budget
    ) -> Granted | Wait:
        """Book *call*, or say when to ask again.

        `remaining_seconds` is what is left of the run in GitHub seconds, 0 while that is not known.
        """
        ...

    async def settle(self, grant: Granted, reply: Reply | None, now: datetime) -> None:
        """Replace what was booked by what the *reply* says; None: nothing came back."""
        ...

    async def freed(self) -> None:
        """Come back when it may help to ask again before the moment that `reserve` told."""
        ...


class NoLedger:
    """The ledger of a run that has its credential for itself."""

    async def reserve(self, call: Call, *_: object, **__: object) -> Granted | Wait:
        """Grant every call."""
        return Granted(str(call.number))

    async def settle(self, grant: Granted, reply: Reply | None, now: datetime) -> None:
        """Do nothing."""

    async def freed(self) -> None:
        """Do nothing: nobody is ever told to wait."""


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC)

    async def sleep_until(self, at: datetime) -> None:
        """Sleep until *at*, a minute at most."""
        seconds = (at - self.now()).total_seconds()
        await asyncio.sleep(min(max(seconds, 0.0), LONGEST_SLEEP_SECONDS))

    def passed(self, seconds: float) -> None:
        """Do nothing: the time has passed by itself."""


class ScaledClock:
    """A clock that runs *speed* times faster than this machine's, for a simulation that does."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._begun_at = datetime.now(UTC)

    def now(self) -> datetime:
        """This moment of the simulation, in UTC."""
        return self._begun_at + (datetime.now(UTC) - self._begun_at) * self._speed

    async def sleep_until(self, at: datetime) -> None:
        """Sleep until *at*, a minute at most."""
        seconds = (at - self.now()).total_seconds() / self._speed
        await asyncio.sleep(min(max(seconds, 0.0), LONGEST_SLEEP_SECONDS))

    def passed(self, seconds: float) -> None:
        """Do nothing: the time has passed by itself."""


class VirtualClock:
    """A clock that nothing but this run moves: it never sleeps.

    It serves simulations that say how long a call took instead of taking it.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """This moment of the simulation, in UTC."""
        return self._now

    async def sleep_until(self, at: datetime) -> None:
        """Move to *at*."""
        self._now = max(self._now, at)
        await asyncio.sleep(0)

    def passed(self, seconds: float) -> None:
        """Move on by what a call took."""
        self._now += timedelta(seconds=seconds)


async def send_granted(
    call: Call, grant: Granted, *, transport: Transport, ledger: Ledger, clock: Clock
) -> Reply:
    """Send a call that the ledger has granted, and settle it whatever comes of it."""
    reply = None
    try:
        reply = await transport.send(call)
        clock.passed(reply.seconds)
    finally:
        await ledger.settle(grant, reply, clock.now())
    return reply


async def first_of(*ends: Awaitable[object]) -> None:
    """Come back when one of *ends* has come, and give the others up."""
    tasks = [asyncio.ensure_future(end) for end in ends]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


class Run:
    """One plan being carried out.

    Args:
        plan: what decides.
        transport: what sends.
        clock: the time it goes by.
        on_pages: gets the pages and users of each reply that the plan accepted; if it
            returns an awaitable, that is awaited before the next call is sent.
        on_progress: gets a record after each reply, and before each wait.
        ledger: what the run shares with others that use its credential.
    """

    def __init__(
        self,
        plan: Plan,
        transport: Transport,
        clock: Clock,
        *,
        on_pages: Callable[[Sequence[Page | User]], Awaitable[None] | None],
        on_progress: Callable[[Progress], None] | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._plan = plan
        self._transport = transport
        self._clock = clock
        self._on_pages = on_pages
        self._on_progress = on_progress
        self._ledger: Ledger = ledger or NoLedger()
        self._in_flight: set[asyncio.Task[Reply | None]] = set()
        self._winding_down = asyncio.Event()
        self._stopping = asyncio.Event()
        self.waited_seconds = 0.0

    def stop(self) -> None:
        """End the run now: calls in flight are given up, what was read is kept."""
        self.wind_down()
        self._stopping.set()

    def wind_down(self) -> None:
        """End the run as soon as the calls in flight have come back."""
        self._plan.stop()
        self._winding_down.set()

    async def finish(self) -> Finish:
        """Drive the plan to its end.

        Raises:
            QueryRefused: GitHub says that a query of ours is wrong.
        """
        try:
            while True:
                match self._plan.next_step(self._clock.now()):
                    case Send(calls):
                        self._in_flight |= {asyncio.create_task(self._exchange(call)) for call in calls}
                        await self._next_reply()
                    case Wait() if self._in_flight:
                        await self._next_reply()
                    case Wait() as wait:
                        await self._wait(wait)
                    case Finish() if self._in_flight and not self._giving_up:
                        await self._next_reply()
                    case Finish() as finish:
                        return self._told(finish)
                    case never:
                        assert_never(never)
        finally:
            await self._abandon()

    def _told(self, finish: Finish) -> Finish:
        """Say in a refusal what kind of token was refused, if the transport knows."""
        credential: str = getattr(self._transport, "credential", "")
        if not credential or not isinstance(finish.error, StargazersRestricted):
            return finish
        return msgspec.structs.replace(finish, error=finish.error.tried_with(credential))

    @property
    def _giving_up(self) -> bool:
        return self._stopping.is_set() or not self._winding_down.is_set()

    async def _exchange(self, call: Call) -> Reply | None:
        """Send a call when the ledger grants it; None when the run ends before."""
        grant = await self._turn(call)
        if grant is None:
            return None
        return await send_granted(
            call, grant, transport=self._transport, ledger=self._ledger, clock=self._clock
        )

    async def _turn(self, call: Call) -> Granted | None:
        left = self._plan.left()
        while not self._winding_down.is_set():
            step = await self._ledger.reserve(
                call,
                self._clock.now(),
                remaining_seconds=left.github_seconds if left else 0.0,
                budget=self._plan.budget,
            )
            if isinstance(step, Granted):
                return step
            await self._wait(step, self._ledger.freed())
        return None

    async def _next_reply(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait({*self._in_flight, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        finished = [task for task in self._in_flight if task in done]
        self._in_flight.difference_update(finished)
        # Whatever was raised is raised last, so that no reply beside it is lost.
        for task in sorted(finished, key=lambda task: task.exception() is not None):
            reply = task.result()
            if reply is not None:
                await self._take(reply)

    async def _take(self, reply: Reply) -> None:
        accepted = self._plan.receive(reply, self._clock.now())
        if accepted and (kept := self._on_pages(accepted)) is not None:
            await kept
        if self._on_progress is not None:
            self._on_progress(self._plan.progress())

    async def _wait(self, wait: Wait, *sooner: Coroutine[Any, Any, None]) -> None:
        """Wait until the moment told, or until the run ends or one of *sooner* has come."""
        before = self._clock.now()
        if self._on_progress is not None:
            self._on_progress(
                msgspec.structs.replace(
                    self._plan.progress(), waiting_until=wait.until, waiting_for=wait.reason.value
                )
            )
        await first_of(self._clock.sleep_until(wait.until), self._winding_down.wait(), *sooner)
        self.waited_seconds += (self._clock.now() - before).total_seconds()

    async def _abandon(self) -> None:
        for task in self._in_flight:
            task.cancel()
        await asyncio.gather(*self._in_flight, return_exceptions=True)
        self._in_flight.clear()
