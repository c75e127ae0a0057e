"""Where an answer comes from: the store, GitHub into the store, or GitHub alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec

from stargazer.cli.answer import Shown, in_memory, no_rows, stored_coverage, stored_rows
from stargazer.cli.progress import watched
from stargazer.cli.session import Session
from stargazer.cli.signals import stop_on_signal
from stargazer.cli.stargazer_file import Given
from stargazer.find import Finding
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import Ledger
from stargazer.service import Outcome, Reading, Service, Wanted
from stargazer.store.answers import StoredAnswer
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database
from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell


class Asked(msgspec.Struct, frozen=True):
    """What the user asked for."""

    repository: str
    given: Given
    max_age: timedelta
    budget: Budget = Budget()
    max_stars_per_user: int | None = None

    def plan(self) -> Plan:
        """Plan the reading of everything.

        Raises:
            InvalidRequest: the repository is no `owner/name`.
        """
        return Plan.neighbours(
            self.repository,
            budget=self.budget,
            logins=self.given.logins,
            users=self.given.users,
            max_stars_per_user=self.max_stars_per_user,
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
        )


class Answered(msgspec.Struct, frozen=True):
    """An answer, and the exit code of the signal that ended its reading, if one came."""

    shown: Shown
    interrupted: int | None = None


async def find(session: Session, asked: Asked) -> Answered:
    """Read everything from GitHub, and keep nothing."""
    with watched(session.clock, session.speed) as on_progress:
        finding = Finding(
            asked.plan(),
            session.github,
            clock=session.clock,
            users=asked.given.users,
            on_progress=on_progress,
        )
        with stop_on_signal(finding.stop) as caught:
            found = await finding.answer()
    return Answered(in_memory(found), caught.exit_code)


async def answer(session: Session, database: Database, asked: Asked) -> Answered:
    """Answer from the store, if what it has is young enough; else read what it lacks into it.

    A private repository is answered too, and nothing of it is stored.
    """
    begun_at = session.clock.now()
    service = Service(database, session.clock)
    wanted = asked.wanted(await user_of(session, service))
    stored = await latest(service, wanted)
    if stored is not None:
        seconds = (session.clock.now() - begun_at).total_seconds()
        return Answered(await from_store(service, stored, seconds))
    outcome, interrupted, is_private = await _read(session, service, wanted)
    if is_private and interrupted is None:
        return await find(session, asked)
    return Answered(_shown(service, outcome), interrupted)


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
        made_at=stored.made_at,
    )


@asynccontextmanager
async def shared_ledger(session: Session, service: Service, user: int) -> AsyncGenerator[Ledger | None]:
    """Share the user's budget with every program that uses this store.

    Each sandbox has a budget of its own, which begins and ends with it.
    """
    if session.speed is not None:
        yield None
        return
    async with Bell.open(service.database) as bell:
        yield PostgresLedger(service.database, bell, user)


async def _read(session: Session, service: Service, wanted: Wanted) -> tuple[Outcome, int | None, bool]:
    """Read into the store; returns the exit code of a signal too, and whether the repository is private."""
    user = wanted.credential_user
    with watched(session.clock, session.speed) as on_progress:

        def look(progress: Progress) -> None:
            if _is_private(reading):
                reading.stop()
            elif on_progress is not None:
                on_progress(progress)

        async with (
            shared_ledger(session, service, user) as ledger,
            service.reading(wanted, session.github, on_progress=look, ledger=ledger) as reading,
        ):
            with stop_on_signal(reading.stop) as caught:
                outcome = await reading.outcome()
    return outcome, caught.exit_code, _is_private(reading)


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
        error=outcome.error,
    )
