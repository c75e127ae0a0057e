"""What each API key has used, day by day (UTC)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from stargazer.store.database import Database

if TYPE_CHECKING:
    import asyncpg

_ADD = """
INSERT INTO api_key_day AS known (endpoint, key_number, day, requests, not_modified)
SELECT $1, key_number, (clock_timestamp() AT TIME ZONE 'UTC')::date, requests, not_modified
FROM unnest($2::int[], $3::bigint[], $4::bigint[]) AS counted (key_number, requests, not_modified)
ORDER BY key_number
ON CONFLICT (endpoint, key_number, day) DO UPDATE SET
    requests = known.requests + excluded.requests,
    not_modified = known.not_modified + excluded.not_modified
"""
"""Add what one server has counted. All servers go through the keys in one order, so none blocks another."""

_USED = """
UPDATE api_key SET last_used_at = greatest(last_used_at, seen.used_at)
FROM unnest($2::int[], $3::timestamptz[]) AS seen (number, used_at)
WHERE api_key.endpoint = $1 AND api_key.number = seen.number
"""
"""Note when keys were last used."""

_TODAY = """
SELECT key_number AS number, points, github_seconds FROM api_key_day
WHERE endpoint = $1 AND key_number = ANY ($2::int[]) AND day = (clock_timestamp() AT TIME ZONE 'UTC')::date
"""
"""What the jobs of keys cost today."""

_CHARGE = "SELECT charge_key($1, job_payer($1, $2), 0, $3, $4)"
"""Add to the day of the key that pays for a job what was spent for it."""

_DAYS = """
SELECT key.name, counted.day, counted.requests, counted.not_modified, counted.jobs, counted.points,
    counted.github_seconds
FROM api_key_day AS counted
JOIN api_key AS key ON key.endpoint = counted.endpoint AND key.number = counted.key_number
WHERE counted.endpoint = $1 AND ($2::text IS NULL OR key.name = $2) AND counted.day >= $3
ORDER BY counted.day DESC, key.name
"""
"""What keys used, the latest day first."""


class Counted(msgspec.Struct):
    """What one server has counted for a key since it last wrote."""

    number: int
    requests: int = 0
    not_modified: int = 0
    used_at: datetime | None = None


class Day(msgspec.Struct, frozen=True):
    """What a key used on one day.

    `jobs` are those it asked for; points and seconds are those of the jobs that
    it, of all who wanted them, had wanted longest.
    """

    key: str
    day: date
    requests: int
    not_modified: int
    jobs: int
    points: float
    github_seconds: float


class Spent(msgspec.Struct, frozen=True):
    """What the jobs of a key cost today."""

    points: float = 0.0
    github_seconds: float = 0.0


class Usage:
    """The usage of the keys of one GitHub endpoint.

    Args:
        database: where it is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._endpoint = database.endpoint

    async def add(self, counted: Sequence[Counted]) -> None:
        """Add what was counted.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was added, unless
                the connection broke while the transaction was ending.
        """
        rows = sorted(counted, key=lambda one: one.number)
        numbers = [one.number for one in rows]
        requests, not_modified = [one.requests for one in rows], [one.not_modified for one in rows]
        used = [one for one in rows if one.used_at is not None]
        async with self._database.transaction() as connection:
            await connection.execute(_ADD, self._endpoint, numbers, requests, not_modified)
            await connection.execute(
                _USED, self._endpoint, [one.number for one in used], [one.used_at for one in used]
            )

    async def charge(self, job: UUID, *, points: float, github_seconds: float) -> None:
        """Add what was spent for a job, beyond its reading, to the day of the key that pays for it.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            await connection.execute(_CHARGE, self._endpoint, job, points, github_seconds)

    async def today(self, numbers: Sequence[int]) -> dict[int, Spent]:
        """What the jobs of these keys cost today, by the database's clock.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(_TODAY, self._endpoint, list(numbers))
        spent = {row["number"]: Spent(row["points"], row["github_seconds"]) for row in rows}
        return {number: spent.get(number, Spent()) for number in numbers}

    async def days(self, name: str | None, since: date) -> list[Day]:
        """What one key used, or all of them, on each day since then, the latest first.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(_DAYS, self._endpoint, name, since)
        return [_day(row) for row in rows]


def _day(row: asyncpg.Record) -> Day:
    return Day(row["name"], *(row[name] for name in Day.__struct_fields__[1:]))
