"""The worker that a command runs: its jobs, its chores, and its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import msgspec

from stargazer.cli.answering import user_of
from stargazer.cli.session import Session
from stargazer.errors import GitHubUnreachable, StoreUnavailable
from stargazer.runner import Transport
from stargazer.service import JobReader, Service
from stargazer.service.connections import Connections
from stargazer.service.details import DetailsLater
from stargazer.store.database import Database
from stargazer.store.jobs import Jobs
from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell
from stargazer.store.tokens import Tokens, sealer_of
from stargazer.store.unlisted import USERS_A_TIME, clean_users
from stargazer.worker import Chore, work

CLEANED_EVERY = timedelta(hours=1)

ASK_AGAIN_SECONDS = 5.0
"""How often we ask whose token it is while GitHub is away."""

LOOK_FOR_TOKENS_SECONDS = 30.0
"""How often we look whose tokens there are, when no notice tells that one has come."""

REFUSALS_KEPT = timedelta(days=2)
"""They count for one day."""

_LOG = logging.getLogger(__name__)


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker works: on how many jobs at once, and how long it lets old answers lie."""

    concurrency: int
    kept: timedelta


async def work_until(
    stop: asyncio.Event,
    session: Session,
    database: Database,
    shift: Shift,
    *,
    through: Callable[[Transport], Transport] = lambda transport: transport,
) -> None:
    """Carry out the jobs of the token's GitHub user, and of those whose tokens keys have brought.

    Args:
        stop: set it to end within five seconds.
        session: whom to ask, and with which token.
        database: the store.
        shift: how to work.
        through: what calls go through on their way to GitHub.

    Raises:
        CredentialsRefused: GitHub does not know the token, if there is one.
        StoreUnavailable: the database cannot be used, and waiting cannot help.
    """
    service = Service(database, session.clock)
    own = [] if not session.github.has_token else await _own_user(stop, session, service)
    if stop.is_set():
        return
    # A sandbox has a time of its own, which our calls tell.
    speed = 1.0 if session.speed is None else None
    tokens = Tokens(database, sealer_of(session.settings))
    async with (
        Bell.open(database) as bell,
        Connections.open(service, tokens, session.github, bell) as connections,
        DetailsLater.open(service, stop) as details,
    ):

        def ledger(user: int) -> PostgresLedger:
            return PostgresLedger(database, bell, user, speed=speed)

        async def transport(user: int) -> Transport:
            return through(await connections.of_user(user))

        users = list(own)
        looking = asyncio.create_task(_keep_users(users, own, tokens, bell))
        try:
            await work(
                database,
                JobReader(service, transport, ledger, details=details),
                clock=session.clock,
                concurrency=shift.concurrency,
                stop=stop,
                users=users,
                chores=[_cleaning(service, Jobs(database, bell), shift.kept)],
            )
        finally:
            looking.cancel()


async def _keep_users(users: list[int], own: list[int], tokens: Tokens, bell: Bell) -> None:
    """Keep *users* those whose tokens there are; who takes jobs looks at it each time."""
    ear = bell.ear(tokens.notice)
    while True:
        ear.forget()
        with suppress(StoreUnavailable):
            users[:] = dict.fromkeys([*own, *await tokens.users()])
        await ear.wait(LOOK_FOR_TOKENS_SECONDS)


async def _own_user(stop: asyncio.Event, session: Session, service: Service) -> list[int]:
    """Whose token it is, as soon as GitHub or the store tells; nobody's: we were told to stop before."""
    while not stop.is_set():
        try:
            return [await user_of(session, service)]
        except GitHubUnreachable as away:
            _LOG.warning("%s", away.message)
        try:
            async with asyncio.timeout(ASK_AGAIN_SECONDS):
                await stop.wait()
        except TimeoutError:
            continue
    return []


def _cleaning(service: Service, jobs: Jobs, kept: timedelta) -> Chore:
    async def clean() -> None:
        older_than = service.clock.now() - kept
        await service.answers.clean(older_than)
        await service.star_lists.clean(older_than)
        await service.stargazer_lists.clean(older_than)
        await service.imported_lists.clean(older_than)
        await service.refusals.clean(service.clock.now() - REFUSALS_KEPT)
        await jobs.clean(older_than)
        while await clean_users(service.database, older_than) == USERS_A_TIME:
            pass

    return Chore("clean", CLEANED_EVERY, clean)
