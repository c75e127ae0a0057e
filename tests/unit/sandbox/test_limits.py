"""Points, call time, calls in flight, and too much work."""

from __future__ import annotations

import pytest
from tests.unit.sandbox.desk import Desk, star_list

from stargazer.sandbox import (
    Behaviour,
    Fault,
    Faults,
    Graph,
    ResourceAnswer,
    ResourceLimit,
    Secondary,
    Server,
    TimeoutAnswer,
)

LISTS = {"ada": ["o/a", "o/b", "o/c"], "bob": ["o/a", "o/b"], "cyd": ["o/a"]}
VIEWER = "{ viewer { login } rateLimit { remaining } }"
LIST_OF_ADA = f'{{ user(login: "ada") {{ {star_list()} }} }}'


@pytest.fixture
def graph() -> Graph:
    """A small graph made by hand."""
    return Graph.from_lists(LISTS)


# Limits.


@pytest.mark.parametrize("spelling", ["RATE_LIMITED", "RATE_LIMIT"])
def test_points_run_out_and_come_back(graph: Graph, spelling: str) -> None:
    """Refusals are 200 without data; a new window begins at the reset."""
    desk = Desk(graph, Behaviour(points_per_hour=10, points_used=9, rate_limit_spelling=spelling))
    desk.ask(VIEWER)
    refused = desk.ask(VIEWER)

    assert refused["errors"][0]["type"] == spelling
    assert "data" not in refused
    assert desk.outcome.status == 200
    assert desk.outcome.headers["x-ratelimit-remaining"] == "0"
    assert desk.rules_broken == ["points"]
    desk.now = float(desk.outcome.headers["x-ratelimit-reset"])
    assert desk.ask(VIEWER)["data"]["rateLimit"]["remaining"] == 9
    assert desk.rules_broken == ["points"]


def test_rate_limit_alone_is_answered_when_points_are_gone(graph: Graph) -> None:
    """It is free, and nobody overspends by asking it."""
    desk = Desk(graph, Behaviour(points_per_hour=1))
    desk.ask(VIEWER)

    assert desk.ask("{ rateLimit { remaining used } }")["data"]["rateLimit"] == {"remaining": 0, "used": 1}
    assert desk.rules_broken == []


def test_who_cannot_know_does_not_overspend(graph: Graph) -> None:
    """A time-out takes extra points without saying so; the next call is refused, not blamed."""
    graph.mark_heavy("ada", 10)
    desk = Desk(graph, Behaviour(points_per_hour=4))
    desk.send({"query": LIST_OF_ADA})
    desk.ask(VIEWER)

    assert [call.outcome for call in desk.simulation.calls] == ["timed-out", "primary-limit"]
    assert desk.rules_broken == []


@pytest.mark.parametrize("retry_after", [60, None])
def test_call_time_is_limited(graph: Graph, retry_after: int | None) -> None:
    """More call time in 60 s than allowed is refused, with or without `retry-after`."""
    secondary = Secondary(seconds_per_minute=1.0, retry_after_seconds=retry_after, status=429)
    desk = Desk(graph, Behaviour(secondary=secondary))
    while desk.outcome.status in {0, 200}:
        payload = desk.ask(VIEWER)

    assert desk.outcome.status == 429
    assert "errors" not in payload
    assert "secondary rate limit" in payload["message"]
    assert desk.outcome.headers.get("retry-after") == (None if retry_after is None else "60")
    assert desk.rules_broken == []


def test_going_on_while_limited_prolongs_it_and_is_recorded(graph: Graph) -> None:
    """Sixty seconds after the refusal all is well, unless the caller did not wait."""
    desk = Desk(graph, Behaviour(faults=Faults(script={1: Fault.SECONDARY_LIMIT})))
    began = desk.now
    desk.ask(VIEWER)
    desk.now = began + 50.0
    desk.ask(VIEWER)
    assert desk.rules_broken == ["wait"]
    desk.now = began + 70.0
    desk.ask(VIEWER)
    assert desk.rules_broken == ["wait", "wait"]
    desk.now = began + 131.0

    assert "data" in desk.ask(VIEWER)
    assert desk.rules_broken == ["wait", "wait"]


def test_one_call_after_the_other_is_never_too_much(graph: Graph) -> None:
    """Calls that follow each other without a pause fill 60 s of 60 s, and no more."""
    desk = Desk(graph)
    while desk.now < 200.0 + desk.simulation.calls[0].at.timestamp() if desk.simulation.calls else True:
        desk.send({"query": VIEWER})

    assert {call.outcome for call in desk.simulation.calls} == {"answered"}


def test_calls_a_minute_are_limited(graph: Graph) -> None:
    """The window slides."""
    desk = Desk(graph, Behaviour(secondary=Secondary(calls_per_minute=3)))
    for _ in range(4):
        desk.send({"query": VIEWER})

    assert [call.outcome for call in desk.simulation.calls] == ["answered"] * 3 + ["secondary-limit"]


def test_a_second_call_in_flight_is_recorded(graph: Graph) -> None:
    """Unless the behaviour allows it."""
    for allowed, broken in ((True, ["one-in-flight"]), (False, [])):
        desk = Desk(graph, Behaviour(one_in_flight=allowed))
        began = desk.now
        desk.ask(VIEWER)
        desk.now = began + 0.1
        desk.ask(VIEWER)

        assert desk.simulation.calls[1].in_flight == 2
        assert desk.rules_broken == broken


def test_enterprise_knows_no_limits(graph: Graph) -> None:
    """No headers, `rateLimit` is null, nothing is charged."""
    desk = Desk(graph, Behaviour(enterprise=True, points_per_hour=1))
    for _ in range(3):
        assert desk.ask(VIEWER)["data"]["rateLimit"] is None

    assert desk.outcome.headers == {}
    assert sum(call.points for call in desk.simulation.calls) == 0


# Time and work.


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (TimeoutAnswer.BAD_GATEWAY, 502, "<center><h1>502 Bad Gateway</h1></center>"),
        (TimeoutAnswer.GATEWAY_TIMEOUT, 504, "504 Gateway Time-out"),
        (TimeoutAnswer.WENT_WRONG, 502, "Something went wrong while executing your query"),
    ],
)
def test_the_wall(graph: Graph, answer: TimeoutAnswer, status: int, words: str) -> None:
    """At ten seconds the call ends, costs extra, and no header tells the limit."""
    desk = Desk(graph, Behaviour(server=Server(node_seconds=10.0), timeout_answer=answer, timeout_points=7))
    outcome = desk.send({"query": LIST_OF_ADA})

    assert (outcome.status, outcome.seconds) == (status, 10.0)
    assert words in outcome.body.decode()
    assert outcome.headers == {}
    assert desk.simulation.calls[0].points == 8
    assert desk.ask("{ rateLimit { used } }")["data"]["rateLimit"]["used"] == 8


def test_a_heavy_user_answers_small_pages_only(graph: Graph) -> None:
    """Their pages run into the wall unless `first` is small enough."""
    graph.mark_heavy("ada", 10)
    desk = Desk(graph)
    for first in (100, 11, 10):
        desk.send({"query": f'{{ user(login: "ada") {{ {star_list(first)} }} }}'})

    assert [call.outcome for call in desk.simulation.calls] == ["timed-out", "timed-out", "answered"]


def many_lists(count: int) -> str:
    """Ask for so many star lists at once."""
    return "{" + " ".join(f'u{n}: user(login: "ada") {{ {star_list()} }}' for n in range(count)) + "}"


def test_too_much_work_whole(graph: Graph) -> None:
    """One list more than the limit, and nothing is answered."""
    desk = Desk(graph, Behaviour(server=Server(limits=(ResourceLimit(connections=30),))))

    assert "errors" not in desk.ask(many_lists(30))
    payload = desk.ask(many_lists(31))
    assert payload["data"] is None
    assert payload["errors"] == [
        {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
    ]


def test_too_much_work_per_alias(graph: Graph) -> None:
    """What fits is answered; each of the others is null with an error at its list."""
    server = Server(limits=(ResourceLimit(nodes=5),))
    payload = Desk(graph, Behaviour(server=server, resource_answer=ResourceAnswer.PER_ALIAS)).ask(
        many_lists(4)
    )

    assert [payload["data"][f"u{n}"] is None for n in range(4)] == [False, False, True, True]
    assert [error["path"] for error in payload["errors"]] == [
        ["u2", "starredRepositories"],
        ["u3", "starredRepositories"],
    ]
    assert payload["errors"][0]["type"] == "RESOURCE_LIMITS_EXCEEDED"


def test_too_much_work_as_a_time_out(graph: Graph) -> None:
    """The limit may also look like the wall."""
    server = Server(limits=(ResourceLimit(connections=3),))
    desk = Desk(graph, Behaviour(server=server, resource_answer=ResourceAnswer.TIMEOUT))
    desk.send({"query": many_lists(4)})

    assert (desk.outcome.status, desk.outcome.seconds) == (502, 10.0)
