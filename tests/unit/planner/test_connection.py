"""One connection, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.laws.world import EPOCH

from stargazer.planner.connection import SHRUNK_FIRSTS, Ask, Connection, Ending, Seen
from stargazer.planner.page import Direction
from stargazer.planner.refresh import Refresh

ASC, DESC = Direction.ASC, Direction.DESC


def seen(direction: Direction, ids: range, total: int, *, more: bool = True, hidden: int = 0) -> Seen:
    """A page of edges that were starred in the order of their ids."""
    ordered = ids if direction is ASC else reversed(ids)
    edges: dict[int | str, datetime] = {one: EPOCH + timedelta(seconds=one) for one in ordered}
    cursor = str(max(ids, default=0) if direction is ASC else min(ids, default=0))
    return Seen(direction, edges, hidden, total, more, cursor)


def read(connection: Connection, page: Seen) -> None:
    connection.sent(Ask(page.direction, 100, None))
    connection.receive(page)


def test_a_list_begins_at_its_old_end() -> None:
    """Of a list of which nothing is known one page is asked for."""
    connection = Connection()

    assert connection.wanted() == [Ask(ASC, 100, None)]
    assert not connection.begun
    assert (connection.nodes_left, connection.pages_left, connection.steps_left) == (0, 0, 0)


def test_a_page_in_flight_is_not_asked_for_again() -> None:
    """Until its reply a page is left alone; when it fails it may be asked for again."""
    connection = Connection()
    (ask,) = connection.wanted()

    connection.sent(ask)
    assert connection.busy
    assert connection.wanted() == []

    connection.failed(ask.direction)
    assert connection.wanted() == [ask]


def test_a_short_list_is_whole_at_once() -> None:
    """A single page without a next one is the whole list."""
    connection = Connection()

    read(connection, seen(ASC, range(40), 40, more=False))

    assert connection.ending is Ending.WHOLE
    assert connection.wanted() == []
    assert (connection.steps_left, connection.pages_left) == (0, 0)


def test_what_little_is_left_is_asked_from_one_side() -> None:
    """A second page that one call can hold is asked for alone, with room for what came meanwhile."""
    connection = Connection()

    read(connection, seen(ASC, range(100), 130))

    assert connection.wanted() == [Ask(ASC, 32, "99")]
    assert (connection.nodes_left, connection.pages_left, connection.steps_left) == (30, 1, 1)


def test_two_pages_or_more_are_asked_from_both_sides() -> None:
    """A long list goes on at both ends at once, in equal parts at last."""
    connection = Connection()

    read(connection, seen(ASC, range(100), 400))
    assert connection.wanted() == [Ask(ASC, 100, "99"), Ask(DESC, 100, None)]
    assert connection.steps_left == 2

    read(connection, seen(ASC, range(100, 200), 400))
    read(connection, seen(DESC, range(300, 400), 400))
    assert connection.wanted() == [Ask(ASC, 51, "199"), Ask(DESC, 51, "300")]


def test_meeting_sides_prove_the_list() -> None:
    """The list is whole when both sides have shown the same edge and the counts agree."""
    connection = Connection(both_at_once=True)

    read(connection, seen(ASC, range(100), 150))
    assert connection.ending is None
    read(connection, seen(DESC, range(50, 150), 150))

    assert connection.ending is Ending.WHOLE


def test_a_star_given_anew_is_no_meeting() -> None:
    """An id on both sides that was starred at different moments proves nothing."""
    connection = Connection(both_at_once=True)
    read(connection, seen(ASC, range(100), 250))
    again = Seen(DESC, {0: EPOCH + timedelta(days=1)}, 0, 250, True, "x")

    read(connection, again)

    assert connection.ending is None
    assert connection.nodes_left > 0


def test_a_list_that_was_cut_is_truncated() -> None:
    """GitHub's word that a list is over its limit makes it truncated, however it ends."""
    connection = Connection()

    read(connection, Seen(ASC, {1: EPOCH}, 0, 1, False, "1", is_over_limit=True))

    assert connection.ending is Ending.TRUNCATED


def test_counts_that_do_not_agree_begin_it_anew() -> None:
    """When fewer were seen than counted the list is read anew, at most twice, and then truncated."""
    connection = Connection()
    endings = []
    for _ in range(3):
        assert connection.wanted()[0] == Ask(ASC, 100, None)
        read(connection, seen(ASC, range(100), 150))
        read(connection, seen(ASC, range(100, 140), 150, more=False))
        endings.append(connection.ending)

    assert endings == [None, None, Ending.TRUNCATED]


def test_hidden_edges_are_part_of_the_count() -> None:
    """Edges that showed nobody are counted."""
    connection = Connection()

    read(connection, seen(ASC, range(37), 40, more=False, hidden=3))

    assert connection.ending is Ending.WHOLE
    assert connection.hidden == 3


def test_a_failing_page_is_tried_ever_smaller_and_then_given_up() -> None:
    """A page that fails alone is asked for with less and less, and once more at the least."""
    connection = Connection()
    firsts = []
    while connection.ending is None:
        firsts.append(connection.wanted()[0].first)
        connection.strikes += 1
        connection.shrink()

    assert firsts == [100, *SHRUNK_FIRSTS]
    assert connection.ending is Ending.FAILED


def test_a_single_failure_at_the_smallest_is_forgiven() -> None:
    """A list that is asked for at its smallest already is not given up for one failure."""
    connection = Connection()
    connection.first = SHRUNK_FIRSTS[-1]
    connection.strikes = 1

    assert connection.shrink()

    connection.strikes += 1
    assert not connection.shrink()


@pytest.mark.parametrize(("bound", "firsts"), [(30, [30]), (100, [100]), (130, [100, 30])])
def test_a_bound_is_read_from_one_side(bound: int, firsts: list[int]) -> None:
    """A list with a bound is read from its old end up to it, and is truncated then."""
    connection = Connection(nodes_at_most=bound)
    asked, start = [], 0
    while connection.ending is None:
        (ask,) = connection.wanted()
        asked.append(ask.first)
        read(connection, seen(ASC, range(start, start + ask.first), 1000))
        start += ask.first

    assert asked == firsts
    assert connection.ending is Ending.TRUNCATED


def test_an_old_list_is_asked_at_its_new_end() -> None:
    """A refresh asks for little at the new end, one page at a time, until something known is met."""
    old = [(one, int((EPOCH + timedelta(seconds=one)).timestamp())) for one in reversed(range(500))]
    connection = Connection()
    connection.refresh = Refresh(old)
    (ask,) = connection.wanted()
    assert (ask.direction, ask.after) == (DESC, None)
    assert ask.first < 20

    connection.sent(ask)
    assert connection.wanted() == []
    assert connection.steps_left == 0
    connection.receive(seen(DESC, range(498, 502), 502))

    assert connection.ending is Ending.WHOLE
    assert connection.kept == 498
