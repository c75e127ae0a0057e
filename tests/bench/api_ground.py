"""What the HTTP service is measured on: two stored answers, and a key without quotas."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from tests.integration.store.answers_world import World

from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Facts, User
from stargazer.service import Service
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import DEFAULT_SCOPES, Keys, NewKey

TOKEN = "ghp_" + "b" * 36
KEY = make_key_text(b"b" * 32)
NEIGHBOURS = 150
PAGE = 100
SEED_ID = 1_000
"""The `databaseId` that the world gives to the repository with number 0."""

NAMES = (20, 1_000)
"""How many stargazers each neighbour of an answer has."""


class Now:
    """The clock of a service that waits for nothing."""

    def now(self) -> datetime:
        """This moment."""
        return datetime.now(UTC)

    async def sleep_until(self, at: datetime) -> None:
        """Nobody sleeps here."""
        raise NotImplementedError

    def passed(self, seconds: float) -> None:
        """Time passes by itself."""


def world(repository: str, users: int) -> World:
    """Everybody starred the same repositories."""
    everything = frozenset(range(NEIGHBOURS + 1))
    return World(
        repositories=(
            (repository, users),
            *((f"owner-{number:03}/repository-{number:03}", 5_000) for number in range(NEIGHBOURS)),
        ),
        logins=tuple(f"stargazer-{number:04}" for number in range(users)),
        lists=dict.fromkeys(range(users), everything),
    )


async def prepare(dsn: str, endpoint_url: str, names: int) -> str:
    """Fill a database; returns the name of the repository that it has an answer for."""
    repository = f"bench/names-{names}"
    async with Database.open(dsn, endpoint_url) as database:
        await world(repository, names).write(database)
        service, now = Service(database, Now()), datetime.now(UTC)
        facts = Facts("R_1000", SEED_ID, repository, names, is_private=False)
        number = await service.repositories.ask(facts, now)
        viewer = User("U_viewer", 1, "viewer")
        owner = await service.credentials.remember(fingerprint(TOKEN), viewer, now)
        coverage = Coverage(
            as_of=now, stargazers_total=names, stargazers_listed=names, users_read=names, list_whole=True
        )
        await service.answers.make(number, range(names), coverage, credential_user=owner, made_at=now)
        wanted = NewKey(
            name="bench",
            scopes=DEFAULT_SCOPES,
            requests_per_minute=None,
            points_per_day=None,
            github_seconds_per_day=None,
        )
        await Keys(database).create(wanted, KEY, now)
    return repository


def prepared(dsn: str, endpoint_url: str, names: int) -> str:
    """Do the same from where no loop runs."""
    return asyncio.run(prepare(dsn, endpoint_url, names))
