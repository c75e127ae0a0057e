"""The main job where something is out of the ordinary: users, repositories, rights, and other sources."""

from __future__ import annotations

import pytest
from tests.integration.main_job import LARGE, SMALL, find, refuse, small_graph

from stargazer.errors import (
    CredentialsRefused,
    RepositoryNotFound,
    StargazersRestricted,
    StarListsRestricted,
)
from stargazer.planner.budget import Budget
from stargazer.planner.coverage import Kind
from stargazer.sandbox import Behaviour, Graph, Stargazers, StarLists, Token
from stargazer.sandbox.server import Server
from stargazer.sources.entry import FileStargazer


@pytest.fixture
def graph() -> Graph:
    """A synthetic graph to change."""
    return small_graph()


def longest_lists(graph: Graph, repository: str) -> list[str]:
    """List the stargazers of a repository, the one with most stars first."""
    return sorted(graph.stargazers_of(repository), key=lambda login: -len(graph.starred_by(login)))


def without(truth: dict[str, list[str]], *logins: str) -> dict[str, list[str]]:
    """Leave some users out of an answer."""
    kept = {name: [one for one in names if one not in logins] for name, names in truth.items()}
    return {name: names for name, names in kept.items() if names}


# Users.


async def test_user_that_needs_small_pages(graph: Graph) -> None:
    """A list that times out unless it is asked for 25 at a time is read all the same."""
    slow = longest_lists(graph, LARGE)[3]
    graph.mark_heavy(slow, 25)
    done = await find(graph, LARGE)
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.EXACT
    assert done.overspent == []


async def test_user_that_always_fails(graph: Graph) -> None:
    """A list that always times out is given up and named; it costs nobody else anything."""
    bad = longest_lists(graph, LARGE)[3]
    graph.mark_heavy(bad, 0)
    done = await find(graph, LARGE)
    assert done.names == without(graph.truth(LARGE), bad)
    assert done.found.kind is Kind.PARTIAL
    assert (done.found.coverage.users_failed, done.found.coverage.failed) == (1, (bad,))
    assert done.found.neighbours[0].shared_high == done.found.neighbours[0].shared + 1
    assert done.overspent == []


async def test_bad_users_on_a_slow_server(graph: Graph) -> None:
    """Several bad users among slow calls are told apart, each for what they are."""
    _, slow, bad, *others = longest_lists(graph, LARGE)
    graph.mark_heavy(slow, 25)
    graph.mark_heavy(others[-1], 10)
    graph.mark_heavy(bad, 0)
    done = await find(graph, LARGE, Behaviour(server=Server(slowness=4.0)))
    assert done.names == without(graph.truth(LARGE), bad)
    assert done.found.coverage.failed == (bad,)
    assert done.overspent == []


async def test_users_who_are_gone_and_users_who_hide(graph: Graph) -> None:
    """Who is gone, and who shows no list, is counted as starring nothing."""
    gone, private, *_ = longest_lists(graph, LARGE)
    graph.mark_gone(gone)
    graph.mark_private_profile(private)
    done = await find(graph, LARGE)
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.EXACT
    coverage = done.found.coverage
    assert (coverage.users_gone, coverage.users_without_seed, coverage.users_read) == (1, 1, 399)


async def test_list_that_github_truncates(graph: Graph) -> None:
    """What GitHub shows of a list that it cuts is used, and the answer is called partial."""
    cut = longest_lists(graph, LARGE)[0]
    listed = len(graph.starred_by(cut)) - graph.starred_by(cut).index(LARGE) + 5
    graph.mark_over_limit(cut, listed)
    done = await find(graph, LARGE)
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.PARTIAL
    assert done.found.coverage.users_truncated == 1


async def test_stargazers_counted_and_not_listed(graph: Graph) -> None:
    """A few stargazers whom GitHub counts and does not list are told, and the answer stays exact."""
    graph.mark_unlisted(LARGE, 3)
    done = await find(graph, LARGE)
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.EXACT
    assert done.found.coverage.stargazers_hidden == 3


async def test_null_edges(graph: Graph) -> None:
    """A star that is sent as null is missing from the answer, and counted."""
    login = longest_lists(graph, LARGE)[5]
    other = next(name for name in graph.starred_by(login) if name != LARGE)
    graph.mark_null_star(login, other)
    done = await find(graph, LARGE)
    assert done.names == graph.truth(LARGE)
    assert login not in done.names.get(other, [])
    assert done.found.coverage.items_hidden >= 1


# Repositories.


async def test_private_repositories_never_appear(graph: Graph) -> None:
    """A private repository that the token can see reaches no answer; it is only counted."""
    truth = graph.truth(LARGE)
    closest = sorted(truth, key=lambda name: -len(truth[name]))[:3]
    for name in closest:
        graph.mark_private(name)
    done = await find(graph, LARGE)
    assert done.names == graph.truth(LARGE)
    assert not set(closest) & set(done.names)
    assert done.found.kind is Kind.EXACT
    assert done.found.coverage.items_private >= 3


async def test_private_repository_itself(graph: Graph) -> None:
    """The neighbours of one's own private repository are found."""
    graph.mark_private(SMALL)
    done = await find(graph, SMALL)
    assert done.names == graph.truth(SMALL)
    assert done.found.kind is Kind.EXACT


async def test_renamed_repository(graph: Graph) -> None:
    """A renamed repository is found by its old name, and is its own neighbour under neither."""
    graph.rename(LARGE, "moved/away")
    done = await find(graph, LARGE)
    assert done.found.repository == "moved/away"
    assert done.names == graph.truth("moved/away")
    assert not {LARGE, "moved/away"} & set(done.names)
    assert done.found.kind is Kind.EXACT


async def test_repository_in_other_letters(graph: Graph) -> None:
    """The case of a name does not matter, neither to find it nor to leave it out."""
    done = await find(graph, SMALL.upper())
    assert done.found.repository == SMALL
    assert done.names == graph.truth(SMALL)


async def test_repository_without_stars(graph: Graph) -> None:
    """A repository that nobody starred has no neighbours, and that is exact."""
    for login in graph.stargazers_of(SMALL):
        graph.unstar(login, SMALL)
    done = await find(graph, SMALL)
    assert done.names == {}
    assert done.found.kind is Kind.EXACT


async def test_unknown_repository(graph: Graph) -> None:
    """A repository that does not exist costs one call."""
    error, calls = await refuse(graph, "no/body")
    assert isinstance(error, RepositoryNotFound)
    assert len(calls) == 1


# Rights.


@pytest.mark.parametrize("disguise", [Stargazers.FORBIDDEN, Stargazers.EMPTY])
async def test_refused_stargazers_cost_one_call(graph: Graph, disguise: Stargazers) -> None:
    """A refused list of stargazers is never an empty answer; in either disguise it costs one call."""
    error, calls = await refuse(graph, LARGE, Behaviour(stargazers=disguise))
    assert isinstance(error, StargazersRestricted)
    assert error.facts["stargazers_total"] == 400
    assert len(calls) == 1


@pytest.mark.parametrize("disguise", [Stargazers.FORBIDDEN, Stargazers.EMPTY])
async def test_list_that_breaks_off(graph: Graph, disguise: Stargazers) -> None:
    """A list that is refused after its first page gives a partial answer: those listed, and truly."""
    done = await find(graph, LARGE, Behaviour(stargazers=disguise, break_off=True))
    assert done.found.kind is Kind.PARTIAL
    listed = set(done.starred)
    assert 0 < len(listed) < 400
    others = set(graph.stargazers_of(LARGE)) - listed
    assert done.names == without(graph.truth(LARGE), *others)


@pytest.mark.parametrize("disguise", [StarLists.FORBIDDEN, StarLists.EMPTY, StarLists.WITHOUT_SEED])
async def test_refused_star_lists(graph: Graph, disguise: StarLists) -> None:
    """When GitHub closes what people starred, the run stops early and says so."""
    error, calls = await refuse(graph, LARGE, Behaviour(star_lists=disguise))
    assert isinstance(error, StarListsRestricted)
    assert len(calls) <= 25


async def test_dead_token(graph: Graph) -> None:
    """A token that GitHub refuses is used once."""
    error, calls = await refuse(graph, LARGE, Behaviour(tokens={"any": Token(user="ada", dead=True)}))
    assert isinstance(error, CredentialsRefused)
    assert len(calls) == 1


# Other sources, other hosts.


async def test_stargazers_from_a_file(graph: Graph) -> None:
    """Who the stargazers are may come from a file, where GitHub refuses to say; that is never exact."""
    logins = graph.stargazers_of(LARGE)
    done = await find(
        graph, LARGE, Behaviour(stargazers=Stargazers.FORBIDDEN), stargazers=[*logins, "nobody-at-all"]
    )
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.PARTIAL
    assert done.found.coverage.source == "file"
    assert (done.found.coverage.users_read, done.found.coverage.users_gone) == (400, 1)
    assert done.overspent == []


async def test_stargazers_from_a_file_with_ids(graph: Graph) -> None:
    """Where the file knows node ids, no login has to be looked up."""
    listed = [FileStargazer(login=login, id=graph.user_id(login)) for login in graph.stargazers_of(LARGE)]
    done = await find(graph, LARGE, Behaviour(stargazers=Stargazers.EMPTY), stargazers=listed)
    assert done.names == graph.truth(LARGE)
    assert not any("user" in call.kinds or call.kinds.get("repository", 0) > 1 for call in done.calls)


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_enterprise(graph: Graph, concurrency: int) -> None:
    """Where there are no limits and no readings, the same answer is found, by several calls at once."""
    behaviour = Behaviour(enterprise=True, one_in_flight=concurrency == 1)
    done = await find(graph, LARGE, behaviour, budget=Budget(concurrency=concurrency, share=1.0))
    assert done.names == graph.truth(LARGE)
    assert done.found.kind is Kind.EXACT
    assert max(call.in_flight for call in done.calls) <= concurrency
    assert done.overspent == []
