"""A database that cannot be used is said to be so, with what to do, and never with its password."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import asyncpg
import pytest

from stargazer.errors import StoreUnavailable
from stargazer.store.database import Database
from stargazer.store.failures import store_errors

SECRET = "hunter2"


async def opened(dsn: str) -> StoreUnavailable:
    """Open what cannot be opened, and return what was said."""
    with pytest.raises(StoreUnavailable) as caught:
        async with Database.open(dsn, "https://api.github.com/graphql"):
            pass
    assert SECRET not in f"{caught.value} {caught.value.facts} {caught.value.__context__!r}"
    return caught.value


@pytest.mark.parametrize(
    "dsn",
    [
        f"mysql://me:{SECRET}@localhost/db",
        f"postgresql://me:pa:{SECRET}@local host:x/db",
        f"postgresql://localhost:{SECRET}/db",
        f"postgresql://me:{SECRET}@localhost/db?sslmode={SECRET}",
    ],
)
async def test_a_url_that_is_none(dsn: str) -> None:
    """Nothing of it is repeated: any part of it may be the password."""
    error = await opened(dsn)

    assert not error.retryable
    assert "postgresql://USER:PASSWORD@HOST:PORT/DATABASE" in error.message


async def test_nothing_listens() -> None:
    """A database that is down may come back, so waiting makes sense."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await opened(f"postgresql://me:{SECRET}@127.0.0.1:{taken.getsockname()[1]}/db")

    assert error.retryable
    assert "nothing answers" in error.message


async def test_no_such_database(server_url: str) -> None:
    """Waiting does not help; creating it does."""
    before, _, query = server_url.partition("?")
    error = await opened(f"{before.rpartition('/')[0]}/nowhere?{query}")

    assert not error.retryable
    assert "createdb" in error.message


async def test_a_role_that_is_refused(server_url: str) -> None:
    """A wrong user or password is to be corrected."""
    error = await opened(f"{server_url.partition('&user=')[0]}&user=nobody_{0}&password={SECRET}")

    assert not error.retryable
    assert "refuses the user or the password" in error.message


@pytest.mark.parametrize(
    ("raised", "said", "retryable"),
    [
        (asyncpg.DiskFullError("no"), "disk", True),
        (asyncpg.TooManyConnectionsError("no"), "connections", True),
        (asyncpg.InvalidPasswordError("no"), "password", False),
        (asyncpg.ReadOnlySQLTransactionError("no"), "read-only", False),
        (asyncpg.CannotConnectNowError("no"), "starting or stopping", True),
        (asyncpg.ConnectionDoesNotExistError("no"), "broke", True),
        (asyncpg.InterfaceError("connection is closed"), "closed", True),
        (asyncpg.InterfaceError("connection has been released back to the pool"), "closed", True),
        (asyncpg.InternalClientError("another operation (2) is in progress"), "broke", True),
        (TimeoutError(), "in time", True),
        (asyncpg.ObjectNotInPrerequisiteStateError("no"), "not ready", True),
        (asyncpg.ObjectInUseError("no"), "not ready", True),
    ],
)
def test_what_is_said_of_each_error(raised: Exception, said: str, retryable: bool) -> None:
    """Every error of the database has a reason in our words, and waiting helps or not."""
    with pytest.raises(StoreUnavailable, match=said) as caught, store_errors():
        raise raised

    assert caught.value.retryable is retryable


def test_mistakes_of_ours_pass_unchanged() -> None:
    """A wrong statement is a bug, and no weather."""
    with pytest.raises(asyncpg.UndefinedTableError), store_errors():
        raise asyncpg.UndefinedTableError("no")


async def test_a_connection_that_breaks_is_replaced(database: Database) -> None:
    """The error says that waiting helps; afterwards the same pool works again."""
    with pytest.raises(StoreUnavailable) as caught:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert caught.value.retryable

    async with asyncio.timeout(5), database.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_task_that_is_cancelled_ends_though_its_connection_breaks(database: Database) -> None:
    """What a broken connection says while it is given back does not hide that the task is cancelled."""
    begun = asyncio.Event()

    async def try_for_ever() -> None:
        while True:
            with suppress(StoreUnavailable):
                async with database.transaction() as connection:
                    begun.set()
                    try:
                        await asyncio.Event().wait()
                    finally:
                        connection.terminate()
                        await connection.fetchval("SELECT 1")

    trying = asyncio.create_task(try_for_ever())
    await begun.wait()
    trying.cancel()
    await asyncio.wait([trying], timeout=10)
    assert trying.cancelled()
