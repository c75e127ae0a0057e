"""Users: their dense numbers and logins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from stargazer.planner.page import User
from stargazer.store.database import Connection, Database

_FIND = """
SELECT node_id, number, login, database_id FROM github_user WHERE endpoint = $1 AND node_id = ANY($2::text[])
"""
"""What is known of some users."""

_ADMIT = """
WITH fresh AS (
    INSERT INTO github_user (endpoint, number, node_id, database_id, login, seen_at)
    SELECT $1, $2 - 1 + row_number() OVER (ORDER BY w.node_id), w.node_id, w.database_id, w.login, $6
    FROM unnest($3::text[], $4::bigint[], $5::text[]) AS w (node_id, database_id, login)
    WHERE NOT EXISTS (SELECT FROM github_user u WHERE u.endpoint = $1 AND u.node_id = w.node_id)
    RETURNING 1
)
UPDATE endpoint SET users = users + (SELECT count(*) FROM fresh) WHERE id = $1
"""
"""Number those that have none, from $2 on; the caller holds the endpoint's row."""

_LOCK = """
SELECT number FROM github_user
WHERE endpoint = $1 AND number = ANY($2::int[]) ORDER BY number FOR NO KEY UPDATE
"""
"""Let nobody else write these users or their lists until the transaction ends.

With ORDER BY, rows are locked in that order.
Source: https://www.postgresql.org/docs/15/sql-select.html#SQL-FOR-UPDATE-SHARE (read 2026-11-24).
"""

_RENAME = """
UPDATE github_user u
SET login = seen.login, database_id = coalesce(seen.database_id, u.database_id), seen_at = $5
FROM unnest($2::int[], $3::text[], $4::bigint[]) AS seen (number, login, database_id)
WHERE u.endpoint = $1 AND u.number = seen.number AND u.seen_at <= $5
"""
"""Write new logins of users that the caller has locked."""

_LOCK_UNNAMED = """
SELECT number FROM github_user
WHERE endpoint = $1 AND node_id = ANY($2::text[]) AND login = node_id ORDER BY number FOR NO KEY UPDATE
"""
"""As `_LOCK`, those of some users who have no login yet."""

_NAME = """
UPDATE github_user u SET login = told.login
FROM unnest($2::text[], $3::text[]) AS told (node_id, login)
WHERE u.endpoint = $1 AND u.node_id = told.node_id AND u.login = u.node_id
"""
"""Name users that the caller has locked."""

_WHO = """
SELECT node_id, database_id, login, number FROM github_user WHERE endpoint = $1 AND number = ANY($2::int[])
"""
"""Who some numbers are."""

_NUMBERS = "SELECT node_id, number FROM github_user WHERE endpoint = $1 AND node_id = ANY($2::text[])"
"""The numbers of some users."""

USERS_A_STATEMENT = 1 << 14


class KnownUsers:
    """What the database knows of the users of one reply.

    Args:
        named: users as GitHub showed them now.
        unnamed: node ids of further users, who get their login later.
    """

    def __init__(self, named: Iterable[User], unnamed: Iterable[str]) -> None:
        self.seen = {user.id: user for user in named}
        self.wanted = dict.fromkeys([*self.seen, *unnamed])
        self.numbers: dict[str, int] = {}
        self._rows: dict[str, tuple[str, int | None]] = {}

    async def find(self, connection: Connection, endpoint: int) -> None:
        """Look up those not found so far."""
        missing = self.missing()
        for row in await connection.fetch(_FIND, endpoint, missing) if missing else ():
            self.numbers[row["node_id"]] = row["number"]
            self._rows[row["node_id"]] = (row["login"], row["database_id"])

    def missing(self) -> list[str]:
        """The node ids that have no number."""
        return [node_id for node_id in self.wanted if node_id not in self.numbers]

    async def admit(self, connection: Connection, endpoint: int, *, next_number: int, now: datetime) -> None:
        """Give numbers to those that have none; the caller holds the endpoint's row."""
        missing = self.missing()
        if not missing:
            return
        users = [self.seen.get(node_id) or User(node_id, None, node_id) for node_id in missing]
        await connection.execute(
            _ADMIT,
            endpoint,
            next_number,
            missing,
            [user.database_id for user in users],
            [user.login for user in users],
            now,
        )
        await self.find(connection, endpoint)

    def renamed(self) -> list[User]:
        """Those whose login or `databaseId` is not the one that is stored."""
        return [user for user in self.seen.values() if self._is_new(user)]

    def _is_new(self, user: User) -> bool:
        login, database_id = self._rows[user.id]
        return login != user.login or user.database_id not in (None, database_id)

    async def lock(self, connection: Connection, endpoint: int, others: Iterable[str]) -> list[User]:
        """Lock those who were renamed, and *others*; returns the former."""
        renamed = self.renamed()
        locked = {self.numbers[user.id] for user in renamed} | {self.numbers[other] for other in others}
        if locked:
            await connection.execute(_LOCK, endpoint, sorted(locked))
        return renamed

    async def rename(
        self, connection: Connection, endpoint: int, renamed: Sequence[User], now: datetime
    ) -> None:
        """Write the new logins of those who were renamed, whom the caller has locked."""
        if renamed:
            await connection.execute(
                _RENAME,
                endpoint,
                [self.numbers[user.id] for user in renamed],
                [user.login for user in renamed],
                [user.database_id for user in renamed],
                now,
            )


class Users:
    """The users of one endpoint."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def name(self, users: Sequence[User]) -> None:
        """Name users whom GitHub has not named yet, by what somebody says who they are.

        What GitHub says stands, and replaces such a name as soon as it comes.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        if not users:
            return
        node_ids = [user.id for user in users]
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_UNNAMED, self._database.endpoint, node_ids)
            await connection.execute(_NAME, self._database.endpoint, node_ids, [user.login for user in users])

    async def numbers(self, node_ids: Sequence[str]) -> dict[str, int]:
        """Look up numbers by node id; those who have none are left out.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        found: dict[str, int] = {}
        async with self._database.connection() as connection:
            for begin in range(0, len(node_ids), USERS_A_STATEMENT):
                wanted = node_ids[begin : begin + USERS_A_STATEMENT]
                rows = await connection.fetch(_NUMBERS, self._database.endpoint, wanted)
                found.update((row["node_id"], row["number"]) for row in rows)
        return found

    async def who(self, numbers: Sequence[int]) -> Mapping[int, User]:
        """Look up users by number.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            return await who(connection, self._database.endpoint, numbers)


async def who(connection: Connection, endpoint: int, numbers: Sequence[int]) -> dict[int, User]:
    """Look up users by number."""
    found: dict[int, User] = {}
    for begin in range(0, len(numbers), USERS_A_STATEMENT):
        for row in await connection.fetch(_WHO, endpoint, numbers[begin : begin + USERS_A_STATEMENT]):
            found[row["number"]] = User(row["node_id"], row["database_id"], row["login"])
    return found
