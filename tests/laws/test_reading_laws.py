"""How one list is read: from both ends, to its end, proved, and while it moves."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, is_exact, place_of_page
from tests.laws.world import SEED, World, fortune, pages_of
from tests.laws.worlds import LENGTHS

from stargazer.planner import page
from stargazer.planner.plan import Plan

REPOSITORY = "owner/r1"
MODEST = settings(max_examples=60, deadline=None)


def rounds(world: World, user_id: str) -> int:
    """How many calls held a page of a list."""
    return sum(any(place_of_page(one)[0] == user_id for one in pages_of(call)) for call, _, _ in world.calls)


@MODEST
@given(LENGTHS.filter(bool), st.integers(0, 99))
def test_a_long_list_is_read_from_both_ends(length: int, seed: int) -> None:
    """A list of n pages takes its first page, and then at most half a call for each other page, and one."""
    world = World.of([length], fortune(seed))
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)
    pages = -(-length // 100)
    assert rounds(world, "U_0") <= 1 + -(-(pages - 1) // 2) + 1
    nodes = sum(len(one.stars) for one in driver.accepted if isinstance(one, page.StarListPage))
    assert nodes <= length + 20


@MODEST
@given(st.integers(1, 1200), st.integers(0, 99))
def test_the_stargazers_are_read_from_both_ends(count: int, seed: int) -> None:
    """A list of stargazers of n pages takes at most half as many calls, and one."""
    world = World.of([1] * count, fortune(seed))
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)
    assert driver.listed == set(world.users)
    pages = -(-count // 100)
    assert rounds(world, "") <= -(-pages // 2) + 1


def churn(world: World, rng: random.Random, users: list[str], *, often: int) -> None:
    """Some of these users star, unstar, and star again."""
    for _ in range(rng.randrange(often + 1)):
        user_id = rng.choice(users)
        held = [number for number in world.lists[user_id] if number != SEED]
        match rng.randrange(3):
            case 0:
                world.star(user_id, rng.randrange(2, 5000))
            case 1 if held:
                world.unstar(user_id, rng.choice(held))
            case _ if held:
                number = rng.choice(held)
                world.unstar(user_id, number)
                world.star(user_id, number)


@MODEST
@given(st.lists(LENGTHS.filter(bool), min_size=1, max_size=5), st.integers(0, 9999), st.integers(1, 40))
def test_stars_that_come_and_go_are_read_truly(lengths: list[int], seed: int, often: int) -> None:
    """Of a list that is whole, all that stood there throughout is reported, and nothing that never did."""
    rng = fortune(seed)
    world = World.of(lengths, rng)
    throughout = {user_id: set(stars) for user_id, stars in world.lists.items()}
    ever = {user_id: set(stars) for user_id, stars in world.lists.items()}

    def after(world: World) -> None:
        before = {user_id: dict(stars) for user_id, stars in world.lists.items()}
        churn(world, rng, world.users, often=often)
        for user_id, stars in world.lists.items():
            throughout[user_id] -= {one for one, stamp in before[user_id].items() if stars.get(one) != stamp}
            ever[user_id] |= set(stars)

    driver = Driver(Plan.neighbours(REPOSITORY), world, after=after)

    finish = driver.run()

    coverage = finish.coverage
    assert finish.error is None
    assert coverage.users_failed == coverage.users_unread == 0
    stars = driver.stars
    assert all(stars[user_id] <= ever[user_id] for user_id in stars)
    short = [user_id for user_id in world.users if not throughout[user_id] <= stars[user_id]]
    assert len(short) <= coverage.users_truncated


@MODEST
@given(st.lists(LENGTHS.filter(bool), min_size=1, max_size=5), st.integers(0, 9999))
def test_new_stars_alone_never_make_a_list_read_anew(lengths: list[int], seed: int) -> None:
    """Stars that come while a list is read stand at one end of it, and leave it whole."""
    rng = fortune(seed)
    world = World.of(lengths, rng)

    def after(world: World) -> None:
        world.star(rng.choice(world.users), rng.randrange(5000, 10_000))

    driver = Driver(Plan.neighbours(REPOSITORY), world, after=after)

    finish = driver.run()

    assert finish.coverage.kind == "exact"
    assert not driver.read_anew


def test_a_list_that_never_stands_still_ends_as_truncated() -> None:
    """A list that changes at every call is read anew a few times, and then taken as it is."""
    rng = fortune(1)
    world = World.of([900, 5], rng)

    def after(world: World) -> None:
        for number in rng.sample([one for one in world.lists["U_0"] if one != SEED], 60):
            world.unstar("U_0", number)
            world.star("U_0", number)

    driver = Driver(Plan.neighbours(REPOSITORY), world, after=after)

    finish = driver.run()

    assert driver.read_anew["U_0"] <= 2
    assert finish.coverage.users_truncated + finish.coverage.users_read == 2
    assert len(world.calls) < 60


def test_stargazers_who_come_and_go_are_read_truly() -> None:
    """The list of stargazers may move too: who stood there throughout is listed."""
    rng = fortune(1)
    world = World.of([1] * 950, rng)
    throughout = set(world.users)

    def after(world: World) -> None:
        for user_id in rng.sample(world.users, 3):
            throughout.discard(user_id)
            del world.listed[user_id]

    driver = Driver(Plan.neighbours(REPOSITORY), world, after=after)

    driver.run()

    assert throughout <= driver.listed


@pytest.mark.parametrize("bound", [1, 2, 99, 100, 101, 250])
@pytest.mark.parametrize("length", [1, 99, 100, 101, 249, 250, 251, 900])
def test_a_bound_on_the_stars_of_a_user_is_kept(bound: int, length: int) -> None:
    """No more than the bound is read of anybody; a longer list counts as truncated, a shorter as read."""
    world = World.of([length])
    plan = Plan.neighbours(REPOSITORY, max_stars_per_user=bound)
    driver = Driver(plan, world)

    finish = driver.run()

    assert sum(len(one.stars) for one in driver.accepted if isinstance(one, page.StarListPage)) == min(
        bound, length
    )
    assert finish.coverage.users_truncated == (length > bound)
    assert finish.coverage.users_read == (length <= bound)


@MODEST
@given(LENGTHS, st.data())
def test_hidden_edges_are_counted_and_proved(length: int, data: st.DataObject) -> None:
    """A list with null edges anywhere, even where both ends meet, is whole when its counts add up."""
    world = World.of([length])
    numbers = [number for number in world.lists["U_0"] if number != SEED]
    start = data.draw(st.integers(0, len(numbers)))
    world.unnamed = frozenset(numbers[start : start + data.draw(st.sampled_from((1, 5, 150)))])
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    finish = driver.run()

    assert finish.coverage.users_read == 1
    assert driver.stars.get("U_0", set()) == world.shown("U_0")
    assert finish.coverage.items_hidden >= len(world.unnamed)
