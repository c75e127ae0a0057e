"""The rules that say when an estimate is good enough."""

from __future__ import annotations

import numpy as np
import pytest
from tests.laws.driver import Driver
from tests.laws.world import World

from stargazer.errors import InvalidRequest
from stargazer.neighbours.estimate import Intervals, estimate
from stargazer.neighbours.stop import Until
from stargazer.planner.plan import Plan
from stargazer.planner.sample import Sample


def counted(sample: Sample, *numbers: int) -> Intervals:
    """The intervals of neighbours of which so many were counted in the sample."""
    ks = np.array(numbers, dtype=np.int32)
    return estimate(sample, ks, ks)


@pytest.mark.parametrize(
    "text", ["", "top", "top=0", "top=2.5", "width=0", "width=1", "width=10%", "width=0.1,tie=1", "best=3"]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    """The error tells both rules there are."""
    with pytest.raises(InvalidRequest, match="top=20"):
        Until.read(text)


def test_narrow_intervals_are_enough() -> None:
    """The width is half the interval, as a part of the count, of the first 20 and of nobody else."""
    sample = Sample(10_000, 2_000)
    leaders = [1_000] * 20

    assert Until(width=0.1).is_met(counted(sample, *leaders, 3, 2), sample)
    assert not Until(width=0.1).is_met(counted(sample, *leaders[1:], 30, 20), sample)
    assert not Until(width=0.01).is_met(counted(sample, *leaders), sample)


def test_a_clear_last_rank_is_settled() -> None:
    """The first are settled when those behind cannot share clearly more; a near tie needs a larger sample."""
    small, large = Sample(10_000, 500), Sample(10_000, 9_990)

    assert Until(top=3).is_met(counted(small, 300, 290, 280, 80, 79, 78), small)
    assert not Until(top=3).is_met(counted(small, 30, 29, 10, 9, 8), small)
    assert not Until(top=3, tie=0.1).is_met(counted(small, 300, 290, 150, 149, 148), small)
    assert Until(top=3).is_met(counted(large, 3000, 2990, 1000, 999, 998), large)


def test_what_is_exact_is_enough() -> None:
    """Without a sample nothing is left to be told."""
    driver = Driver(Plan.neighbours("owner/r1"), World.of([3, 4]))
    driver.run()
    counts = driver.neighbours().counts

    assert Until(width=0.1).is_met(counts.estimated, Sample(2, 2))
    assert Until(top=5).is_met(counts.estimated, Sample(2, 2))
