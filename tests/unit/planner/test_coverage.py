"""What an answer may be called."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stargazer.planner.coverage import Coverage, Kind
from stargazer.planner.listing import Listing
from stargazer.planner.order import Order, StarList, State
from stargazer.planner.tally import Tally

PROVED = Coverage(stargazers_total=100, stargazers_listed=100, users_read=97, users_gone=3, list_whole=True)


def test_what_is_proved_is_exact() -> None:
    """A whole list, and every user on it read or gone, is an exact answer, and complete."""
    assert PROVED.kind is Kind.EXACT
    assert PROVED.complete
    assert PROVED.users_not_whole == 0


@pytest.mark.parametrize(
    "lack",
    [
        {"source": "file"},
        {"list_whole": False},
        {"users_failed": 1},
        {"users_truncated": 1},
        {"users_unread": 1},
        {"stargazers_total": 103},
        {"stargazers_total": 97},
        {"users_without_seed": 2},
    ],
)
def test_whatever_is_missing_makes_it_partial(lack: dict[str, object]) -> None:
    """Exact means exact: any proof that is missing makes the answer partial."""
    coverage = replace(PROVED, **lack)

    assert coverage.kind is Kind.PARTIAL
    assert not coverage.complete


@pytest.mark.parametrize(
    "near", [{"stargazers_total": 102}, {"stargazers_total": 99}, {"users_without_seed": 1}]
)
def test_what_moves_meanwhile_is_allowed_for(near: dict[str, object]) -> None:
    """GitHub's count may differ by two in a hundred, and so many may lack the seed."""
    assert replace(PROVED, **near).kind is Kind.EXACT


def test_the_published_members_hold_no_secret() -> None:
    """What serves only those who build the answer is not published."""
    public = PROVED.public()

    assert public["users_read"] == 97
    assert not {"list_whole", "without_seed", "uncounted"} & set(public)
    assert set(public) <= set(Coverage.__struct_fields__)


def test_at_most_a_hundred_failures_are_named() -> None:
    """However many failed, the answer names a hundred, and counts all."""
    tally, order, listing = Tally(), Order(), Listing("owner", "name", None)
    for number in range(130):
        star_list = StarList(f"U_{number}", f"user-{number}", number)
        order.add(star_list)
        order.move(star_list, State.FAILED)
        tally.settle(star_list, State.FAILED)

    coverage = tally.coverage(listing, order)

    assert coverage.users_failed == 130
    assert coverage.failed == tuple(f"user-{number}" for number in range(100))


def test_lists_that_a_store_lacks_are_unread() -> None:
    """They are taken from those read, then from those truncated; the sum of all users stays."""
    coverage = Coverage(stargazers_listed=10, users_read=3, users_truncated=4, users_unread=3)

    lacking = coverage.stored([f"U_{number}" for number in range(5)])

    assert (lacking.users_read, lacking.users_truncated, lacking.users_unread) == (0, 2, 8)
    assert coverage.stored([]) == coverage
