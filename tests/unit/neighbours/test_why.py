"""Why a repository is a neighbour: its share against what chance would give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from stargazer.neighbours.why import chance, percent, reason
from stargazer.sandbox import real_graph


class Row(NamedTuple):
    shared: int
    stars: int
    shared_low: int | None = None
    shared_high: int | None = None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row(31, 100), "31 % of its stargazers also starred o/seed; chance would be 0.40 %"),
        (
            Row(20, 100, None, 35),
            "at least 20 % of its stargazers also starred o/seed; of those read, chance would be 0.40 %",
        ),
        (Row(20, 100, None, 20), "20 % of its stargazers also starred o/seed; chance would be 0.40 %"),
        (
            Row(30, 100, 19, 45),
            "19 to 45 % of its stargazers also starred o/seed; chance would be about 0.40 % or less",
        ),
        (
            Row(30, 20, 25, 90),
            "83 to 100 % of its stargazers also starred o/seed; chance would be about 0.40 % or less",
        ),
        (
            Row(5, 5, 5, 5),
            "100 % of its stargazers also starred o/seed; chance would be about 0.40 % or less",
        ),
    ],
)
def test_what_is_not_certain_is_said_as_such(row: Row, said: str) -> None:
    """Exact figures stand alone; a partial answer gives the least, an estimate its interval."""
    assert reason(row, "o/seed", 0.004) == said


def test_chance_is_the_share_of_all_stars_that_were_given_by_stargazers_of_a() -> None:
    """On the real stars of 2009 chance is what counting every star of every neighbour gives."""
    graph, seed = real_graph(), "sinatra/sinatra"
    ours = set(graph.stargazers_of(seed))
    truth = graph.truth(seed)
    stars = [login for repo in truth for login in graph.stargazers_of(repo)]

    found = chance(
        np.array([len(who) for who in truth.values()]),
        np.array([len(graph.stargazers_of(repo)) for repo in truth]),
    )

    assert found == pytest.approx(sum(login in ours for login in stars) / len(stars))


def test_stars_that_have_nothing_to_do_with_a_give_chance() -> None:
    """When A's stargazers are drawn by lot, the neighbours' shares lie around chance, on both sides."""
    rng = np.random.default_rng(2009)
    users, repositories = 2_000, 300
    starred = rng.random((users, repositories)) < rng.random((users, 1)) * 0.2
    ours = rng.choice(users, 400, replace=False)
    shared, stars = starred[ours].sum(axis=0), starred.sum(axis=0)

    expected = chance(shared, stars)

    assert abs(np.median(shared / stars) / expected - 1) < 0.05
    assert 0.4 < np.mean(shared / stars > expected) < 0.6


def test_counts_of_githubs_that_are_too_low_give_no_more_than_all() -> None:
    """A count of stars that is older than our lists is read as what is shared; no neighbours, no chance."""
    assert chance(np.array([5, 3]), np.array([2, 3])) == 1.0
    assert chance(np.zeros(0), np.zeros(0)) == 0.0


def test_shares_are_written_with_two_digits_that_count() -> None:
    """No more is said than is known."""
    assert [percent(one) for one in (1.0, 0.1, 0.0994, 0.0042)] == ["100 %", "10 %", "9.9 %", "0.42 %"]
