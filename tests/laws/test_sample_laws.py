"""A plan for a sample: the list first, then a random part of it, and on to more without reading twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, is_exact, truth
from tests.laws.world import SEED, World, pages_of
from tests.laws.worlds import worlds

from stargazer.errors import BudgetTooSmall, InvalidRequest
from stargazer.planner import page
from stargazer.planner.budget import Budget
from stargazer.planner.page import Failure, FailureKind
from stargazer.planner.plan import Plan

REPOSITORY = "owner/r1"
MODEST = settings(max_examples=30, deadline=None)


def has_star_list(call: page.Call) -> bool:
    return any(isinstance(one, page.StarListRequest) for one in call.selections)


@MODEST
@given(worlds(users=60, clean=True), st.integers(1, 40), st.integers(0, 9))
def test_a_sample_is_the_first_so_many_of_the_order(world: World, size: int, seed: int) -> None:
    """Only the first so many in hash order are asked about, and only once the list is whole."""
    plan = Plan.neighbours(REPOSITORY, sample=size, order_seed=seed)
    driver = Driver(plan, world)

    finish = driver.run()

    calls = [call for call, _, _ in world.calls]
    first = next((place for place, call in enumerate(calls) if has_star_list(call)), len(calls))
    listing = {isinstance(one, page.StargazersRequest) for call in calls[first:] for one in pages_of(call)}
    asked = {one.user_id for call in calls for one in pages_of(call) if isinstance(one, page.StarListRequest)}
    assert finish.error is None
    assert True not in listing
    assert len(asked) == min(size, len(world.users))
    coverage = finish.coverage
    if size < len(world.users):
        assert (coverage.kind, coverage.complete, coverage.sample) == ("estimate", True, size)
        assert coverage.stargazers_listed == len(world.users)
    else:
        is_exact(driver)


@MODEST
@given(worlds(users=60, clean=True), st.integers(1, 30))
def test_an_estimate_goes_on_to_exact_without_reading_twice(world: World, size: int) -> None:
    """A larger sample, and then everybody, can be had from the same plan; the driver sees no page twice."""
    plan = Plan.neighbours(REPOSITORY, sample=size)
    driver = Driver(plan, world)
    driver.run()

    plan.extend(2 * size)
    driver.run()
    assert plan.coverage.sample == min(2 * size, len(world.users))
    plan.extend()
    driver.run()

    is_exact(driver)
    assert not driver.read_anew


@MODEST
@given(worlds(users=60, clean=True), st.integers(5, 40), st.integers(0, 30))
def test_an_interrupted_sample_says_what_is_missing(world: World, size: int, steps: int) -> None:
    """Whenever it is ended, its intervals do not contradict what is certain."""
    plan = Plan.neighbours(REPOSITORY, sample=size)
    driver = Driver(plan, world)
    for _ in range(steps):
        if driver.step() is not None:
            break
    plan.stop()

    finish = driver.run()

    sampled = finish.coverage.sampled
    if sampled is not None:
        assert 0 <= sampled.missing < sampled.drawn <= sampled.listed == len(world.users)
        assert finish.coverage.sample == sampled.drawn
        for one in driver.neighbours():
            assert one.shared_low is not None
            assert one.shared_high is not None
            assert len(one.stargazers) <= one.shared_low <= one.shared <= one.shared_high
    expected = truth(world)
    assert all(set(one.stargazers) <= set(expected.get(one.repo, ())) for one in driver.neighbours())


def test_a_failed_list_widens_the_estimate_and_makes_it_incomplete() -> None:
    """Who cannot be read counts as missing in the sample; the sample is then not what was asked for."""
    world = World.of([30] * 80)
    world.blight = lambda _world, one: (
        Failure(FailureKind.UNKNOWN, "blight")
        if isinstance(one, page.StarListRequest) and one.user_id < "U_3"
        else None
    )
    driver = Driver(Plan.neighbours(REPOSITORY, sample=40), world)

    coverage = driver.run().coverage

    assert coverage.kind == "estimate"
    assert not coverage.complete
    assert coverage.sampled is not None
    assert coverage.sampled.missing == coverage.users_failed > 0


def test_the_others_stand_in_for_a_list_that_failed() -> None:
    """To take a list for empty because it cannot be read would be wrong: the estimate is that of the rest."""
    world = World([[SEED, 2] for _ in range(80)])
    world.blight = lambda _world, one: (
        Failure(FailureKind.UNKNOWN, "blight")
        if isinstance(one, page.StarListRequest) and one.user_id < "U_3"
        else None
    )
    driver = Driver(Plan.neighbours(REPOSITORY, sample=40), world)

    sampled = driver.run().coverage.sampled

    assert sampled is not None
    assert sampled.stood_in_for == sampled.missing > 0
    [shared_by_all] = driver.neighbours()
    assert shared_by_all.shared == shared_by_all.shared_high == 80
    assert shared_by_all.shared_low is not None
    assert shared_by_all.shared_low < 80


@pytest.mark.parametrize("seconds", [10, 20, 30])
def test_max_reads_as_many_as_the_budget_pays_for(seconds: float) -> None:
    """It ends within the budget, without an error, with most of what that pays for settled."""
    world = World.of([40, 250, 90, 12] * 100)
    plan = Plan.neighbours(REPOSITORY, sample="max", budget=Budget(seconds=seconds))

    finish = Driver(plan, world).run()

    assert finish.error is None
    assert plan.spent.github_seconds <= 1.3 * seconds
    coverage = finish.coverage
    assert coverage.complete
    assert coverage.sample >= 0.6 * coverage.users_read


def test_a_sample_costs_less_than_everybody() -> None:
    """Nothing is known before the first reply; then the price grows with the sample."""
    world = World.of([30] * 900)
    plan = Plan.neighbours(REPOSITORY)
    driver = Driver(plan, world)
    assert plan.estimate_sample(100, world.now) is None
    driver.step()

    few, many, all_of_them = (
        plan.estimate_sample(100, world.now),
        plan.estimate_sample(400, world.now),
        (plan.estimate(world.now)),
    )
    assert few is not None
    assert many is not None
    assert all_of_them is not None
    assert few.github_seconds < many.github_seconds < all_of_them.github_seconds
    assert few.pages < many.pages < all_of_them.pages


def test_max_for_less_than_the_list_is_an_error() -> None:
    """A budget that does not pay for the list of stargazers leaves no sample."""
    plan = Plan.neighbours(REPOSITORY, sample="max", budget=Budget(points=2))

    finish = Driver(plan, World.of([5] * 900)).run()

    assert isinstance(finish.error, BudgetTooSmall)
    assert finish.coverage.kind == "partial"


@pytest.mark.parametrize("sample", [0, -3, "max"])
def test_a_sample_that_is_none_is_refused(sample: int) -> None:
    """It is at least one user, and `max` needs a budget."""
    with pytest.raises(InvalidRequest):
        Plan.neighbours(REPOSITORY, sample=sample)


def test_a_watched_plan_reads_not_much_more_than_the_next_look() -> None:
    """While somebody looks on, the plan goes on until it is told to suffice, not far ahead of them."""
    world = World.of([20] * 600)
    plan = Plan.neighbours(REPOSITORY, is_watched=True)
    driver = Driver(plan, world)

    while driver.step() is None:
        # When it is enough nobody can say before.
        assert plan.progress().eta_seconds is None
        if plan.coverage.sample >= 100:
            plan.suffice()

    coverage = plan.coverage
    assert coverage.kind == "estimate"
    assert coverage.complete
    assert 100 <= coverage.sample <= 200
