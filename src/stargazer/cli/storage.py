"""The store that a command uses: the database of the environment, or else the embedded server's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from stargazer.cli.problems import say
from stargazer.cli.session import Session
from stargazer.errors import StoreUnavailable
from stargazer.settings import Settings
from stargazer.store import embedded
from stargazer.store.database import Database
from stargazer.store.embedded import binaries
from stargazer.store.embedded.place import prepare


@asynccontextmanager
async def open_store(session: Session) -> AsyncGenerator[Database | None]:
    """Open the store of a session; None where no server is installed that could keep it.

    Raises:
        StoreUnavailable: there is one, and it cannot be used.
    """
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(find_server(session.settings))
        if dsn is None:
            yield None
            return
        database = await stack.enter_async_context(Database.open(dsn, session.endpoint))
        try:
            yield database
        finally:
            session.keep_time()


@asynccontextmanager
async def find_server(settings: Settings) -> AsyncGenerator[str | None]:
    """Give the URL of a database, and keep its server running meanwhile; None where none is installed.

    Raises:
        StoreUnavailable: there is one, and it cannot be used.
    """
    if settings.database_url:
        yield settings.database_url
        return
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(embedded.attach(settings.data_dir))
        except StoreUnavailable as error:
            if is_installed(settings.data_dir):
                raise
            say(f"going on as with --no-store: {error.message}")
            yield None
            return
        yield server.dsn


def is_installed(data_dir: Path) -> bool:
    """Tell whether there is any server that could keep a store in *data_dir*.

    Raises:
        StoreUnavailable: the folder itself cannot be used.
    """
    place = prepare(data_dir)
    try:
        binaries.find(place, None)
    except StoreUnavailable:
        return False
    return True
