"""Remove users to whom nothing refers any more: whose lists were removed, and who are on none."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import numpy as np
from numpy.typing import NDArray

from stargazer.store.database import Connection, Database
from stargazer.store.packed import unpack

USERS_A_TIME = 20_000
"""So many are removed at once: whoever writes people has to wait meanwhile."""

_PATIENCE_SECONDS = 3

_WITHOUT_LISTS = """
SELECT number FROM github_user AS u
WHERE endpoint = $1 AND seen_at < $2
  AND NOT EXISTS (SELECT FROM star_list l WHERE l.endpoint = u.endpoint AND l.user_number = u.number)
  AND NOT EXISTS (SELECT FROM star_list_part p WHERE p.endpoint = u.endpoint AND p.user_number = u.number)
"""
"""Users who were seen first, or renamed, before a moment, and have no list."""

_MARK = "SELECT pg_snapshot_xmin(pg_current_snapshot())::xid::text"
"""The oldest transaction that may still write: rows of it and of later ones we may not have seen.

Source: https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-INFO-SNAPSHOT (read 2026-11-24).
"""

_REFERRING = (
    "SELECT users FROM stargazer_list WHERE endpoint = $1",
    "SELECT users FROM stargazer_list_part WHERE endpoint = $1",
    "SELECT roster FROM answer WHERE endpoint = $1",
)
"""Where numbers of users stand."""

_WRITTEN_SINCE = " AND age(xmin) <= age($2::text::xid)"

_LOCK = "LOCK TABLE forgotten IN EXCLUSIVE MODE"
"""Nobody writes people until the transaction ends."""

_REMOVE = f"{_WITHOUT_LISTS} AND number = ANY($3::int[])"
_REMOVE = f"DELETE FROM github_user WHERE endpoint = $1 AND number IN ({_REMOVE})"  # noqa: S608 - of words of ours


async def clean_users(database: Database, older_than: datetime) -> int:
    """Remove the users who were first seen before a moment and to whom nothing refers; returns how many.

    At most `USERS_A_TIME` of them; none, if others write without a pause.

    Raises:
        StoreUnavailable: the database cannot be used; nothing was removed.
    """
    async with database.connection() as connection:
        mark = await connection.fetchval(_MARK)
        rows = await connection.fetch(_WITHOUT_LISTS, database.endpoint, older_than)
        unlisted = np.array([row["number"] for row in rows], dtype=np.int32)
        unlisted = (await _unreferred(connection, database.endpoint, unlisted))[:USERS_A_TIME]
        if not len(unlisted):
            return 0
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE_SECONDS}s'")
                await connection.execute(_LOCK)
                unlisted = await _unreferred(connection, database.endpoint, unlisted, since=mark)
                status = await connection.execute(_REMOVE, database.endpoint, older_than, unlisted.tolist())
        except asyncpg.LockNotAvailableError:
            return 0
    return int(status.split()[-1])


async def _unreferred(
    connection: Connection, endpoint: int, users: NDArray[np.int32], *, since: str | None = None
) -> NDArray[np.int32]:
    """Those of some users who are on no list and in no answer, or on none that was written *since*."""
    more = () if since is None else (since,)
    for statement in _REFERRING:
        if not len(users):
            break
        async with connection.transaction():
            query = statement if since is None else statement + _WRITTEN_SINCE
            async for (packed,) in connection.cursor(query, endpoint, *more, prefetch=20):
                users = users[~np.isin(users, unpack(packed))]
    return users
