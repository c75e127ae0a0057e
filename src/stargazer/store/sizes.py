"""What was learnt about the sizes of calls that an endpoint stands."""

from __future__ import annotations

from datetime import datetime

import msgspec

from stargazer.planner.sizing import Sizes
from stargazer.store.database import Database

_READ = "SELECT sizes::text FROM sizes WHERE endpoint = $1"
"""What was learnt last."""

_WRITE = """
INSERT INTO sizes (endpoint, sizes, learnt_at) VALUES ($1, $2::text::jsonb, $3)
ON CONFLICT (endpoint) DO UPDATE SET sizes = excluded.sizes, learnt_at = excluded.learnt_at
"""
"""Replace it by what is known now."""


async def read_sizes(database: Database) -> Sizes:
    """Read what was learnt; what an older version wrote in another shape counts as nothing.

    Raises:
        StoreUnavailable: the database cannot be used.
    """
    async with database.connection() as connection:
        found = await connection.fetchval(_READ, database.endpoint)
    if found is None:
        return Sizes()
    try:
        return msgspec.json.decode(found, type=Sizes)
    except msgspec.ValidationError:
        return Sizes()


async def write_sizes(database: Database, sizes: Sizes, now: datetime) -> None:
    """Keep what is known now.

    Raises:
        StoreUnavailable: the database cannot be used.
    """
    async with database.connection() as connection:
        await connection.execute(_WRITE, database.endpoint, msgspec.json.encode(sizes).decode(), now)
