"""The main job, whole: what it answers is what is true in the graph."""

from __future__ import annotations

import pytest
from tests.integration.main_job import LARGE, SMALL, find, small_graph

from stargazer.planner.coverage import Kind
from stargazer.planner.sizing import PAGES_AT_MOST
from stargazer.sandbox import SERVERS, Behaviour, Graph, real_graph


@pytest.fixture(scope="module")
def real() -> Graph:
    """The real stars of 2009, which no test changes."""
    return real_graph()


@pytest.fixture(scope="module")
def synthetic() -> Graph:
    """A synthetic graph, which no test changes."""
    return small_graph()


@pytest.mark.parametrize(
    "repository",
    ["mislav/will_paginate", "mojombo/god", "ricardochimal/taps", "attack/barometer"],
)
async def test_real_stars(real: Graph, repository: str) -> None:
    """Every neighbour of a real repository is found, with every name, and nothing else."""
    done = await find(real, repository)
    assert done.names == real.truth(repository)
    assert done.found.kind is Kind.EXACT
    assert done.found.complete
    assert done.overspent == []


@pytest.mark.parametrize("repository", [SMALL, LARGE])
async def test_synthetic_stars(synthetic: Graph, repository: str) -> None:
    """A synthetic graph, whose lists are longer, is read as truly."""
    done = await find(synthetic, repository)
    assert done.names == synthetic.truth(repository)
    assert done.found.kind is Kind.EXACT
    assert done.overspent == []


async def test_counts(synthetic: Graph) -> None:
    """Each neighbour tells how many share it and how many starred it, the closest first."""
    done = await find(synthetic, LARGE)
    truth = synthetic.truth(LARGE)
    shown = [(neighbour.repo, neighbour.shared) for neighbour in done.found.neighbours]
    assert shown == sorted(
        ((name, len(names)) for name, names in truth.items()), key=lambda one: (-one[1], one[0].casefold())
    )
    for neighbour in done.found.neighbours[:200]:
        assert neighbour.stars == synthetic.stargazer_count(neighbour.repo)
        assert 0 < neighbour.relevance <= 1


async def test_coverage(synthetic: Graph) -> None:
    """Every stargazer is accounted for, and what was spent is what was charged."""
    done = await find(synthetic, LARGE)
    coverage, spent = done.found.coverage, done.found.spent
    assert (coverage.stargazers_total, coverage.stargazers_listed, coverage.users_read) == (400, 400, 400)
    assert (spent.calls, spent.points) == (done.totals.calls, done.totals.points)
    assert spent.github_seconds == pytest.approx(done.totals.seconds)
    assert done.found.seconds == pytest.approx((done.ended_at - done.began_at).total_seconds())


@pytest.mark.parametrize("server", list(SERVERS))
async def test_every_server(synthetic: Graph, server: str) -> None:
    """However fast GitHub is and whatever it refuses, the answer is exact, and no call is too large."""
    done = await find(synthetic, LARGE, Behaviour(server=SERVERS[server]))
    assert done.names == synthetic.truth(LARGE)
    assert done.found.kind is Kind.EXACT
    assert done.overspent == []
    assert max(call.requests for call in done.calls) <= PAGES_AT_MOST
    assert max(call.in_flight for call in done.calls) == 1
