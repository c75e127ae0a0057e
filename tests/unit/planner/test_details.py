"""Details are asked a hundred a call, within the budget; what a reply leaves open stays unknown."""

from __future__ import annotations

from stargazer.planner.budget import Budget, Spent
from stargazer.planner.details import details_calls, is_affordable, read_details
from stargazer.planner.page import (
    Call,
    Details,
    DetailsRequest,
    FactsRequest,
    Failure,
    FailureKind,
    Outcome,
    Reply,
)

ABOUT = Details("A framework", "Python", is_archived=False, is_fork=False)


def wanted(count: int) -> list[DetailsRequest]:
    return [DetailsRequest("o", f"r{number}", number) for number in range(count)]


def test_everything_wanted_is_asked_once_in_its_order() -> None:
    """A call holds a hundred at most, costs a point, and counts as no request."""
    calls = list(details_calls(wanted(201)))
    assert [len(call.selections) for call in calls] == [100, 100, 1]
    assert [one for call in calls for one in call.selections] == wanted(201)
    assert {(call.points, call.requests, call.nodes) for call in calls} == {(1, 0, 0)}
    assert list(details_calls([])) == []


def test_a_call_needs_what_is_left_of_the_budget() -> None:
    """Its point and its time; without a bound everything is affordable."""
    [call] = details_calls(wanted(1))
    spent = Spent(points=9, github_seconds=59.0)
    assert is_affordable(call, Budget(), spent)
    assert is_affordable(call, Budget(points=10, seconds=60.0), spent)
    assert not is_affordable(call, Budget(points=9), spent)
    assert not is_affordable(call, Budget(seconds=59.5), spent)


def test_only_what_github_said_is_known() -> None:
    """What is gone is known to be gone; a refusal and a time-out leave it open, and so does a lost call."""
    [call] = details_calls(wanted(4))
    failures = [FailureKind.GONE, FailureKind.HIDDEN, FailureKind.TIMEOUT]
    outcomes: tuple[Outcome, ...] = (ABOUT, *(Failure(kind, "m") for kind in failures))
    assert read_details(Reply(call, outcomes, None, None, 0.4)) == {0: ABOUT, 1: None}
    other = Call(1, (FactsRequest("o", "r"),), 1, 0, 0, 0.2)
    assert read_details(Reply(other, (ABOUT,), None, None, 0.4)) == {}
    lost = Reply(call, (), Failure(FailureKind.TRANSIENT, "m"), None, 0.4)
    assert read_details(lost) == {}
