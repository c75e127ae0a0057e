"""The store that settings mean: the database they name, or else one on a server of our own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from stargazer.settings import Settings
from stargazer.store import embedded
from stargazer.store.database import Database


@asynccontextmanager
async def open_database(settings: Settings, endpoint_url: str) -> AsyncGenerator[Database]:
    """Open the store for one GitHub endpoint.

    A server of our own runs as long as somebody uses it, and is started again when it dies meanwhile.

    Raises:
        SchemaTooNew: the database was made by a newer version.
        StoreUnavailable: it cannot be used, and what to do about it.
    """
    if settings.database_url:
        async with Database.open(settings.database_url, endpoint_url) as database:
            yield database
        return
    async with (
        embedded.attach(settings.data_dir) as server,
        Database.open(server.dsn, endpoint_url, server=server) as database,
    ):
        yield database
