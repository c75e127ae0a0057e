"""The first neighbours by a score, found without looking at all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stargazer.neighbours import rank
from stargazer.neighbours.leading import Search, in_order


def found(search: Search, stars: list[int]) -> tuple[set[int], int]:
    """Answer what a search asks; returns the places of the leaders, and how many were looked at."""
    looked = 0
    while (places := search.next_places()) is not None:
        looked += len(places)
        search.learn(places, np.array(stars, dtype=np.int32)[places])
    return set(search.leaders().tolist()), looked


@given(
    rows=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 60)), min_size=1, max_size=60),
    count=st.integers(1, 20),
    part=st.integers(1, 5),
    stargazers=st.integers(1, 100),
    score=st.sampled_from(rank.SCORES),
    stands_for=st.sampled_from([1.0, 7.5]),
)
def test_the_leaders_are_those_of_a_full_sort(
    rows: list[tuple[int, int]], count: int, part: int, stargazers: int, score: rank.Score, stands_for: float
) -> None:
    """Whatever is left unseen: the first by any score, with everybody who ties with the last of them."""
    shared = np.array([row[0] for row in rows], dtype=np.int32)
    stars = [row[1] for row in rows]
    scores = rank.standing(
        score, shared.astype(float), np.array(stars, dtype=float), stargazers, stands_for=stands_for
    )
    worst = sorted(scores, reverse=True)[min(count, len(rows)) - 1]

    leaders, _ = found(Search(shared, count, score, stargazers, stands_for=stands_for, part=part), stars)

    assert leaders == {place for place, value in enumerate(scores) if value >= worst}


@pytest.mark.parametrize("score", rank.SCORES)
def test_the_long_tail_is_not_looked_at(score: rank.Score) -> None:
    """Of those who share one stargazer none can be among the first."""
    shared = np.array([*range(100, 1, -1), *[1] * 10_000], dtype=np.int32)

    _, looked = found(Search(shared, 20, score, 200, part=50), [200] * len(shared))

    assert looked <= 99


def test_what_is_equal_stays_as_it_stands() -> None:
    """By score first, then by what is shared; then nothing is moved."""
    scores = np.array([0.1, 0.5, 0.5, 0.5, 0.1])
    shared = np.array([9, 2, 3, 2, 9], dtype=np.int32)

    assert in_order(scores, shared).tolist() == [2, 1, 3, 0, 4]
