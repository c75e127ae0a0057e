"""The store that a command uses: the database of the environment, or else the embedded server's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from stargazer.cli.problems import say
from stargazer.cli.session import Session
from stargazer.errors import StoreUnavailable
from stargazer.runner import Ledger
from stargazer.settings import Settings
from stargazer.store import embedded
from stargazer.store.database import Database
from stargazer.store.embedded import binaries
from stargazer.store.embedded.place import prepare
from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell
from stargazer.store.opening import open_database


@asynccontextmanager
async def open_store(session: Session) -> AsyncGenerator[Database]:
    """Open the store of a session.

    Raises:
        StoreUnavailable: it cannot be used, and what to do about it.
    """
    async with open_database(session.settings, session.endpoint) as database:
        try:
            yield database
        finally:
            session.keep_time()


@asynccontextmanager
async def open_store_if_any(session: Session) -> AsyncGenerator[Database | None]:
    """Open the store of a session; where no server is installed, say so and give None.

    Raises:
        StoreUnavailable: there is one, and it cannot be used.
    """
    async with AsyncExitStack() as stack:
        database = None
        try:
            database = await stack.enter_async_context(open_store(session))
        except StoreUnavailable as error:
            if has_server(session.settings):
                raise
            say(f"going on as with --no-store: {error.message}")
        yield database


@asynccontextmanager
async def shared_ledger(session: Session, database: Database, user: int) -> AsyncGenerator[Ledger | None]:
    """Share the user's budget with every program that uses this store.

    Each sandbox has a budget of its own, which begins and ends with it.
    """
    if session.speed is not None:
        yield None
        return
    async with Bell.open(database) as bell:
        ledger = PostgresLedger(database, bell, user)
        try:
            yield ledger
        finally:
            # Nobody need wait for what we might have asked next.
            with suppress(StoreUnavailable):
                await ledger.leave()


@asynccontextmanager
async def find_server(settings: Settings) -> AsyncGenerator[str]:
    """Give the URL of the database that is meant, and keep a server of our own running meanwhile.

    Raises:
        StoreUnavailable: there is no server, or it does not start.
    """
    if settings.database_url:
        yield settings.database_url
        return
    async with embedded.attach(settings.data_dir) as server:
        yield server.dsn


def has_server(settings: Settings) -> bool:
    """Tell whether there is any server that could keep the store.

    Raises:
        StoreUnavailable: the data folder itself cannot be used.
    """
    if settings.database_url:
        return True
    place = prepare(settings.data_dir)
    try:
        binaries.find(place, None)
    except StoreUnavailable:
        return False
    return True
