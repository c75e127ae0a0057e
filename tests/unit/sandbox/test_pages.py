"""Pages, cursors and node ids."""

from __future__ import annotations

import numpy as np
import pytest

from stargazer.sandbox import identity, pages
from stargazer.sandbox.pages import Ask, Page

PLACES = np.array([10, 20, 30, 40, 50], np.int64)
NUMBERS = np.array([1, 2, 3, 4, 5], np.int32)


def cut(asked: dict[str, int], *, descending: bool) -> Page:
    """Cut a page from five stars."""
    first, last, after, before = (asked.get(name) for name in ("first", "last", "after", "before"))
    return pages.cut(PLACES, NUMBERS, Ask(first, last, after, before, descending))


@pytest.mark.parametrize(
    ("asked", "numbers", "has_previous", "has_next"),
    [
        ({"first": 2}, [1, 2], False, True),
        ({"first": 2, "after": 20}, [3, 4], True, True),
        ({"first": 9, "after": 40}, [5], True, False),
        ({"first": 2, "after": 25}, [3, 4], True, True),
        ({"first": 2, "after": 50}, [], True, False),
        ({"last": 2}, [4, 5], True, False),
        ({"last": 2, "before": 30}, [1, 2], False, True),
        ({"first": 9, "before": 30}, [1, 2], False, True),
        ({"first": 2, "after": 40, "before": 20}, [], True, False),
    ],
)
def test_ascending(asked: dict[str, int], numbers: list[int], has_previous: bool, has_next: bool) -> None:
    """Oldest first; a cursor is a place, taken or not."""
    page = cut(asked, descending=False)

    assert page.numbers == numbers
    if numbers:
        assert (page.has_previous, page.has_next) == (has_previous, has_next)


@pytest.mark.parametrize(
    ("asked", "numbers", "has_previous", "has_next"),
    [
        ({"first": 2}, [5, 4], False, True),
        ({"first": 2, "after": 40}, [3, 2], True, True),
        ({"first": 9, "after": 20}, [1], True, False),
        ({"last": 2}, [2, 1], True, False),
        ({"last": 2, "before": 30}, [5, 4], False, True),
    ],
)
def test_descending(asked: dict[str, int], numbers: list[int], has_previous: bool, has_next: bool) -> None:
    """Newest first: the mirror image."""
    page = cut(asked, descending=True)

    assert page.numbers == numbers
    assert (page.has_previous, page.has_next) == (has_previous, has_next)


def test_a_cursor_is_read_as_it_was_written() -> None:
    """Moment and row survive."""
    place = identity.place(1_790_000_000, 123_456)

    assert identity.read_cursor(identity.write_cursor(place)) == place


@pytest.mark.parametrize("rubbish", ["", "rubbish", "Y3Vyc29yOnYyOg==", "Y3Vyc29yOnYxOpHA", "ä"])
def test_rubbish_is_no_cursor(rubbish: str) -> None:
    """Anything else is told apart."""
    assert identity.read_cursor(rubbish) is None


def test_node_ids_have_github_s_form() -> None:
    """The id of a well-known public account is written as GitHub writes it."""
    assert identity.write_node_id("U_", 583_231) == "U_kgDOAAjmPw"
    assert identity.read_node_id("U_kgDOAAjmPw") == ("U_", 583_231)


@pytest.mark.parametrize("rubbish", ["", "U_", "U_x", "U_AAAAAAAAAA", "U_kgDOAAjmPw0", "nonsense"])
def test_rubbish_is_no_node_id(rubbish: str) -> None:
    """Anything else is told apart."""
    assert identity.read_node_id(rubbish) is None
