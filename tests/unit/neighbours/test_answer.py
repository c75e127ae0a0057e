from __future__ import annotations

from collections.abc import Callable

import pytest

from stargazer.errors import InvalidRequest
from stargazer.neighbours.answer import Neighbours
from stargazer.neighbours.merge import Merge
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Page

# Repository: how many of nine users share it, and its stars.
REPOSITORIES = {
    "b/one": (1, 1),
    "A/one": (1, 9),
    "a/two": (2, 2),
    "C/three": (3, 3_000),
    "owner-of-many/b": (3, 30),
    "Owner-of-many/A": (3, 30),
    "d/nine": (9, 100_000),
}
BY_SHARED = ["d/nine", "C/three", "Owner-of-many/A", "owner-of-many/b", "a/two", "A/one", "b/one"]


@pytest.fixture(scope="module")
def found(star_list: Callable[..., Page]) -> Neighbours:
    """What the nine users share."""
    merge = Merge()
    for user in range(9):
        starred = [
            (number, name, stars)
            for number, (name, (shared, stars)) in enumerate(REPOSITORIES.items(), start=2)
            if user < shared
        ]
        merge.add([star_list(f"{user}", *starred)])
    return merge.neighbours(Coverage(stargazers_total=9))


def names(found: Neighbours) -> list[str]:
    return [each.repo for each in found]


def test_default_order_is_shared_then_name(found: Neighbours) -> None:
    """The most shared come first, and case does not matter in a name."""
    assert names(found) == BY_SHARED


@pytest.mark.parametrize("count", range(-1, 9))
def test_top_is_the_beginning(found: Neighbours, count: int) -> None:
    """The first n are the first n of all, ties at the edge included; below none is none."""
    assert names(found.top(count)) == BY_SHARED[: max(count, 0)]
    assert names(found.sorted_by("shared").top(count)) == BY_SHARED[: max(count, 0)]


@pytest.mark.parametrize(
    "part", [slice(2, 5), slice(-2, None), slice(None, None, -1), slice(5, 2), slice(0, 99, 3)]
)
def test_slices_are_those_of_a_list(found: Neighbours, part: slice) -> None:
    """A slice is what a list would give, and a sequence of the same kind."""
    assert names(found[part]) == BY_SHARED[part]


def test_items_are_those_of_a_list(found: Neighbours) -> None:
    """Items are found from both ends, and there is none beyond."""
    assert [found.sorted_by("shared")[place].repo for place in range(-7, 7)] == BY_SHARED + BY_SHARED
    with pytest.raises(IndexError):
        found[7]


def test_pages_fit_together(found: Neighbours) -> None:
    """Looking at one place after the other gives the whole order."""
    fresh = found.sorted_by("shared")
    assert [fresh[place].repo for place in range(len(fresh))] == BY_SHARED


@pytest.mark.parametrize("score", ["shared", "relevance", "jaccard", "cosine"])
def test_sorted_by_a_score(found: Neighbours, score: str) -> None:
    """The largest score comes first; ties go by shared, then by name."""
    ranked = sorted(found, key=lambda each: (-getattr(each, score), -each.shared, each.repo.casefold()))
    assert names(found.sorted_by(score)) == [each.repo for each in ranked]
    assert names(found.sorted_by(score).top(3)) == [each.repo for each in ranked[:3]]


def test_slice_can_be_sorted_anew(found: Neighbours) -> None:
    """A part stays that part under another score."""
    assert sorted(names(found[:3].sorted_by("cosine"))) == sorted(BY_SHARED[:3])


def test_unknown_score_is_refused(found: Neighbours) -> None:
    """A score that does not exist is said to, with those that do."""
    with pytest.raises(InvalidRequest, match="relevance"):
        found.sorted_by("karma")


def test_at_least_keeps_order_and_score(found: Neighbours) -> None:
    """Fewer are left, in the order they had."""
    assert names(found.at_least(3)) == BY_SHARED[:4]
    ranked = found.sorted_by("jaccard")
    assert names(ranked.at_least(2)) == [each.repo for each in ranked if each.shared >= 2]


def test_shows_what_it_is(found: Neighbours) -> None:
    """A person at a prompt sees a line, not columns of numbers."""
    assert repr(found) == "<7 neighbours by shared>"
    assert repr(found[4]) == "Neighbour('a/two', shared=2, stars=2)"


def test_stars_are_githubs_own(found: Neighbours) -> None:
    """The count of stars is shown as GitHub gave it."""
    assert [each.stars for each in found[:2]] == [100_000, 3_000]
