"""Whatever the world is like and whatever goes wrong, a plan ends with the truth or says what is missing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, is_bounded, is_exact, read_truly
from tests.laws.world import World
from tests.laws.worlds import FAULTS, HEAVY, Fault, befalls, passing_faults, worlds

from stargazer.planner import page
from stargazer.planner.budget import Budget
from stargazer.planner.page import Direction, Failure, FailureKind
from stargazer.planner.plan import Plan
from stargazer.planner.sizing import Sizes

REPOSITORY = "owner/r1"
MODEST = settings(max_examples=40, deadline=None)


@MODEST
@given(worlds(clean=True))
def test_a_clean_world_is_read_exactly(world: World) -> None:
    """Without failures every count and every name equals the truth, and no list is read anew."""
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)
    assert not driver.read_anew


@MODEST
@given(worlds(clean=True), passing_faults())
def test_what_passes_costs_nothing_but_time(world: World, faults: list[Fault]) -> None:
    """Time-outs, refusals and broken connections that pass leave no trace in the answer."""
    world.weather = befalls(faults)
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)


@MODEST
@given(worlds(), FAULTS)
def test_every_answer_is_an_interval_that_holds_the_truth(world: World, faults: list[Fault]) -> None:
    """Whatever befalls, the plan ends, reads nothing that is not there, and owns up to what is missing."""
    world.weather = befalls(faults)
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    read_truly(driver)
    if finish.error is None:
        is_bounded(driver)
        assert finish.coverage.users_unread == 0
    else:
        assert not finish.coverage.complete


@MODEST
@given(worlds(clean=True), st.integers(2, 5), st.randoms(use_true_random=False), passing_faults())
def test_calls_side_by_side_change_no_answer(
    world: World, concurrency: int, rng: random.Random, faults: list[Fault]
) -> None:
    """With several calls in flight, answered in any order, the answer is the same."""
    world.weather = befalls(faults)
    plan = Plan.neighbours(REPOSITORY, budget=Budget(concurrency=concurrency))
    driver = Driver(plan, world, pick=rng.randrange)

    driver.run()

    is_exact(driver)


SINGLE = st.sampled_from([
    FailureKind.GONE, FailureKind.HIDDEN, FailureKind.UNKNOWN, FailureKind.TOO_HEAVY, FailureKind.TIMEOUT,
])  # fmt: skip


@MODEST
@given(worlds(clean=True), st.lists(SINGLE, max_size=30), st.integers(1, 20))
def test_a_failed_alias_costs_its_own_list_only(world: World, kinds: list[FailureKind], every: int) -> None:
    """Failures of single star lists leave all the others whole, and the interval true."""
    asked = 0

    def blight(_world: World, selection: page.Selection) -> Failure | None:
        nonlocal asked
        if not isinstance(selection, page.StarListRequest):
            return None
        asked += 1
        if asked % every or not kinds:
            return None
        if kinds[-1] is FailureKind.GONE:
            world.gone.add(selection.user_id)
        return Failure(kinds.pop(), "blight")

    gone, unlucky = len(world.gone), len(kinds)
    world.blight = blight
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    read_truly(driver)
    if finish.error is None:
        is_bounded(driver)
        missing = finish.coverage.users_failed + finish.coverage.users_gone - gone
        assert missing <= unlucky - len(kinds)


def bad_alias(kind: FailureKind, user_id: str) -> World:
    """A world in which one user's alias always fails."""
    world = World.of([40, 250, 90, 12] * 30)

    def blight(_world: World, selection: page.Selection) -> Failure | None:
        bad = isinstance(selection, page.StarListRequest) and selection.user_id == user_id
        return Failure(kind, "blight") if bad else None

    world.blight = blight
    return world


def bad_page(fault: tuple[Failure, float], user_id: str) -> World:
    """A world in which every call fails that asks for one user."""
    world = World.of([40, 250, 90, 12] * 30)
    world.weather = lambda _world, call: (
        fault
        if any(isinstance(one, page.StarListRequest) and one.user_id == user_id for one in call.selections)
        else None
    )
    return world


BAD = [
    *[pytest.param(bad_alias, kind, id=f"alias-{kind}") for kind in (
        FailureKind.HIDDEN, FailureKind.UNKNOWN, FailureKind.TOO_HEAVY, FailureKind.TIMEOUT,
    )],
    *[pytest.param(bad_page, fault, id=f"call-{fault[0].kind}-{fault[1]:g}s") for fault in HEAVY],
]  # fmt: skip


@pytest.mark.parametrize("user_id", ["U_0", "U_1", "U_57"])
@pytest.mark.parametrize(("make", "what"), BAD)
def test_one_bad_user_costs_nobody_else(
    make: Callable[[Any, str], World], what: object, user_id: str
) -> None:
    """A user whose pages always fail ends as the one failed user; all others are read."""
    world = make(what, user_id)
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    assert finish.error is None
    assert finish.coverage.failed == (f"user-{user_id[2:]}",)
    assert finish.coverage.users_failed == 1
    assert finish.coverage.users_read == len(world.users) - 1
    read_truly(driver)
    is_bounded(driver)


@pytest.mark.parametrize("kind", [FailureKind.HIDDEN, FailureKind.UNKNOWN])
@pytest.mark.parametrize("lengths", [[30], [30] * 40])
def test_an_unexplained_null_is_asked_again_alone(kind: FailureKind, lengths: list[int]) -> None:
    """A list that came back null once, for no reason given, is asked for again before anybody fails."""
    world = World.of(lengths)
    pending = [Failure(kind, "null")]
    world.blight = lambda _world, one: (
        pending.pop() if pending and isinstance(one, page.StarListRequest) and one.user_id == "U_0" else None
    )
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)


@pytest.mark.parametrize("kind", [FailureKind.UNKNOWN, FailureKind.HIDDEN, FailureKind.TIMEOUT])
def test_both_ends_of_a_list_may_fail_at_once(kind: FailureKind) -> None:
    """When both ends of a list come back null in one call, that is one failure, and asked for again."""
    world = World.of([900])
    world.blight = lambda world, one: (
        Failure(kind, "null") if len(world.calls) == 2 and isinstance(one, page.StarListRequest) else None
    )
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)


def test_what_comes_of_a_user_after_they_went_is_not_taken() -> None:
    """When one end of a list says that the user is gone, the page from the other end is dropped."""
    world = World.of([900, 5])
    world.blight = lambda _world, one: (
        Failure(FailureKind.GONE, "gone") if isinstance(one, page.StarListRequest) and one.after else None
    )
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    assert finish.coverage.users_gone == 1
    assert all(one.request.direction is Direction.ASC for one in driver.accepted if is_of("U_0", one))


def is_of(user_id: str, one: page.Page) -> bool:
    return isinstance(one, page.StarListPage) and one.request.user_id == user_id


@pytest.mark.parametrize("failure", HEAVY)
def test_a_user_who_is_gone_is_not_blamed(failure: tuple[Failure, float]) -> None:
    """A call that fails for the other end of a list whose user is gone meanwhile is not asked again."""
    world = World.of([900])
    world.weather = lambda _world, call: (
        failure
        if any(
            isinstance(one, page.StarListRequest) and one.direction is Direction.DESC
            for one in call.selections
        )
        else None
    )
    world.blight = lambda _world, one: (
        Failure(FailureKind.GONE, "gone") if isinstance(one, page.StarListRequest) and one.after else None
    )
    plan = Plan.neighbours(REPOSITORY, budget=Budget(concurrency=2), sizes=Sizes(cap=1, failed=2))
    driver = Driver(plan, world)

    finish = driver.run()

    assert finish.error is None
    assert finish.coverage.users_gone == 1
    asked = [one for call, _, _ in world.calls for one in call.selections]
    assert sum(isinstance(one, page.StarListRequest) for one in asked) == 3


def test_a_user_who_goes_while_being_read_is_counted_as_gone() -> None:
    """Who is gone starred nothing, even if half of their list has been read."""
    world = World.of([2500, 30, 30])

    def leave(world: World) -> None:
        if len(world.calls) == 2:
            world.gone.add("U_0")

    driver = Driver(Plan.neighbours(REPOSITORY), world, after=leave)

    finish = driver.run()

    assert finish.coverage.users_gone == 1
    is_exact(driver)
