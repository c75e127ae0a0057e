"""The schema of a database as it is: looked at without a change to it, and brought up to date."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import asyncpg

from stargazer.store.failures import store_errors, unreadable_url
from stargazer.store.migrate import Migration, installed, migrate

Connection: TypeAlias = "asyncpg.Connection[Any]"

_CONNECT_SECONDS = 10.0

_READ_ONLY = {"application_name": "stargazer", "default_transaction_read_only": "on"}


@asynccontextmanager
async def connected(dsn: str, *, read_only: bool = False) -> AsyncGenerator[Connection]:
    """Open one connection, whatever the schema is.

    Raises:
        StoreUnavailable: the database cannot be used.
    """
    settings = _READ_ONLY if read_only else {}
    connection: Connection | None = None
    with suppress(ValueError), store_errors():
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS, server_settings=settings)
    if connection is None:
        # Raised here, since the error of asyncpg may quote the password.
        raise unreadable_url()
    try:
        with store_errors():
            yield connection
    finally:
        connection.terminate()


async def missing(dsn: str) -> list[Migration]:
    """Tell which migrations a database lacks.

    Raises:
        SchemaTooNew: the database was made by a newer version.
        StoreUnavailable: it cannot be used, or was made by another version of a migration.
    """
    async with connected(dsn, read_only=True) as connection:
        return await lacking(connection)


async def lacking(connection: Connection) -> list[Migration]:
    """Tell which migrations the database of a read-only connection lacks."""
    known = installed()
    for applied in range(len(known), 0, -1):
        # With nothing to write, all of these were applied.
        with suppress(asyncpg.ReadOnlySQLTransactionError):
            await migrate(connection, known[:applied])
            return known[applied:]
    return known


async def bring_up_to_date(dsn: str) -> list[Migration]:
    """Apply what is missing, and return it.

    Raises:
        SchemaTooNew: the database was made by a newer version.
        StoreUnavailable: it cannot be used.
    """
    async with connected(dsn) as connection:
        return await migrate(connection)
