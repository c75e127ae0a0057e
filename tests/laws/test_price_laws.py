"""The price that a call bears is the price of the document that is sent for it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver
from tests.laws.world import World
from tests.laws.worlds import Fault, befalls, passing_faults, worlds

from stargazer.github.compose import compose
from stargazer.planner import page
from stargazer.planner.cost import estimate_cost
from stargazer.planner.plan import Plan

REPOSITORY = "owner/r1"


def price(call: page.Call) -> tuple[int, int, int]:
    composed = compose(call)
    cost = estimate_cost(composed.document, composed.variables, composed.operation_name)
    return cost.points, cost.requests, cost.nodes


@settings(max_examples=10, deadline=None)
@given(worlds(users=12), passing_faults(), st.booleans())
def test_every_call_bears_the_price_of_its_document(
    world: World, faults: list[Fault], from_file: bool
) -> None:
    """Points, requests and nodes of a call are those of the composed document, by GitHub's formula."""
    world.weather = befalls(faults)
    logins = [world.user(user_id).login for user_id in world.users] if from_file else None
    driver = Driver(Plan.neighbours(REPOSITORY, logins=logins), world)

    driver.run()

    for call, _, _ in world.calls:
        if call.selections:
            assert price(call) == (call.points, call.requests, call.nodes)


def test_the_rate_limit_alone_is_free() -> None:
    """A call without selections holds no connection; GitHub charges nothing for it."""
    assert price(page.Call(1, (), 0, 0, 0, 0.3))[1:] == (0, 0)


def test_the_largest_call_is_one_point() -> None:
    """A quick server is soon asked for 149 pages at once, and that is still one point."""
    world = World.of([50] * 900)
    world.model = lambda _world, call, nodes: 0.05 + 0.0005 * call.requests + 0.00005 * nodes
    driver = Driver(Plan.neighbours(REPOSITORY), world)

    driver.run()

    largest = max((call for call, _, _ in world.calls), key=lambda call: call.requests)
    assert largest.requests == 149
    assert price(largest) == (1, 149, largest.nodes)
