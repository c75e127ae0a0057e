"""When calls may go: the four windows of a credential and the budget of a run.

That every wait lies ahead, that nothing is sent before a refusal's wait is over,
and that nothing is sent which the readings say cannot be paid, the driver checks
at every step of every test.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, is_bounded, is_exact, read_truly
from tests.laws.world import EPOCH, HOUR, World, fortune
from tests.laws.worlds import FAULTS, Fault, befalls, of, passing_faults, slow, worlds

from stargazer.errors import BudgetExhausted, BudgetTooSmall, CredentialsRefused, GitHubUnreachable
from stargazer.planner.budget import MINUTE, Budget, Windows, join
from stargazer.planner.page import Failure, FailureKind, Reading, Reply
from stargazer.planner.plan import Plan
from stargazer.planner.step import Reason, Send

REPOSITORY = "owner/r1"
MODEST = settings(max_examples=30, deadline=None)


def most_in_a_minute(ended: list[tuple[datetime, float]]) -> float:
    """The most call seconds that ended within one minute."""
    return max(sum(took for at, took in ended if last - MINUTE < at <= last) for last, _ in ended)


# Points.


@MODEST
@given(worlds(clean=True, users=12), st.integers(2, 9), st.integers(0, 4), passing_faults())
def test_an_hour_of_few_points_is_waited_for(
    world: World, limit: int, used: int, faults: list[Fault]
) -> None:
    """With a handful of points an hour, some used by others, the answer comes late and exact."""
    world.limit, world.used = limit, min(used, limit - 1)
    world.weather = befalls(faults)
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)


def test_points_that_are_used_up_come_back_with_the_hour() -> None:
    """When the points are used up, the plan says so and waits for the reset, not for a minute."""
    world = World.of([2500] * 30)
    world.limit = 5
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)
    waits = [wait for wait in driver.waits if wait.reason is Reason.POINTS]
    assert waits
    assert all((wait.until - EPOCH) % HOUR < timedelta(seconds=5) for wait in waits)
    assert world.unpaid == 0


def test_points_that_others_use_are_seen() -> None:
    """The reading counts, not our own reckoning: what others use of the hour is not ours."""
    world = World.of([2500] * 10)
    world.limit = 60

    def others(world: World) -> None:
        world.used = min(world.limit, world.used + 10)

    driver = Driver(Plan.neighbours(REPOSITORY), world, after=others)

    driver.run()

    is_exact(driver)


def test_a_floor_of_points_is_left_for_others() -> None:
    """No call takes the reading below the floor."""
    world = World.of([2500] * 10)
    world.limit = 20
    driver = Driver(Plan.neighbours(REPOSITORY, budget=Budget(floor=15)), world)

    driver.run()

    is_exact(driver)
    assert world.now > EPOCH + HOUR
    assert world.unpaid == 0


def test_an_unsettled_call_is_cleared_up_for_nothing() -> None:
    """When time-outs leave it open whether the next call can be paid, the rate limit is asked alone."""
    world = World.of([2500] * 10)
    world.limit = 4
    world.weather = befalls([None, of(FailureKind.TIMEOUT, 10.0), None, of(FailureKind.TIMEOUT, 10.0)])
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)
    alone = [call for call, _, _ in world.calls if not call.selections]
    assert alone
    assert all(call.points == 0 for call in alone)


@MODEST
@given(worlds(users=12), st.integers(1, 30), FAULTS)
def test_a_budget_of_points_is_never_overspent(world: World, points: int, faults: list[Fault]) -> None:
    """A run stays within its points, and says the price when they do not do."""
    world.weather = befalls(faults)
    driver = Driver(Plan.neighbours(REPOSITORY, budget=Budget(points=points)), world)

    finish = driver.run()

    assert driver.plan.spent.points <= points
    read_truly(driver)
    if isinstance(finish.error, BudgetTooSmall):
        assert finish.coverage.kind == "partial" or finish.coverage.users_unread == 0
        price = finish.error.facts["price"]
        assert isinstance(price, dict)
        assert not price or price["points"] >= points


@pytest.mark.parametrize("budget", [Budget(points=3), Budget(seconds=4.0), Budget(points=60, seconds=9.0)])
def test_a_budget_that_is_too_small_names_the_price(budget: Budget) -> None:
    """A budget that cannot pay for the exact answer ends the run with its price, and within the budget."""
    world = World.of([250] * 60)
    driver = Driver(Plan.neighbours(REPOSITORY, budget=budget), world)

    finish = driver.run()

    assert isinstance(finish.error, BudgetTooSmall)
    price = finish.error.facts["price"]
    assert isinstance(price, dict)
    assert set(price) == {"points", "github_seconds"}
    assert all(value > 0 for value in price.values())
    assert driver.plan.spent.points <= (budget.points or 5000)
    assert driver.plan.spent.github_seconds <= 1.5 * (budget.seconds or 5000)
    is_bounded(driver)


def test_a_hopeless_budget_is_refused_after_one_call() -> None:
    """When even one page a user costs too much, the first reply is enough to know it."""
    world = World.of([1] * 2000)
    driver = Driver(Plan.neighbours(REPOSITORY, budget=Budget(points=4)), world)

    finish = driver.run()

    assert isinstance(finish.error, BudgetTooSmall)
    assert len(world.calls) == 1


def test_a_hopeless_time_is_known_when_the_lists_are() -> None:
    """Once the list is read and fifty users tell the mean, a time that cannot do is not used up."""
    world = World.of([900] * 250)
    driver = Driver(Plan.neighbours(REPOSITORY, budget=Budget(seconds=60.0)), world)

    finish = driver.run()

    assert isinstance(finish.error, BudgetTooSmall)
    assert driver.plan.spent.github_seconds < 40


def test_a_budget_that_does_is_not_refused() -> None:
    """A budget above the price changes nothing."""
    world = World.of([250] * 60)
    driver = Driver(Plan.neighbours(REPOSITORY, budget=Budget(points=100, seconds=500.0)), world)

    driver.run()

    is_exact(driver)


# Call time.


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 99), st.sampled_from((0.25, 0.5, 0.8, 1.0)), st.integers(1, 3))
def test_a_minute_of_call_time_is_shared(seed: int, share: float, concurrency: int) -> None:
    """In no minute do calls take longer than our share of it, and one call that was longer than thought."""
    world = World.of([250] * 100, fortune(seed))
    world.model = slow
    plan = Plan.neighbours(REPOSITORY, budget=Budget(share=share, concurrency=concurrency))
    driver = Driver(plan, world)

    driver.run()

    is_exact(driver)
    longest = max(seconds for _, seconds in driver.ended)
    assert most_in_a_minute(driver.ended) <= 60 * share + concurrency * longest


def test_a_secondary_refusal_makes_us_modest() -> None:
    """After a secondary refusal we use less of the minute for a while."""
    world = World.of([2500] * 40)
    world.weather = befalls([None, of(FailureKind.SECONDARY_LIMIT, 0.1, 1.0)])
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)
    soon = [(at, seconds) for at, seconds in driver.ended if at < EPOCH + timedelta(seconds=500)]
    assert most_in_a_minute(soon) <= 60 * 0.4 + max(seconds for _, seconds in soon)


def test_calls_a_minute_are_counted() -> None:
    """Two thousand quick calls are enough for one minute, however little time they take."""
    windows = Windows()
    for number in range(1999):
        windows.reserve(str(number), points=0, seconds=0.001)

    free = windows.earliest(EPOCH, points=0, seconds=0.001, budget=Budget())
    windows.reserve("1999", points=0, seconds=0.001)

    assert free == EPOCH
    assert len(windows.reserved) == 2000


# When to give up.


@pytest.mark.parametrize("kind", [FailureKind.PRIMARY_LIMIT, FailureKind.SECONDARY_LIMIT])
def test_refusals_without_end_end_the_plan(kind: FailureKind) -> None:
    """Going on while being refused may get us banned: the waits double, then the plan gives up."""
    world = World.of([250] * 60)
    world.weather = lambda world, _call: of(kind, 0.1) if len(world.calls) >= 3 else None
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    assert isinstance(finish.error, BudgetExhausted)
    assert len(world.calls) <= 3 + 6
    waited = [wait for wait in driver.waits if wait.reason is Reason.REFUSAL]
    assert waited
    is_bounded(driver)


@pytest.mark.parametrize(
    ("kind", "at_most"),
    [(FailureKind.TRANSIENT, 5), (FailureKind.NOT_GRAPHQL, 5), (FailureKind.TIMEOUT, 9)],
)
def test_no_github_at_this_address_is_found_out_soon(kind: FailureKind, at_most: int) -> None:
    """What has never answered is given up after a few tries; a gateway that answers 502 gets some more."""
    world = World.of([2])
    world.weather = lambda _world, _call: of(kind, 0.1)
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    assert isinstance(finish.error, GitHubUnreachable)
    assert 2 <= len(world.calls) <= at_most
    assert finish.coverage.stargazers_listed == 0


@pytest.mark.parametrize("kind", [FailureKind.TRANSIENT, FailureKind.TIMEOUT, FailureKind.TOO_HEAVY])
@pytest.mark.parametrize("after", [1, 3, 8])
def test_a_github_that_goes_down_is_waited_for_within_reason(kind: FailureKind, after: int) -> None:
    """What has answered before is tried longer, ever more slowly, and what was read is kept."""
    world = World.of([250] * 150)
    world.weather = lambda world, _call: of(kind, 0.1) if len(world.calls) >= after else None
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    assert isinstance(finish.error, GitHubUnreachable)
    assert after + 5 <= len(world.calls) <= after + 20
    assert finish.coverage.stargazers_listed == 150
    read_truly(driver)
    is_bounded(driver)


def test_a_rate_limit_that_is_told_is_no_sign_of_life() -> None:
    """When every call fails but the one that asks for the rate limit, the plan ends all the same."""
    world = World.of([250] * 60)
    world.limit = 6
    world.weather = lambda world, call: (
        of(FailureKind.TRANSIENT, 0.1) if len(world.calls) >= 2 and call.selections else None
    )
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    assert isinstance(finish.error, GitHubUnreachable)
    assert any(not call.selections for call, _, _ in world.calls)


@pytest.mark.parametrize("kind", [FailureKind.CREDENTIALS, FailureKind.FORBIDDEN])
def test_a_refused_token_is_not_tried_again(kind: FailureKind) -> None:
    """A token that is refused ends the plan at once; what was read is kept."""
    world = World.of([250] * 60)
    world.weather = lambda world, _call: of(kind, 0.1) if len(world.calls) == 3 else None
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    assert isinstance(finish.error, CredentialsRefused)
    assert len(world.calls) == 4
    assert finish.coverage.stargazers_listed == 60


# Readings.

RESETS = st.sampled_from([EPOCH + timedelta(hours=hours) for hours in range(4)])
READINGS = st.builds(
    lambda used, others, reset_at: Reading(5000, max(0, 5000 - used - others), used, reset_at),
    st.integers(0, 5000),
    st.integers(0, 50),
    RESETS,
)


@given(st.none() | READINGS, st.none() | READINGS)
def test_readings_join_in_either_order(one: Reading | None, other: Reading | None) -> None:
    """Joining is commutative and idempotent: replies may come late, twice, or out of order."""
    joined = join(one, other)

    assert joined == join(other, one)
    assert join(joined, joined) == joined
    assert join(joined, one) == joined


@given(READINGS, READINGS, READINGS)
def test_readings_join_in_any_grouping(one: Reading, two: Reading, three: Reading) -> None:
    """Joining is associative where windows are apart or the same."""
    assert join(join(one, two), three) == join(one, join(two, three))


@given(READINGS, st.integers(-59, 59), st.integers(0, 5000))
def test_a_joined_window_grants_the_least(reading: Reading, shift: int, used: int) -> None:
    """Resets within a minute are one window: the smaller of what remains, and of limit less used, wins."""
    other = Reading(5000, 5000 - used, used, reading.reset_at + timedelta(seconds=shift))

    joined = join(reading, other)

    assert joined is not None
    assert joined.remaining == min(reading.remaining, other.remaining, 5000 - max(reading.used, used))
    assert joined.reset_at == max(reading.reset_at, other.reset_at)


@MODEST
@given(worlds(clean=True, users=8), st.randoms(use_true_random=False))
def test_late_and_doubled_replies_change_only_the_reading(world: World, rng: random.Random) -> None:
    """A reply that was given before, or belongs to no call in flight, is not counted again."""
    plan = Plan.neighbours(REPOSITORY)
    driver = Driver(plan, world)

    while driver.step() is None:
        before = plan.coverage, plan.spent, plan.sizes.rates
        late = rng.choice(driver.replies)
        if rng.random() < 0.5:
            late = Reply(late.call, (), Failure(FailureKind.SECONDARY_LIMIT, "late"), None, 1.0)
        assert plan.receive(late, world.now) == ()
        assert (plan.coverage, plan.spent, plan.sizes.rates) == before

    is_exact(driver)


def test_a_reply_to_another_plans_call_is_not_taken() -> None:
    """A reply whose call only has the number of ours leaves ours in flight."""
    world = World.of([5, 5])
    plan, other = Plan.neighbours(REPOSITORY), Plan.neighbours("else/where")
    step, strange = plan.next_step(world.now), other.next_step(world.now)
    assert isinstance(step, Send)
    assert isinstance(strange, Send)

    assert plan.receive(world.answer(strange.calls[0]), world.now) == ()
    assert plan.spent.calls == 0
    assert len(plan.receive(world.answer(step.calls[0]), world.now)) == 2
