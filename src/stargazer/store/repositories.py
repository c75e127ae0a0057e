"""Repositories: their dense numbers, names and counts of stars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.planner.page import Facts
from stargazer.store.columns import Sighting
from stargazer.store.database import Connection, Database
from stargazer.store.packed import DatabaseIds, Int32s, unpack_pairs
from stargazer.store.recent import RecentRepositories

_IDS_A_STATEMENT = 1 << 16

_RANGE_SHARE = 5
"""Reading a row in passing costs about a fifth of looking it up."""

_FIND = """
SELECT string_agg(
    int8send(r.database_id)
    || int4send(CASE WHEN (r.name, r.stars) = (seen.name, seen.stars) THEN r.number ELSE -1 - r.number END),
    ''::bytea
)
FROM unnest($2::bigint[], $3::text[], $4::int[]) AS seen (database_id, name, stars)
JOIN repository r ON r.endpoint = $1 AND r.database_id = seen.database_id
"""
"""The numbers of some repositories; n is sent as -1 - n where the name or the count has changed.

They are packed: ten thousand rows would cost the client milliseconds.
"""

_ADMIT = """
WITH fresh AS (
    INSERT INTO repository (endpoint, number, database_id, name, stars, seen_at)
    SELECT $1, $2 - 1 + row_number() OVER (), w.database_id, w.name, w.stars, $6
    FROM unnest($3::bigint[], $4::text[], $5::int[]) AS w (database_id, name, stars)
    ON CONFLICT (endpoint, database_id) DO NOTHING
    RETURNING database_id, number
), counted AS (
    UPDATE endpoint SET repositories = $2 + coalesce((SELECT max(number) + 1 - $2 FROM fresh), 0)
    WHERE id = $1
)
SELECT string_agg(int8send(database_id) || int4send(number), ''::bytea) FROM fresh
"""
"""Number repositories, from $2 on, and return the numbers given.

The caller holds the endpoint's row, so nobody else can give numbers meanwhile.
Those that somebody numbered after we looked are left out, and leave a gap.
"""

_CORRECT = """
WITH changed AS MATERIALIZED (
    SELECT seen.*
    FROM unnest($2::int[], $3::text[], $4::int[]) AS seen (number, name, stars)
    JOIN repository r ON r.endpoint = $1 AND r.number = seen.number
    WHERE r.seen_at <= $5 AND (r.name, r.stars) IS DISTINCT FROM (seen.name, seen.stars)
    ORDER BY r.number
    FOR NO KEY UPDATE OF r
)
UPDATE repository r SET name = changed.name, stars = changed.stars, seen_at = $5
FROM changed
WHERE r.endpoint = $1 AND r.number = changed.number AND r.seen_at <= $5
"""
"""Write what has changed of some repositories. Rows are locked in the order of their
numbers, so that two writers wait for each other in one direction only."""

_DATABASE_IDS = """
SELECT string_agg(int8send(r.database_id) || int4send(r.number), ''::bytea ORDER BY r.number)
FROM unnest($2::int[]) AS wanted (number)
JOIN repository r ON r.endpoint = $1 AND r.number = wanted.number
"""
"""The `databaseId` of some numbers, packed, in their order."""

_DATABASE_IDS_BETWEEN = """
SELECT string_agg(int8send(database_id) || int4send(number), ''::bytea ORDER BY number)
FROM repository WHERE endpoint = $1 AND number BETWEEN $2 AND $3
"""
"""The same of all numbers in a range."""

_NUMBER = "SELECT number FROM repository WHERE endpoint = $1 AND database_id = $2"
"""The number of one repository."""

_FIND_NAME = """
SELECT number, database_id, name, stars FROM repository
WHERE endpoint = $1 AND asked AND lower(name) = lower($2)
ORDER BY seen_at DESC LIMIT 1
"""
"""Who bears a name among those that were asked about; of several, who was seen with it last."""

_NEXT_NUMBER = "SELECT repositories FROM endpoint WHERE id = $1 FOR NO KEY UPDATE"
"""Which number comes next; nobody else can give any until the transaction ends."""

_ASK = "UPDATE repository SET asked = true WHERE endpoint = $1 AND number = $2 AND NOT asked"
"""Let a repository be found by its name."""

_NAMES = """
SELECT number, database_id, name, stars FROM repository
WHERE endpoint = $1 AND number = ANY($2::int[]) ORDER BY number
"""
"""What is known of some repositories."""


class StoredRepository(msgspec.Struct, frozen=True):
    """What the store knows of a repository."""

    number: int
    database_id: int
    name: str
    stars: int


class Places(msgspec.Struct, frozen=True, eq=False):
    """The number of each repository of a sighting, -1 for none, and whether its row is out of date."""

    numbers: Int32s
    changed: NDArray[np.bool_]


class Repositories:
    """The repositories of one endpoint."""

    def __init__(self, database: Database, recent: RecentRepositories | None = None) -> None:
        self._database = database
        self._recent = RecentRepositories() if recent is None else recent

    async def number_of(self, database_id: int) -> int | None:
        """Look up the number of a repository.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            found: int | None = await connection.fetchval(_NUMBER, self._database.endpoint, database_id)
        return found

    async def named(self, name: str) -> StoredRepository | None:
        """Look up who bears the name `owner/name`, whatever its case, of those once asked about.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_FIND_NAME, self._database.endpoint, name)
        return None if row is None else StoredRepository(*row)

    async def of(self, numbers: Sequence[int]) -> list[StoredRepository]:
        """Look up repositories, in the order of their numbers.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(_NAMES, self._database.endpoint, numbers)
        return [StoredRepository(*row) for row in rows]

    async def database_ids(self, connection: Connection, numbers: Int32s) -> DatabaseIds:
        """Look up the `databaseId` of *numbers*, which are sorted, each once."""
        found = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32))]
        for begin in range(0, len(numbers), _IDS_A_STATEMENT):
            some = numbers[begin : begin + _IDS_A_STATEMENT]
            first, last = int(some[0]), int(some[-1])
            if last - first < _RANGE_SHARE * len(some):
                sent = await connection.fetchval(_DATABASE_IDS_BETWEEN, self._database.endpoint, first, last)
            else:
                sent = await connection.fetchval(_DATABASE_IDS, self._database.endpoint, some.tolist())
            found.append(unpack_pairs(sent))
        return DatabaseIds(
            np.concatenate([known for _, known in found]), np.concatenate([ids for ids, _ in found])
        )

    async def find(self, connection: Connection, sighting: Sighting) -> Places:
        """Look up the number of each repository, and whether it has changed."""
        numbers, prints = self._recent.find(sighting.ids)
        places = Places(numbers, (numbers >= 0) & (prints != sighting.prints))
        await self._find(connection, sighting, places)
        return places

    async def _find(self, connection: Connection, sighting: Sighting, places: Places) -> None:
        """Look up those that have no number yet."""
        unknown = np.flatnonzero(places.numbers < 0)
        if not len(unknown):
            return
        sent = await connection.fetchval(_FIND, self._database.endpoint, *sighting.at(unknown))
        ids, found = unpack_pairs(sent)
        at = np.searchsorted(sighting.ids, ids)
        places.numbers[at] = np.where(found < 0, -1 - found, found)
        places.changed[at] = found < 0

    async def admit(
        self, connection: Connection, sighting: Sighting, places: Places, *, next_number: int, now: datetime
    ) -> None:
        """Give numbers to those that have none; the caller holds the endpoint's row."""
        new = np.flatnonzero(places.numbers < 0)
        if not len(new):
            return
        sent = await connection.fetchval(_ADMIT, self._database.endpoint, next_number, *sighting.at(new), now)
        ids, found = unpack_pairs(sent)
        places.numbers[np.searchsorted(sighting.ids, ids)] = found
        await self._find(connection, sighting, places)

    async def correct(
        self, connection: Connection, sighting: Sighting, places: Places, now: datetime
    ) -> None:
        """Write the names and counts that have changed."""
        changed = np.flatnonzero(places.changed)
        if len(changed):
            _, names, stars = sighting.at(changed)
            numbers = places.numbers[changed].tolist()
            await connection.execute(_CORRECT, self._database.endpoint, numbers, names, stars, now)

    async def ask(self, facts: Facts, now: datetime) -> int:
        """Find or make the repository whose neighbours are asked for; from now on its name finds it.

        Args:
            facts: of a public repository that has a `databaseId`.
            now: when GitHub told them.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        sighting = Sighting.of(facts)
        async with self._database.transaction() as connection:
            places = await self.find(connection, sighting)
            if places.numbers[0] < 0:
                next_number = await connection.fetchval(_NEXT_NUMBER, self._database.endpoint)
                await self.admit(connection, sighting, places, next_number=next_number, now=now)
            await self.correct(connection, sighting, places, now)
            number = int(places.numbers[0])
            await connection.execute(_ASK, self._database.endpoint, number)
        return number

    def remember(self, sighting: Sighting, numbers: Int32s) -> None:
        """Note that all of it is committed."""
        self._recent.remember(sighting.ids, numbers, sighting.prints)
