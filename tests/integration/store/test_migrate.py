"""Migrations: each is applied once, in order, by whoever comes first."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from stargazer.errors import SchemaTooNew, StoreUnavailable
from stargazer.store.database import Database
from stargazer.store.migrate import Migration, installed, migrate
from stargazer.store.schema import describe

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "schema.md"

FIRST = Migration(1, "0001_first.sql", "CREATE TABLE first (id int)")
SECOND = Migration(2, "0002_second.sql", "INSERT INTO first VALUES (2); CREATE TABLE second (id int)")
BROKEN = Migration(3, "0003_broken.sql", "CREATE TABLE third (id int); SELECT 1 / 0")


async def connect(url: str) -> asyncpg.Connection[Any]:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    return connection


async def test_what_is_missing_is_applied_in_order(empty_url: str) -> None:
    """A second start applies nothing, a third file only itself."""
    connection = await connect(empty_url)

    assert await migrate(connection, [FIRST]) == [FIRST]
    assert await migrate(connection, [FIRST, SECOND]) == [SECOND]
    assert await migrate(connection, [FIRST, SECOND]) == []
    assert await connection.fetchval("SELECT count(*) FROM first") == 1
    await connection.close()


async def test_a_broken_migration_leaves_nothing_behind(empty_url: str) -> None:
    """A file and its row in the ledger are one transaction; those before it stay."""
    connection = await connect(empty_url)

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, [FIRST, SECOND, BROKEN])

    assert await connection.fetchval("SELECT max(number) FROM migration") == 2
    assert await connection.fetchval("SELECT to_regclass('third')") is None
    await connection.close()


async def test_many_at_once_apply_each_once(empty_url: str) -> None:
    """Whoever comes first applies; the others find it done."""
    connections = [await connect(empty_url) for _ in range(8)]

    applied = await asyncio.gather(*(migrate(connection, [FIRST, SECOND]) for connection in connections))

    assert sorted(migration.number for one in applied for migration in one) == [1, 2]
    for connection in connections:
        await connection.close()


async def test_a_newer_database_is_refused(empty_url: str) -> None:
    """An older program does not touch what it does not know."""
    connection = await connect(empty_url)
    await migrate(connection, [FIRST, SECOND])

    with pytest.raises(SchemaTooNew, match="version 2, and this stargazer knows 1"):
        await migrate(connection, [FIRST])
    await connection.close()


async def test_a_changed_file_is_refused(empty_url: str) -> None:
    """The ledger knows the checksum of what was applied."""
    connection = await connect(empty_url)
    await migrate(connection, [FIRST])

    with pytest.raises(StoreUnavailable, match=r"0001_first\.sql is not the migration"):
        await migrate(connection, [Migration(1, FIRST.name, "CREATE TABLE other (id int)"), SECOND])
    await connection.close()


def test_the_numbers_have_no_gap() -> None:
    """The files are 1, 2, 3 and so on."""
    numbers = [migration.number for migration in installed()]

    assert numbers == list(range(1, len(numbers) + 1))


async def test_an_endpoint_keeps_its_number(database_url: str) -> None:
    """Each address has one number, however often and by however many it is opened."""

    async def number(url: str) -> int:
        async with Database.open(database_url, url) as database:
            return database.endpoint

    numbers = await asyncio.gather(*(number("https://ghe.test/api/graphql") for _ in range(4)))

    assert len(set(numbers)) == 1
    assert await number("https://other.test/api/graphql") != numbers[0]


async def test_the_reference_describes_the_schema(database: Database) -> None:
    """`docs/reference/schema.md` is what the migrations make.

    Set STARGAZER_WRITE_REFERENCE to write it anew.
    """
    async with database.connection() as connection:
        described = await describe(connection)
    if "STARGAZER_WRITE_REFERENCE" in os.environ:
        REFERENCE.write_text(described, "utf-8")

    assert REFERENCE.read_text("utf-8") == described


async def test_every_table_and_column_is_explained(database: Database) -> None:
    """Each has a sentence, with its full stop."""
    async with database.connection() as connection:
        described = await describe(connection)

    rows = [line for line in described.splitlines() if line.startswith("| `")]
    assert [row for row in rows if not row.endswith(". |")] == []
