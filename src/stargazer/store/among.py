"""What people whose star lists are stored starred besides a repository, without asking GitHub.

Star lists are public, but of whom there is a list is not: a list is here because
its owner stands on somebody's list of stargazers, and shows that repository. So
only people on lists of stargazers of the asking user count. What others read
can neither add a person nor a repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from stargazer.planner.coverage import Coverage
from stargazer.runner import Clock
from stargazer.store.database import Database
from stargazer.store.held import HeldAnswer, count_people
from stargazer.store.packed import Int32s, holding, pack, unpack

if TYPE_CHECKING:
    from stargazer.store.database import Connection

# Names are not unique: a repository that was renamed may have left its old name to another.
# There is no index of all names, so that all of them are compared; to fold five million takes
# half a second, and most people write a name as it is.
_NAMED = """
SELECT number, name FROM repository WHERE endpoint = $1 AND name = $2 COLLATE "C"
ORDER BY seen_at DESC, number DESC
"""

_NAMED_FOLDED = """
SELECT number, name FROM repository
WHERE endpoint = $1 AND octet_length(name) = octet_length($2)
  AND lower(name COLLATE "C") = lower($2 COLLATE "C") AND name <> $2 COLLATE "C"
ORDER BY seen_at DESC, number DESC
"""

# Of a list from elsewhere only the people who were found at GitHub are known by number: those of the answer.
_OWNED = """
SELECT r.name, l.users FROM stargazer_list AS l
JOIN repository AS r ON r.endpoint = l.endpoint AND r.number = l.repository_number
WHERE l.endpoint = $1 AND ($2::int[] IS NULL OR l.credential_user = ANY ($2))
UNION ALL
(SELECT DISTINCT ON (a.repository_number, a.credential_user) r.name, a.roster FROM answer AS a
JOIN repository AS r ON r.endpoint = a.endpoint AND r.number = a.repository_number
WHERE a.endpoint = $1 AND ($2::int[] IS NULL OR a.credential_user = ANY ($2)) AND a.coverage ? 'imported'
ORDER BY a.repository_number, a.credential_user, a.made_at DESC)
"""

_STATE = """
SELECT concat_ws(' ', (
    SELECT count(*) || ' ' || max(read_at) FROM stargazer_list
    WHERE endpoint = $1 AND ($2::int[] IS NULL OR credential_user = ANY ($2))
), (
    SELECT count(*) || ' ' || max(made_at) FROM answer
    WHERE endpoint = $1 AND ($2::int[] IS NULL OR credential_user = ANY ($2))
))
"""
"""A text that changes when a list of stargazers was read, or when an answer was made."""

_SEARCH = """
SELECT count(*) AS lists, count(*) FILTER (WHERE is_cut) AS cut,
       count(*) FILTER (WHERE is_cut AND at % 4 = 1) AS cut_users,
       min(fetched_at) FILTER (WHERE at % 4 = 1) AS as_of,
       coalesce(string_agg(int4send(user_number), '') FILTER (WHERE at % 4 = 1), '') AS users,
       array_agg(user_number) FILTER (WHERE at > 0 AND at % 4 <> 1) AS unsure
FROM (
    SELECT user_number, ending <> 'whole' AS is_cut, fetched_at, position($3::bytea IN repositories) AS at
    FROM star_list WHERE endpoint = $1 AND user_number = ANY ($2::int[])
    OFFSET 0 -- or else it would be searched once for each use of `at`
) AS searched
"""
"""Who has a number on their list; where its bytes are first met askew, between two numbers, is to be seen."""

_LISTS = """
SELECT user_number, repositories, ending <> 'whole' AS is_cut, fetched_at FROM star_list
WHERE endpoint = $1 AND user_number = ANY ($2::int[])
"""

_NOBODYS = -1
"""A number that is on no list."""

Owners = Sequence[int] | Literal["anybody"]
"""The numbers of the GitHub users whose lists of stargazers count, the one who asks first; or `ANYBODY`."""


class StoreCoverage(Coverage, frozen=True):
    """How an answer from the store alone was come by.

    `lists` is how many people's star lists there are, as far as the asking user
    may know, and `lists_of` the repositories whose stargazers these people are.
    Those who starred the repository are `stargazers_listed`.
    """

    lists: int = 0
    lists_of: tuple[str, ...] = ()


class Among(msgspec.Struct, frozen=True, eq=False):
    """What those who starred `repository` starred too; no answer where nobody did."""

    repository: str
    coverage: StoreCoverage
    answer: HeldAnswer | None = None


class _Starrers(msgspec.Struct):
    """Who starred the repository, and what was looked through to find them."""

    users: Int32s
    lists: int = 0
    cut: int = 0
    cut_users: int = 0
    as_of: datetime | None = None


class AmongLists:
    """The star lists of one endpoint, asked the other way round."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def answer(self, repository: str, owners: Owners, *, is_named: bool = True) -> Among:
        """Find what people on these users' lists of stargazers starred besides *repository*.

        A repository that nobody starred and one that the store never saw give
        the same. Everything is read from one snapshot; nothing is stored.

        Args:
            repository: its `owner/name`.
            owners: whose lists of stargazers count.
            is_named: whether it is to be told who shares what.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.transaction(isolation="repeatable_read") as connection:
            look = _Look(connection, self._database.endpoint, _numbers(owners))
            return await look.answer(repository, self._clock.now(), is_named=is_named)

    async def state(self, owners: Owners) -> str:
        """A text that is another one as soon as a reading for these users is done.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            state: str = await connection.fetchval(_STATE, self._database.endpoint, _numbers(owners))
        return state


class _Look:
    """One look through the lists, inside one transaction."""

    def __init__(self, connection: Connection, endpoint: int, owners: list[int] | None) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._owners = owners

    async def answer(self, repository: str, now: datetime, *, is_named: bool) -> Among:
        owned = await self._connection.fetch(_OWNED, self._endpoint, self._owners)
        people = [np.zeros(0, dtype=np.int32), *(unpack(row["users"]) for row in owned)]
        everybody = np.unique(np.concatenate(people))
        number, name, found = await self._found(repository, everybody)
        lists_of = sorted({row["name"] for row in owned}, key=lambda each: (each.lower(), each))
        coverage = StoreCoverage(
            source="store",
            as_of=found.as_of,
            stargazers_listed=len(found.users),
            users_read=len(found.users) - found.cut_users,
            users_truncated=found.cut_users,
            users_from_store=len(found.users) - found.cut_users,
            lists=found.lists,
            lists_of=tuple(lists_of),
        )
        if not len(found.users):
            return Among(repository, coverage)
        counted = await count_people(
            self._connection, self._endpoint, found.users.tolist(), number, is_named=is_named
        )
        answer = HeldAnswer.of(
            counted,
            coverage,
            repository_number=number,
            credential_user=self._owners[0] if self._owners else 0,
            made_at=now,
            stargazers=len(found.users),
            # A list that was cut may hold the repository and anything else.
            not_whole=found.cut,
        )
        return Among(name, coverage, answer)

    async def _found(self, repository: str, people: Int32s) -> tuple[int, str, _Starrers]:
        """Who starred it: of several that bear the name, the one seen last that somebody starred."""
        found = None
        for statement in (_NAMED, _NAMED_FOLDED):
            for row in await self._connection.fetch(statement, self._endpoint, repository):
                found = await self._starrers(row["number"], people)
                if len(found.users):
                    return row["number"], row["name"], found
        return _NOBODYS, repository, found or await self._starrers(_NOBODYS, people)

    async def _starrers(self, seed: int, people: Int32s) -> _Starrers:
        """Search the lists of *people* for the seed."""
        packed = pack(np.array([seed], dtype=np.int32))
        row = await self._connection.fetchrow(_SEARCH, self._endpoint, people.tolist(), packed)
        if row is None:
            raise LookupError(seed)
        users = np.frombuffer(row["users"], dtype=">i4").astype(np.int32)
        found = _Starrers(users, row["lists"], row["cut"], row["cut_users"], row["as_of"])
        if row["unsure"]:
            await self._look_closer(found, seed, row["unsure"])
        return found

    async def _look_closer(self, found: _Starrers, seed: int, unsure: list[int]) -> None:
        """Add those of whom it takes the whole list to know."""
        rows = await self._connection.fetch(_LISTS, self._endpoint, unsure)
        held = holding(seed, [row["repositories"] for row in rows])
        sure = [row for row, has_seed in zip(rows, held, strict=True) if has_seed]
        found.users = np.concatenate(
            [found.users, np.array([row["user_number"] for row in sure], dtype=np.int32)]
        )
        found.cut_users += sum(row["is_cut"] for row in sure)
        for row in sure:
            found.as_of = min(found.as_of or row["fetched_at"], row["fetched_at"])


def _numbers(owners: Owners) -> list[int] | None:
    """The numbers of the owners; None: anybody's lists count."""
    return None if isinstance(owners, str) else list(owners)
