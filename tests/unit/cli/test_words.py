"""Answers and costs in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stargazer.cli.summary import describe_age, describe_cost, describe_kind, describe_pace
from stargazer.cli.words import span
from stargazer.errors import BudgetExhausted
from stargazer.find import Found
from stargazer.neighbours.answer import Neighbours
from stargazer.neighbours.merge import Merge
from stargazer.planner.budget import Spent
from stargazer.planner.coverage import Coverage


def nothing(coverage: Coverage) -> Neighbours:
    return Merge().neighbours(coverage)


def found(seconds: float = 5.0, **members: Any) -> Found:
    members.setdefault("list_whole", True)
    coverage = Coverage(**members)
    return Found("o/seed", coverage, Spent(), seconds, nothing(coverage))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "under 1 s"),
        (0.4, "under 1 s"),
        (1.4, "1 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (3_600, "1 h"),
        (7_260, "2 h 1 min"),
        (86_400, "1 d"),
    ],
)
def test_spans_have_at_most_two_units(seconds: float, words: str) -> None:
    """A span is said in the largest unit that fits and the next smaller one."""
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "exact: o/seed has no stargazers, so it has no neighbours"),
        (
            {"stargazers_total": 1, "stargazers_listed": 1, "users_read": 1},
            "exact: 1 stargazer was read",
        ),
        (
            {"stargazers_total": 101, "stargazers_listed": 100, "users_read": 98, "users_gone": 2,
             "stargazers_hidden": 1},
            "exact: all 100 stargazers were read, 2 gone from GitHub, 1 counted by GitHub and not listed",
        ),
        (
            {"stargazers_total": 9, "stargazers_listed": 9, "users_read": 6, "users_failed": 1,
             "users_truncated": 2},
            "partial: 6 of 9 stargazers were read, 1 could not be read, 2 cut short",
        ),
        (
            {"stargazers_total": 9, "stargazers_listed": 4, "users_read": 1, "users_unread": 3,
             "list_whole": False},
            "partial: 1 of 4 stargazers were read, 3 not read, GitHub's list of 9 was not read to its end",
        ),
        (
            {"stargazers_total": 9, "stargazers_listed": 4, "users_read": 4},
            "partial: 4 of 4 stargazers were read, GitHub counts 9",
        ),
        (
            {"source": "file", "stargazers_total": 9, "stargazers_listed": 4, "users_read": 4},
            "partial: 4 of 4 stargazers were read, the list came from a file",
        ),
        (
            {"stargazers_total": 9, "stargazers_listed": 9, "users_read": 9, "users_without_seed": 5},
            "partial: 9 of 9 stargazers were read, 5 no longer showing their star",
        ),
    ],
)  # fmt: skip
def test_coverage_in_words(members: dict[str, Any], words: str) -> None:
    """The words say what the answer may be called, and everything that is missing."""
    assert describe_kind(found(**members)) == words


def test_an_answer_that_ended_early_is_not_called_empty() -> None:
    """Nobody was listed because something went wrong: that is no repository without stars."""
    coverage = Coverage(list_whole=False)
    error = BudgetExhausted(datetime(2026, 11, 24, tzinfo=UTC))
    answer = Found("o/seed", coverage, Spent(), 1.0, nothing(coverage), error)
    assert "no stargazers" not in describe_kind(answer)


def test_the_cost_stands_beside_that_of_a_page_at_a_time() -> None:
    """A page at a time, each page is a point and a call with GitHub's overhead."""
    spent = Spent(calls=23, points=23, pages=2_888, github_seconds=62.0)
    assert describe_cost(spent) == (
        "23 points and 1 min 2 s of GitHub's time in 23 calls; "
        "a page at a time it would be 2,888 points and about 12 min 58 s"
    )


def test_where_packing_saved_nothing_nothing_is_compared() -> None:
    """One page in one call costs what it costs."""
    assert describe_cost(Spent(calls=1, points=1, pages=1, github_seconds=1.0)) == (
        "1 point and 1 s of GitHub's time in 1 call"
    )


def test_the_pace_says_what_is_simulated() -> None:
    """A sandbox's answer is never taken for GitHub's."""
    assert describe_pace(found(), None) == "took 5 s"
    assert describe_pace(found(100.0), 20).startswith("took 5 s, simulated 20 times faster than GitHub")
    assert describe_pace(found(), 1).startswith("took 5 s, simulated at GitHub's pace")


@pytest.mark.parametrize(("hours", "words"), [(-1, "under 1 s"), (2, "2 h"), (50, "2 d 2 h")])
def test_a_stored_answer_says_its_age(hours: float, words: str) -> None:
    """However clocks differ, nothing was made in the future."""
    made_at = datetime(2026, 11, 24, tzinfo=UTC)
    said = describe_age(made_at, made_at + timedelta(hours=hours))
    assert said == f"from the store, made {words} ago, without asking GitHub; --max-age 0 asks again"
