"""The rows of star lists: how readings are loaded, and how they are written back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from stargazer.planner.connection import Ending
from stargazer.planner.known import Ended
from stargazer.planner.page import Direction
from stargazer.store.database import Connection
from stargazer.store.packed import FORMAT, pack, unpack
from stargazer.store.parts import NO_STARS, Folded, NumberedPage, Part, Reading, WholeList

_PARTS = """
SELECT user_number, direction, begun_at, cursor, low, high, unseen, length(repositories) / 4 AS length,
       CASE WHEN user_number = ANY($3::int[]) THEN repositories END AS repositories,
       CASE WHEN user_number = ANY($3::int[]) THEN starred_at END AS starred_at
FROM star_list_part WHERE endpoint = $1 AND user_number = ANY($2::int[])
"""
"""The parts of some users' lists; their stars only for those in $3."""

_DONE = """
SELECT user_number FROM star_list
WHERE endpoint = $1 AND user_number = ANY($2::int[]) AND read_at >= $3
"""
"""Whose list holds what came at $3 already, or something later."""

_STORED = """
SELECT user_number, unseen, starred_at, repositories FROM star_list
WHERE endpoint = $1 AND user_number = ANY($2::int[])
"""
"""The lists that are being refreshed."""

_DROP_PARTS = """
DELETE FROM star_list_part
WHERE endpoint = $1 AND (user_number, direction) IN (SELECT * FROM unnest($2::int[], $3::text[]))
"""
"""Remove parts that are folded, stale or given up."""

_BEGIN_PARTS = """
INSERT INTO star_list_part
    (endpoint, user_number, direction, begun_at, cursor, low, high, unseen, starred_at, repositories)
SELECT $1, * FROM unnest(
    $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::int[], $8::int[],
    $9::bytea[], $10::bytea[]
)
ON CONFLICT (endpoint, user_number, direction) DO UPDATE SET
    begun_at = excluded.begun_at, cursor = excluded.cursor, low = excluded.low, high = excluded.high,
    unseen = excluded.unseen, starred_at = excluded.starred_at, repositories = excluded.repositories
"""
"""Write parts that begin now, in place of older ones."""

_APPEND_PARTS = """
UPDATE star_list_part p SET
    cursor = more.cursor, low = more.low, high = more.high, unseen = more.unseen,
    starred_at = p.starred_at || more.starred_at, repositories = p.repositories || more.repositories
FROM unnest(
    $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::int[], $8::int[],
    $9::bytea[], $10::bytea[]
) AS more (user_number, direction, begun_at, cursor, low, high, unseen, starred_at, repositories)
WHERE p.endpoint = $1 AND p.user_number = more.user_number AND p.direction = more.direction
"""
"""Write what came of parts that were stored before."""

_WRITE_LISTS = """
INSERT INTO star_list
    (endpoint, user_number, fetched_at, total_count, unseen, ending, starred_at, repositories,
     format, read_at)
SELECT $1, lists.*, $9, $10 FROM unnest(
    $2::int[], $3::timestamptz[], $4::int[], $5::int[], $6::text[], $7::bytea[], $8::bytea[]
) AS lists
ON CONFLICT (endpoint, user_number) DO UPDATE SET
    fetched_at = excluded.fetched_at, read_at = excluded.read_at, total_count = excluded.total_count,
    unseen = excluded.unseen, format = excluded.format, ending = excluded.ending,
    starred_at = excluded.starred_at, repositories = excluded.repositories
WHERE star_list.fetched_at <= excluded.fetched_at
"""
"""Write lists that are over, unless a newer one is there."""


class StarListRows:
    """The rows of some users' lists, which the caller has locked.

    Args:
        connection: in the transaction that holds the lock.
        endpoint: whose users they are.
        now: when the pages came that will be taken.
        shared_since: what was begun before is of no use to whoever reads now.
    """

    def __init__(
        self, connection: Connection, endpoint: int, now: datetime, *, shared_since: datetime
    ) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._now = now
        self._shared_since = shared_since
        self.readings: dict[int, Reading] = {}
        self._folded: dict[int, Folded] = {}

    async def load(self, users: Iterable[int], looked_into: Iterable[int]) -> None:
        """Load what is stored of half read lists; those that are *looked_into* with their stars.

        Those are the lists that are over now, and those whose first page came.

        Users whose list holds these pages already are left out of `readings`.
        """
        parts: dict[int, dict[Direction, Part]] = {user: {} for user in users}
        for row in await self._connection.fetch(_DONE, self._endpoint, list(parts), self._now):
            del parts[row["user_number"]]
        rows = await self._connection.fetch(_PARTS, self._endpoint, list(parts), list(looked_into))
        for row in rows:
            loaded = row["repositories"] is not None
            stored = (unpack(row["repositories"]), unpack(row["starred_at"])) if loaded else None
            parts[row["user_number"]][Direction(row["direction"])] = Part(
                begun_at=row["begun_at"],
                cursor=row["cursor"],
                low=row["low"],
                high=row["high"],
                unseen=row["unseen"],
                stored_length=row["length"],
                stored=stored,
                is_stored=True,
            )
        self.readings = {user: Reading(found, self._now, self._shared_since) for user, found in parts.items()}

    def take(self, user: int, page: NumberedPage) -> None:
        """Take in a page of a user's list."""
        if user in self.readings:
            self.readings[user].take(page)

    async def conclude(self, endings: Mapping[int, Ended]) -> None:
        """Fold the lists that are over; forget the parts of those that failed."""
        over = {user: ended for user, ended in endings.items() if user in self.readings}
        refreshed = [user for user, ended in over.items() if ended.kept]
        stored = await self._whole(refreshed) if refreshed else {}
        for user, ended in over.items():
            if ended.ending is Ending.FAILED:
                self.readings[user].parts.clear()
            else:
                self._fold(user, ended, stored.get(user))

    def _fold(self, user: int, ended: Ended, stored: WholeList | None) -> None:
        reading = self.readings[user]
        kept, unseen = (stored.oldest(ended.kept), stored.unseen) if stored else (NO_STARS, 0)
        folded = reading.fold(ended.ending, kept, unseen)
        if folded is not None:
            self._folded[user] = folded
            reading.parts.clear()

    async def _whole(self, users: Sequence[int]) -> dict[int, WholeList]:
        rows = await self._connection.fetch(_STORED, self._endpoint, users)
        return {
            row["user_number"]: WholeList(
                row["unseen"], unpack(row["repositories"]), unpack(row["starred_at"])
            )
            for row in rows
        }

    async def write(self) -> None:
        """Write everything back."""
        await self._drop()
        await self._write_parts(_BEGIN_PARTS, stored=False)
        await self._write_parts(_APPEND_PARTS, stored=True)
        if self._folded:
            lists = sorted(self._folded.items())
            await self._connection.execute(
                _WRITE_LISTS,
                self._endpoint,
                [user for user, _ in lists],
                [folded.fetched_at for _, folded in lists],
                [folded.total_count for _, folded in lists],
                [folded.unseen for _, folded in lists],
                [folded.ending for _, folded in lists],
                [pack(folded.starred_at) for _, folded in lists],
                [pack(folded.numbers) for _, folded in lists],
                FORMAT,
                self._now,
            )

    async def _drop(self) -> None:
        dropped = [(user, side) for user, reading in self.readings.items() for side in reading.dropped]
        if dropped:
            users, sides = zip(*dropped, strict=True)
            await self._connection.execute(_DROP_PARTS, self._endpoint, users, sides)

    async def _write_parts(self, statement: str, *, stored: bool) -> None:
        parts = [
            (user, side, part)
            for user, reading in self.readings.items()
            for side, part in reading.parts.items()
            if part.pages and part.is_stored is stored
        ]
        if not parts:
            return
        added = [part.added() for _, _, part in parts]
        await self._connection.execute(
            statement,
            self._endpoint,
            [user for user, _, _ in parts],
            [side for _, side, _ in parts],
            [part.begun_at for _, _, part in parts],
            [part.cursor for _, _, part in parts],
            [part.low for _, _, part in parts],
            [part.high for _, _, part in parts],
            [part.unseen for _, _, part in parts],
            [pack(starred_at) for _, starred_at in added],
            [pack(numbers) for numbers, _ in added],
        )
