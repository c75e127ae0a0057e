"""The order of users where only the first of them are offered."""

from __future__ import annotations

from stargazer.planner.order import Order, StarList


def test_whoever_comes_before_the_last_that_is_offered_takes_the_place() -> None:
    """The first two stay two, whoever is added."""
    order = Order()
    for place, user_id in enumerate(["a", "b", "c"], 1):
        order.add(StarList(user_id, user_id, place * 10))
    order.limit_to(2)
    assert [one.user_id for one in order.fresh()] == ["a", "b"]

    order.add(StarList("early", "early", 15))

    assert [one.user_id for one in order.fresh()] == ["a", "early"]
    assert order.fresh_count == 2
