"""The clock of the machine jumps in mid-run: the run ends all the same, and its answer is exact."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.integration.service_world import (
    Interrupting,
    database_url,
    migrated,
    opened,
    quiet_graph,
    server_url,
    truth_of,
)

from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell

__all__ = ["database_url", "migrated", "server_url"]

MINUTE_SECONDS = 60.0


@pytest.mark.parametrize("hours", [-30, -2, 2, 30])
async def test_a_clock_that_jumps(database_url: str, hours: int) -> None:
    """Whatever the clock shows in the middle of a run, nothing is lost and nobody waits for long."""
    graph = quiet_graph()
    async with opened(graph, database_url) as desk, Bell.open(desk.database) as bell:
        wanted = await desk.wanted()
        ledger = PostgresLedger(desk.database, bell, wanted.credential_user, speed=None)
        jump = timedelta(hours=hours).total_seconds()
        async with desk.github() as github:
            transport = Interrupting(github, 3, lambda: desk.clock.passed(jump))
            async with desk.service.reading(wanted, transport, ledger=ledger) as reading:
                outcome = await reading.outcome()
        assert outcome.spent.waited_seconds < MINUTE_SECONDS
        assert outcome.answer is not None
        assert outcome.answer.kind == "exact"
        assert await desk.names(outcome.answer) == truth_of(graph)
