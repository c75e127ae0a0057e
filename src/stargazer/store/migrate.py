"""Bring the schema of a database up to date: numbered SQL files, forward only.

Whoever comes first applies what is missing, each file in a transaction of its
own, together with its row in the ledger. The others wait for the lock by asking
for it again and again: whoever waits inside PostgreSQL holds a snapshot, and
that has stalled runners against each other.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from stargazer.errors import InternalError, SchemaTooNew, StoreUnavailable

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]

_LOCK = 0x73746172_67617A72
"""The key of the advisory lock: "stargazr" in ASCII."""

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0

_ENDING = ".sql"

_LEDGER_EXISTS = "SELECT to_regclass('migration') IS NOT NULL"
"""Whether any migration was ever applied."""

_CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS migration (
    number int PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE migration IS 'The migrations that made this schema.';
COMMENT ON COLUMN migration.number IS 'The number its file begins with.';
COMMENT ON COLUMN migration.name IS 'The name of its file.';
COMMENT ON COLUMN migration.sha256 IS 'The checksum of its file when it was applied.';
COMMENT ON COLUMN migration.applied_at IS 'When it was applied.';
"""
"""Make the ledger. It cannot be a migration itself, since each leaves its row there."""

_APPLIED = "SELECT number, sha256 FROM migration ORDER BY number"
"""Which migrations were applied, and what their files were."""

_TRY_LOCK = "SELECT pg_try_advisory_xact_lock($1)"
"""Take the lock until the transaction ends, if nobody has it.

Source: https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS
    (read 2026-11-24).
"""

_RECORD = "INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)"
"""Note that a migration was applied."""


class Migration(msgspec.Struct, frozen=True):
    """One file: `NNNN_name.sql`."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The checksum of the file."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def installed() -> list[Migration]:
    """Read the migrations that this version brings, in order.

    Raises:
        InternalError: two files have the same number.
    """
    folder = resources.files("stargazer.store") / "migrations"
    found = sorted(
        (
            Migration(int(file.name.partition("_")[0]), file.name, file.read_text("utf-8"))
            for file in folder.iterdir()
            if file.name.endswith(_ENDING)
        ),
        key=lambda migration: migration.number,
    )
    for one, other in pairwise(found):
        if one.number == other.number:
            raise InternalError(f"{one.name} and {other.name} have the same number")
    return found


async def migrate(connection: Connection, migrations: list[Migration] | None = None) -> list[Migration]:
    """Apply what is missing, and return it.

    Args:
        connection: to the database; it must not be in a transaction.
        migrations: which there are; None: those of this version.

    Raises:
        SchemaTooNew: the database was made by a newer version.
        StoreUnavailable: a file is not the one that was applied, or another
            program does not finish its migration.
    """
    known = installed() if migrations is None else migrations
    if await connection.fetchval(_LEDGER_EXISTS) and not await _missing(connection, known):
        return []
    applied: list[Migration] = []
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        async with connection.transaction():
            if await connection.fetchval(_TRY_LOCK, _LOCK):
                migration = await _apply_next(connection, known)
                if migration is None:
                    return applied
                applied.append(migration)
                continue
        if time.monotonic() > give_up_at:
            raise StoreUnavailable("another program is migrating its schema", do="try again when it is done")
        await asyncio.sleep(_POLL_SECONDS)


async def _apply_next(connection: Connection, known: list[Migration]) -> Migration | None:
    await connection.execute(_CREATE_LEDGER)
    missing = await _missing(connection, known)
    if not missing:
        return None
    migration = missing[0]
    await connection.execute(migration.sql)
    await connection.execute(_RECORD, migration.number, migration.name, migration.sha256)
    return migration


async def _missing(connection: Connection, known: list[Migration]) -> list[Migration]:
    """Compare the ledger with the files; returns those that were not applied yet."""
    applied = {row["number"]: row["sha256"] for row in await connection.fetch(_APPLIED)}
    newest = max((migration.number for migration in known), default=0)
    if applied and max(applied) > newest:
        raise SchemaTooNew(max(applied), newest)
    for migration in known:
        if applied.get(migration.number, migration.sha256) != migration.sha256:
            raise StoreUnavailable(
                f"{migration.name} is not the migration that made its schema",
                do="install the version of stargazer that made it, or use another database",
            )
    return [migration for migration in known if migration.number not in applied]
