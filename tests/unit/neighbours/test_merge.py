from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stargazer.neighbours.answer import Neighbours
from stargazer.neighbours.merge import Merge
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Page, User

Maker = Callable[..., Page]
EXACT = Coverage(stargazers_total=3, stargazers_listed=3, users_read=3, list_whole=True)


def counted(found: Neighbours) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(each.repo, each.shared, each.stargazers) for each in found]


def test_counts_and_names_who_share(star_list: Maker, stargazers: Maker) -> None:
    """A neighbour has the number and the sorted logins of A's stargazers who starred it."""
    merge = Merge()
    merge.add(
        [
            star_list("1", (1, "acme/anvil"), (2, "x/two"), (3, "x/three")),
            stargazers(("1", "Bob"), ("2", "alice")),
        ]
    )
    merge.add([star_list("2", (1, "acme/anvil"), (3, "x/three"))])
    assert counted(merge.neighbours(EXACT)) == [("x/three", 2, ("alice", "Bob")), ("x/two", 1, ("Bob",))]


def test_nothing_added_has_no_neighbours() -> None:
    """Without pages the answer is empty."""
    found = Merge().neighbours(Coverage())
    assert (len(found), list(found), list(found.top(3))) == (0, [], [])


def test_star_seen_twice_counts_once(star_list: Maker) -> None:
    """Pages that overlap, and lists that are read again, change nothing."""
    merge = Merge()
    merge.add([star_list("1", (2, "x/two"), (3, "x/three")), star_list("1", (3, "x/three"), (2, "x/two"))])
    merge.neighbours(EXACT)
    merge.add([star_list("1", (2, "x/two"))])
    assert [each.shared for each in merge.neighbours(EXACT)] == [1, 1]


def test_seed_is_never_a_neighbour(star_list: Maker) -> None:
    """A is told by its id, whatever it is called at the time."""
    merge = Merge()
    merge.add(
        [star_list("1", (1, "acme/anvil"), (2, "x/two")), star_list("2", (1, "acme/renamed"), (2, "x/two"))]
    )
    assert [each.repo for each in merge.neighbours(EXACT)] == ["x/two"]


def test_unknown_seed_excludes_nothing(star_list: Maker) -> None:
    """A seed of 0 means that none is known, and one that nobody shows is no trouble."""
    merge = Merge()
    merge.add([star_list("1", (2, "x/two"), seed=0), star_list("2", (2, "x/two"), seed=99)])
    assert [each.shared for each in merge.neighbours(EXACT)] == [2]


def test_users_without_seed_are_not_counted(star_list: Maker) -> None:
    """Whole lists that lack A count nowhere, and who is left out may differ from answer to answer."""
    merge = Merge()
    merge.add(
        [
            star_list("1", (2, "x/two"), (3, "x/three")),
            star_list("2", (2, "x/two")),
            star_list("3", (9, "x/nine")),
        ]
    )
    without = Coverage(uncounted=frozenset({"U_1", "U_3", "U_never_seen"}))
    assert counted(merge.neighbours(without)) == [("x/two", 1, ("U_2",))]
    assert len(merge.neighbours(EXACT)) == 3


def test_name_and_stars_follow_the_last_page(star_list: Maker) -> None:
    """A repository that was renamed while we read has its new name, and one row."""
    merge = Merge()
    merge.add([star_list("1", (2, "x/old", 5)), star_list("2", (2, "x/new", 6))])
    first = merge.neighbours(EXACT)
    merge.add([star_list("3", (2, "x/newest", 7))])
    second = merge.neighbours(EXACT)
    assert [(each.repo, each.shared, each.stars) for each in (*first, *second)] == [
        ("x/new", 2, 6),
        ("x/newest", 3, 7),
    ]


def test_answer_does_not_change_when_more_is_merged(star_list: Maker, stargazers: Maker) -> None:
    """A look at the answer so far stays what it was."""
    merge = Merge()
    merge.add([star_list("1", (2, "x/two"))])
    look = merge.neighbours(EXACT)
    merge.add([star_list("2", (2, "x/renamed"), (3, "x/three")), stargazers(("1", "alice"))])
    merge.neighbours(EXACT)
    assert counted(look) == [("x/two", 1, ("U_1",))]


def test_later_login_replaces_the_earlier(star_list: Maker, stargazers: Maker) -> None:
    """A user who was renamed has the login that came last, also from a file."""
    merge = Merge()
    merge.add(
        [stargazers(("1", "old"), ("2", "two")), star_list("1", (2, "x/two")), star_list("2", (2, "x/two"))]
    )
    merge.add([stargazers(("1", "new"))])
    merge.name([User("U_2", 2, "deux")])
    assert merge.neighbours(EXACT)[0].stargazers == ("deux", "new")


def test_repository_without_id_is_not_counted(star_list: Maker) -> None:
    """What GitHub gives no id cannot be told apart, and is left out."""
    merge = Merge()
    merge.add([star_list("1", (None, "x/none"), (2, "x/two")), star_list("2", (None, "x/none"))])
    assert counted(merge.neighbours(EXACT)) == [("x/two", 1, ("U_1",))]


def test_ids_beyond_32_bits_are_told_apart(star_list: Maker) -> None:
    """Ids that do not fit GitHub's own Int are kept whole."""
    merge = Merge()
    merge.add([star_list("1", (2, "x/two"), (2 + 2**32, "x/large"), (2**62, "x/huge"))])
    assert [(each.repo, each.database_id) for each in merge.neighbours(EXACT)] == [
        ("x/huge", 2**62),
        ("x/large", 2 + 2**32),
        ("x/two", 2),
    ]


@pytest.mark.parametrize(("coverage", "high"), [(EXACT, None), (Coverage(users_failed=2, users_unread=3), 6)])
def test_partial_answer_bounds_what_may_be_missing(
    star_list: Maker, coverage: Coverage, high: int | None
) -> None:
    """In a partial answer every user whose list is not whole may share one more."""
    merge = Merge()
    merge.add([star_list("1", (2, "x/two"))])
    found = merge.neighbours(coverage)[0]
    assert (found.shared_low, found.shared_high) == (None, high)


def test_scores_use_the_larger_count_of_stargazers(star_list: Maker) -> None:
    """GitHub's public count may be older than its list: the larger is A's."""
    merge = Merge()
    merge.add([star_list("1", (2, "x/two", 50))])
    found = merge.neighbours(Coverage(stargazers_total=4, stargazers_listed=9))[0]
    assert (found.relevance, found.jaccard) == (1 / (50 + 2 * 3), 1 / (9 + 50 - 1))


def test_large_batches_count_like_small_ones(star_list: Maker) -> None:
    """Stars that fill several batches are all counted."""
    rng = np.random.default_rng(1)
    lists: list[list[int]] = [np.unique(rng.integers(2, 5_000, 100)).tolist() for _ in range(1_500)]
    merge = Merge()
    pages: list[Any] = [
        star_list(str(user), *((each, f"o/{each}") for each in ids)) for user, ids in enumerate(lists)
    ]
    merge.add(pages)
    truth = np.bincount(np.concatenate(lists))
    assert {each.database_id: each.shared for each in merge.neighbours(EXACT)} == {
        each: int(truth[each]) for each in np.flatnonzero(truth)
    }
