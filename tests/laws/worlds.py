"""Hypothesis strategies: worlds, servers, and what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from hypothesis import strategies as st
from tests.laws.world import Weather, World, default_seconds, fortune

from stargazer.planner import page
from stargazer.planner.page import Failure, FailureKind

EDGES = (0, 1, 2, 99, 100, 101, 102, 198, 199, 200, 201, 202, 299, 300, 301, 400, 401)
"""Lengths at which a page ends, or two that meet."""

LENGTHS = st.one_of(st.sampled_from(EDGES), st.integers(0, 350), st.sampled_from((999, 1000, 1001, 2500)))


def fast(_world: World, call: page.Call, nodes: int) -> float:
    """A server a fifth as slow as GitHub."""
    return 0.05 + 0.001 * call.requests + 0.0001 * nodes


def slow(_world: World, call: page.Call, nodes: int) -> float:
    """A server that stands some twenty full pages a call."""
    return 0.5 + 0.02 * call.requests + 0.004 * nodes


def humped(world: World, call: page.Call, nodes: int) -> float:
    """One call in six takes three times as long."""
    return default_seconds(world, call, nodes) * (3 if world.rng.random() < 1 / 6 else 1)


def drifting(world: World, call: page.Call, nodes: int) -> float:
    """A server that gets slower, and then quick again."""
    return default_seconds(world, call, nodes) * (1 + 2 * (len(world.calls) // 10 % 2))


MODELS = st.sampled_from([default_seconds, fast, slow, humped, drifting])


@st.composite
def worlds(draw: st.DrawFn, *, users: int = 25, clean: bool = False) -> World:
    """Worlds of up to so many stargazers; a clean one lets an exact answer be had."""
    lengths = draw(st.lists(LENGTHS.filter(bool) if clean else LENGTHS, max_size=users))
    many = draw(st.sampled_from((0, 0, 0, 98, 101, 260)))
    world = World.of([*lengths, *[2] * many], fortune(draw(st.integers(0, 999))))
    world.model = draw(MODELS)
    pick = world.rng.sample
    world.private = frozenset(pick(range(2, 5000), draw(st.sampled_from((0, 50, 500)))))
    world.unnamed = frozenset(pick(range(2, 5000), draw(st.sampled_from((0, 50, 500)))))
    some = st.integers(0, max(1, len(world.users) // 60))
    world.gone = set(pick(world.users, min(len(world.users), draw(some))))
    if not clean:
        world.over_limit = set(pick(world.users, min(len(world.users), draw(some))))
        world.veiled = set(pick(world.users, min(len(world.users), draw(some))))
        world.uncounted = draw(st.sampled_from((0, 0, 1, 40)))
    return world


def of(kind: FailureKind, seconds: float, retry_after: float | None = None) -> tuple[Failure, float]:
    """A failure of a whole call that comes after so many seconds."""
    return Failure(kind, f"a {kind}", retry_after), seconds


HEAVY = (of(FailureKind.TIMEOUT, 10.0), of(FailureKind.TIMEOUT, 0.4), of(FailureKind.TOO_HEAVY, 1.0))
PASSING = (of(FailureKind.TRANSIENT, 0.2), of(FailureKind.NOT_GRAPHQL, 0.1))
REFUSALS = (
    of(FailureKind.PRIMARY_LIMIT, 0.1),
    of(FailureKind.PRIMARY_LIMIT, 0.1, 30.0),
    of(FailureKind.SECONDARY_LIMIT, 0.1),
    of(FailureKind.SECONDARY_LIMIT, 0.1, 5.0),
)

Fault = tuple[Failure, float] | None
FAULTS = st.lists(st.sampled_from([None, *HEAVY, *PASSING, *REFUSALS]), max_size=40)
"""What befalls the first calls, one after the other: anything at all."""


@st.composite
def passing_faults(draw: st.DrawFn) -> list[Fault]:
    """Faults that a plan gets over: not at once at first, few in a row, few that look like one bad page."""
    heavy = draw(st.lists(st.sampled_from(HEAVY), max_size=4))
    passing = draw(st.lists(st.sampled_from(PASSING), max_size=5))
    refusals = draw(st.lists(st.sampled_from(REFUSALS), max_size=3))
    order = draw(st.permutations([*heavy, *passing, *refusals]))
    rests = draw(st.lists(st.integers(0, 3), min_size=len(order), max_size=len(order)))
    return [None] + [one for rest, fault in zip(rests, order, strict=True) for one in (*[None] * rest, fault)]


def befalls(faults: Sequence[Fault]) -> Weather:
    """Weather that goes through *faults*, one a call, and is fair after the last."""
    return partial(_befall, list(reversed(faults)))


def _befall(faults: list[Fault], _world: World, _call: page.Call) -> Fault:
    return faults.pop() if faults else None
