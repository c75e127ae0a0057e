"""Intervals of an estimate: exact inversions of the hypergeometric distribution, within what is possible."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stargazer.neighbours.estimate import (
    CONFIDENCE,
    LOWER_SHARE,
    estimate,
    normal_quantile,
    normal_tail,
    tails,
)
from stargazer.planner.sample import Sample


def counts(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(numbers, dtype=np.int32)


def at_most(everybody: int, drawn: int, starred: int, k: int, *, mid: Fraction = Fraction(0)) -> Fraction:
    """P(X <= k), less a part of P(X = k), for a sample from so many of whom so many starred."""
    ways = [comb(starred, i) * comb(everybody - starred, drawn - i) for i in range(k + 1)]
    return Fraction(sum(ways), comb(everybody, drawn)) - mid * Fraction(ways[k], comb(everybody, drawn))


def inverted(everybody: int, drawn: int, k: int, missing: int) -> tuple[int, int]:
    """The interval by trying every count there may be."""
    possible = range(k, everybody - drawn + k + missing + 1)
    half = Fraction(1, 2)
    most = min(k + missing, drawn)
    [[lower_tail], [upper_tail]] = (
        one.tolist() for one in tails(Sample(everybody, drawn, missing), np.array([k]), np.array([most]))
    )
    high = max(
        starred
        for starred in range(most, everybody - drawn + most + 1)
        if at_most(everybody, drawn, starred, most, mid=half) > upper_tail
    )
    lower = max(k - 1, 0)
    low = min(
        starred
        for starred in range(lower, everybody + 1)
        if 1 - at_most(everybody, drawn, starred, lower, mid=half) > lower_tail
    )
    return max(low, k), min(max(high, k), possible[-1])


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 40), st.data())
def test_the_ends_are_those_that_trying_every_count_gives(everybody: int, data: st.DataObject) -> None:
    """The intervals are what the definition says, for every sample of a small population."""
    drawn = data.draw(st.integers(1, everybody))
    missing = data.draw(st.integers(0, min(3, drawn)))
    ks = range(drawn - missing + 1)

    found = estimate(Sample(everybody, drawn, missing), counts(*ks), counts(*ks))

    expected = [inverted(everybody, drawn, k, missing) for k in ks]
    assert list(zip(found.low.tolist(), found.high.tolist(), strict=True)) == expected


@settings(deadline=None)
@given(st.integers(1, 3000), st.data())
def test_an_estimate_is_scaled_and_within_its_interval(everybody: int, data: st.DataObject) -> None:
    """`shared` is N k / n rounded half to even, and nothing below what was seen or above what is possible."""
    drawn = data.draw(st.integers(1, everybody))
    missing = data.draw(st.integers(0, drawn))
    k = data.draw(st.integers(0, drawn - missing))

    found = estimate(Sample(everybody, drawn, missing), counts(k), counts(k))

    [shared], [low], [high] = found.shared.tolist(), found.low.tolist(), found.high.tolist()
    assert shared == min(max(round(Fraction(everybody * k, drawn)), low), high)
    assert k <= low <= shared <= high <= everybody - (drawn - k - missing)


@given(st.integers(2, 5_000), st.data())
def test_both_ends_together_miss_no_more_than_is_allowed(everybody: int, data: st.DataObject) -> None:
    """Whatever the missing lists hold, the truth is beyond one end or the other in one of twenty at most."""
    drawn = data.draw(st.integers(1, everybody - 1))
    k = data.draw(st.integers(0, drawn))
    most = data.draw(st.integers(k, drawn))

    [[lower], [upper]] = (
        one.tolist() for one in tails(Sample(everybody, drawn, most - k), np.array([k]), np.array([most]))
    )

    share = min(max(0.5, k / drawn), most / drawn)
    deviation = (drawn * share * (1 - share) * (everybody - drawn) / (everybody - 1)) ** 0.5
    for part in np.linspace(0, 1, 5).tolist():
        held = part * (most - k) / max(deviation, 1e-6)
        left = (1 - part) * (most - k) / max(deviation, 1e-6)
        beyond = normal_tail(normal_quantile(1 - lower) + held) + normal_tail(
            normal_quantile(1 - upper) + left
        )
        assert beyond <= (1 - CONFIDENCE) * 1.02
    assert lower == pytest.approx(upper * LOWER_SHARE / (1 - LOWER_SHARE))
    if most == k:
        assert lower + upper == pytest.approx(1 - CONFIDENCE, rel=1e-3)


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(0, 20), st.data())
def test_all_is_exact(everybody: int, seen: int, data: st.DataObject) -> None:
    """When everybody was drawn the count is exact; with m lists missing it is at most so many more."""
    missing = data.draw(st.integers(0, min(seen, everybody)))
    k = data.draw(st.integers(0, everybody - missing))

    found = estimate(Sample(everybody, everybody, missing), counts(k), counts(k))

    assert (found.low[0], found.shared[0], found.high[0]) == (k, k, k + missing)


@settings(deadline=None, max_examples=30)
@given(st.integers(30, 5_000), st.data())
def test_intervals_grow_with_the_count_and_shrink_with_the_sample(
    everybody: int, data: st.DataObject
) -> None:
    """More that starred means a higher interval; a larger sample with the same share a narrower one."""
    drawn = data.draw(st.integers(20, max(20, everybody // 4)).filter(lambda one: one <= everybody))
    ks = counts(*range(drawn + 1))
    found = estimate(Sample(everybody, drawn), ks, ks)

    assert np.all(np.diff(found.low) >= 0)
    assert np.all(np.diff(found.high) >= 0)
    if 2 * drawn <= everybody:
        twice = estimate(Sample(everybody, 2 * drawn), 2 * ks, 2 * ks)
        middle = drawn // 2
        assert twice.high[middle] - twice.low[middle] < found.high[middle] - found.low[middle]


def test_names_seen_behind_the_sample_count() -> None:
    """No interval and no estimate is below the names that were seen, wherever they were seen."""
    found = estimate(Sample(100, 10), counts(0, 1), counts(3, 30))

    assert found.low.tolist()[0] == 3
    assert found.shared.tolist() == [3, 30]
    assert found.low.tolist()[1] == 30


@pytest.mark.parametrize("everybody", [1000, 60_000])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.6])
@pytest.mark.parametrize("drawn", [30, 100, 300, 1000])
def test_intervals_hold_as_often_as_they_say(everybody: int, share: float, drawn: int) -> None:
    """By the distribution itself, without chance, an interval holds the truth in 94 % of samples or more."""
    starred = round(share * everybody)
    ks = np.arange(max(0, drawn - (everybody - starred)), min(drawn, starred) + 1, dtype=np.int32)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, everybody + 1)))])

    def choose(
        whole: int, part: np.ndarray[tuple[int], np.dtype[np.int32]]
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray(logs[whole] - logs[part] - logs[whole - part])

    probability = np.exp(
        choose(starred, ks) + choose(everybody - starred, drawn - ks) - choose(everybody, counts(drawn))
    )

    found = estimate(Sample(everybody, drawn), ks, ks)

    held = probability[(found.low <= starred) & (starred <= found.high)].sum()
    assert held >= 0.94


def test_who_is_missing_and_was_seen_is_not_missing_twice() -> None:
    """A star that was seen on an unfinished list is one, and cannot become two."""
    sample = Sample(1000, 100, 5)

    found = estimate(sample, counts(20), counts(20), unfinished=counts(5))

    assert found.high.tolist() == estimate(Sample(1000, 100), counts(20), counts(20)).high.tolist()


def test_stand_ins_move_the_estimate_only() -> None:
    """What stands in for unread lists changes the estimate within its interval, and not the interval."""
    sample = Sample(1000, 100, 5)
    plain = estimate(sample, counts(20), counts(20))

    found = estimate(sample, counts(20), counts(20), standing_in=np.array([2.5]))

    assert found.shared.tolist() == [225]
    assert (found.low.tolist(), found.high.tolist()) == (plain.low.tolist(), plain.high.tolist())
