"""The size of calls: a clock that is learnt, a cap that falls at once and rises with care."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, is_exact
from tests.laws.world import World, fortune
from tests.laws.worlds import worlds

from stargazer.planner.page import Call, Failure, FailureKind
from stargazer.planner.plan import Plan
from stargazer.planner.sizing import PAGES_AT_MOST, WALL_SECONDS, Load, Sizes, cheapest_target

REPOSITORY = "owner/r1"

RATES = st.tuples(st.floats(0.05, 1.0), st.floats(0.001, 0.03), st.floats(0.0001, 0.003))


def live(sizes: Sizes, pages: int, seconds: float = 1.0, *, times: int = 1) -> None:
    for _ in range(times):
        sizes.lived(Load(pages, 50.0 * pages), 50 * pages, seconds)


@settings(max_examples=30, deadline=None)
@given(RATES, st.integers(0, 99))
def test_the_clock_is_learnt(rates: tuple[float, float, float], seed: int) -> None:
    """After some calls to a steady server the prediction is near what it takes."""
    rng = fortune(seed)
    sizes = Sizes()
    for _ in range(150):
        pages = rng.randint(5, 40)
        nodes = pages * rng.randint(20, 90)
        seconds = rates[0] + rates[1] * pages + rates[2] * nodes
        sizes.lived(Load(pages, nodes), nodes, seconds)

    for pages, mean in ((10, 30), (20, 55), (35, 80)):
        truth = rates[0] + rates[1] * pages + rates[2] * pages * mean
        assert abs(sizes.predict(Load(pages, pages * mean)) / truth - 1) < 0.1


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 10))
def test_a_server_that_changes_is_followed(factor: float) -> None:
    """A server that becomes slower or faster is predicted again after some calls."""
    sizes = Sizes()
    live(sizes, 20, 1.2, times=40)
    live(sizes, 20, 1.2 * factor, times=40)

    assert abs(sizes.predict(Load(20, 1000)) / (1.2 * factor) - 1) < 0.15


@given(st.lists(st.tuples(st.integers(1, 149), st.floats(1e-6, 10.0)), max_size=60))
def test_no_reply_breaks_the_clock(replies: list[tuple[int, float]]) -> None:
    """Whatever the replies, predictions stay positive and finite, and grow with the work."""
    sizes = Sizes()
    for pages, seconds in replies:
        live(sizes, pages, seconds)

    assert all(math.isfinite(rate) and rate > 0 for rate in sizes.rates)
    assert 0 < sizes.predict(Load(1, 1)) < sizes.predict(Load(2, 100)) < math.inf
    assert sizes.work(Load(0, 0)) == 0
    assert 1 <= sizes.cap <= PAGES_AT_MOST
    assert 0 < sizes.target_seconds < WALL_SECONDS


def test_quick_calls_let_the_next_grow() -> None:
    """While calls are quick their size grows, soon to the most that one point buys, and no further."""
    sizes = Sizes()
    caps = [sizes.cap]
    while sizes.cap < PAGES_AT_MOST:
        live(sizes, sizes.cap, 0.3)
        caps.append(sizes.cap)

    assert all(after > before for before, after in pairwise(caps))
    assert len(caps) < 8
    live(sizes, sizes.cap, 0.3)
    assert sizes.cap == PAGES_AT_MOST


def test_a_call_far_below_the_cap_proves_nothing() -> None:
    """A small call that lived says nothing about larger ones."""
    sizes = Sizes()
    before = sizes.cap

    live(sizes, before // 3, 0.3, times=10)

    assert sizes.cap == before


@pytest.mark.parametrize("seconds", [1.0, 0.3])
def test_a_size_that_failed_is_halved_and_remembered(seconds: float) -> None:
    """After a refusal calls are half as large, and grow back to less than the size that failed."""
    sizes = Sizes()
    live(sizes, 20, times=1)
    sizes.cap = 80

    sizes.too_heavy(80)

    assert sizes.cap == 40
    grown = [sizes.cap]
    while sizes.patience > len(grown):
        live(sizes, sizes.cap, seconds)
        grown.append(sizes.cap)
    assert max(grown) > 40
    assert max(grown) < 80


def test_patience_brings_a_failed_size_back() -> None:
    """After enough successes just below, the larger size is tried again."""
    sizes = Sizes(cap=80)
    sizes.too_heavy(80)

    calls = 0
    while sizes.cap < 80 and calls < 200:
        live(sizes, sizes.cap)
        calls += 1

    assert sizes.patience <= calls < 200


def test_patience_grows_when_it_was_in_vain() -> None:
    """Each attempt that fails again makes the next wait longer."""
    sizes = Sizes(cap=60)
    waits = []
    for _ in range(4):
        sizes.too_heavy(60)
        calls = 0
        while sizes.cap < 60 and calls < 2000:
            live(sizes, sizes.cap)
            calls += 1
        waits.append(calls)

    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0]


def test_living_at_the_size_that_failed_ends_the_fear() -> None:
    """When a call of the size that failed lives, nothing is feared any more."""
    sizes = Sizes(cap=80)
    sizes.too_heavy(80)

    live(sizes, 80)

    assert sizes.failed is None
    live(sizes, 80)
    assert sizes.cap > 80


def test_what_passed_is_the_next_cap() -> None:
    """When some aliases of a call were refused, as many as passed are asked next."""
    sizes = Sizes(cap=50)

    sizes.too_heavy(50, 30)

    assert sizes.cap == 30
    sizes.too_heavy(30, 0)
    assert sizes.cap < 30


@given(st.integers(1, 149), st.integers(0, 148), st.integers(0, 149))
def test_a_refused_size_is_never_asked_again_at_once(size: int, passed: int, proven: int) -> None:
    """After a refusal the next call is smaller, if it can be, and holds a page at least."""
    sizes = Sizes(cap=size)
    if proven:
        live(sizes, proven)

    sizes.too_heavy(size, min(passed, size - 1))

    assert 1 <= sizes.cap <= max(1, size - 1)


def test_the_wall_lowers_the_target() -> None:
    """When sizes that lived before run into the wall, calls are filled less."""
    sizes = Sizes(cap=40)
    live(sizes, 40, 2.0, times=20)
    before = sizes.target_seconds

    for _ in range(6):
        live(sizes, 40, 2.0)
        sizes.too_long(Load(40, 2000))

    assert sizes.target_seconds < before
    assert sizes.cap <= 20


def test_the_wall_at_a_size_never_tried_is_a_limit_at_first() -> None:
    """A time-out of a size that never lived may be a secret limit: the target stays, the size falls."""
    sizes = Sizes(cap=40)
    before = sizes.target_seconds

    sizes.too_long(Load(40, 2000))

    assert sizes.target_seconds == before
    assert sizes.cap == 20


@given(st.floats(2.0, 5.0), st.integers(2, 12))
def test_a_second_hump_lowers_the_target(hump: float, every: int) -> None:
    """A server whose calls now and then take much longer is given shorter calls than a steady one."""
    steady = [1.0] * 60
    humped = [hump if number % every == 0 else 1.0 for number in range(60)]

    assert cheapest_target(humped, 0.25) <= cheapest_target(steady, 0.25)
    assert cheapest_target([3.0 if number % 3 == 0 else 1.0 for number in range(60)], 0.25) < cheapest_target(
        steady, 0.25
    )


@settings(max_examples=15, deadline=None)
@given(worlds(clean=True, users=8))
def test_what_was_learnt_outlives_the_run(world: World) -> None:
    """Sizes and windows can be encoded, kept, and given to the next plan."""
    driver = Driver(Plan.neighbours(REPOSITORY), world)
    driver.run()
    plan = driver.plan

    sizes = msgspec.json.decode(msgspec.json.encode(plan.sizes), type=type(plan.sizes))
    windows = msgspec.json.decode(msgspec.json.encode(plan.windows), type=type(plan.windows))

    assert sizes == plan.sizes
    assert windows == plan.windows
    again = Driver(Plan.neighbours(REPOSITORY, sizes=sizes, windows=windows), world)
    again.run()
    is_exact(again)
    assert again.plan.spent.calls <= plan.spent.calls + 2


@pytest.mark.parametrize("limit", [3, 7, 30, 100])
def test_a_secret_limit_is_found_and_kept_to(limit: int) -> None:
    """When GitHub refuses calls over so many pages, few calls fail, and the rest hold nearly as many."""
    world = World.of([60] * 1500)

    def refuse(_world: World, call: Call) -> tuple[Failure, float] | None:
        return (Failure(FailureKind.TOO_HEAVY, "resource limits"), 1.0) if call.requests > limit else None

    world.weather = refuse
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    is_exact(driver)
    failed = sum(failure is not None for _, _, failure in world.calls)
    assert failed <= 10 + 0.1 * len(world.calls)
