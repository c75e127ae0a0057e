"""Lists of stargazers from elsewhere, kept as they were given: logins, node ids, and a span of time.

Who they are at GitHub is found out when the list is read: that takes calls, and
a login that is gone by then is counted.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

import msgspec

from stargazer.planner.page import User
from stargazer.sources.entry import FileStargazer
from stargazer.store.database import Database
from stargazer.store.forgotten import Forgotten
from stargazer.store.jobs_statements import FORGIVE

ENTRIES_A_PART = 20_000

_ZLIB_LEVEL = 1
"""Logins shrink to half at any level, and this one takes a tenth of the time of the best."""

_REMOVE = """
DELETE FROM imported_list WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3
"""
"""Remove a list, with its parts."""

_PUT = """
INSERT INTO imported_list (endpoint, repository_number, credential_user, source, imported_at, entries,
    first_starred_at, last_starred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
"""Write a list."""

_PUT_PART = """
INSERT INTO imported_part (endpoint, repository_number, credential_user, part, entries)
VALUES ($1, $2, $3, $4, $5)
"""
"""Write some of its people."""

_NAME = "SELECT name FROM repository WHERE endpoint = $1 AND number = $2"
"""What a repository is called."""

_FIND = """
SELECT source, imported_at, entries, first_starred_at, last_starred_at FROM imported_list
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3
"""
"""What is known of a list as a whole."""

_PART = """
SELECT entries FROM imported_part
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3 AND part = $4
"""
"""One part of a list."""

_KNOWN_LOGINS = """
SELECT DISTINCT ON (lower(login)) lower(login) AS folded, node_id, database_id, login
FROM github_user
WHERE endpoint = $1 AND lower(login) = ANY($2::text[])
ORDER BY lower(login), seen_at DESC
"""
"""Who is known to bear some logins; of several, who was seen with it last."""

_CLEAN = "DELETE FROM imported_list WHERE endpoint = $1 AND imported_at < $2"
"""Remove old lists."""

Entry = tuple[str | None, str | None]

_decoder = msgspec.msgpack.Decoder(list[Entry])


class ImportedList(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a list as a whole; the moments are those of its oldest and newest star, if known."""

    source: str
    imported_at: datetime
    entries: int
    first_starred_at: datetime | None
    last_starred_at: datetime | None


class ImportKey(msgspec.Struct, frozen=True):
    """Whose list it is, and of which repository: our numbers."""

    repository: int
    credential_user: int


def pack_entries(entries: Sequence[FileStargazer]) -> bytes:
    """Write one part of a list."""
    return pack_rows([(entry.login, entry.id) for entry in entries])


def pack_rows(rows: Sequence[Entry]) -> bytes:
    """Write one part of a list: the login and the node id of each, or None."""
    return zlib.compress(msgspec.msgpack.encode(rows), _ZLIB_LEVEL)


def unpack_entries(packed: bytes) -> list[Entry]:
    """Read one part of a list: the login and the node id of each, or None."""
    return _decoder.decode(zlib.decompress(packed))


class ImportedLists:
    """The imported lists of one GitHub endpoint; a user has one of a repository."""

    def __init__(self, database: Database, forgotten: Forgotten | None = None) -> None:
        self._database = database
        self._forgotten = Forgotten(database) if forgotten is None else forgotten

    async def put(
        self, key: ImportKey, listed: ImportedList, parts: Iterable[bytes], *, sifted: int = 0
    ) -> None:
        """Write a list in place of an older one; what was refused may be asked for again at once.

        Args:
            key: whose list it is, and of which repository.
            listed: what is known of it as a whole.
            parts: its people.
            sifted: the version of `Forgotten` whose people were left out of the parts already.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        row = (self._database.endpoint, key.repository, key.credential_user)
        async with self._database.transaction() as connection:
            await self._forgotten.hold(connection)
            if self._forgotten.version != sifted:
                listed, parts = self._sifted(listed, parts)
            await connection.execute(_REMOVE, *row)
            await connection.execute(_PUT, *row, *msgspec.structs.astuple(listed))
            for number, part in enumerate(parts):
                await connection.execute(_PUT_PART, *row, number, part)
            name = await connection.fetchval(_NAME, self._database.endpoint, key.repository)
            await connection.execute(FORGIVE, self._database.endpoint, key.credential_user, name)

    def _sifted(self, listed: ImportedList, parts: Iterable[bytes]) -> tuple[ImportedList, list[bytes]]:
        """The same without those who were forgotten while the list was read."""
        gone: set[Entry] = set()
        left = []
        for part in parts:
            entries = unpack_entries(part)
            gone |= {entry for entry in entries if self._forgotten.has_entry(*entry)}
            left.append(pack_rows([entry for entry in entries if entry not in gone]))
        return msgspec.structs.replace(listed, entries=listed.entries - len(gone)), left

    async def find(self, key: ImportKey) -> ImportedList | None:
        """Find a list.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                _FIND, self._database.endpoint, key.repository, key.credential_user
            )
        return None if row is None else ImportedList(**dict(row))

    async def people(self, key: ImportKey) -> tuple[list[str], list[User]]:
        """Who is on a list: logins that nobody is known to bear, and users who are known.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        logins: list[str] = []
        users: dict[str, User] = {}
        async for entries in self._parts(key):
            for login, node_id in entries:
                if node_id is not None:
                    users.setdefault(node_id, User(node_id, None, login or node_id))
            asked = [login for login, node_id in entries if login is not None and node_id is None]
            known = await self._known(asked)
            for login in asked:
                user = known.get(login.lower())
                if user is None:
                    logins.append(login)
                else:
                    users.setdefault(user.id, user)
        return logins, list(users.values())

    async def remove(self, key: ImportKey) -> bool:
        """Remove a list; False when there is none.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was removed.
        """
        async with self._database.transaction() as connection:
            status = await connection.execute(
                _REMOVE, self._database.endpoint, key.repository, key.credential_user
            )
        return not status.endswith(" 0")

    async def clean(self, older_than: datetime) -> int:
        """Remove the lists that were imported before a moment, and return how many.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.transaction() as connection:
            status = await connection.execute(_CLEAN, self._database.endpoint, older_than)
        return int(status.split()[-1])

    async def _parts(self, key: ImportKey) -> AsyncIterator[list[Entry]]:
        number = 0
        while True:
            async with self._database.connection() as connection:
                part = await connection.fetchval(
                    _PART, self._database.endpoint, key.repository, key.credential_user, number
                )
            if part is None:
                return
            yield unpack_entries(part)
            number += 1

    async def _known(self, logins: Sequence[str]) -> dict[str, User]:
        folded = [login.lower() for login in logins]
        if not folded:
            return {}
        async with self._database.connection() as connection:
            rows = await connection.fetch(_KNOWN_LOGINS, self._database.endpoint, folded)
        return {row["folded"]: User(row["node_id"], row["database_id"], row["login"]) for row in rows}
