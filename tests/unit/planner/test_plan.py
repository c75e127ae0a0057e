"""What a plan refuses, and what it lets pass."""

from __future__ import annotations

import pytest
from tests.laws.world import EPOCH, World

from stargazer.errors import InvalidRequest
from stargazer.planner.name import parse_name
from stargazer.planner.page import Call, Failure, FailureKind, Reply, User
from stargazer.planner.plan import Plan
from stargazer.planner.step import Finish, Reason, Send, Wait

REPOSITORY = "owner/r1"


@pytest.mark.parametrize(
    "name", ["pallets/flask", "a/b", "A-1/.github", "octo_corp/x_y.z-1", "a" * 39 + "/" + "b" * 100]
)
def test_a_name_is_parted(name: str) -> None:
    """An owner and a name, by GitHub's rules."""
    assert "/".join(parse_name(name)) == name


@pytest.mark.parametrize(
    "name",
    ["", "/", "flask", "pallets/", "/flask", "a/b/c", "-a/b", "a/.", "a/..", "a b/c", "a/b c", "a/b\n", "a/ü",
     "https://github.com/a/b", "a" * 40 + "/b", "a/" + "b" * 101],
)  # fmt: skip
def test_what_is_no_name_is_refused(name: str) -> None:
    """Anything else is an invalid request, told with an example, on one line."""
    with pytest.raises(InvalidRequest, match="OWNER/NAME") as caught:
        Plan.neighbours(name)

    assert "\n" not in caught.value.message
    with pytest.raises(InvalidRequest):
        Plan.stargazers(name)


@pytest.mark.parametrize("bound", [0, -1])
def test_a_bound_of_no_stars_is_refused(bound: int) -> None:
    """At least one star of a user has to be read."""
    with pytest.raises(InvalidRequest, match="max_stars_per_user"):
        Plan.neighbours(REPOSITORY, max_stars_per_user=bound)


def begun() -> tuple[Plan, Call]:
    plan = Plan.neighbours(REPOSITORY)
    step = plan.next_step(EPOCH)
    assert isinstance(step, Send)
    return plan, step.calls[0]


def test_while_a_call_is_in_flight_the_plan_waits() -> None:
    """Nothing is asked twice: until the reply the step is a wait, for a moment that lies ahead."""
    plan, _ = begun()

    step = plan.next_step(EPOCH)

    assert isinstance(step, Wait)
    assert step.reason is Reason.IN_FLIGHT
    assert step.until > EPOCH


def test_an_outcome_of_another_kind_is_a_mistake() -> None:
    """An outcome that is none of its selection's is a mistake of whoever decoded it, and is raised."""
    plan, call = begun()
    user = User("U_1", 1, "ada")

    with pytest.raises(TypeError, match="User is no outcome of FactsRequest"):
        plan.receive(Reply(call, (user,) * len(call.selections), None, None, 0.3), EPOCH)


def test_as_many_outcomes_as_selections_are_wanted() -> None:
    """A reply with too few outcomes is a mistake, and is raised."""
    plan, call = begun()

    with pytest.raises(ValueError, match="zip"):
        plan.receive(Reply(call, (), None, None, 0.3), EPOCH)


def test_what_is_stopped_stays_stopped() -> None:
    """A plan that was stopped before it began has asked for nothing."""
    plan = Plan.neighbours(REPOSITORY)

    plan.stop()

    step = plan.next_step(EPOCH)
    assert isinstance(step, Finish)
    assert step.coverage.stargazers_listed == 0
    assert plan.spent.calls == 0


def test_a_reply_after_the_end_is_taken_in() -> None:
    """What arrives after `stop` is read all the same, and nothing more is asked for."""
    plan, call = begun()
    plan.stop()

    accepted = plan.receive(World.of([3, 3]).answer(call), EPOCH)

    assert len(accepted) == 2
    assert isinstance(plan.next_step(EPOCH), Finish)


def test_retries_and_timeouts_are_counted() -> None:
    """What had to be asked again and what GitHub's clock ended is part of what was spent."""
    plan, call = begun()

    plan.receive(Reply(call, (), Failure(FailureKind.TIMEOUT, "502"), None, 10.0), EPOCH)

    assert plan.spent.timeouts == plan.spent.calls == 1
    assert plan.spent.retries == len(call.selections)
    assert plan.spent.github_seconds == 10
