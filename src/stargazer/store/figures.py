"""What the store holds, as numbers for whoever watches it."""

from __future__ import annotations

import msgspec

from stargazer.store.database import Database
from stargazer.store.jobs_states import State

_JOBS = "SELECT state, count(*) FROM job WHERE endpoint = $1 GROUP BY state"
"""How many jobs are in each state."""

_OLDEST = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)
FROM job WHERE endpoint = $1 AND state = 'queued'
"""
"""How long the job that has waited longest has waited for a worker, in seconds."""


class Figures(msgspec.Struct, frozen=True):
    """The jobs of an endpoint: how many in each state, and how long the oldest has been queued."""

    jobs: dict[str, int]
    queued_seconds: float


async def figures(database: Database) -> Figures:
    """Count.

    Raises:
        StoreUnavailable: the database cannot be used.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(_JOBS, database.endpoint)
        oldest = await connection.fetchval(_OLDEST, database.endpoint)
    found = {str(state): int(jobs) for state, jobs in rows}
    return Figures({state.value: found.get(state.value, 0) for state in State}, float(oldest))
