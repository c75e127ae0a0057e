"""What neighbours are about: asked late, once, within the budget; whatever fails is asked another time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from tests.integration import service_world
from tests.integration.service_world import ONE, Desk, opened, quiet_graph

from stargazer.planner.budget import Budget, Spent
from stargazer.planner.page import Call, Details, Failure, FailureKind, Reading, Reply
from stargazer.planner.step import Reason, Wait
from stargazer.runner import Clock, Granted, NoLedger, Transport
from stargazer.sandbox import Behaviour, Fault, Faults
from stargazer.service import JobReader
from stargazer.service.details import DetailsLater, Fetched, Purse, fetch_details
from stargazer.store.answers import StoredAnswer
from stargazer.store.details import MAX_AGE, KnownDetails
from stargazer.store.jobs import Jobs
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import Keys, NewKey
from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell
from stargazer.store.usage import Usage

database_url = service_world.database_url
migrated = service_world.migrated
server_url = service_world.server_url


class Meddling:
    """A transport that lets something happen before each call, and changes what comes back."""

    def __init__(
        self,
        transport: Transport,
        *,
        before: Callable[[Call], None] = lambda _: None,
        change: Callable[[Reply], Reply] = lambda reply: reply,
    ) -> None:
        self._transport = transport
        self._before = before
        self._change = change
        self.calls: list[Call] = []

    async def send(self, call: Call) -> Reply:
        """Send a call."""
        self.calls.append(call)
        self._before(call)
        return self._change(await self._transport.send(call))


class About:
    """An answer whose neighbours are asked about."""

    def __init__(self, desk: Desk, answer: StoredAnswer, numbers: list[int]) -> None:
        self.desk = desk
        self.answer = answer
        self.numbers = numbers

    async def fetch(self, budget: Budget | None = None, spent: Spent | None = None) -> Fetched:
        """Ask about all of them, with a ledger of no one else."""
        async with self.desk.github() as github:
            return await self.fetch_by(Purse(github, NoLedger(), budget or Budget(), spent or Spent()))

    async def fetch_by(self, purse: Purse) -> Fetched:
        """Ask about all of them."""
        return await fetch_details(self.desk.service, self.numbers, purse)

    async def known(self) -> KnownDetails:
        """What the store knows of them."""
        return await self.desk.service.details.known(self.numbers)

    async def told(self) -> dict[str, Details]:
        """The same by name."""
        said = (await self.known()).said
        return {one.name: said[one.number] for one in await self.desk.service.repositories.of(list(said))}


async def answered(desk: Desk) -> About:
    """Read a repository."""
    answer = (await desk.read()).answer
    assert answer is not None
    numbers = await desk.service.pages.closest(answer)
    assert numbers is not None
    return About(desk, answer, numbers)


def true_details(desk: Desk, name: str) -> Details:
    """What the simulated GitHub says of a repository."""
    repositories = desk.graph.repositories
    number = desk.graph.repository(name)
    return Details(
        repositories.description(number),
        repositories.language(number),
        number in repositories.archived,
        number in repositories.forks,
    )


async def test_everything_is_asked_once(database_url: str) -> None:
    """A hundred repositories a call, a point each; then nothing until the details are old."""
    async with opened(quiet_graph(), database_url) as desk:
        about = await answered(desk)
        calls = len(desk.sandbox.record)
        fetched = await about.fetch()
        needed = -(-len(about.numbers) // 100)
        assert needed > 3
        assert (fetched.spent.calls, fetched.spent.points, fetched.left) == (needed, needed, None)
        assert len(desk.sandbox.record) == calls + needed
        told = await about.told()
        assert len(told) == len(about.numbers)
        assert told == {name: true_details(desk, name) for name in told}
        assert await about.fetch() == Fetched()
        desk.later(days=MAX_AGE.days + 1)
        assert (await about.fetch()).spent.calls == needed


async def test_what_is_not_to_be_told_is_not_kept(database_url: str) -> None:
    """Neither what went private or away, nor of another that got the name; renames are followed."""
    async with opened(quiet_graph(), database_url) as desk:
        about = await answered(desk)
        private, moved, left, taken = (await desk.service.repositories.of(about.numbers))[:4]
        desk.graph.mark_private(private.name)
        desk.graph.rename(moved.name, "new/home")
        # Two repositories swap their names: both are somebody else's now.
        desk.graph.rename(left.name, "a/while")
        desk.graph.rename(taken.name, left.name)
        fetched = await about.fetch()
        assert fetched.left is None
        known = await about.known()
        assert set(about.numbers) - set(known.said) == {private.number, left.number}
        assert (known.wanted, known.unknown) == (len(about.numbers) - 2, 0)
        assert known.said[moved.number] == true_details(desk, "new/home")
        assert await about.fetch() == Fetched()


@pytest.mark.parametrize(
    ("budget", "spent", "calls"),
    [
        (Budget(points=30), Spent(points=28), 2),
        (Budget(points=30), Spent(points=30), 0),
        (Budget(seconds=60.0), Spent(github_seconds=59.5), 0),
    ],
)
async def test_no_budget_is_exceeded(database_url: str, budget: Budget, spent: Spent, calls: int) -> None:
    """What the answer has left of its budget pays, and no more is asked; the closest are asked first."""
    async with opened(quiet_graph(), database_url) as desk:
        about = await answered(desk)
        fetched = await about.fetch(budget, spent)
        assert (fetched.spent.calls, fetched.left) == (calls, "the budget is spent")
        assert set((await about.known()).said) == set(about.numbers[: 100 * calls])


async def test_a_failure_keeps_what_came_before(database_url: str) -> None:
    """The first failure ends it; the next time goes on from there."""
    async with opened(quiet_graph(), database_url) as desk:
        about = await answered(desk)
        desk.sandbox.reset(Behaviour(faults=Faults(script={2: Fault.BAD_GATEWAY})))
        fetched = await about.fetch()
        assert fetched.left is not None
        assert "502" in fetched.left
        assert fetched.spent.calls == 2
        assert set((await about.known()).said) == set(about.numbers[:100])
        assert (await about.fetch()).left is None
        assert (await about.known()).unknown == 0


async def test_what_is_refused_is_asked_again(database_url: str) -> None:
    """A null that GitHub gives no word for says nothing of the repository."""

    def refuse(reply: Reply) -> Reply:
        return msgspec.structs.replace(
            reply, outcomes=(Failure(FailureKind.HIDDEN, "saml"), *reply.outcomes[1:])
        )

    async with opened(quiet_graph(), database_url) as desk, desk.github() as github:
        about = await answered(desk)
        fetched = await about.fetch_by(Purse(Meddling(github, change=refuse)))
        assert fetched.left is None
        assert (await about.known()).unknown == fetched.spent.calls
        again = await about.fetch_by(Purse(github))
        assert again.spent.calls == 1
        assert (await about.known()).unknown == 0


async def test_a_ledger_without_points_is_not_waited_for(database_url: str) -> None:
    """The hour may be long: another job comes. What is spent is on the ledger."""
    async with (
        opened(quiet_graph(), database_url) as desk,
        desk.github() as github,
        Bell.open(desk.database) as bell,
    ):
        about = await answered(desk)
        user = about.answer.credential_user
        ledger = PostgresLedger(desk.database, bell, user, speed=None)

        def leave_one(reply: Reply) -> Reply:
            reset_at = desk.clock.now().replace(microsecond=0).astimezone(UTC)
            reading = Reading(5_000, 0, 5_000, datetime.fromtimestamp(reset_at.timestamp() + 3_000, UTC), 1)
            return msgspec.structs.replace(reply, reading=reading)

        fetched = await about.fetch_by(Purse(Meddling(github, change=leave_one), ledger))
        assert (fetched.spent.calls, fetched.left) == (1, "the points of this hour are used up")
        assert (await ledger.read(desk.clock.now())).charged.charged == 1


async def worked(desk: Desk, transport: Transport, details: DetailsLater, budget: Budget) -> StoredAnswer:
    """Carry out a job as a worker does."""
    wanted = await desk.wanted()
    async with Bell.open(desk.database) as bell:
        jobs = Jobs(desk.database, bell)
        await jobs.ask(ONE, wanted.credential_user, "somebody", budget=budget, now=desk.clock.now())
        taken = await jobs.take(None)
        assert taken is not None
        reader = JobReader(desk.service, lambda _: transport, lambda _: NoLedger(), details=details)
        answer_id = await reader(taken.job, lambda _: None, asyncio.Event())
        assert answer_id is not None
        await jobs.done(taken, answer_id)
    answer = await desk.service.answers.find(answer_id, wanted.credential_user)
    assert answer is not None
    return answer


async def test_a_job_is_answered_before_its_details(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """They come by themselves, with what the job has left, and leave a line in the log."""
    caplog.set_level(logging.INFO, "stargazer.service.details")
    async with (
        opened(quiet_graph(), database_url) as desk,
        desk.github() as github,
        DetailsLater.open(desk.service, asyncio.Event()) as later,
    ):
        answer = await worked(desk, github, later, Budget())
        numbers = await desk.service.pages.closest(answer)
        assert numbers is not None
        assert (await desk.service.details.known(numbers)).said == {}
        await later.settled()
        assert (await desk.service.details.known(numbers)).unknown == 0
    [line] = [record for record in caplog.records if record.name == "stargazer.service.details"]
    assert (line.message, line.levelname) == ("details.fetched", "INFO")


async def test_the_key_that_wanted_the_job_pays(database_url: str) -> None:
    """What details cost is on its day, like the reading itself."""
    async with (
        opened(quiet_graph(), database_url) as desk,
        desk.github() as github,
        DetailsLater.open(desk.service, asyncio.Event()) as later,
    ):
        await Keys(desk.database).create(NewKey(name="somebody"), make_key_text(bytes(32)), desk.clock.now())
        begun = desk.sandbox.totals.points
        await worked(desk, github, later, Budget())
        read = desk.sandbox.totals.points
        await later.settled()
        [day] = await Usage(desk.database).days("somebody", date.min)

        assert read > begun
        assert day.points == desk.sandbox.totals.points - read > 0


async def test_told_to_stop_it_ends_after_the_call_in_flight(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What that call brings is kept; the rest is left to the next job."""
    stop = asyncio.Event()

    def stop_at_details(call: Call) -> None:
        if not call.requests:
            stop.set()

    async with opened(quiet_graph(), database_url) as desk, desk.github() as github:
        meddling = Meddling(github, before=stop_at_details)
        async with DetailsLater.open(desk.service, stop) as later:
            answer = await worked(desk, meddling, later, Budget())
            await later.settled()
        numbers: Sequence[int] = await desk.service.pages.closest(answer) or ()
        assert len((await desk.service.details.known(numbers)).said) == 100
    assert [record.message for record in caplog.records] == ["details.left"]


async def test_a_failure_of_details_is_none_of_the_job(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The job is done; the log says once why its details are not known."""

    def refuse(reply: Reply) -> Reply:
        if reply.call.requests:
            return reply
        return msgspec.structs.replace(
            reply, outcomes=(), failure=Failure(FailureKind.FORBIDDEN, "not for you"), reading=None
        )

    async with opened(quiet_graph(), database_url) as desk, desk.github() as github:
        async with DetailsLater.open(desk.service, asyncio.Event()) as later:
            answer = await worked(desk, Meddling(github, change=refuse), later, Budget())
            await later.settled()
        assert answer.complete
    [line] = caplog.records
    assert (line.message, line.levelname) == ("details.left", "WARNING")
    assert vars(line)["reason"] == "not for you"


class Busy(NoLedger):
    """A ledger that others hold for a while before each call."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._free_at: datetime | None = None

    async def reserve(self, call: Call, *_: object, **__: object) -> Granted | Wait:
        """Grant a call when its wait is over."""
        now = self._clock.now()
        if self._free_at is None:
            self._free_at = now + timedelta(seconds=self._seconds)
        if now < self._free_at:
            return Wait(self._free_at, Reason.IN_FLIGHT)
        self._free_at = None
        return Granted(str(call.number))

    async def freed(self) -> None:
        """Never tell that it is free: the moment that was told has to do."""
        await asyncio.Event().wait()


async def test_a_call_waits_for_its_turn_but_not_for_ever(database_url: str) -> None:
    """As long as its patience lasts; then it says what it would have waited for."""
    async with opened(quiet_graph(), database_url) as desk, desk.github() as github:
        about = await answered(desk)
        patience = timedelta(seconds=5)
        fetched = await about.fetch_by(Purse(github, Busy(desk.clock, 6.0), patience=patience))
        assert fetched == Fetched(left="a call is in flight")
        begun_at = desk.clock.now()
        fetched = await about.fetch_by(Purse(github, Busy(desk.clock, 4.0), patience=patience))
        assert fetched.left is None
        assert desk.clock.now() - begun_at >= timedelta(seconds=4.0 * fetched.spent.calls)


async def test_at_the_end_nothing_is_left_running(database_url: str) -> None:
    """Whoever closes it without a stop gives up what is in flight, and what waits for it."""
    reached = asyncio.Event()

    class Stuck:
        async def send(self, call: Call) -> Reply:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError(call)

    async with opened(quiet_graph(), database_url) as desk:
        about = await answered(desk)
        async with DetailsLater.open(desk.service, asyncio.Event()) as later:
            later.want(about.answer, Purse(Stuck()))
            later.want(about.answer, Purse(Stuck()))
            await reached.wait()
        assert (await about.known()).said == {}
        await later.settled()
