"""The main job in bad weather: faults, limits and waits cost time, and never an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.integration.main_job import LARGE, SMALL, find, small_graph

from stargazer.errors import GitHubUnreachable
from stargazer.planner.coverage import Kind
from stargazer.sandbox import (
    SERVERS,
    Behaviour,
    Fault,
    Faults,
    Graph,
    ResourceAnswer,
    Secondary,
    Server,
    TimeoutAnswer,
    real_graph,
)

WEATHER = Faults(bad_gateway=0.05, server_error=0.02, reset=0.02, truncated=0.02, went_wrong=0.03)
STORM = Faults(
    bad_gateway=0.06,
    gateway_timeout=0.04,
    unavailable=0.04,
    server_error=0.04,
    reset=0.04,
    truncated=0.04,
    garbled=0.04,
    went_wrong=0.04,
    went_wrong_at_alias=0.08,
    rate_limit=0.01,
    rate_limited=0.01,
    secondary_limit=0.01,
    secondary_limit_untimed=0.01,
)


CRAWLING = Server(slowness=12.0)
"""So slow that a small graph takes a hundred calls."""


@pytest.fixture(scope="module")
def graph() -> Graph:
    """A synthetic graph, which no test changes."""
    return small_graph()


@pytest.fixture(scope="module")
def real() -> Graph:
    """The real stars of 2009, which no test changes."""
    return real_graph()


@pytest.mark.parametrize("seed", range(1, 7))
async def test_faults(graph: Graph, seed: int) -> None:
    """A call in seven goes wrong; every count and every name is still true."""
    done = await find(graph, LARGE, Behaviour(seed=seed, faults=WEATHER, server=CRAWLING))
    assert sum(call.outcome != "answered" for call in done.calls) > 3
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.EXACT
    assert done.overspent == []


@pytest.mark.parametrize("seed", range(1, 4))
async def test_faults_on_real_stars(real: Graph, seed: int) -> None:
    """Real stars are read as truly in the same weather."""
    done = await find(real, "mojombo/god", Behaviour(seed=seed, faults=WEATHER, server=CRAWLING))
    assert done.names == real.truth("mojombo/god")
    assert done.found.kind is Kind.EXACT
    assert done.overspent == []


@pytest.mark.parametrize("seed", range(1, 5))
async def test_storm(graph: Graph, seed: int) -> None:
    """Four calls in ten go wrong, in every way we know; every count and every name is still true."""
    done = await find(graph, LARGE, Behaviour(seed=seed, faults=STORM, server=CRAWLING))
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.EXACT
    assert done.overspent == []


@pytest.mark.parametrize("answer", list(TimeoutAnswer))
async def test_time_outs(graph: Graph, answer: TimeoutAnswer) -> None:
    """However GitHub words a time-out, calls get smaller and nothing is lost."""
    done = await find(graph, SMALL, Behaviour(timeout_answer=answer, server=CRAWLING))
    assert done.totals.timeouts > 0
    assert done.names == graph.truth(SMALL)
    assert done.found.kind is Kind.EXACT
    assert done.overspent == []


@pytest.mark.parametrize("answer", list(ResourceAnswer))
async def test_resource_limits(graph: Graph, answer: ResourceAnswer) -> None:
    """However GitHub refuses too much work, calls get smaller and nothing is lost."""
    done = await find(graph, LARGE, Behaviour(resource_answer=answer, server=SERVERS["tightening"]))
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.EXACT
    assert done.overspent == []


@pytest.mark.parametrize("spelling", ["RATE_LIMIT", "RATE_LIMITED"])
async def test_points_run_out_many_times(graph: Graph, spelling: str) -> None:
    """With six points an hour the run waits for hour after hour and never sends what cannot be paid."""
    # What a time-out costs extra is no secret here: else GitHub may refuse what we could not know.
    behaviour = Behaviour(points_per_hour=6, rate_limit_spelling=spelling, server=CRAWLING, timeout_points=1)
    done = await find(graph, LARGE, behaviour)
    assert done.names == graph.truth(LARGE)
    assert done.ended_at - done.began_at > timedelta(hours=5)
    assert done.found.spent.waited_seconds > 5 * 3600
    assert done.overspent == []
    assert done.totals.refused == 0


@pytest.mark.parametrize("seed", range(1, 4))
async def test_points_run_out_in_bad_weather(graph: Graph, seed: int) -> None:
    """Calls without a reading leave it open what is left; still nothing is overspent."""
    behaviour = Behaviour(points_per_hour=12, faults=WEATHER, server=CRAWLING, seed=seed)
    done = await find(graph, LARGE, behaviour)
    assert done.names == graph.truth(LARGE)
    assert done.overspent == []


async def test_time_outs_that_cost_more_than_we_think(graph: Graph) -> None:
    """A call that GitHub refuses since a time-out was dearer than booked is asked again in the next hour."""
    done = await find(graph, LARGE, Behaviour(points_per_hour=6, timeout_points=5, server=CRAWLING))
    assert any(call.outcome == "timed-out" for call in done.calls)
    assert done.names == graph.truth(LARGE)
    assert done.overspent == []


async def test_points_used_by_others(graph: Graph) -> None:
    """Points that others have used before count too: the first call waits for the next hour."""
    done = await find(graph, SMALL, Behaviour(points_per_hour=40, points_used=39))
    assert done.names == graph.truth(SMALL)
    assert done.overspent == []


@pytest.mark.parametrize("retry_after", [None, 30, 90])
@pytest.mark.parametrize("status", [403, 429])
async def test_secondary_limits(graph: Graph, retry_after: int | None, status: int) -> None:
    """GitHub grants less call time than it says; each refusal is waited out, told or not how long."""
    strict = Secondary(seconds_per_minute=30.0, retry_after_seconds=retry_after, status=status)
    done = await find(graph, LARGE, Behaviour(secondary=strict, server=SERVERS["slow"]))
    assert any(call.outcome == "secondary-limit" for call in done.calls)
    assert done.names == graph.truth(LARGE)
    assert done.overspent == []


@pytest.mark.parametrize("fault", [Fault.SECONDARY_LIMIT, Fault.SECONDARY_LIMIT_UNTIMED])
async def test_after_a_refusal_nothing_is_sent_before_the_wait_is_over(graph: Graph, fault: Fault) -> None:
    """A refusal of the second call holds back the third for a minute."""
    done = await find(graph, SMALL, Behaviour(faults=Faults(script={2: fault})))
    assert done.calls[2].at - done.calls[1].at >= timedelta(seconds=60)
    assert done.names == graph.truth(SMALL)
    assert done.overspent == []


async def test_call_time(graph: Graph) -> None:
    """In any minute at most 48 of GitHub's 60 seconds of call time are used."""
    done = await find(graph, LARGE, Behaviour(server=SERVERS["slow"]))
    for last in done.calls:
        ended_at = last.at + timedelta(seconds=last.seconds)
        minute = [
            call for call in done.calls if call.at <= last.at and ended_at - call.at <= timedelta(seconds=60)
        ]
        assert sum(call.seconds for call in minute) <= 55
    assert not any(call.outcome == "secondary-limit" for call in done.calls)


async def test_nobody_there(graph: Graph) -> None:
    """A GitHub that always fails is given up after a few calls."""
    with pytest.raises(GitHubUnreachable):
        await find(graph, SMALL, Behaviour(faults=Faults(unavailable=1.0)))
