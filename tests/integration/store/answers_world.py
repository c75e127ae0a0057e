"""Worlds of a few users, written into the store and counted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import numpy as np

from stargazer.neighbours import rank
from stargazer.store.database import Database

MADE_AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
SEED = 0

USERS = "INSERT INTO github_user VALUES ($1, $2, $3, NULL, $4, $5)"
REPOSITORIES = "INSERT INTO repository VALUES ($1, $2, $3, $4, $5, $6)"
LISTS = """
INSERT INTO star_list
    (endpoint, user_number, fetched_at, read_at, total_count, unseen, ending, starred_at, repositories)
VALUES ($1, $2, $3, $3, $4, 0, 'whole', $5, $5)
"""


class World(msgspec.Struct, frozen=True):
    """Repositories by number as (name, stars), logins by user number, and who starred what.

    Repository 0 is the seed. A user without an entry in `lists` was never read.
    """

    repositories: tuple[tuple[str, int], ...]
    logins: tuple[str, ...]
    lists: Mapping[int, frozenset[int]]

    async def write(self, database: Database) -> None:
        """Put everything into the store."""
        endpoint = database.endpoint
        async with database.transaction() as connection:
            await connection.executemany(
                REPOSITORIES,
                [
                    (endpoint, number, 1000 + number, name, stars, MADE_AT)
                    for number, (name, stars) in enumerate(self.repositories)
                ],
            )
            await connection.executemany(
                USERS,
                [
                    (endpoint, number, f"U_{number}", login, MADE_AT)
                    for number, login in enumerate(self.logins)
                ],
            )
            await connection.executemany(
                LISTS,
                [(endpoint, user, MADE_AT, len(found), packed(found)) for user, found in self.lists.items()],
            )

    def counted(
        self,
        stargazers: int,
        *,
        left_out: frozenset[int] = frozenset(),
        sort: rank.Score = "shared",
        min_shared: int = 1,
    ) -> list[tuple[str, int, int, float, tuple[str, ...]]]:
        """Count by hand: (name, shared, stars, score, logins) of each neighbour, in order."""
        found = []
        for number, (name, stars) in enumerate(self.repositories):
            who = [user for user, starred in self.lists.items() if number in starred and user not in left_out]
            logins = sorted((self.logins[user] for user in who), key=lambda login: (login.casefold(), login))
            if number != SEED and len(who) >= max(min_shared, 1):
                score = rank.FORMULAS[sort](np.array([len(who)]), np.array([stars]), stargazers)[0]
                found.append((name, len(who), stars, float(score), tuple(logins)))
        return sorted(found, key=lambda each: (-each[3], -each[1], each[0].casefold(), each[0]))


def packed(numbers: frozenset[int]) -> bytes:
    """Write repository numbers as the store does."""
    return np.array(sorted(numbers), dtype="<i4").tobytes()


SMALL = World(
    repositories=(
        ("acme/seed", 4),
        ("b/one", 1),
        ("A/one", 9),
        ("a/two", 2),
        ("C/three", 3_000),
        ("owner/b", 30),
        ("Owner/A", 30),
        ("z/nobody", 5),
    ),
    logins=("bob", "Alice", "carol", "Dave", "erin"),
    lists={
        0: frozenset({0, 1, 3, 4, 5, 6}),
        1: frozenset({0, 2, 3, 4, 5, 6}),
        2: frozenset({0, 4, 5, 6}),
        3: frozenset({0, 4}),
    },
)
"""Four users who were read, and one who was not."""
