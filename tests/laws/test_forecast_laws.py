"""The price before: unknown at first, refined as lists arrive, and what was spent in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, is_exact
from tests.laws.world import EPOCH, World
from tests.laws.worlds import worlds

from stargazer.planner.budget import Budget, Spent, Windows
from stargazer.planner.forecast import Estimate, Left, calls_for, forecast
from stargazer.planner.page import Reading
from stargazer.planner.plan import Plan
from stargazer.planner.sizing import Sizes

REPOSITORY = "owner/r1"


@settings(max_examples=30, deadline=None)
@given(worlds(clean=True))
def test_the_estimate_begins_unknown_and_ends_as_what_was_spent(world: World) -> None:
    """Before the first reply nothing is known; at the end nothing is left."""
    plan = Plan.neighbours(REPOSITORY)
    assert plan.estimate() is None
    assert plan.left() is None
    assert plan.progress().eta_seconds is None
    driver = Driver(plan, world)
    driver.step()

    first = plan.estimate(world.now)
    driver.run()

    assert first is not None
    assert first.pages >= len(world.users)
    last, spent = plan.estimate(world.now), plan.spent
    assert last is not None
    assert (last.calls, last.points, last.pages, last.nodes) == (
        spent.calls, spent.points, spent.pages, spent.nodes
    )  # fmt: skip
    assert last.github_seconds == spent.github_seconds
    assert last.seconds == pytest.approx((world.now - EPOCH).total_seconds())
    progress = plan.progress()
    assert progress.users_read == progress.stargazers_listed == len(world.users) == progress.stargazers_total
    assert progress.eta_seconds == 0
    assert (progress.calls, progress.points) == (spent.calls, spent.points)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("users", [250, 1000])
def test_halfway_the_price_is_known(users: int, seed: int) -> None:
    """When half of the users have been read, the price is near; a long list that comes late adds calls."""
    world = World.sized(users, seed)
    plan = Plan.neighbours(REPOSITORY)
    driver = Driver(plan, world)
    halfway = None
    while driver.step() is None:
        if halfway is None and 2 * plan.progress().users_read >= users:
            halfway = plan.estimate(world.now)

    final = plan.estimate(world.now)
    assert halfway is not None
    assert final is not None
    for name in ("pages", "nodes", "github_seconds", "seconds"):
        assert 0.5 < getattr(halfway, name) / getattr(final, name) < 2, name
    assert 0.33 < halfway.calls / final.calls < 3
    assert halfway.points == halfway.calls


def test_an_eta_knows_the_minute() -> None:
    """Much work takes longer than GitHub's seconds, since we use a part of each minute only."""
    left = Left(pages=5000, nodes=250_000, longest=1)

    hurried = forecast(left, Sizes(), Windows(), Budget(share=1.0), EPOCH)
    modest = forecast(left, Sizes(), Windows(), Budget(share=0.5), EPOCH)
    shared = forecast(left, Sizes(), Windows(), Budget(share=0.5, concurrency=2), EPOCH)

    assert modest.github_seconds == hurried.github_seconds
    assert modest.seconds > 1.9 * hurried.seconds
    assert shared.seconds < modest.seconds


@pytest.mark.parametrize(
    ("limit", "remaining", "hours"),
    [(10, 0, 9), (10, 5, 9), (10, 9, 9), (10, 10, 8), (100, 0, 0), (99, 0, 1), (1, 0, 99)],
)
def test_an_eta_knows_the_hour(limit: int, remaining: int, hours: int) -> None:
    """When the points do not last, the wait for further hours is part of the time."""
    windows = Windows(reading=Reading(limit, remaining, limit - remaining, EPOCH + timedelta(minutes=30)))

    estimate = forecast(Left(pages=100, nodes=100, longest=100), Sizes(), windows, Budget(), EPOCH)

    assert estimate.points == 100
    assert estimate.seconds == pytest.approx(1800 + 3600 * hours, abs=60)


def test_points_enough_are_not_waited_for() -> None:
    """When the points of this hour do, no reset is waited for."""
    windows = Windows(reading=Reading(5000, 100, 4900, EPOCH + timedelta(minutes=30)))

    estimate = forecast(Left(pages=100, nodes=100, longest=100), Sizes(), windows, Budget(), EPOCH)

    assert estimate.seconds < 600


@given(st.floats(0, 2000), st.floats(0, 100_000), st.integers(0, 300))
def test_more_work_is_never_fewer_calls(pages: float, nodes: float, longest: int) -> None:
    """The calls that are left grow with the work, and are at least as many as the longest chain needs."""
    left = Left(pages, nodes, longest)
    more = Left(pages + 1, nodes + 100, longest)

    calls = calls_for(left, Sizes())

    assert calls_for(Left(0, 0, 0), Sizes()) == 0
    assert calls_for(more, Sizes()) >= calls
    if pages > 0:
        assert calls >= max(1, longest)


def test_a_forecast_of_nothing_is_nothing() -> None:
    """When nothing is left, nothing is to be paid and no time passes."""
    nothing = forecast(Left(0, 0, 0), Sizes(), Windows(), Budget(), EPOCH)

    assert nothing == Estimate(0, 0, 0, 0, 0.0, 0.0)


def test_two_runs_cost_their_sum() -> None:
    """What runs cost adds up member by member."""
    one = Spent(
        calls=1, points=2, pages=3, nodes=4, github_seconds=5.0, timeouts=6, retries=7, waited_seconds=8.0
    )

    assert one + Spent() == one
    assert one + one == Spent(
        calls=2, points=4, pages=6, nodes=8, github_seconds=10.0, timeouts=12, retries=14, waited_seconds=16.0
    )


def test_an_eta_falls_while_a_run_goes_on() -> None:
    """Between the first replies and the last the time that is left shrinks."""
    world = World.of([250] * 200)
    plan = Plan.neighbours(REPOSITORY)
    driver = Driver(plan, world)
    etas = []
    while driver.step() is None:
        left = plan.progress().eta_seconds
        assert left is not None
        etas.append(left)

    is_exact(driver)
    third = len(etas) // 3
    assert etas[third] > etas[2 * third] > etas[-1]
