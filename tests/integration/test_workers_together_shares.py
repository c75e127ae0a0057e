"""Workers as programs of their own: they share the jobs of many credentials out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from tests.integration.store import conftest
from tests.integration.workers_together import Firm, found

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.record import CallRecord
from stargazer.sandbox.separate import Recipe

server_url = conftest.server_url
migrated = conftest.migrated
database_url = conftest.database_url

SPEED = 5.0
"""Slow enough for GitHub to be waited for: at 40 times two cores are busy with one worker already."""

EIGHT = {f"synthetic/s{number}": 100 for number in range(8)}
TOKENS = [f"token-{number}" for number in range(8)]
SHARED = Recipe(users=4_000, stars=160_000, repositories=20_000, subjects=EIGHT)


def at_once(calls: Sequence[CallRecord]) -> int:
    """How many users had a call in flight at one moment, at most."""
    most = 0
    for call in calls:
        flying = {
            other.user for other in calls if other.at <= call.at < other.at + timedelta(seconds=other.seconds)
        }
        most = max(most, len(flying))
    return most


def stargazer_pages(firm: Firm) -> Counter[tuple[str, str, str | None]]:
    """How often the workers asked for each page of a list of stargazers."""
    pages = (one.page for worker in range(len(firm.workers)) for one in firm.asked(worker))
    return Counter(page for page in pages if page[0] in EIGHT)


async def test_four_workers_share_eight_jobs_out(database_url: str, tmp_path: Path) -> None:
    """Eight jobs of eight credentials are done once each, while others' calls are in flight.

    How much faster that is than one worker is measured by `python -m tests.bench.sharing`.
    """
    async with found(database_url, tmp_path, SHARED, Behaviour(speed=SPEED), TOKENS) as firm:
        firm.hire(4)
        await firm.ready()
        begun = len(firm.sandbox.calls())
        jobs = [await firm.ask(name, user) for name, user in zip(EIGHT, firm.tokens, strict=True)]
        for job in jobs:
            ended = await firm.ended(job)
            assert ended.attempts == 1
            assert await firm.neighbours(ended) == firm.sandbox.truth(job.repository)
        asked = stargazer_pages(firm)
        assert {page[0] for page in asked} == set(EIGHT)
        assert set(asked.values()) == {1}
        assert firm.sandbox.overspent() == []
        calls = firm.sandbox.calls()[begun:]
        assert max(call.in_flight for call in calls) == 1
        assert at_once(calls) >= 2
