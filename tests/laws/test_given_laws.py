"""Stargazers that are given instead of asked for: logins to be looked up, users whose id is known."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, is_bounded, read_truly, truth
from tests.laws.world import World
from tests.laws.worlds import FAULTS, Fault, befalls, worlds

from stargazer.errors import StarListsRestricted
from stargazer.planner import page
from stargazer.planner.coverage import Kind
from stargazer.planner.page import Failure, FailureKind
from stargazer.planner.plan import Plan

REPOSITORY = "owner/r1"
MODEST = settings(max_examples=30, deadline=None)


def logins(world: World) -> list[str]:
    return [world.user(user_id).login for user_id in world.users]


@MODEST
@given(worlds(clean=True), FAULTS)
def test_given_logins_are_looked_up_and_read(world: World, faults: list[Fault]) -> None:
    """The neighbours are those that GitHub's list would give, but a list from elsewhere is never exact."""
    world.weather = befalls(faults)
    driver = Driver(Plan.neighbours(REPOSITORY, logins=logins(world)), world)

    finish = driver.run()

    coverage = finish.coverage
    assert coverage.source == "file"
    assert coverage.kind is Kind.PARTIAL
    assert coverage.stargazers_listed == len(world.users)
    if finish.error is None:
        read_truly(driver)
        assert coverage.users_gone == len(world.gone)
        if not coverage.users_failed:
            assert {one.repo: one.stargazers for one in driver.neighbours()} == truth(world)
    asked = Counter(one for call, _, _ in world.calls for one in call.selections)
    assert not any(isinstance(one, page.StargazersRequest) for one in asked)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_a_hundred_logins_are_looked_up_in_a_call(count: int) -> None:
    """Lookups are free of points, so they go a hundred to a call, and no more."""
    world = World.of([2] * count)
    driver = Driver(Plan.neighbours(REPOSITORY, logins=logins(world)), world)

    finish = driver.run()

    lookups = [
        sum(isinstance(one, page.UserRequest) for one in call.selections) for call, _, _ in world.calls
    ]
    assert sum(lookups) == finish.coverage.users_read == count
    assert max(lookups) <= 100
    assert sum(map(bool, lookups)) == -(-count // 100)


def test_a_login_given_twice_is_one_user() -> None:
    """Logins that are given more than once, or name a user who is given as well, are read once."""
    world = World.of([40, 50, 60])
    given_logins = ["user-0", "user-1", "user-1", "user-2"]
    plan = Plan.neighbours(REPOSITORY, logins=given_logins, users=[world.user("U_2"), world.user("U_2")])
    driver = Driver(plan, world)

    finish = driver.run()

    assert finish.coverage.stargazers_listed == finish.coverage.users_read == 3
    requests = Counter(one for call, _, _ in world.calls for one in call.selections)
    assert max(requests.values()) == 1


def test_users_whose_id_is_known_need_no_lookup() -> None:
    """A list that tells node ids is read without looking anybody up."""
    world = World.of([40] * 30)
    users = [world.user(user_id) for user_id in world.users]
    driver = Driver(Plan.neighbours(REPOSITORY, logins=[], users=users), world)

    finish = driver.run()

    assert finish.coverage.users_read == 30
    assert not any(isinstance(one, page.UserRequest) for call, _, _ in world.calls for one in call.selections)
    is_bounded(driver)


@pytest.mark.parametrize("kind", [FailureKind.UNKNOWN, FailureKind.HIDDEN, FailureKind.TIMEOUT])
@pytest.mark.parametrize("times", [1, 99])
def test_a_lookup_that_fails_is_tried_again_and_then_counted(kind: FailureKind, times: int) -> None:
    """One bad login costs nobody else; it counts as failed when it keeps failing."""
    world = World.of([40] * 30)
    left = [times]

    def blight(_world: World, selection: page.Selection) -> Failure | None:
        if isinstance(selection, page.UserRequest) and selection.login == "user-7" and left[0]:
            left[0] -= 1
            return Failure(kind, "bad")
        return None

    world.blight = blight
    driver = Driver(Plan.neighbours(REPOSITORY, logins=logins(world)), world)

    finish = driver.run()

    failed = times > 1
    assert finish.error is None
    assert finish.coverage.users_failed == failed
    assert finish.coverage.users_read == 30 - failed
    assert finish.coverage.failed == (("user-7",) if failed else ())
    assert len(world.calls) < 12


@MODEST
@given(st.integers(3, 120), st.integers(0, 120))
def test_an_old_list_may_name_many_who_left(count: int, lacking: int) -> None:
    """In an old list many may have left: only when the first fifty all lack the seed are lists refused."""
    world = World.of([10] * count)
    for user_id in world.users[:lacking]:
        world.unstar(user_id, 1)
    driver = Driver(Plan.neighbours(REPOSITORY, logins=logins(world)), world)

    finish = driver.run()

    refused = isinstance(finish.error, StarListsRestricted)
    assert refused or lacking < count
    if lacking < min(count, 50):
        assert not refused
        assert finish.coverage.users_without_seed == lacking
