"""The main job while stars come and go: what was there all along is found, and nothing that never was."""

from __future__ import annotations

import pytest
from tests.integration.main_job import LARGE, SMALL, Done, find, small_graph

from stargazer.sandbox import Behaviour, Change, Churn, Faults, Graph, Server

CRAWLING = Server(slowness=8.0)
"""So slow that the graph has time to change."""


def assert_true_of_each_list(graph: Graph, repository: str, done: Done) -> None:
    """Hold the answer against what each list was while it was being read."""
    since, until = done.began_at, done.ended_at
    assert set(done.starred) <= graph.stargazers_ever(repository, since, until)
    stayed = graph.stargazers_always(repository, since, until)
    for login in stayed | set(done.starred):
        span = done.read[graph.user_id(login)]
        found = done.starred.get(login, set())
        assert found <= graph.ever(login, *span) - {repository}, login
        if login in stayed:
            assert found >= graph.always(login, *span) - {repository}, login
    assert done.found.coverage.users_truncated == 0


@pytest.mark.parametrize("seed", range(1, 6))
async def test_churn(seed: int) -> None:
    """Several stars come and go with each call, of the repository and of everything else."""
    graph = small_graph()
    churn = Churn(around=LARGE, changes_per_call=3.0)
    done = await find(graph, LARGE, Behaviour(seed=seed, churn=churn, server=CRAWLING))
    assert len(graph.history.changes) > 50
    assert_true_of_each_list(graph, LARGE, done)
    assert done.overspent == []


@pytest.mark.parametrize("seed", range(1, 4))
async def test_churn_in_bad_weather(seed: int) -> None:
    """Neither calls that fail nor pages that are asked again change that."""
    graph = small_graph()
    behaviour = Behaviour(
        seed=seed,
        churn=Churn(around=LARGE, changes_per_call=2.0),
        faults=Faults(bad_gateway=0.05, server_error=0.02, reset=0.02, truncated=0.02, went_wrong=0.03),
        server=CRAWLING,
    )
    done = await find(graph, LARGE, behaviour)
    assert_true_of_each_list(graph, LARGE, done)
    assert done.overspent == []


async def test_a_new_stargazer_while_the_list_is_read() -> None:
    """A star that is given after the first call meets us at the newer end of the list."""
    graph = small_graph()
    outsider = next(login for login in graph.logins if login not in graph.stargazers_of(LARGE))
    change = Change(login=outsider, repository=LARGE, starred=True, before_call=2)
    done = await find(graph, LARGE, Behaviour(changes=(change,)))
    expected = graph.truth(LARGE)
    without = {name: [login for login in logins if login != outsider] for name, logins in expected.items()}
    assert done.names in (expected, {name: logins for name, logins in without.items() if logins})
    assert done.found.coverage.stargazers_listed in (400, 401)


async def test_a_stargazer_who_leaves_before_we_look() -> None:
    """Who has taken the star back when we read their list shares nothing, and is told apart."""
    graph = small_graph()
    leaver = graph.stargazers_of(SMALL)[75]
    change = Change(login=leaver, repository=SMALL, starred=False, before_call=2)
    done = await find(graph, SMALL, Behaviour(changes=(change,)))
    assert done.names == graph.truth(SMALL)
    assert leaver not in done.starred


async def test_unstar_and_star_again() -> None:
    """Who stars again while we read stands on the list twice, and counts once."""
    graph = small_graph()
    mover = graph.stargazers_of(LARGE)[0]
    changes = (
        Change(login=mover, repository=LARGE, starred=False, before_call=2),
        Change(login=mover, repository=LARGE, starred=True, before_call=2),
    )
    done = await find(graph, LARGE, Behaviour(changes=changes))
    assert done.names == graph.truth(LARGE)
    assert done.found.coverage.stargazers_listed == 400
