"""A PostgreSQL of the test run's own, and for each test a fresh copy of the migrated database."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from stargazer.store import embedded
from stargazer.store.database import Database

ENDPOINT_URL = "https://api.github.com/graphql"

_NUMBERS = count()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Start a server in a short private folder; it stops with the test run."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, asyncio.Runner() as runner:
        Path(folder).chmod(0o755)
        attached = embedded.attach(Path(folder) / "data")
        server = runner.run(attached.__aenter__())
        runner.run(_relax(server.dsn))
        yield server.dsn
        runner.run(attached.__aexit__(None, None, None))


async def _relax(url: str) -> None:
    """Let the server write without waiting for the disk: no test here pulls the plug."""
    await execute(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")


async def execute(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def with_database(server_url: str, name: str) -> str:
    """The URL of another database of the same server."""
    before, _, query = server_url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}?{query}"


@pytest.fixture
async def empty_url(server_url: str) -> AsyncIterator[str]:
    """A database with nothing in it."""
    name = f"empty_{next(_NUMBERS)}"
    await execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0")
    yield with_database(server_url, name)
    await execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated() -> set[str]:
    """The servers whose template has been made."""
    return set()


@pytest.fixture
async def database_url(server_url: str, migrated: set[str]) -> AsyncIterator[str]:
    """A fresh copy of the migrated database."""
    if server_url not in migrated:
        await execute(server_url, "CREATE DATABASE migrated TEMPLATE template0")
        async with Database.open(with_database(server_url, "migrated"), ENDPOINT_URL):
            migrated.add(server_url)
    name = f"copy_{next(_NUMBERS)}"
    await execute(server_url, f"CREATE DATABASE {name} TEMPLATE migrated")
    yield with_database(server_url, name)
    await execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The copy, opened for GitHub's own endpoint."""
    async with Database.open(database_url, ENDPOINT_URL) as opened:
        yield opened
