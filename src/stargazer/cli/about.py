"""What the neighbours that are shown are about: as it is stored, or asked now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from stargazer.cli.answer import Row
from stargazer.cli.session import Session
from stargazer.cli.signals import stop_on_signal
from stargazer.cli.storage import shared_ledger
from stargazer.cli.waiting import StoreWait, outlasting
from stargazer.cli.words import count
from stargazer.errors import StargazerError, StoreUnavailable
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.page import Details
from stargazer.runner import NoLedger
from stargazer.service import Service
from stargazer.service.details import PATIENCE, Purse, fetch_details, known_details
from stargazer.store.answers import StoredAnswer
from stargazer.store.answers_slices import StoredNeighbour
from stargazer.store.details import KnownDetails

NEEDS_STORE = (
    "--language, --archived and --forks ask for what neighbours are about, which is kept in the store: "
    "they go without --no-store, and not with a private repository"
)

BRIEFLY = timedelta(seconds=2)
"""So long a table waits for its turn to ask what its rows are about; it does without rather than longer."""


class Payer(msgspec.Struct, frozen=True):
    """For which GitHub user GitHub is asked, what that may cost, and what of it the answer has cost."""

    user: int
    budget: Budget = Budget()
    spent: Spent = Spent()


class About:
    """What the neighbours of one stored answer are about.

    Args:
        session: whom to ask.
        service: what is stored.
        answer: whose neighbours.
        payer: who pays for asking; None: GitHub is not asked.
        is_fresh: GitHub was asked for the answer just now, so it is asked for what is shown, too.

    Attributes:
        spent: what asking has cost.
        left: why it ended early, if it did.
        interrupted: the exit code of the signal that ended it, if one did.
    """

    def __init__(
        self,
        session: Session,
        service: Service,
        answer: StoredAnswer,
        payer: Payer | None = None,
        *,
        is_fresh: bool = False,
    ) -> None:
        self._session = session
        self._service = service
        self._answer = answer
        self._payer = payer
        self._is_fresh = is_fresh
        self._wait = StoreWait(service.database)
        self.spent = Spent()
        self.left: str | None = None
        self.interrupted: int | None = None

    @property
    def answer(self) -> StoredAnswer:
        """Whose neighbours they are."""
        return self._answer

    async def of_closest(self) -> KnownDetails:
        """What the closest neighbours are about; GitHub is asked for what is not known.

        Raises:
            AnswerGone: the answer was cleaned meanwhile.
            StoreUnavailable: the store cannot be used.
        """
        return await outlasting(self._closest, self._wait)()

    async def _closest(self) -> KnownDetails:
        numbers = await self._service.pages.closest(self._answer) or ()
        await self._ask(numbers, PATIENCE)
        return await known_details(self._service, self._answer)

    async def of(self, rows: Iterable[Row]) -> dict[str, Details]:
        """What some neighbours are about, by name, as far as it is known or told at once."""
        stored = [row for row in rows if isinstance(row, StoredNeighbour)]
        numbers = [row.number for row in stored]
        try:
            if self._is_fresh:
                await self._ask(numbers, BRIEFLY)
            return (await self._service.details.known(numbers)).of(stored)
        except StoreUnavailable:
            # A table without this column is a table all the same.
            return {}

    async def _ask(self, repositories: Sequence[int], patience: timedelta) -> None:
        """Ask GitHub about what is not known, if somebody pays and nobody has interrupted us."""
        if self._payer is None or self.interrupted is not None:
            return
        session, service, payer = self._session, self._service, self._payer
        if not await service.details.wanted(repositories, session.clock.now()):
            return
        stopping = asyncio.Event()
        async with shared_ledger(session, service.database, payer.user) as ledger:
            spent = payer.spent + self.spent
            purse = Purse(session.github, ledger or NoLedger(), payer.budget, spent, patience)
            with stop_on_signal(stopping.set) as caught:
                try:
                    fetched = await fetch_details(service, repositories, purse, stopping)
                except StoreUnavailable:
                    raise
                except StargazerError as error:
                    self.left = error.message
                else:
                    self.spent += fetched.spent
                    self.left = fetched.left
        self.interrupted = caught.exit_code


def describe_unknown(known: KnownDetails, left: str | None) -> str:
    """Say of how many neighbours it is not known what they are about, and why if that is known.

    Example:
        >>> describe_unknown(KnownDetails({}, 12, ""), "the budget is spent")
        'what 12 of the 12 closest neighbours are about is not known (the budget is spent): they are left out'
    """
    why = "" if left is None else f" ({left})"
    closest = count(known.wanted, "closest neighbour")
    return f"what {known.unknown:,} of the {closest} are about is not known{why}: they are left out"
