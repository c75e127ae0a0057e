"""What neighbours are about: asked when their answer is there, with what its budget has left.

Nobody waits for it: what is refused, or too dear now, stays unknown until the next job.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import msgspec

from stargazer.errors import AnswerGone, StargazerError
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.details import details_calls, is_affordable, read_details
from stargazer.planner.intake import spent_on
from stargazer.planner.page import Call, DetailsRequest
from stargazer.runner import Granted, Ledger, NoLedger, Transport, first_of, send_granted
from stargazer.service.stores import Stores
from stargazer.store.answers import StoredAnswer
from stargazer.store.details import KnownDetails
from stargazer.store.repositories import StoredRepository
from stargazer.store.usage import Usage

PATIENCE = timedelta(seconds=60)
"""So long a call for details waits for its turn; then it is left to another time."""

BEHIND_SECONDS = 300.0
"""Whoever shares the ledger and has less than this left to do goes first."""

STOPPING_SECONDS = 4.0
"""So long a call in flight may take when the worker is told to stop."""

_LOG = logging.getLogger(__name__)


class Purse(msgspec.Struct, frozen=True):
    """Who pays: the way to GitHub, its ledger, what may be spent, and how much of that is.

    `patience` is how long a call may wait for its turn. What is spent is on the
    day of the key that pays for `job`, if it is for one.
    """

    transport: Transport
    ledger: Ledger = msgspec.field(default_factory=NoLedger)
    budget: Budget = Budget()
    spent: Spent = Spent()
    patience: timedelta = PATIENCE
    job: UUID | None = None


class Fetched(msgspec.Struct, frozen=True):
    """What fetching details has cost, and why it ended early; None if nothing is left to be asked."""

    spent: Spent = Spent()
    left: str | None = None


async def fetch_details(
    stores: Stores, repositories: Sequence[int], purse: Purse, stopping: asyncio.Event | None = None
) -> Fetched:
    """Ask GitHub about those that nobody has asked about lately, and store what it says.

    Args:
        stores: where it is kept.
        repositories: our numbers of public repositories, the most wanted first.
        purse: who pays.
        stopping: set it to end before the next call.

    Raises:
        QueryRefused: GitHub says that the query is wrong; what came before is stored.
        StoreUnavailable: the store cannot be used; what was written stays.
    """
    wanted = await stores.details.wanted(repositories, stores.clock.now())
    known = {one.number: one for one in await stores.repositories.of(wanted)}
    fetching = _Fetching(stores, purse, stopping or asyncio.Event())
    return await fetching.fetch([known[number] for number in wanted if number in known])


async def known_details(stores: Stores, answer: StoredAnswer) -> KnownDetails:
    """What is known of the closest neighbours of an answer.

    Raises:
        AnswerGone: it was cleaned meanwhile.
        StoreUnavailable: the store cannot be used.
    """
    numbers = await stores.pages.closest(answer)
    if numbers is None:
        raise AnswerGone(str(answer.id))
    return await stores.details.known(numbers)


class _Fetching:
    """One list of repositories being asked about."""

    def __init__(self, stores: Stores, purse: Purse, stopping: asyncio.Event) -> None:
        self._stores = stores
        self._clock = stores.clock
        self._purse = purse
        self._stopping = stopping
        self._spent = Spent()
        self._left: str | None = None

    async def fetch(self, wanted: Sequence[StoredRepository]) -> Fetched:
        """Send call after call until everything is asked or something ends it."""
        numbers = {one.database_id: one.number for one in wanted}
        for call in details_calls([_request(one) for one in wanted]):
            grant = await self._turn(call)
            if grant is None:
                break
            asked_at = self._clock.now()
            reply = await send_granted(
                call, grant, transport=self._purse.transport, ledger=self._purse.ledger, clock=self._clock
            )
            await self._pay(spent_on(reply, (), retries=0))
            said = read_details(reply)
            await self._stores.details.write({numbers[one]: about for one, about in said.items()}, asked_at)
            if reply.failure is not None:
                self._left = reply.failure.message
                break
        return Fetched(self._spent, self._left)

    async def _pay(self, cost: Spent) -> None:
        self._spent += cost
        if self._purse.job is not None:
            usage = Usage(self._stores.database)
            await usage.charge(self._purse.job, points=cost.points, github_seconds=cost.github_seconds)

    async def _turn(self, call: Call) -> Granted | None:
        """Wait until the call may be sent; None when it may not, or not soon."""
        purse = self._purse
        if not is_affordable(call, purse.budget, purse.spent + self._spent):
            self._left = "the budget is spent"
            return None
        now = begun_at = self._clock.now()
        while not self._stopping.is_set():
            step = await purse.ledger.reserve(
                call, now, remaining_seconds=BEHIND_SECONDS, budget=purse.budget
            )
            if isinstance(step, Granted):
                return step
            if max(now, step.until) > begun_at + purse.patience:
                self._left = step.reason.value
                return None
            await first_of(self._clock.sleep_until(step.until), purse.ledger.freed(), self._stopping.wait())
            now = self._clock.now()
        self._left = "told to stop"
        return None


def _request(repository: StoredRepository) -> DetailsRequest:
    owner, _, name = repository.name.partition("/")
    return DetailsRequest(owner, name, repository.database_id)


class DetailsLater:
    """Fetches the details of answers beside whatever a worker does. Open it with `open`.

    One answer of a GitHub user at a time.
    """

    def __init__(self, stores: Stores, stopping: asyncio.Event) -> None:
        self._stores = stores
        self._stopping = stopping
        self._turns: dict[int, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, stores: Stores, stopping: asyncio.Event) -> AsyncGenerator[DetailsLater]:
        """Fetch until the end of the block; when *stopping* is set, no call is sent any more."""
        later = cls(stores, stopping)
        stopper = asyncio.create_task(later._stop_in_time())
        try:
            yield later
        finally:
            if not stopping.is_set():
                later.cancel()
            await later.settled()
            stopper.cancel()

    def want(self, answer: StoredAnswer, purse: Purse) -> None:
        """Fetch the details of the closest neighbours of an answer, soon."""
        task = asyncio.create_task(self._fetch(answer, purse))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Come back when everything that was wanted until now has been fetched, or given up."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cancel(self) -> None:
        """Give up everything, calls in flight too."""
        for task in self._tasks:
            task.cancel()

    async def _stop_in_time(self) -> None:
        await self._stopping.wait()
        await asyncio.sleep(STOPPING_SECONDS)
        self.cancel()

    async def _fetch(self, answer: StoredAnswer, purse: Purse) -> None:
        """Fetch, and write a line about it if there was anything to ask."""
        told: dict[str, object] = {"answer": str(answer.id)}
        try:
            async with self._turns.setdefault(answer.credential_user, asyncio.Lock()):
                numbers = await self._stores.pages.closest(answer) or ()
                fetched = await fetch_details(self._stores, numbers, purse, self._stopping)
        except StargazerError as error:
            _LOG.warning("details.failed", extra=told | {"reason": error.message})
        except Exception:
            _LOG.exception("details of %s", answer.id)
        else:
            told |= {name: getattr(fetched.spent, name) for name in ("calls", "points", "github_seconds")}
            if fetched.left is not None:
                _LOG.warning("details.left", extra=told | {"reason": fetched.left})
            elif fetched.spent.calls:
                _LOG.info("details.fetched", extra=told)
