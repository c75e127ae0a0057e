"""Repositories: their dense numbers, names and counts of stars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.store.columns import Sighting
from stargazer.store.database import Connection, Database
from stargazer.store.packed import DatabaseIds, Int32s, Int64s, unpack_int8s, unpack_pairs
from stargazer.store.recent import RecentRepositories

_IDS_A_STATEMENT = 1 << 16

_FIND = """
SELECT string_agg(int8send(r.database_id) || int4send(r.number), ''::bytea)
FROM unnest($2::bigint[]) AS wanted (database_id)
JOIN repository r ON r.endpoint = $1 AND r.database_id = wanted.database_id
"""
"""The numbers of some repositories, packed: ten thousand rows would cost the client milliseconds."""

_ADMIT = """
WITH wanted AS (
    SELECT * FROM unnest($3::bigint[], $4::text[], $5::int[]) AS w (database_id, name, stars)
), there AS (
    SELECT r.database_id, r.number
    FROM wanted JOIN repository r ON r.endpoint = $1 AND r.database_id = wanted.database_id
), fresh AS (
    INSERT INTO repository (endpoint, number, database_id, name, stars, seen_at)
    SELECT $1, $2 - 1 + row_number() OVER (ORDER BY w.database_id), w.database_id, w.name, w.stars, $6
    FROM wanted w
    WHERE NOT EXISTS (SELECT FROM there WHERE there.database_id = w.database_id)
    RETURNING database_id, number
), counted AS (
    UPDATE endpoint SET repositories = repositories + (SELECT count(*) FROM fresh) WHERE id = $1
)
SELECT string_agg(int8send(database_id) || int4send(number), ''::bytea)
FROM (SELECT * FROM there UNION ALL SELECT * FROM fresh) AS known
"""
"""Number those that have none, from $2 on, and return the numbers of all.

The caller holds the endpoint's row, so nobody else can give numbers meanwhile; a
statement sees what was committed before it began, and so all that was given.
Source: https://www.postgresql.org/docs/15/transaction-iso.html#XACT-READ-COMMITTED
    (read 2026-11-24).
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
SELECT string_agg(int8send(r.database_id), ''::bytea ORDER BY wanted.number)
FROM unnest($2::int[]) AS wanted (number)
JOIN repository r ON r.endpoint = $1 AND r.number = wanted.number
"""
"""The `databaseId` of some numbers, packed, in their order."""

_NUMBER = "SELECT number FROM repository WHERE endpoint = $1 AND database_id = $2"
"""The number of one repository."""

_FIND_NAME = """
SELECT number, database_id, name, stars FROM repository
WHERE endpoint = $1 AND lower(name) = lower($2)
ORDER BY seen_at DESC LIMIT 1
"""
"""Who bears a name; of several, who was seen with it last."""

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
        """Look up who bears the name `owner/name`, whatever its case.

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
        found = [
            unpack_int8s(
                await connection.fetchval(
                    _DATABASE_IDS,
                    self._database.endpoint,
                    numbers[begin : begin + _IDS_A_STATEMENT].tolist(),
                )
            )
            for begin in range(0, len(numbers), _IDS_A_STATEMENT)
        ]
        return DatabaseIds(numbers, np.concatenate([np.zeros(0, dtype=np.int64), *found]))

    async def known(self, connection: Connection, sighting: Sighting) -> Int32s:
        """The number of each repository; -1 for those that have none."""
        numbers, _ = self._recent.find(sighting.ids)
        unknown = numbers < 0
        if unknown.any():
            sent = await connection.fetchval(_FIND, self._database.endpoint, sighting.ids[unknown].tolist())
            _fill(numbers, sighting.ids, *unpack_pairs(sent))
        return numbers

    async def admit(
        self, connection: Connection, sighting: Sighting, numbers: Int32s, *, next_number: int, now: datetime
    ) -> None:
        """Give numbers to those that have none, into *numbers*; the caller holds the endpoint's row."""
        new = np.flatnonzero(numbers < 0)
        if not len(new):
            return
        places = new.tolist()
        sent = await connection.fetchval(
            _ADMIT,
            self._database.endpoint,
            next_number,
            sighting.ids[new].tolist(),
            [sighting.names[place] for place in places],
            sighting.stars[new].tolist(),
            now,
        )
        _fill(numbers, sighting.ids, *unpack_pairs(sent))

    async def correct(
        self,
        connection: Connection,
        sighting: Sighting,
        numbers: Int32s,
        *,
        old: NDArray[np.bool_],
        now: datetime,
    ) -> None:
        """Write the names and counts of the *old* ones, unless they are those that we wrote last."""
        known, prints = self._recent.find(sighting.ids)
        changed = np.flatnonzero(old & ((known < 0) | (prints != sighting.prints)))
        if not len(changed):
            return
        await connection.execute(
            _CORRECT,
            self._database.endpoint,
            numbers[changed].tolist(),
            [sighting.names[place] for place in changed.tolist()],
            sighting.stars[changed].tolist(),
            now,
        )

    def remember(self, sighting: Sighting, numbers: Int32s) -> None:
        """Note that all of it is committed."""
        self._recent.remember(sighting.ids, numbers, sighting.prints)


def _fill(numbers: Int32s, ids: Int64s, found_ids: Int64s, found: Int32s) -> None:
    """Write the numbers *found* at the places of their *ids*, which are sorted."""
    numbers[np.searchsorted(ids, found_ids)] = found
