"""Where an answer comes from: the store, GitHub into the store, or GitHub alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec
import rich_click as click

from stargazer.cli.about import NEEDS_STORE, About, Payer, describe_unknown
from stargazer.cli.answer import (
    Choice,
    Row,
    Shown,
    in_memory,
    no_chance,
    no_rows,
    stored_chance,
    stored_coverage,
    stored_rows,
)
from stargazer.cli.problems import say
from stargazer.cli.progress import watched
from stargazer.cli.session import Session
from stargazer.cli.signals import stop_on_signal
from stargazer.cli.stargazer_file import Given
from stargazer.cli.storage import shared_ledger
from stargazer.cli.waiting import StoreWait, outlasting, resumed
from stargazer.errors import StoreUnavailable
from stargazer.find import Finding
from stargazer.neighbours.sampling import Sampling
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.page import Details
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.service import Outcome, Reading, Service, Wanted
from stargazer.store.answers import StoredAnswer
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database

_LEAST_SECONDS = 0.001


class Asked(msgspec.Struct, frozen=True):
    """What the user asked for."""

    repository: str
    given: Given
    max_age: timedelta
    budget: Budget = Budget()
    max_stars_per_user: int | None = None
    sampling: Sampling | None = None

    def plan(self) -> Plan:
        """Plan the reading of everything.

        Raises:
            InvalidRequest: the repository is no `owner/name`.
        """
        sampling = self.sampling or Sampling()
        return Plan.neighbours(
            self.repository,
            budget=self.budget,
            logins=self.given.logins,
            users=self.given.users,
            max_stars_per_user=self.max_stars_per_user,
            order_seed=sampling.seed,
            sample=sampling.sample,
            is_watched=sampling.until is not None,
        )

    def wanted(self, credential_user: int) -> Wanted:
        """Say the same to the service."""
        return Wanted(
            repository=self.repository,
            credential_user=credential_user,
            budget=self.budget,
            logins=None if self.given.logins is None else tuple(self.given.logins),
            users=tuple(self.given.users),
            max_stars_per_user=self.max_stars_per_user,
            max_age=self.max_age,
            sampling=self.sampling,
        )


class Answered(msgspec.Struct, frozen=True):
    """An answer, and the exit code of the signal that ended its reading, if one came.

    `about` tells what its neighbours are about; None where that is not kept.
    """

    shown: Shown
    interrupted: int | None = None
    about: About | None = None

    async def choose(self, choice: Choice) -> Choice:
        """Find out what neighbours are about, if the choice depends on it; what stays unknown is said.

        Raises:
            click.UsageError: it is not kept of this answer.
            StoreUnavailable: the store cannot be used.
        """
        if not choice.only.needs_details:
            return choice
        if self.about is None:
            raise click.UsageError(NEEDS_STORE)
        known = await self.about.of_closest()
        if known.unknown:
            say(describe_unknown(known, self.about.left))
        return msgspec.structs.replace(choice, said=known.said)

    async def told_of(self, rows: Iterable[Row]) -> dict[str, Details]:
        """Find out what the neighbours that are shown are about, by name, as far as that is quick."""
        return {} if self.about is None else await self.about.of(rows)

    def paid(self) -> Answered:
        """The same, with what asking about neighbours has cost, and the signal that ended it."""
        if self.about is None:
            return self
        shown = msgspec.structs.replace(self.shown, spent=self.shown.spent + self.about.spent)
        return Answered(shown, self.interrupted or self.about.interrupted, self.about)


async def find(session: Session, asked: Asked) -> Answered:
    """Read everything from GitHub, and keep nothing."""
    with watched(session.clock, session.speed) as on_progress:
        finding = Finding(
            asked.plan(),
            session.github,
            clock=session.clock,
            users=asked.given.users,
            on_progress=on_progress,
            until=None if asked.sampling is None else asked.sampling.until,
        )
        with stop_on_signal(finding.stop) as caught:
            found = await finding.answer()
    return Answered(in_memory(found), caught.exit_code)


async def answer(session: Session, database: Database, asked: Asked) -> Answered:
    """Answer from the store, if what it has is young enough; else read what it lacks into it.

    When the store goes away meanwhile we wait for it, and go on with what it holds. A private repository
    is answered too, and nothing of it is stored.

    Raises:
        StoreUnavailable: it cannot be used, or has been away for too long.
    """
    asking = _Asking(session, Service(database, session.clock), asked)
    while True:
        try:
            return await asking.answered()
        except StoreUnavailable as down:
            await asking.outlive(down)


async def user_of(session: Session, service: Service) -> int:
    """The number of the GitHub user whose token this is; GitHub is asked when it is new.

    Raises:
        CredentialsRefused: GitHub does not know the token.
        GitHubUnreachable: GitHub could not be asked.
    """
    return await service.credential_user(fingerprint(session.settings.github_token), session.github)


async def latest(service: Service, wanted: Wanted) -> StoredAnswer | None:
    """The stored answer, if it is young enough; whoever asks again wants failed lists tried again."""
    stored = await service.latest(wanted)
    return None if stored is None or stored.coverage["users_failed"] else stored


async def from_store(service: Service, stored: StoredAnswer, seconds: float) -> Shown:
    """Show a stored answer under the name that its repository has today."""
    [repository] = await service.repositories.of([stored.repository_number])
    return Shown(
        repository=repository.name,
        coverage=stored_coverage(stored),
        spent=Spent(),
        seconds=seconds,
        neighbours=stored.neighbours,
        rows=stored_rows(service.pages, stored),
        chance=stored_chance(service.pages, stored),
        made_at=stored.made_at,
    )


class _Asking:
    """One question to the store, which is asked again after each outage."""

    def __init__(self, session: Session, service: Service, asked: Asked) -> None:
        self._session = session
        self._service = service
        self._asked = asked
        self._begun_at = session.clock.now()
        self._wait = StoreWait(service.database)
        self._wanted: Wanted | None = None
        self._spent = Spent()
        self._interrupted: int | None = None

    async def answered(self) -> Answered:
        """Answer, or go on with the reading that an outage ended."""
        if self._wanted is None:
            wanted = self._asked.wanted(await user_of(self._session, self._service))
            stored = await latest(self._service, wanted)
            if stored is not None:
                shown = await from_store(self._service, stored, self._seconds)
                payer = Payer(wanted.credential_user, wanted.budget)
                return Answered(self._kept(shown), about=About(self._session, self._service, stored, payer))
            self._wanted = wanted
        outcome, is_private = await self._read(self._wanted)
        if is_private and self._interrupted is None:
            return await find(self._session, self._asked)
        outcome = msgspec.structs.replace(outcome, spent=self._spent + outcome.spent, seconds=self._seconds)
        shown = self._kept(_shown(self._service, outcome))
        return Answered(shown, self._interrupted, self._about(outcome, self._wanted.credential_user))

    def _about(self, outcome: Outcome, user: int) -> About | None:
        """What the neighbours are about: what is left of the budget pays for asking."""
        if outcome.answer is None:
            return None
        # Whoever has interrupted the reading wants no more of it.
        payer = None if self._interrupted else Payer(user, self._asked.budget, outcome.spent)
        return About(self._session, self._service, outcome.answer, payer, is_fresh=True)

    async def outlive(self, down: StoreUnavailable) -> None:
        """Wait until the store is back, unless a signal has told us to end.

        Raises:
            StoreUnavailable: it does not come back.
        """
        if self._interrupted is not None:
            raise down
        await self._wait.out(down)

    @property
    def _seconds(self) -> float:
        return (self._session.clock.now() - self._begun_at).total_seconds()

    def _kept(self, shown: Shown) -> Shown:
        chance = outlasting(shown.chance, self._wait)
        return msgspec.structs.replace(shown, rows=resumed(shown.rows, self._wait), chance=chance)

    async def _read(self, wanted: Wanted) -> tuple[Outcome, bool]:
        """Read into the store; tells whether the repository is private, too."""
        session, service = self._session, self._service
        with watched(session.clock, session.speed) as on_progress:

            def look(progress: Progress) -> None:
                if progress.waiting_until is None:
                    self._wait.progressed()
                if _is_private(reading):
                    reading.stop()
                elif on_progress is not None:
                    on_progress(progress)

            async with (
                shared_ledger(session, service.database, wanted.credential_user) as ledger,
                service.reading(wanted, session.github, on_progress=look, ledger=ledger) as reading,
            ):
                with stop_on_signal(reading.stop) as caught:
                    try:
                        outcome = await reading.outcome()
                    except StoreUnavailable:
                        self._wanted = self._left(wanted, reading.plan.spent)
                        raise
                    finally:
                        self._interrupted = caught.exit_code
        return outcome, _is_private(reading)

    def _left(self, wanted: Wanted, spent: Spent) -> Wanted:
        """What is left to be wanted of a reading that the store broke off: its budget is not given twice."""
        self._spent += spent
        budget = wanted.budget
        if budget.points is not None:
            budget = msgspec.structs.replace(budget, points=max(1, budget.points - spent.points))
        if budget.seconds is not None:
            seconds = max(_LEAST_SECONDS, budget.seconds - spent.github_seconds)
            budget = msgspec.structs.replace(budget, seconds=seconds)
        return msgspec.structs.replace(wanted, budget=budget, newer_than=wanted.oldest(self._begun_at))


def _is_private(reading: Reading) -> bool:
    return reading.plan.facts is not None and reading.plan.facts.is_private


def _shown(service: Service, outcome: Outcome) -> Shown:
    answer = outcome.answer
    return Shown(
        repository=outcome.repository,
        coverage=outcome.coverage,
        spent=outcome.spent,
        seconds=outcome.seconds,
        neighbours=0 if answer is None else answer.neighbours,
        rows=no_rows if answer is None else stored_rows(service.pages, answer),
        chance=no_chance if answer is None else stored_chance(service.pages, answer),
        error=outcome.error,
    )
