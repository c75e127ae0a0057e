"""Lists of stargazers: one row a repository, credential and source, kept from everybody else.

GitHub lists stargazers only to a repository's admins and collaborators, so a
list belongs to the GitHub user whose credential read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import numpy as np

from stargazer.planner.connection import Ending, Side
from stargazer.planner.known import Ended, HalfListed, KnownStargazers, StoredStargazers
from stargazer.planner.page import Direction, StargazersPage
from stargazer.store.database import Connection, Database
from stargazer.store.packed import Int32s, moments, newest_first, pack, seconds, unpack
from stargazer.store.parts import Folded, NumberedPage, Part, Reading, WholeList
from stargazer.store.users import who

_LOCK = """
SELECT id FROM credential_user WHERE endpoint = $1 AND id = $2 FOR NO KEY UPDATE
"""
"""Let nobody else write lists of this credential until the transaction ends."""

_PARTS = """
SELECT direction, begun_at, cursor, low, high, hidden, length(users) / 4 AS length,
       CASE WHEN $5 THEN users END AS users, CASE WHEN $5 THEN starred_at END AS starred_at
FROM stargazer_list_part
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3 AND source = $4
"""
"""The parts of a list; their users only on demand."""

_DROP_PARTS = """
DELETE FROM stargazer_list_part
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3 AND source = $4
      AND direction = ANY($5::text[])
"""
"""Remove parts that are folded, stale or given up."""

_BEGIN_PART = """
INSERT INTO stargazer_list_part
    (endpoint, repository_number, credential_user, source, direction,
     begun_at, cursor, low, high, hidden, starred_at, users)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (endpoint, repository_number, credential_user, source, direction) DO UPDATE SET
    begun_at = excluded.begun_at, cursor = excluded.cursor, low = excluded.low, high = excluded.high,
    hidden = excluded.hidden, starred_at = excluded.starred_at, users = excluded.users
"""
"""Write a part that begins now, in place of an older one."""

_APPEND_PART = """
UPDATE stargazer_list_part SET
    begun_at = $6, cursor = $7, low = $8, high = $9, hidden = $10,
    starred_at = starred_at || $11::bytea, users = users || $12::bytea
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3 AND source = $4 AND direction = $5
"""
"""Write what came of a part that was stored before."""

_DONE = """
SELECT EXISTS (
    SELECT FROM stargazer_list
    WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3 AND source = $4 AND read_at >= $5
)
"""
"""Whether the list holds what came at $5 already, or something later."""

_WRITE_LIST = """
INSERT INTO stargazer_list
    (endpoint, repository_number, credential_user, source, fetched_at, read_at, total_count, hidden, ending,
     ascending_cursor, descending_cursor, starred_at, users)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (endpoint, repository_number, credential_user, source) DO UPDATE SET
    fetched_at = excluded.fetched_at, read_at = excluded.read_at, total_count = excluded.total_count,
    hidden = excluded.hidden, ending = excluded.ending, ascending_cursor = excluded.ascending_cursor,
    descending_cursor = excluded.descending_cursor, starred_at = excluded.starred_at, users = excluded.users
WHERE stargazer_list.fetched_at <= excluded.fetched_at
"""
"""Write a list that is over, unless a newer one is there."""

_FIND = """
SELECT fetched_at, total_count, hidden, ending, ascending_cursor, descending_cursor, users, starred_at
FROM stargazer_list
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3 AND source = $4
"""
"""A list that is over."""


_CLEAN_LISTS = """
DELETE FROM stargazer_list WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM stargazer_list WHERE endpoint = $1 AND fetched_at < $2 FOR UPDATE SKIP LOCKED
))
"""
"""Remove old lists, but wait for nobody: one that is being written will not be old for long."""

_CLEAN_PARTS = """
DELETE FROM stargazer_list_part WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM stargazer_list_part WHERE endpoint = $1 AND begun_at < $2 FOR UPDATE SKIP LOCKED
))
"""
"""Remove what was half read and never gone on with, likewise."""


class ListKey(msgspec.Struct, frozen=True):
    """Which list of stargazers: of which repository, seen by whom, from where.

    `repository` and `credential_user` are our numbers; `source` is github or file.
    """

    repository: int
    credential_user: int
    source: str = "github"


class StargazerList(msgspec.Struct, frozen=True, eq=False):
    """A list of stargazers that is over: `users` are our numbers, the oldest star first.

    `starred_at` is in seconds since 1970, and 0 where it is unknown. The cursors
    are the last of either end: what was starred since follows `ascending_cursor`.
    """

    fetched_at: datetime
    total_count: int
    hidden: int
    ending: Ending
    ascending_cursor: str | None
    descending_cursor: str | None
    users: Int32s
    starred_at: Int32s

    @classmethod
    def of(
        cls, users: Sequence[int], *, fetched_at: datetime, starred_at: Sequence[int] | None = None
    ) -> StargazerList:
        """A list from elsewhere: nobody proves it, so it is never whole."""
        return cls(
            fetched_at=fetched_at,
            total_count=len(users),
            hidden=0,
            ending=Ending.TRUNCATED,
            ascending_cursor=None,
            descending_cursor=None,
            users=np.array(users, dtype=np.int32),
            starred_at=np.array(starred_at or [0] * len(users), dtype=np.int32),
        )


class StargazerRows:
    """The rows of one list of stargazers, in a transaction.

    Args:
        connection: in a transaction that has written whoever is listed.
        endpoint: whose list it is.
        key: which list.
    """

    def __init__(self, connection: Connection, endpoint: int, key: ListKey) -> None:
        self._connection = connection
        self._key = (endpoint, key.repository, key.credential_user, key.source)

    async def write(
        self,
        pages: Sequence[StargazersPage],
        numbers: Mapping[str, int],
        *,
        ended: Ended | None,
        now: datetime,
        shared_since: datetime | None = None,
    ) -> None:
        """Append pages to the parts; fold them if the reading is over.

        Args:
            pages: of this list, in the order in which they came.
            numbers: the number of everybody on them, by node id.
            ended: how the reading ended; None: it goes on.
            now: when the pages came.
            shared_since: parts that were begun before are begun anew; None: all that
                were begun before *now*.
        """
        endpoint, _, credential_user, _ = self._key
        await self._connection.execute(_LOCK, endpoint, credential_user)
        if await self._connection.fetchval(_DONE, *self._key, now):
            return
        loaded = ended is not None or any(page.request.after is None for page in pages)
        reading = Reading(await self.parts(loaded=loaded), now, shared_since or now)
        for page in pages:
            reading.take(_numbered(page, numbers))
        if ended is not None:
            await self._conclude(reading, ended, now)
        await self._write_parts(reading)

    async def parts(self, *, loaded: bool) -> dict[Direction, Part]:
        """Load the parts, with their users if they shall be *loaded*."""
        return {
            Direction(row["direction"]): Part(
                begun_at=row["begun_at"],
                cursor=row["cursor"],
                low=row["low"],
                high=row["high"],
                unseen=row["hidden"],
                is_stored=True,
                stored_length=row["length"],
                stored=(unpack(row["users"]), unpack(row["starred_at"])) if loaded else None,
            )
            for row in await self._connection.fetch(_PARTS, *self._key, loaded)
        }

    async def _conclude(self, reading: Reading, ended: Ended, now: datetime) -> None:
        folded = None if ended.ending is Ending.FAILED else await self._fold(reading, ended)
        if folded is not None:
            order = newest_first(folded.numbers, folded.starred_at)[::-1]
            cursors = {side: part.cursor for side, part in reading.parts.items()}
            await self.replace(
                StargazerList(
                    fetched_at=folded.fetched_at,
                    total_count=folded.total_count,
                    hidden=folded.unseen,
                    ending=folded.ending,
                    ascending_cursor=cursors.get(Direction.ASC),
                    descending_cursor=cursors.get(Direction.DESC),
                    users=folded.numbers[order],
                    starred_at=folded.starred_at[order],
                ),
                read_at=now,
            )
        if folded is not None or ended.ending is Ending.FAILED:
            reading.parts.clear()

    async def _fold(self, reading: Reading, ended: Ended) -> Folded | None:
        old = await self.find() if ended.kept else None
        if old is None:
            return reading.fold(ended.ending)
        whole = WholeList(old.hidden, old.users, old.starred_at)
        return reading.fold(ended.ending, whole.oldest(ended.kept), whole.unseen)

    async def find(self) -> StargazerList | None:
        """Load the list that is over."""
        row = await self._connection.fetchrow(_FIND, *self._key)
        if row is None:
            return None
        return StargazerList(
            fetched_at=row["fetched_at"],
            total_count=row["total_count"],
            hidden=row["hidden"],
            ending=Ending(row["ending"]),
            ascending_cursor=row["ascending_cursor"],
            descending_cursor=row["descending_cursor"],
            users=unpack(row["users"]),
            starred_at=unpack(row["starred_at"]),
        )

    async def replace(self, listed: StargazerList, *, read_at: datetime) -> None:
        """Write a list that is over."""
        await self._connection.execute(
            _WRITE_LIST,
            *self._key,
            listed.fetched_at,
            read_at,
            listed.total_count,
            listed.hidden,
            listed.ending,
            listed.ascending_cursor,
            listed.descending_cursor,
            pack(listed.starred_at),
            pack(listed.users),
        )

    async def _write_parts(self, reading: Reading) -> None:
        if reading.dropped:
            await self._connection.execute(_DROP_PARTS, *self._key, list(reading.dropped))
        for side, part in reading.parts.items():
            if part.pages:
                users, starred_at = part.added()
                await self._connection.execute(
                    _APPEND_PART if part.is_stored else _BEGIN_PART,
                    *self._key,
                    side,
                    part.begun_at,
                    part.cursor,
                    part.low,
                    part.high,
                    part.unseen,
                    pack(starred_at),
                    pack(users),
                )


class StargazerLists:
    """The lists of stargazers of one endpoint. They are written with `StarLists.write`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: ListKey) -> StargazerList | None:
        """Find a list that is over, whole or truncated, whatever its age.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            return await StargazerRows(connection, self._database.endpoint, key).find()

    async def known(self, key: ListKey, *, newer_than: datetime) -> KnownStargazers | StoredStargazers | None:
        """Find a whole list: fresh, or too old and to be refreshed.

        Args:
            key: which list.
            newer_than: a list whose reading began before is too old.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            found = await StargazerRows(connection, self._database.endpoint, key).find()
            if found is None or found.ending is not Ending.WHOLE:
                return None
            users = await who(connection, self._database.endpoint, found.users.tolist())
        # Whoever is no longer known was removed while we read: one more who is not shown.
        edges = [
            (users[number], at)
            for number, at in zip(found.users.tolist(), found.starred_at.tolist(), strict=True)
            if number in users
        ]
        hidden = found.hidden + len(found.users) - len(edges)
        if found.fetched_at >= newer_than:
            return KnownStargazers([user for user, _ in edges], hidden, found.fetched_at)
        return StoredStargazers(edges[::-1], hidden)

    async def half_read(self, key: ListKey) -> HalfListed | None:
        """Find what was read of a list whose reading broke off.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            parts = await StargazerRows(connection, self._database.endpoint, key).parts(loaded=True)
            nodes = {direction: part.nodes() for direction, part in parts.items()}
            numbers = {number for listed, _ in nodes.values() for number in listed.tolist()}
            users = await who(connection, self._database.endpoint, sorted(numbers))
        if not parts:
            return None
        sides = {
            direction: Side(
                {
                    users[number].id: at
                    for number, at in zip(listed.tolist(), moments(starred_at), strict=True)
                    if number in users
                },
                parts[direction].cursor,
            )
            for direction, (listed, starred_at) in nodes.items()
        }
        return HalfListed(
            users=list(users.values()),
            sides=sides,
            low=min(part.low for part in parts.values()),
            high=max(part.high for part in parts.values()),
            hidden=sum(part.unseen for part in parts.values()) + len(numbers) - len(users),
            begun_at=min(part.begun_at for part in parts.values()),
        )

    async def put(self, key: ListKey, listed: StargazerList) -> None:
        """Write a list that came from elsewhere; its users must have numbers already.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        async with self._database.transaction() as connection:
            rows = StargazerRows(connection, self._database.endpoint, key)
            await rows.replace(listed, read_at=listed.fetched_at)

    async def clean(self, older_than: datetime) -> int:
        """Remove the lists whose reading began before a moment, and return how many.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.transaction() as connection:
            statuses = [
                await connection.execute(statement, self._database.endpoint, older_than)
                for statement in (_CLEAN_LISTS, _CLEAN_PARTS)
            ]
        return sum(int(status.split()[-1]) for status in statuses)


def _numbered(page: StargazersPage, numbers: Mapping[str, int]) -> NumberedPage:
    return NumberedPage(
        direction=page.request.direction,
        after=page.request.after,
        cursor=page.end_cursor,
        has_next_page=page.has_next_page,
        total_count=page.total_count,
        unseen=page.hidden,
        numbers=np.array([numbers[one.user.id] for one in page.stargazers], dtype=np.int32),
        starred_at=seconds([one.starred_at for one in page.stargazers]),
    )
