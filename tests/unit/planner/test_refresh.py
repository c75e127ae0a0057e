"""An old list and what of it still stands, page by page."""

from __future__ import annotations

from datetime import UTC, datetime

from stargazer.planner.refresh import HEAD_NODES, MARGIN_NODES, Refresh

OLD = [(one, 1_000 * one) for one in range(20, 0, -1)]
"""Twenty edges, newest first, each at a second of its own."""


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def page(*edges: tuple[int, int]) -> dict[int | str, datetime]:
    return {one: at(second) for one, second in edges}


def test_a_list_that_stands_is_known_by_its_head() -> None:
    """Where nothing changed, the first few edges and the count prove the rest."""
    refresh = Refresh(OLD)
    assert refresh.nodes_wanted(None) == HEAD_NODES

    refresh.see(page(*OLD[:4]), 20)

    assert refresh.kept == 16
    assert refresh.adds_up(0)


def test_nothing_is_kept_before_something_is_known() -> None:
    """While all that was read is new, it tells nothing of what lies below, whatever the counts."""
    refresh = Refresh(OLD)

    refresh.see(page((31, 31_000), (30, 30_000)), 22)

    assert refresh.kept == 0
    assert not refresh.adds_up(0)
    assert refresh.nodes_wanted(26) == 4 + MARGIN_NODES


def test_the_moment_is_part_of_the_edge() -> None:
    """What was starred anew is not what was known: its old place is none."""
    refresh = Refresh(OLD)

    refresh.see(page((20, 90_000)), 20)

    assert refresh.kept == 0


def test_a_gap_is_looked_for_in_growing_pages() -> None:
    """Where the counts show that something was taken back, each page asks for more, until it is passed."""
    refresh = Refresh(OLD)
    refresh.see(page(*OLD[:4]), 19)
    assert not refresh.adds_up(0)
    assert refresh.nodes_wanted(19) == 2 * HEAD_NODES

    refresh.see(page(*OLD[4:6], *OLD[7:13]), 19)

    assert refresh.kept == 7
    assert refresh.adds_up(0)
    assert refresh.nodes_wanted(19) == 4 * HEAD_NODES


def test_edges_of_one_second_are_read_all_or_kept_all() -> None:
    """The store does not know the order within a second: what is left of it must be read first."""
    tied: list[tuple[int | str, int]] = [(5, 2_000), (6, 2_000), (7, 2_000), (1, 1_000), (2, 500)]
    refresh = Refresh(tied)

    refresh.see(page((7, 2_000)), 3)
    assert refresh.kept == 2
    assert not refresh.adds_up(0), "5 and 6 are neither read nor kept, 1 and 2 may be gone"

    refresh.see(page((6, 2_000), (5, 2_000)), 5)
    assert refresh.kept == 2


def test_what_comes_meanwhile_hides_no_gap() -> None:
    """The count of the first page bounds the sum: of what came later nothing was read."""
    refresh = Refresh(OLD)
    refresh.see(page(*OLD[:4]), 19)

    refresh.see(page(*OLD[4:8]), 20)

    assert not refresh.adds_up(0)


def test_what_goes_meanwhile_is_allowed_for() -> None:
    """The least count bounds the sum from below: what was read may be gone by now."""
    refresh = Refresh(OLD)
    refresh.see(page((30, 30_000), *OLD[:3]), 22)
    refresh.see(page(*OLD[3:8]), 21)

    assert refresh.adds_up(0)


def test_hidden_edges_count() -> None:
    """Edges that were counted and not shown are taken to lie below; those on the pages are told."""
    refresh = Refresh(OLD, unseen=2)

    refresh.see(page(*OLD[:4]), 23)

    assert not refresh.adds_up(0)
    assert refresh.adds_up(1)


def test_only_what_is_kept_is_held() -> None:
    """An edge of the old list is held if it lies below what was read."""
    refresh = Refresh(OLD)
    assert not refresh.holds(1)

    refresh.see(page(*OLD[:4]), 20)

    assert refresh.holds(1)
    assert not refresh.holds(20)
    assert not refresh.holds(99)


def test_an_empty_page_changes_nothing() -> None:
    """A page that shows nothing tells only the count."""
    refresh = Refresh([])

    refresh.see({}, 0)

    assert refresh.kept == 0
    assert not refresh.adds_up(0)
