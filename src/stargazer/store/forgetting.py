"""Remove a person from everything that is kept, and note who is to be kept out.

All of it is one transaction that waits for those that write people to end, and
lets none begin: what they bring later is sifted by what was noted.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from stargazer.errors import InvalidRequest, StoreUnavailable, UserNotFound
from stargazer.store.database import Connection, Database
from stargazer.store.forgetting_credentials import drop_credentials
from stargazer.store.forgetting_lists import cleanse_answers, cleanse_imported_lists, cleanse_listed
from stargazer.store.forgotten import Sign, database_id_in, forgotten_notice, hash_of, node_ids_with, signs_of
from stargazer.store.ledger_bell import announce

KEY_BYTES = 32

_PATIENCE_SECONDS = 3.0
"""Whoever waits for the lock holds up all who come later, so nobody does for longer than this."""

_TRIES = 40
_PAUSE_SECONDS = 0.5

_LOCK = "LOCK TABLE forgotten IN EXCLUSIVE MODE"
"""Nobody writes people until the transaction ends; everybody may read."""

_MAKE_KEY = "INSERT INTO forgotten_key (key) VALUES ($1) ON CONFLICT DO NOTHING"

_KEY = "SELECT key FROM forgotten_key"

_USERS = """
SELECT number, node_id, database_id, login FROM github_user
WHERE endpoint = $1 AND (lower(login) = $2 OR database_id = $3 OR node_id = ANY($4::text[]))
ORDER BY seen_at DESC, number DESC
"""
"""Those who bear a login, the last seen first, and those with a `databaseId` or a node id."""

_CREDENTIAL_USERS = "SELECT id, node_id, login FROM credential_user WHERE endpoint = $1"
"""All whose tokens were ever used: few."""

_NAME_BY_NODE_ID = "UPDATE github_user SET login = node_id WHERE endpoint = $1 AND number = ANY($2::int[])"
"""Take a login from users who bore it before somebody else did: they are named when they are seen again."""

_DROP_STAR_LISTS = "DELETE FROM star_list WHERE endpoint = $1 AND user_number = ANY($2::int[])"

_DROP_USERS = "DELETE FROM github_user WHERE endpoint = $1 AND number = ANY($2::int[])"
"""Remove users, with what is half read of their lists."""

_NOTE = """
INSERT INTO forgotten (endpoint, number, hash, forgotten_at)
SELECT $1, coalesce((SELECT max(number) FROM forgotten WHERE endpoint = $1), 0) + row_number() OVER (),
       hash, $3
FROM unnest($2::bytea[]) AS noted (hash)
WHERE NOT EXISTS (SELECT FROM forgotten AS known WHERE known.endpoint = $1 AND known.hash = noted.hash)
"""
"""Note hashes that are new; the caller keeps everybody else from it."""

_IS_NOTED = "SELECT EXISTS (SELECT FROM forgotten WHERE endpoint = $1 AND hash = ANY($2::bytea[]))"


class Whom(msgspec.Struct, frozen=True):
    """Who is meant: by login, by GitHub's `databaseId`, or by both, the login an older one then."""

    login: str | None = None
    database_id: int | None = None

    @property
    def shown(self) -> str:
        """The words for it."""
        return self.login or f"the user with the id {self.database_id}"


class Person(msgspec.Struct, frozen=True):
    """Everything that somebody is known by: the logins in lower case, and our numbers."""

    logins: frozenset[str]
    node_ids: frozenset[str] = frozenset()
    database_ids: frozenset[int] = frozenset()
    numbers: tuple[int, ...] = ()
    credential_users: tuple[int, ...] = ()

    def is_entry(self, login: str | None, node_id: str | None) -> bool:
        """Whether a line of a list from elsewhere names them."""
        if login is not None and login.lower() in self.logins:
            return True
        if node_id is None:
            return False
        return node_id in self.node_ids or database_id_in(node_id) in self.database_ids

    def signs(self) -> set[tuple[Sign, str | int]]:
        """What they are recognised by from now on."""
        signs: set[tuple[Sign, str | int]] = {("named", login) for login in self.logins}
        signs |= {("id", database_id) for database_id in self.database_ids}
        for node_id in self.node_ids:
            signs.update(signs_of(node_id, None, None))
        if not self.node_ids and not self.database_ids:
            signs |= {("login", login) for login in self.logins}
        return signs


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed: all zero for somebody who was forgotten before.

    `star_lists`, `tokens` and `jobs` are theirs. They were taken out of
    `stargazer_lists`, `imported_lists` and `answers` of others, which stay;
    `own_lists` and `own_answers` were read or brought with their tokens, and are gone.
    """

    star_lists: int = 0
    stargazer_lists: int = 0
    imported_lists: int = 0
    answers: int = 0
    tokens: int = 0
    jobs: int = 0
    own_lists: int = 0
    own_answers: int = 0


async def forget(database: Database, whom: Whom, now: datetime) -> Removed:
    """Remove somebody from everything that is kept at this endpoint, and keep them out.

    Whoever is named by `databaseId` is kept out even if nothing is known of them.

    Args:
        database: the store.
        whom: who it is.
        now: the moment that is noted.

    Raises:
        InvalidRequest: the login is that of somebody with another `databaseId`.
        UserNotFound: nobody of that login was ever kept.
        StoreUnavailable: the database cannot be used, or others write without a pause; nothing was removed.
    """
    for _ in range(_TRIES):
        async with database.connection() as connection:
            try:
                async with connection.transaction():
                    return await _Forgetting(connection, database.endpoint).forget(whom, now)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                # Somebody counts a large answer, or writes what we are about to remove.
                pass
        await asyncio.sleep(_PAUSE_SECONDS)
    raise StoreUnavailable("others write to it without a pause", do="try again later", retryable=True)


class _Forgetting:
    """The removal of one person inside one transaction."""

    def __init__(self, connection: Connection, endpoint: int) -> None:
        self._connection = connection
        self._endpoint = endpoint

    async def forget(self, whom: Whom, now: datetime) -> Removed:
        await self._connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE_SECONDS:.0f}s'")
        await self._connection.execute(_LOCK)
        await self._connection.execute("SET LOCAL lock_timeout = 0")
        person = await self._find(whom)
        removed = await self._remove(person)
        is_known = removed != Removed() or bool(person.node_ids)
        if not await self._note(person, now, is_known=is_known or whom.database_id is not None):
            raise UserNotFound(whom.shown)
        await announce(self._connection, forgotten_notice(self._endpoint))
        return removed

    async def _find(self, whom: Whom) -> Person:
        """Look up what the person is known by; whoever bore their login before is named anew when seen."""
        database_id = whom.database_id
        rows = await self._rows(whom.login, database_id)
        if database_id is None and rows:
            # Somebody may stand there twice, under both forms of the node id.
            database_id = _id_of(rows[0])
            found, rows = rows[0], await self._rows(whom.login, database_id)
            meant = [row for row in rows if row["number"] == found["number"] or _is(row, database_id)]
        else:
            meant = [row for row in rows if _id_of(row) in (database_id, None)]
        others = [row for row in rows if row not in meant]
        if others and whom.database_id is not None:
            raise InvalidRequest("LOGIN", f"a login that nobody but {whom.database_id} bears today")
        await self._connection.execute(_NAME_BY_NODE_ID, self._endpoint, [row["number"] for row in others])
        return await self._with_credentials(_person(whom, meant), is_named=whom.database_id is None)

    async def _rows(self, login: str | None, database_id: int | None) -> list[Any]:
        return await self._connection.fetch(
            _USERS,
            self._endpoint,
            None if login is None else login.lower(),
            database_id,
            [] if database_id is None else node_ids_with(database_id),
        )

    async def _with_credentials(self, person: Person, *, is_named: bool) -> Person:
        """The same with the tokens' users that they are: by id, or by login where only that was said."""
        rows = [
            row
            for row in await self._connection.fetch(_CREDENTIAL_USERS, self._endpoint)
            if person.is_entry(None, row["node_id"])
            or (is_named and not person.node_ids and row["login"].lower() in person.logins)
        ]
        node_ids = person.node_ids | {row["node_id"] for row in rows}
        return msgspec.structs.replace(
            person,
            logins=person.logins | {row["login"].lower() for row in rows},
            node_ids=node_ids,
            database_ids=person.database_ids | _ids_in(node_ids),
            credential_users=tuple(row["id"] for row in rows),
        )

    async def _remove(self, person: Person) -> Removed:
        connection, endpoint = self._connection, self._endpoint
        own = await drop_credentials(connection, endpoint, person.credential_users)
        numbers = list(person.numbers)
        star_lists = await connection.execute(_DROP_STAR_LISTS, endpoint, numbers)
        await connection.execute(_DROP_USERS, endpoint, numbers)
        return Removed(
            star_lists=int(star_lists.split()[-1]),
            stargazer_lists=await cleanse_listed(connection, endpoint, numbers),
            imported_lists=await cleanse_imported_lists(connection, endpoint, person.is_entry),
            answers=await cleanse_answers(connection, endpoint, numbers, person.logins),
            tokens=own.tokens,
            jobs=own.jobs,
            own_lists=own.lists,
            own_answers=own.answers,
        )

    async def _note(self, person: Person, now: datetime, *, is_known: bool) -> bool:
        """Note who is kept out; False, and nothing is noted, for somebody who is not and was never known."""
        connection, endpoint = self._connection, self._endpoint
        await connection.execute(_MAKE_KEY, secrets.token_bytes(KEY_BYTES))
        key = await connection.fetchval(_KEY)
        hashes = [hash_of(key, sign, value) for sign, value in person.signs()]
        if not is_known:
            return bool(await connection.fetchval(_IS_NOTED, endpoint, hashes))
        await connection.execute(_NOTE, endpoint, hashes, now)
        return True


def _person(whom: Whom, rows: Iterable[Any]) -> Person:
    users = list(rows)
    logins = {row["login"].lower() for row in users if row["login"] != row["node_id"]}
    if whom.login is not None:
        logins.add(whom.login.lower())
    node_ids = frozenset(row["node_id"] for row in users)
    database_ids = {row["database_id"] for row in users if row["database_id"] is not None}
    if whom.database_id is not None:
        database_ids.add(whom.database_id)
    return Person(
        logins=frozenset(logins),
        node_ids=node_ids,
        database_ids=frozenset(database_ids) | _ids_in(node_ids),
        numbers=tuple(row["number"] for row in users),
    )


def _id_of(row: Any) -> int | None:
    found: int | None = row["database_id"]
    return database_id_in(row["node_id"]) if found is None else found


def _is(row: Any, database_id: int | None) -> bool:
    return database_id is not None and _id_of(row) == database_id


def _ids_in(node_ids: Iterable[str]) -> frozenset[int]:
    return frozenset(one for one in map(database_id_in, node_ids) if one is not None)
