"""A PostgreSQL of the test run's own, and for each test a fresh copy of the migrated database."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from stargazer.store.database import Database

ENDPOINT_URL = "https://api.github.com/graphql"

_NUMBERS = count()


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1]


def _dropped_user() -> str | None:
    """The user that a server started by root runs as: PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Start a server in a short private folder; stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = _dropped_user()
    if user is not None:
        shutil.chown(folder, user)
    binaries, data = _binaries(), str(folder / "data")
    arguments = [
        "-D",
        data,
        "--auth=trust",
        "--username=postgres",
        "--no-sync",
        "--locale=C",
        "--encoding=UTF8",
    ]
    subprocess.run([binaries / "initdb", *arguments], user=user, check=True, capture_output=True, cwd=folder)  # noqa: S603
    settings = ["fsync=off", "listen_addresses=", f"unix_socket_directories={folder}", "max_connections=60"]
    options = [part for setting in settings for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603
            [binaries / "postgres", "-D", data, *options], user=user, stdout=log, stderr=log, cwd=folder
        )
    try:
        while subprocess.call([binaries / "pg_isready", "-q", "-h", folder]):  # noqa: S603
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.01)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        server.send_signal(2)
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


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
    return server_url.replace("/postgres?", f"/{name}?")


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
