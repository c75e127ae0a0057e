"""Overlaps of stargazers, held against every way the missing people could be."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stargazer.neighbours.overlap import (
    People,
    common,
    count_common,
    count_everybody,
    everybody,
    overlap,
)

SETS = st.frozensets(st.integers(0, 4), max_size=4)
SIDES = st.lists(st.tuples(SETS, st.integers(0, 2)), min_size=2, max_size=3)
STRANGERS = range(5, 9)
"""People on no list: as many as can be missing at once in two of them."""


def people(known: frozenset[int], missing: int = 0) -> People:
    return People(np.array(sorted(known), dtype=np.int32), missing)


def truths(known: frozenset[int], missing: int) -> list[frozenset[int]]:
    """Everybody who may have starred it."""
    others = [*(set(range(5)) - known), *STRANGERS]
    return [
        known | set(more) for number in range(missing + 1) for more in combinations(sorted(others), number)
    ]


@given(one=st.tuples(SETS, st.integers(0, 2)), other=st.tuples(SETS, st.integers(0, 2)))
def test_two_are_bounded_by_the_extremes(
    one: tuple[frozenset[int], int], other: tuple[frozenset[int], int]
) -> None:
    """The bounds are those that the missing people can make true, and no wider."""
    found = overlap(people(*one), people(*other))
    shared, jaccards = set(), set()
    for a, b in product(truths(*one), truths(*other)):
        shared.add(len(a & b))
        jaccards.add(len(a & b) / max(1, len(a | b)))

    assert (found.shared.low, found.shared.high) == (min(shared), max(shared))
    assert found.union == len(one[0] | other[0])
    assert found.jaccard_low == pytest.approx(min(jaccards))
    assert found.jaccard_high == pytest.approx(max(jaccards))
    assert found.jaccard == pytest.approx(len(one[0] & other[0]) / max(1, found.union))


@given(sides=SIDES)
def test_several_are_bounded(sides: list[tuple[frozenset[int], int]]) -> None:
    """Whoever is missing, what all and what any starred lies within the bounds."""
    listed = [people(*side) for side in sides]
    known = [side[0] for side in sides]

    assert set(everybody(listed).tolist()) == frozenset().union(*known)
    assert set(common(listed).tolist()) == frozenset.intersection(*known)
    for real in product(*(truths(known, min(missing, 1)) for known, missing in sides)):
        union, intersection = frozenset[int]().union(*real), frozenset.intersection(*real)
        assert count_everybody(listed).low <= len(union) <= count_everybody(listed).high
        assert count_common(listed).low <= len(intersection) <= count_common(listed).high


def test_exact_lists_give_exact_counts() -> None:
    """Without anybody missing nothing is uncertain."""
    sides = [people(frozenset({1, 2, 3})), people(frozenset({2, 3, 4}))]
    found = overlap(*sides)

    assert found.shared.is_sure
    assert count_everybody(sides).is_sure
    assert count_common(sides).is_sure
    assert found.jaccard == found.jaccard_low == found.jaccard_high == 0.5
