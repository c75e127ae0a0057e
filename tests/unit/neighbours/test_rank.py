from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stargazer.errors import InvalidRequest
from stargazer.neighbours import rank

COUNTS = st.integers(0, 2**31 - 1).map(float)
RATIOS = [rank.relevance, rank.jaccard, rank.cosine]


@given(COUNTS, COUNTS, COUNTS)
def test_no_score_leaves_zero_to_one(shared: float, stars: float, stargazers: float) -> None:
    """Whatever GitHub counts, however stale, a score is between 0 and 1."""
    for formula in RATIOS:
        assert 0 <= formula(shared, stars, stargazers) <= 1


@given(COUNTS, COUNTS, COUNTS)
def test_arrays_score_like_numbers(shared: float, stars: float, stargazers: float) -> None:
    """An array of repositories gets bit for bit the scores that each gets alone."""
    for formula in rank.FORMULAS.values():
        both = formula(np.array([shared, 1.0]), np.array([stars, 2.0]), stargazers)
        assert both.tolist() == [
            formula(np.array(s), np.array(b), stargazers) for s, b in [(shared, stars), (1.0, 2.0)]
        ]


@pytest.mark.parametrize("formula", RATIOS)
def test_nothing_shared_scores_nothing(formula: rank.Formula) -> None:
    """Zero of zero is zero, not an error."""
    assert formula(np.zeros(1), np.zeros(1), 0).tolist() == [0.0]


def test_formulas_are_the_published_ones() -> None:
    """The scores are those of the reference, by hand: a = 100, b = 400, s = 30."""
    assert rank.shared(30.0, 400.0, 100) == 30
    assert rank.relevance(30.0, 400.0, 100) == 30 / (400 + 2 * 10)
    assert rank.jaccard(30.0, 400.0, 100) == 30 / (100 + 400 - 30)
    assert rank.cosine(30.0, 400.0, 100) == 30 / math.sqrt(100 * 400)


def test_stale_count_is_raised_to_shared() -> None:
    """A repository that GitHub counts fewer stars of than we saw is scored by what we saw."""
    for formula in RATIOS:
        assert formula(30.0, 3.0, 100) == formula(30.0, 30.0, 100)


def test_unknown_score_is_refused() -> None:
    """A score that does not exist names those that do."""
    with pytest.raises(InvalidRequest, match="shared, relevance, jaccard, cosine"):
        rank.score("karma")
