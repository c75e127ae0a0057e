"""The search for the one page that spoils the others."""

from __future__ import annotations

from tests.laws.world import EPOCH

from stargazer.planner.connection import Ending, Seen
from stargazer.planner.draft import draft_call
from stargazer.planner.intake import Intake
from stargazer.planner.listing import Listing
from stargazer.planner.order import StarList, State
from stargazer.planner.page import Direction, Facts, StarListRequest, User
from stargazer.planner.sizing import Sizes
from stargazer.planner.suspects import LONG_LIST_NODES, Suspects, suspected


def star_list(number: int, *, total: int | None = None) -> StarList:
    """A user's list, of which a page has been read if its length is known."""
    one = StarList(f"U_{number}", f"user-{number}", number)
    if total is not None:
        one.connection.receive(Seen(Direction.ASC, {1: EPOCH}, 0, total, True, "1"))
    return one


def drained(suspects: Suspects) -> list[list[str]]:
    """The groups, in the order of their turns."""
    groups = []
    while suspects:
        group = suspects.first().star_lists
        groups.append([one.user_id for one in group])
        suspects.sent(group)
    return groups


def test_the_unknown_and_the_long_are_suspected_first() -> None:
    """Lists not yet known, very long ones, and those that failed before are the first suspects."""
    failed = star_list(4, total=300)
    failed.connection.strikes = 2

    assert suspected(star_list(1))
    assert suspected(star_list(2, total=LONG_LIST_NODES + 1))
    assert suspected(failed)
    assert not suspected(star_list(3, total=300))


def test_suspects_are_asked_apart() -> None:
    """Of a mixed call the suspects alone are asked apart."""
    suspects = Suspects()
    unknown, known = star_list(1), star_list(2, total=300)

    suspects.accuse([unknown, known])

    assert drained(suspects) == [["U_1"]]
    assert unknown.apart
    assert not known.apart


def test_where_all_are_suspect_the_group_is_split() -> None:
    """A call in which all or none are suspect is halved."""
    suspects = Suspects()

    suspects.accuse([star_list(number) for number in range(5)])
    suspects.accuse([star_list(number, total=300) for number in range(5, 9)])

    assert drained(suspects) == [["U_0", "U_1"], ["U_2", "U_3", "U_4"], ["U_5", "U_6"], ["U_7", "U_8"]]


def test_a_single_list_is_not_split_into_nothing() -> None:
    """Half of one is none, and no empty group is asked."""
    suspects = Suspects()

    suspects.split([star_list(1)])

    assert drained(suspects) == [["U_1"]]


def test_what_did_not_fit_keeps_its_turn() -> None:
    """Those of a group that found no place in the call are asked next."""
    suspects = Suspects()
    lists = [star_list(number) for number in range(3)]
    suspects.ask_apart(lists)
    suspects.ask_apart([star_list(9)])

    suspects.sent(lists[:2])

    assert drained(suspects) == [["U_2"], ["U_9"]]


def test_suspects_that_are_settled_meanwhile_are_passed_over() -> None:
    """A group of which nothing is left to ask does not hold up the others."""
    listing = Listing("owner", "r1", None)
    listing.facts = Facts("R_1", 1, "owner/r1", 2, False)
    listing.connection.ending = Ending.WHOLE
    intake = Intake(listing, Sizes(), order_seed=0, nodes_at_most=None)
    for number in range(2):
        intake.list_user(User(f"U_{number}", number, f"user-{number}"))
    settled = intake.order.by_id["U_0"]
    intake.suspects.ask_apart([settled])
    settled.connection.give_up()
    intake.settle(settled, State.FAILED)

    draft = draft_call(intake, probing=False, calls_left=1, star_lists=True)

    assert draft is not None
    assert [one.user_id for one in draft.selections if isinstance(one, StarListRequest)] == ["U_1"]
    assert not draft.apart
