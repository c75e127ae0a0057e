"""The database, and the GitHub endpoint whose rows we read and write there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, TypeAlias

import asyncpg

from stargazer.errors import StoreUnavailable
from stargazer.store.failures import OwnServer, store_errors, unreadable_url
from stargazer.store.migrate import migrate

Pool: TypeAlias = "asyncpg.Pool[Any]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[Any]"

Isolation = Literal["read_committed", "repeatable_read"]

_CONNECTIONS_AT_MOST = 8
_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0

_SERVER_SETTINGS = {
    "application_name": "stargazer",
    # Compiling costs more than it saves where a statement takes milliseconds.
    # Source: https://www.postgresql.org/docs/15/jit-decision.html (read 2026-11-24).
    "jit": "off",
    # Arrays of ten ids and of ten thousand want different plans, and a plan that was
    # kept since its table was empty reads all of it for ever.
    # Source: https://www.postgresql.org/docs/15/sql-prepare.html#SQL-PREPARE-NOTES (read 2026-11-24).
    "plan_cache_mode": "force_custom_plan",
    # Looking up thousands of ids in an index beats reading all of a table, on any disk of today.
    "random_page_cost": "1.1",
    "timezone": "UTC",
    # A machine that is cut off in a transaction holds its locks, until the server notices; by
    # default that takes two hours. Ignored on a socket, where nobody can be cut off.
    # Source: https://www.postgresql.org/docs/15/runtime-config-connection.html (read 2026-11-24).
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}

_FIND_ENDPOINT = "SELECT id FROM endpoint WHERE url = $1"
"""The number of an endpoint, if it has one."""

_MAKE_ENDPOINT = """
INSERT INTO endpoint (url) VALUES ($1) ON CONFLICT (url) DO UPDATE SET url = excluded.url RETURNING id
"""
"""Give an endpoint a number; whoever comes second gets the number that the first one made."""


class Database:
    """An open database: a pool of connections, and the number of one endpoint.

    Everything that is read and written through it belongs to that endpoint. A
    server of our own that has died is started again by whoever next wants a
    connection.
    """

    def __init__(self, pool: Pool, endpoint: int, server: OwnServer | None = None) -> None:
        self.pool = pool
        self.endpoint = endpoint
        self._server = server

    @classmethod
    @asynccontextmanager
    async def open(
        cls, dsn: str, endpoint_url: str, *, server: OwnServer | None = None
    ) -> AsyncGenerator[Database]:
        """Connect, bring the schema up to date, and find the endpoint.

        Args:
            dsn: `postgresql://…`; it may hold a password, and is never shown.
            endpoint_url: the address of GitHub's GraphQL API.
            server: the server, if it is one that we run.

        Raises:
            SchemaTooNew: the database was made by a newer version.
            StoreUnavailable: it cannot be used, and what to do about it.
        """
        pool = await _connect(dsn, server)
        try:
            with store_errors(server):
                async with pool.acquire() as connection:
                    await migrate(connection)
                    endpoint = await _endpoint(connection, endpoint_url)
            yield cls(pool, endpoint, server)
        finally:
            await _close(pool)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """Borrow a connection; what goes wrong with it is said in our words.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        try:
            with store_errors(self._server):
                connection = await self._acquire()
                try:
                    yield connection
                finally:
                    await self.pool.release(connection)
        except StoreUnavailable:
            _stay_cancelled()
            raise

    @asynccontextmanager
    async def transaction(self, isolation: Isolation = "read_committed") -> AsyncGenerator[Connection]:
        """Borrow a connection for one transaction, which an error undoes.

        Args:
            isolation: `repeatable_read` shows every statement the same snapshot.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was written,
                unless the connection broke while the transaction was ending.
        """
        async with self.connection() as connection, connection.transaction(isolation=isolation):
            yield connection

    async def _acquire(self) -> Connection:
        if self._server is None:
            return await self.pool.acquire()
        try:
            with store_errors(self._server):
                return await self.pool.acquire()
        except StoreUnavailable as down:
            if not down.retryable:
                raise
        await self._server.revive()
        return await self.pool.acquire()


async def _connect(dsn: str, server: OwnServer | None) -> Pool:
    pool: Pool | None = None
    with suppress(ValueError), store_errors(server):
        pool = await asyncpg.create_pool(
            dsn,
            init_size=1,
            # A pool with a floor tries to restore it while the database is away, and logs a
            # traceback each time. Whoever needs a connection opens it, and says what is wrong.
            min_size=0,
            max_size=_CONNECTIONS_AT_MOST,
            timeout=_CONNECT_SECONDS,
            server_settings=_SERVER_SETTINGS,
        )
    if pool is None:
        # Raised here, since the error of asyncpg may quote the password.
        raise unreadable_url()
    return pool


def _stay_cancelled() -> None:
    """Let a task that is cancelled end, whatever a broken connection says while it is cleaned up.

    Its error takes the place of the cancellation, and whoever tries again until the database is back
    would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _close(pool: Pool) -> None:
    """Say goodbye to the server, but do not wait for one that is gone."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await pool.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pool.terminate()


async def _endpoint(connection: Connection, url: str) -> int:
    found: int | None = await connection.fetchval(_FIND_ENDPOINT, url)
    if found is None:
        found = await connection.fetchval(_MAKE_ENDPOINT, url)
    if found is None:
        raise LookupError(url)
    return found
