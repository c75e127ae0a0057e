"""What goes wrong by chance or by script."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.sandbox.desk import Desk, star_list

from stargazer.sandbox import (
    Answer,
    Behaviour,
    Fault,
    Faults,
    Graph,
    Redirect,
)
from stargazer.sandbox.outcome import Delivery

LISTS = {"ada": ["o/a", "o/b", "o/c"], "bob": ["o/a", "o/b"], "cyd": ["o/a"]}
VIEWER = "{ viewer { login } rateLimit { remaining } }"
LIST_OF_ADA = f'{{ user(login: "ada") {{ {star_list()} }} }}'


@pytest.fixture
def graph() -> Graph:
    """A small graph made by hand."""
    return Graph.from_lists(LISTS)


# Faults.


def ask_with(graph: Graph, fault: Fault) -> tuple[Desk, Any]:
    """Let the first call meet a fault."""
    desk = Desk(graph, Behaviour(faults=Faults(script={1: fault})))
    return desk, desk.send({"query": LIST_OF_ADA})


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.BAD_GATEWAY, 502),
        (Fault.GATEWAY_TIMEOUT, 504),
        (Fault.UNAVAILABLE, 503),
        (Fault.SERVER_ERROR, 500),
    ],
)
def test_5xx_carry_no_headers(graph: Graph, fault: Fault, status: int) -> None:
    """Neither by chance nor at the wall."""
    desk, outcome = ask_with(graph, fault)

    assert (outcome.status, outcome.headers) == (status, {})
    assert desk.simulation.calls[0].outcome == fault


@pytest.mark.parametrize(
    ("fault", "spelling"), [(Fault.RATE_LIMIT, "RATE_LIMIT"), (Fault.RATE_LIMITED, "RATE_LIMITED")]
)
def test_the_primary_limit_by_chance_leaves_points(graph: Graph, fault: Fault, spelling: str) -> None:
    """Points remain, and yet a minute must be waited."""
    desk, outcome = ask_with(graph, fault)

    assert outcome.headers["x-ratelimit-remaining"] == "5000"
    assert f'"type":"{spelling}"' in outcome.body.decode()
    desk.ask(VIEWER)
    assert desk.rules_broken == ["wait"]


def test_something_went_wrong(graph: Graph) -> None:
    """As a whole at 200, or at the last alias."""
    desk, outcome = ask_with(graph, Fault.WENT_WRONG)
    assert outcome.status == 200
    assert outcome.body.startswith(b'{"data":null,"errors":[{"message":"Something went wrong')

    desk, outcome = ask_with(graph, Fault.WENT_WRONG_AT_ALIAS)
    assert outcome.body.startswith(b'{"data":{"user":null},"errors":[{"path":["user"]')
    assert len(desk.simulation.calls) == 1


def test_broken_bodies(graph: Graph) -> None:
    """Cut, reset or garbled; the call is charged all the same."""
    for fault, delivery in ((Fault.TRUNCATED, Delivery.TRUNCATED), (Fault.RESET, Delivery.RESET)):
        desk, outcome = ask_with(graph, fault)
        assert outcome.delivery is delivery
        assert desk.simulation.calls[0].points == 1
        desk.ask(VIEWER)
        assert desk.rules_broken == []
    desk, outcome = ask_with(graph, Fault.GARBLED)
    assert not outcome.body.startswith(b"{")


def test_slow_calls(graph: Graph) -> None:
    """Slower by so many seconds, and answered."""
    _, quick = ask_with(graph, Fault.WENT_WRONG_AT_ALIAS)
    desk, outcome = ask_with(graph, Fault.SLOW)

    assert outcome.seconds > 4.0 > quick.seconds
    assert desk.simulation.calls[0].outcome == "answered"


@pytest.mark.parametrize(
    ("fault", "told"), [(Fault.SECONDARY_LIMIT, "60"), (Fault.SECONDARY_LIMIT_UNTIMED, None)]
)
def test_secondary_refusals_by_chance(graph: Graph, fault: Fault, told: str | None) -> None:
    """With `retry-after` and without."""
    _, outcome = ask_with(graph, fault)

    assert outcome.status == 403
    assert outcome.headers.get("retry-after") == told


def test_other_refusals_by_script(graph: Graph) -> None:
    """A token that dies, or lacks a right, in the middle."""
    assert ask_with(graph, Fault.BAD_CREDENTIALS)[1].status == 401
    assert ask_with(graph, Fault.FORBIDDEN)[1].status == 403


def test_answers_and_redirects_word_for_word(graph: Graph) -> None:
    """The n-th call is answered as the script says."""
    faults = Faults(
        answers={1: Answer(status=418, body="tea", headers={"content-type": "text/tea", "x-tea": "green"})},
        redirects={2: Redirect(status=307, location="/elsewhere")},
    )
    desk = Desk(graph, Behaviour(faults=faults))
    tea = desk.send({"query": VIEWER})
    moved = desk.send({"query": VIEWER})

    assert (tea.status, tea.body, tea.content_type, tea.headers) == (
        418,
        b"tea",
        "text/tea",
        {"x-tea": "green"},
    )
    assert (moved.status, moved.headers) == (307, {"Location": "/elsewhere"})


def test_faults_by_chance_are_seeded_and_about_as_many_as_asked(graph: Graph) -> None:
    """And they do not move the jitter of the calls that are answered."""
    outcomes = []
    for _ in range(2):
        desk = Desk(graph, Behaviour(faults=Faults(bad_gateway=0.1, server_error=0.1), one_in_flight=False))
        for _ in range(300):
            desk.send({"query": "{ rateLimit { cost } }"})
        outcomes.append([call.outcome for call in desk.simulation.calls])

    assert outcomes[0] == outcomes[1]
    assert 15 <= outcomes[0].count("bad-gateway") <= 50
    assert 15 <= outcomes[0].count("server-error") <= 50
