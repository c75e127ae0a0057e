"""Some of the seeded runs of `make bench-estimate`: intervals hold the truth, the naive way is biased."""

from __future__ import annotations

import pytest
from tests.bench.estimate_trials import PLANTED, Held, Task, play


@pytest.mark.parametrize("sample", [30, 100])
def test_intervals_hold_the_truth_with_failures_and_interruptions(sample: int) -> None:
    """Over seeded runs of all kinds at least 94 % of the intervals hold, for the rows that are shown too."""
    sums = play(Task(PLANTED, sample, (0, 24)))

    planted, shown = Held(), Held()
    for (_, _, _, what), held in sums.items():
        (shown if what.startswith("top") else planted).join(held)
    assert planted.coverage >= 0.94
    assert shown.coverage >= 0.94


def test_an_interrupted_run_is_less_biased_than_the_lists_that_were_finished_first() -> None:
    """The long lists are finished last: to go by the others alone counts too little."""
    sums = play(Task(PLANTED, 200, (0, 10), only="cut"))

    popular = sums[PLANTED, 200, "cut", "60%"]
    assert popular.naive / popular.rows < -4
    assert abs(popular.off) < 0.6 * abs(popular.naive)
