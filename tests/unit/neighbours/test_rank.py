from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stargazer.errors import InvalidRequest
from stargazer.neighbours import rank
from stargazer.sandbox import real_graph

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


def test_an_estimate_is_led_by_those_who_are_close_and_not_by_luck() -> None:
    """From 100 stargazers of rails/rails most of the first by relevance are right, by the bare score few."""
    graph, seed = real_graph(), "rails/rails"
    truth = {repo: float(len(who)) for repo, who in graph.truth(seed).items()}
    stars = {repo: float(len(graph.stargazers_of(repo))) for repo in truth}
    everybody = sorted(graph.stargazers_of(seed))
    a = len(everybody)

    def first(worth: dict[str, float]) -> set[str]:
        return set(sorted(worth, key=lambda repo: -worth[repo])[:20])

    true = first({repo: rank.relevance(truth[repo], stars[repo], a) for repo in truth})
    found = {1.0: 0.0, a / 100: 0.0}
    for sample in range(5):
        drawn = np.random.default_rng(sample).permutation(a)[:100].tolist()
        names = Counter(name for one in drawn for name in graph.starred_by(everybody[one]) if name != seed)
        scaled = np.array([names[repo] * a / 100 for repo in names])
        known = np.array([stars[repo] for repo in names])
        for stands_for in found:
            worth = rank.standing("relevance", scaled, known, a, stands_for=stands_for).tolist()
            found[stands_for] += len(true & first(dict(zip(names, worth, strict=True)))) / 5

    assert found[a / 100] > 12
    assert found[1.0] < 4


@pytest.mark.parametrize("score", rank.SCORES)
def test_an_exact_answer_is_ordered_by_the_score_itself(score: rank.Score) -> None:
    """Where everybody was read nothing is held down."""
    shared, stars = np.array([5.0, 40.0]), np.array([9.0, 30.0])
    assert np.array_equal(rank.standing(score, shared, stars, 50), rank.FORMULAS[score](shared, stars, 50))


def test_bounds_of_a_score_are_those_of_its_count() -> None:
    """Every score grows with what is shared, so its ends are those of the interval."""
    assert rank.bounds("relevance", 20, 40, 400, 100) == (20 / 420, 40 / 420)
    assert rank.bounds("shared", 20, 40, 400, 100) == (20, 40)
