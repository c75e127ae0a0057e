"""Star lists: one row a user, written reply by reply, read by the hundred thousand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import numpy as np

from stargazer.neighbours.count import ListsChunk
from stargazer.planner.connection import Side
from stargazer.planner.known import Ended, HalfRead, KnownList, StoredList
from stargazer.planner.page import Direction, Page, StargazersPage, StarListPage, User
from stargazer.store.columns import StarColumns
from stargazer.store.database import Connection, Database
from stargazer.store.forgotten import Forgotten
from stargazer.store.numbering import Numbered, number
from stargazer.store.packed import (
    DatabaseIds,
    Int32s,
    Stars,
    holding,
    moments,
    offsets_of,
    unpack,
)
from stargazer.store.repositories import Repositories
from stargazer.store.star_list_rows import StarListRows
from stargazer.store.stargazer_lists import ListKey, StargazerRows

_Item = TypeVar("_Item")

USERS_A_STATEMENT = 4096
"""So many lists are read at once: some 10 MB, which hides the round trip."""

_KNOWN = """
SELECT u.node_id, s.fetched_at, CASE WHEN $4 THEN s.repositories ELSE ''::bytea END AS repositories
FROM github_user u JOIN star_list s ON s.endpoint = u.endpoint AND s.user_number = u.number
WHERE u.endpoint = $1 AND u.node_id = ANY($2::text[]) AND s.ending = 'whole' AND s.fetched_at >= $3
"""
"""The whole lists of some users that are fresh."""

_STORED = """
SELECT u.node_id, s.unseen, s.repositories, s.starred_at
FROM github_user u JOIN star_list s ON s.endpoint = u.endpoint AND s.user_number = u.number
WHERE u.endpoint = $1 AND u.node_id = ANY($2::text[]) AND s.ending = 'whole' AND s.fetched_at < $3
"""
"""The whole lists of some users that are too old."""

_HALF_READ = """
SELECT u.node_id, p.begun_at, p.direction, p.cursor, p.low, p.high, p.unseen, p.repositories, p.starred_at
FROM github_user u JOIN star_list_part p ON p.endpoint = u.endpoint AND p.user_number = u.number
WHERE u.endpoint = $1 AND u.node_id = ANY($2::text[])
ORDER BY u.number, p.direction
"""
"""The parts of some users' lists."""

_MISSING = """
SELECT wanted.node_id FROM unnest($2::text[]) AS wanted (node_id)
WHERE NOT EXISTS (
    SELECT FROM github_user u JOIN star_list s ON s.endpoint = u.endpoint AND s.user_number = u.number
    WHERE u.endpoint = $1 AND u.node_id = wanted.node_id AND s.fetched_at >= $3
)
"""
"""The users of whom there is no list, or only one that is too old."""

_LISTS = """
SELECT user_number, repositories FROM star_list
WHERE endpoint = $1 AND user_number = ANY($2::int[]) ORDER BY user_number
"""
"""The lists of some users, for counting."""


_CLEAN_LISTS = """
DELETE FROM star_list WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM star_list WHERE endpoint = $1 AND fetched_at < $2 FOR UPDATE SKIP LOCKED
))
"""
"""Remove old lists, but wait for nobody: one that is being written will not be old for long."""

_CLEAN_PARTS = """
DELETE FROM star_list_part WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM star_list_part WHERE endpoint = $1 AND begun_at < $2 FOR UPDATE SKIP LOCKED
))
"""
"""Remove what was half read and never gone on with, likewise."""


class StarLists:
    """The star lists of one endpoint's users."""

    def __init__(
        self,
        database: Database,
        repositories: Repositories | None = None,
        forgotten: Forgotten | None = None,
    ) -> None:
        self._database = database
        self._forgotten = Forgotten(database) if forgotten is None else forgotten
        self._repositories = Repositories(database) if repositories is None else repositories

    async def write(
        self,
        pages: Sequence[Page | User],
        ended: Sequence[Ended] = (),
        *,
        now: datetime,
        shared_since: datetime | None = None,
        listing: ListKey | None = None,
        listing_ended: Ended | None = None,
    ) -> None:
        """Write everything that one reply told, or nothing: writing it again changes nothing.

        Stars of private repositories are left out, and so are people who were
        forgotten. Users who are gone leave no trace: nothing was read of them.

        Args:
            pages: what the plan accepted of the reply.
            ended: the lists whose reading is over with it.
            now: when the reply came; later replies come later.
            shared_since: parts of lists that were begun before are begun anew; None: all that
                were begun before *now*.
            listing: which list of stargazers its pages of stargazers belong to;
                None: they only tell who the users are.
            listing_ended: how the reading of that list ended, if it has.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        async with self._database.transaction() as connection:
            await self._forgotten.hold(connection)
            pages, ended = self._forgotten.sift(pages), self._forgotten.sift_ended(ended)
            columns = StarColumns([page for page in pages if isinstance(page, StarListPage)])
            sighting, places = columns.sighting()
            endings = {one.user_id: one for one in ended}
            owners = [page.request.user_id for page in columns.pages]
            numbered = await number(
                connection,
                self._database.endpoint,
                self._repositories,
                sighting,
                named=_users(pages),
                listed=[*owners, *endings],
                now=now,
            )
            rows = StarListRows(connection, self._database.endpoint, now, shared_since=shared_since or now)
            over = {numbered.users[user_id]: one for user_id, one in endings.items()}
            first_pages = {page.request.user_id for page in columns.pages if page.request.after is None}
            looked_into = [*over, *(numbered.users[user_id] for user_id in first_pages)]
            await rows.load([numbered.users[owner] for owner in [*owners, *endings]], looked_into)
            for owner, page in zip(owners, columns.numbered(numbered.repositories[places]), strict=True):
                rows.take(numbered.users[owner], page)
            await rows.conclude(over)
            await rows.write()
            if listing is not None:
                await self._list(
                    connection, pages, numbered, listing, listing_ended, now, shared_since or now
                )
        self._repositories.remember(sighting, numbered.repositories)

    async def _list(
        self,
        connection: Connection,
        pages: Sequence[Page | User],
        numbered: Numbered,
        listing: ListKey,
        ended: Ended | None,
        now: datetime,
        shared_since: datetime,
    ) -> None:
        rows = StargazerRows(connection, self._database.endpoint, listing)
        listed = [page for page in pages if isinstance(page, StargazersPage)]
        if listed or ended is not None:
            await rows.write(listed, numbered.users, ended=ended, now=now, shared_since=shared_since)

    async def known(self, user_ids: Sequence[str], *, seed: int, newer_than: datetime) -> list[KnownList]:
        """Find the whole lists that are fresh.

        Args:
            user_ids: node ids of the users.
            seed: `databaseId` of the repository to be looked for on the lists; 0: none.
            newer_than: what was fetched before is left out.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        found: list[KnownList] = []
        seed_number = await self._seed(seed)
        async with self._database.connection() as connection:
            for some in _batches(user_ids):
                rows = await connection.fetch(
                    _KNOWN, self._database.endpoint, some, newer_than, seed_number is not None
                )
                seeded = holding(seed_number, [row["repositories"] for row in rows])
                found += [
                    KnownList(row["node_id"], has_seed, row["fetched_at"])
                    for row, has_seed in zip(rows, seeded, strict=True)
                ]
        return found

    async def stored(self, user_ids: Sequence[str], *, seed: int, older_than: datetime) -> list[StoredList]:
        """Find the whole lists that are too old, to be refreshed.

        Args:
            user_ids: node ids of the users.
            seed: as for `known`.
            older_than: what was fetched later is left out.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        seed_number = await self._seed(seed)
        async with self._database.connection() as connection:
            rows = [
                row
                for some in _batches(user_ids)
                for row in await connection.fetch(_STORED, self._database.endpoint, some, older_than)
            ]
            numbers = [unpack(row["repositories"]) for row in rows]
            ids = await self._ids(connection, numbers)
        seeded = holding(seed_number, [row["repositories"] for row in rows])
        return [
            StoredList(row["node_id"], Stars(one, unpack(row["starred_at"]), ids), has_seed, row["unseen"])
            for row, one, has_seed in zip(rows, numbers, seeded, strict=True)
        ]

    async def half_read(self, user_ids: Sequence[str], *, seed: int) -> list[HalfRead]:
        """Find the lists whose reading broke off.

        Args:
            user_ids: node ids of the users.
            seed: as for `known`.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        seed_number = await self._seed(seed)
        async with self._database.connection() as connection:
            rows = [
                row
                for some in _batches(user_ids)
                for row in await connection.fetch(_HALF_READ, self._database.endpoint, some)
            ]
            numbers = [unpack(row["repositories"]) for row in rows]
            ids = await self._ids(connection, numbers)
        seeded = holding(seed_number, [row["repositories"] for row in rows])
        found: dict[str, HalfRead] = {}
        for row, one, has_seed in zip(rows, numbers, seeded, strict=True):
            edges = zip(ids.of(one).tolist(), moments(unpack(row["starred_at"])), strict=True)
            half = HalfRead(
                user_id=row["node_id"],
                sides={Direction(row["direction"]): Side(dict(edges), row["cursor"])},
                low=row["low"],
                high=row["high"],
                unseen=row["unseen"],
                has_seed=has_seed,
                begun_at=row["begun_at"],
            )
            before = found.get(half.user_id)
            found[half.user_id] = half if before is None else _joined(before, half)
        return list(found.values())

    async def missing(self, user_ids: Sequence[str], *, newer_than: datetime) -> list[str]:
        """Find the users of whom there is no list that is whole or truncated, and fresh.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            return [
                row["node_id"]
                for some in _batches(user_ids)
                for row in await connection.fetch(_MISSING, self._database.endpoint, some, newer_than)
            ]

    async def lists(self, user_numbers: Sequence[int]) -> AsyncIterator[ListsChunk]:
        """Read star lists, whole or truncated, some thousand at a time, in the order of the users' numbers.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            for some in _batches(sorted(user_numbers)):
                rows = await connection.fetch(_LISTS, self._database.endpoint, some)
                packed = [row["repositories"] for row in rows]
                users = np.fromiter((row["user_number"] for row in rows), dtype=np.int32, count=len(rows))
                yield ListsChunk(users, unpack(b"".join(packed)), offsets_of(packed))

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

    async def _seed(self, seed: int) -> int | None:
        return await self._repositories.number_of(seed) if seed else None

    async def _ids(self, connection: Connection, numbers: Sequence[Int32s]) -> DatabaseIds:
        distinct = np.unique(np.concatenate([np.zeros(0, dtype=np.int32), *numbers]))
        return await self._repositories.database_ids(connection, distinct)


def _users(pages: Sequence[Page | User]) -> Iterator[User]:
    """Everybody whom a reply showed with a login."""
    for page in pages:
        if isinstance(page, User):
            yield page
        elif isinstance(page, StargazersPage):
            for stargazer in page.stargazers:
                yield stargazer.user


def _joined(one: HalfRead, other: HalfRead) -> HalfRead:
    """Join what was read from two ends."""
    return HalfRead(
        user_id=one.user_id,
        sides={**one.sides, **other.sides},
        low=min(one.low, other.low),
        high=max(one.high, other.high),
        unseen=one.unseen + other.unseen,
        has_seed=one.has_seed or other.has_seed,
        begun_at=min(one.begun_at, other.begun_at) if one.begun_at and other.begun_at else None,
    )


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for begin in range(0, len(items), USERS_A_STATEMENT):
        yield items[begin : begin + USERS_A_STATEMENT]
