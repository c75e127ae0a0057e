"""What people whose star lists are stored starred besides a repository, without asking GitHub.

Star lists are public, but of whom there is a list is not: a list is here because
its owner stands on somebody's list of stargazers, and shows that repository. So
only people on lists of stargazers of the asking user count. What others read
can neither add a person nor a repository.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from stargazer.neighbours import rank
from stargazer.neighbours.count import Ranking, Sharers
from stargazer.planner.coverage import Coverage
from stargazer.store import counting
from stargazer.store.answers import ANYBODY, Owner
from stargazer.store.answers_slices import LOGINS, REPOSITORIES, StoredNeighbour
from stargazer.store.database import Database
from stargazer.store.packed import Int32s, holding, pack, unpack

if TYPE_CHECKING:
    from stargazer.store.database import Connection

_LISTS_A_STATEMENT = 16_384
"""So many star lists are looked through at once; most stay in the database."""

# Names are not unique: a repository that was renamed may have left its old name to another.
_NAMED = """
SELECT number, name FROM repository WHERE endpoint = $1 AND lower(name) = lower($2)
ORDER BY seen_at DESC, number DESC LIMIT 1
"""

_OWNED = """
SELECT r.name, l.users FROM stargazer_list AS l
JOIN repository AS r ON r.endpoint = l.endpoint AND r.number = l.repository_number
WHERE l.endpoint = $1 AND ($2::int IS NULL OR l.credential_user = $2)
ORDER BY lower(r.name) COLLATE "C", r.name COLLATE "C"
"""

_LISTS = """
SELECT user_number, repositories, ending = 'whole' AS is_whole, fetched_at FROM star_list
WHERE endpoint = $1 AND user_number = ANY ($2::int[]) AND position($3::bytea IN repositories) > 0
"""
"""The lists that hold some bytes; where they stand askew, between two numbers, it means nothing."""

_COUNT = """
SELECT count(*) AS lists, count(*) FILTER (WHERE ending <> 'whole') AS cut FROM star_list
WHERE endpoint = $1 AND user_number = ANY ($2::int[])
"""


class StoreCoverage(Coverage, frozen=True):
    """How an answer from the store alone was come by.

    `lists` is how many people's star lists there are, as far as the asking user
    may know, and `lists_of` the repositories whose stargazers these people are.
    Those who starred the repository are `stargazers_listed`.
    """

    lists: int = 0
    lists_of: tuple[str, ...] = ()


class Among(msgspec.Struct, frozen=True, eq=False):
    """What those who starred `repository` starred too, in the default order."""

    repository: str
    coverage: StoreCoverage
    neighbours: tuple[StoredNeighbour, ...] = ()


class _Starrers(msgspec.Struct):
    """Who starred the repository, and what was looked through to find them."""

    users: list[int]
    lists: int = 0
    cut: int = 0
    cut_users: int = 0
    as_of: datetime | None = None


class AmongLists:
    """The star lists of one endpoint, asked the other way round."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def neighbours(self, repository: str, credential_user: Owner) -> Among:
        """Find what people on this user's lists of stargazers starred besides *repository*.

        A repository that nobody starred and one that the store never saw give
        the same. Everything is read from one snapshot; nothing is stored.

        Raises:
            StoreUnavailable: the database failed.
        """
        owner = None if credential_user == ANYBODY else credential_user
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            return await _Look(connection, self._database.endpoint).neighbours(repository, owner)


class _Look:
    """One look through the lists, inside one transaction."""

    def __init__(self, connection: Connection, endpoint: int) -> None:
        self._connection = connection
        self._endpoint = endpoint

    async def neighbours(self, repository: str, owner: int | None) -> Among:
        owned = await self._connection.fetch(_OWNED, self._endpoint, owner)
        named = await self._connection.fetchrow(_NAMED, self._endpoint, repository)
        seed = -1 if named is None else int(named["number"])
        people = [np.zeros(0, dtype=np.int32), *(unpack(row["users"]) for row in owned)]
        found = await self._starrers(seed, np.unique(np.concatenate(people)))
        coverage = StoreCoverage(
            source="store",
            as_of=found.as_of,
            stargazers_listed=len(found.users),
            users_read=len(found.users) - found.cut_users,
            users_truncated=found.cut_users,
            users_from_store=len(found.users) - found.cut_users,
            lists=found.lists,
            lists_of=tuple(dict.fromkeys(row["name"] for row in owned)),
        )
        if not found.users:
            return Among(repository, coverage)
        rows = [row async for row in self._rows(seed, found)]
        # Its name of today only where a list that counts shows it.
        return Among(repository if named is None else named["name"], coverage, tuple(rows))

    async def _starrers(self, seed: int, people: Int32s) -> _Starrers:
        """Look through the lists of *people* for the seed."""
        found = _Starrers([])
        packed = pack(np.array([seed], dtype=np.int32))
        for begin in range(0, len(people), _LISTS_A_STATEMENT):
            asked = people[begin : begin + _LISTS_A_STATEMENT].tolist()
            [counted] = await self._connection.fetch(_COUNT, self._endpoint, asked)
            found.lists += counted["lists"]
            found.cut += counted["cut"]
            rows: list[Any] = await self._connection.fetch(_LISTS, self._endpoint, asked, packed)
            for row, has_seed in zip(rows, holding(seed, [row["repositories"] for row in rows]), strict=True):
                if has_seed:
                    found.users.append(row["user_number"])
                    found.cut_users += not row["is_whole"]
                    found.as_of = min(found.as_of or row["fetched_at"], row["fetched_at"])
        return found

    async def _rows(self, seed: int, found: _Starrers) -> AsyncIterator[StoredNeighbour]:
        roster = await counting.call_roster(self._connection, self._endpoint, found.users)
        tally = await counting.count(self._connection, self._endpoint, roster, seed=seed)
        ranking = await counting.rank(self._connection, self._endpoint, tally)
        sharers = Sharers(ranking, 0, len(ranking), places=ranking.places())
        async for chunk in roster.lists(self._connection, self._endpoint):
            sharers.add(chunk)
        logins = dict(await self._connection.fetch(LOGINS, self._endpoint, roster.numbers.tolist()))
        names = [logins[number] for number in roster.numbers.tolist()]
        repositories = {
            row["number"]: row
            for row in await self._connection.fetch(REPOSITORIES, self._endpoint, ranking.numbers.tolist())
        }
        scores = _scores(ranking, len(found.users))
        for place, number in enumerate(ranking.numbers.tolist()):
            shared = int(ranking.shared[place])
            yield StoredNeighbour(
                repo=repositories[number]["name"],
                stargazers=tuple(names[at] for at in sharers.between(place, place + 1).tolist()),
                shared=shared,
                stars=int(ranking.stars[place]),
                relevance=scores["relevance"][place],
                jaccard=scores["jaccard"][place],
                cosine=scores["cosine"][place],
                shared_low=None,
                # A list that was cut may hold the repository and anything else.
                shared_high=shared + found.cut,
                database_id=repositories[number]["database_id"],
                number=number,
                seed_stargazers=len(found.users),
            )


def _scores(ranking: Ranking, stargazers: int) -> dict[rank.Score, list[float]]:
    return {
        name: formula(ranking.shared, ranking.stars, stargazers).tolist()
        for name, formula in rank.FORMULAS.items()
    }
