"""The order of users: random for each seed, the same for all who use it, and nobody lost in it."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver
from tests.laws.world import World

from stargazer.planner.order import SETTLED, Order, StarList, State, place_of
from stargazer.planner.plan import Plan

USERS = st.lists(st.text(max_size=8), unique=True, max_size=60)
SEEDS = st.integers(-(2**64), 2**64)


def ordered(user_ids: list[str], seed: int = 0) -> Order:
    order = Order()
    for user_id in user_ids:
        assert order.add(StarList(user_id, user_id, place_of(user_id, seed)))
    return order


@given(USERS, SEEDS, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_who_came_first(users: list[str], seed: int, rng: object) -> None:
    """Users stand in the same order in whatever order they are listed; another seed is another order."""
    shuffled = users.copy()
    getattr(rng, "shuffle")(shuffled)  # noqa: B009 - Hypothesis gives an object

    order = ordered(shuffled, seed)

    assert [one.user_id for one in order] == [one.user_id for one in ordered(users, seed)]
    assert len(order) == len(users)
    assert not any(order.add(StarList(user_id, user_id, 0)) for user_id in users)


def test_a_prefix_is_a_sample() -> None:
    """Whoever comes first in the order is random: each part of the list has its share of each prefix."""
    users = [f"U_{number}" for number in range(20_000)]
    places = sorted(place_of(user_id, 7) for user_id in users)
    old = sorted(place_of(user_id, 7) for user_id in users[:5000])

    for share in (0.1, 0.25, 0.5, 0.9):
        expected = share * 2**64
        assert abs(bisect_left(places, expected) / 20_000 - share) < 0.015
        assert abs(bisect_left(old, expected) / 5000 - share) < 0.03


def test_the_order_of_another_seed_is_unrelated() -> None:
    """Two seeds agree on who is in the first half for about half of the users."""
    users = [f"U_{number}" for number in range(10_000)]
    agree = sum((place_of(one, 1) < 2**63) == (place_of(one, 2) < 2**63) for one in users)

    assert 4700 < agree < 5300


MOVES = st.lists(st.tuples(st.integers(0, 59), st.sampled_from([State.OPEN, *sorted(SETTLED)])), max_size=80)


@given(USERS, MOVES)
def test_who_is_settled_is_counted_without_a_gap(users: list[str], moves: list[tuple[int, State]]) -> None:
    """The settled prefix ends before the first who is not; the fresh and the open are who they should be."""
    order = ordered(users)
    states = dict.fromkeys(users, State.FRESH)
    for number, state in moves:
        if number < len(users) and states[users[number]] not in SETTLED:
            states[users[number]] = state
            order.move(order.by_id[users[number]], state)

        in_order = [states[one.user_id] for one in order]
        first = next((place for place, one in enumerate(in_order) if one not in SETTLED), len(in_order))
        assert order.settled_prefix() == first
        fresh = [one.user_id for one in order if states[one.user_id] is State.FRESH]
        assert [one.user_id for one in order.fresh()] == fresh
        assert order.fresh_count == len(fresh)
        assert {one.user_id for one in order.open()} == {one for one in users if states[one] is State.OPEN}


def test_a_new_user_opens_the_prefix_again() -> None:
    """The settled prefix shrinks when somebody is listed in the middle of it."""
    order = ordered(["a", "b", "c"])
    for star_list in list(order):
        order.move(star_list, State.READ)
    assert order.settled_prefix() == 3
    before = min(one.place for one in order) - 1

    order.add(StarList("d", "d", before))

    assert order.settled_prefix() == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.integers(0, 5))
def test_the_sample_is_the_settled_prefix(lengths: list[int], seed: int) -> None:
    """While the list of stargazers is not whole there is no sample; at the end everybody is in it."""
    world = World.of(lengths)
    plan = Plan.neighbours("owner/r1", order_seed=seed)
    driver = Driver(plan, world)
    assert plan.coverage.sample == 0
    samples = []

    while driver.step() is None:
        samples.append(plan.coverage.sample)

    assert samples == sorted(samples)
    assert plan.coverage.sample == len(lengths)
