"""Workers as programs of their own: they share the jobs of many credentials out."""

from __future__ import annotations

from pathlib import Path

from tests.integration.store import conftest
from tests.integration.workers_together import Firm, found

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.record import CallRecord
from stargazer.sandbox.separate import Recipe

server_url = conftest.server_url
migrated = conftest.migrated
database_url = conftest.database_url
empty_url = conftest.empty_url

SPEED = 5.0
"""Slow enough for GitHub to be waited for: at 40 times two cores are busy with one worker already."""

EIGHT = {f"synthetic/s{number}": 100 for number in range(8)}
TOKENS = [f"token-{number}" for number in range(8)]
SHARED = Recipe(users=4_000, stars=160_000, repositories=20_000, subjects=EIGHT)


def between(calls: list[CallRecord]) -> float:
    """The seconds of GitHub's time from the first call to the end of the last."""
    return (calls[-1].at - calls[0].at).total_seconds() + calls[-1].seconds


async def do_all(firm: Firm, workers: int) -> list[CallRecord]:
    """Do the eight jobs, each with a credential of its own."""
    firm.hire(workers)
    await firm.ready()
    begun = len(firm.sandbox.calls())
    jobs = [await firm.ask(name, user) for name, user in zip(EIGHT, firm.tokens, strict=True)]
    for job in jobs:
        ended = await firm.ended(job)
        assert ended.attempts == 1
        assert await firm.neighbours(ended) == firm.sandbox.truth(job.repository)
    assert firm.sandbox.overspent() == []
    return firm.sandbox.calls()[begun:]


async def test_four_workers_share_eight_jobs_out(database_url: str, empty_url: str, tmp_path: Path) -> None:
    """Eight jobs of eight credentials are done once each, and at least twice as fast as by one worker."""
    behaviour = Behaviour(speed=SPEED)
    (tmp_path / "one").mkdir()
    async with found(database_url, tmp_path, SHARED, behaviour, TOKENS) as firm:
        by_four = await do_all(firm, 4)
    async with found(empty_url, tmp_path / "one", SHARED, behaviour, TOKENS) as firm:
        by_one = await do_all(firm, 1)
    ratio = between(by_one) / between(by_four)
    # Users of two repositories that are read at the same moment are read twice.
    assert sum(call.nodes for call in by_four) <= 1.3 * sum(call.nodes for call in by_one)
    assert ratio >= 2
