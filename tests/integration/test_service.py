"""The use cases of the store: what is answered from it is the truth, and costs nothing twice."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import numpy as np
import pytest
from tests.integration import service_world
from tests.integration.service_world import ONE, TWO, busy_graph, opened, quiet_graph, truth_of

from stargazer.errors import RepositoryNotFound, StargazersRestricted, StarListsRestricted
from stargazer.neighbours import rank
from stargazer.planner.coverage import Kind
from stargazer.planner.page import Call, Facts, Failure, FailureKind, Reply, User
from stargazer.runner import Transport
from stargazer.sandbox import Behaviour, Faults, Stargazers, StarLists, real_graph
from stargazer.store.sizes import read_sizes

database_url = service_world.database_url
migrated = service_world.migrated
server_url = service_world.server_url


async def test_an_answer_is_the_truth(database_url: str) -> None:
    """Every neighbour is stored with every name, count and score, the closest first."""
    async with opened(busy_graph(), database_url) as desk:
        done = await desk.read()

        neighbours = await desk.neighbours(done.answer)
        assert done.answer is not None
        assert (done.error, done.answer.kind, done.answer.complete) == (None, Kind.EXACT, True)
        assert {one.repo: list(one.stargazers) for one in neighbours} == truth_of(desk.graph)
        assert [(one.repo, one.shared) for one in neighbours] == sorted(
            ((one.repo, len(one.stargazers)) for one in neighbours),
            key=lambda one: (-one[1], one[0].casefold()),
        )
        for one in neighbours:
            stars = desk.graph.stargazer_count(one.repo)
            assert one.stars == stars
            for name, formula in rank.FORMULAS.items():
                if name != "shared":
                    assert getattr(one, name) == pytest.approx(
                        formula(np.array(one.shared), np.array(stars), 200)
                    )


@pytest.mark.parametrize("repository", ["mojombo/god", "attack/barometer", "ricardochimal/taps"])
async def test_real_stars_are_answered_truly(database_url: str, repository: str) -> None:
    """The same holds for real stars."""
    async with opened(real_graph(), database_url) as desk:
        done = await desk.read(repository)
        assert done.coverage.kind is Kind.EXACT
        assert await desk.names(done.answer) == truth_of(desk.graph, repository)


async def test_the_same_again_asks_nothing(database_url: str) -> None:
    """Within its age an answer is served without a call, whatever the case of the name; then no more."""
    async with opened(quiet_graph(), database_url) as desk:
        done = await desk.read()
        calls = len(desk.sandbox.record)

        wanted = await desk.wanted(ONE.upper())
        assert await desk.service.latest(wanted) == done.answer
        assert len(desk.sandbox.record) == calls
        desk.later(days=8)
        assert await desk.service.latest(wanted) is None
        old = await desk.wanted(max_age=timedelta(days=30))
        assert await desk.service.latest(old) == done.answer


async def test_whose_a_token_is_is_asked_once(database_url: str) -> None:
    """GitHub is asked for the user of a token when it is seen first."""
    async with opened(quiet_graph(), database_url) as desk:
        first = await desk.wanted()
        assert len(desk.sandbox.record) == 1
        assert (await desk.wanted()).credential_user == first.credential_user
        assert len(desk.sandbox.record) == 1
        assert (await desk.wanted(login="bob")).credential_user != first.credential_user


async def test_a_fresh_list_of_stargazers_is_not_asked_for(database_url: str) -> None:
    """Reading again at once takes one call, for the facts, and says that all came from the store."""
    async with opened(quiet_graph(), database_url) as desk:
        first = await desk.read()
        pages = desk.pages

        again = await desk.read()

        assert again.spent.calls == 1
        assert desk.pages == pages
        assert again.coverage.users_from_store == first.coverage.users_read == 60
        assert again.coverage.as_of == first.coverage.as_of
        assert await desk.names(again.answer) == truth_of(desk.graph)


async def test_nobody_sees_what_another_credential_read(database_url: str) -> None:
    """Answers and lists of stargazers belong to a GitHub user; star lists are shared."""
    async with opened(quiet_graph(), database_url) as desk:
        await desk.read(login="ada")
        asked = desk.sandbox.record[-1].number

        stranger = await desk.wanted(login="bob")
        assert await desk.service.latest(stranger) is None
        done = await desk.read(login="bob")

        kinds = [call.kinds for call in desk.sandbox.record[asked:]]
        assert done.coverage.users_from_store == 60
        assert done.spent.nodes <= 120
        assert any("repository" in kind for kind in kinds)
        assert await desk.count("stargazer_list") == 2
        ada = await desk.service.latest(await desk.wanted(login="ada"))
        assert ada is not None
        assert ada.id != (done.answer and done.answer.id)
        assert await desk.service.answers.find(ada.id, stranger.credential_user) is None


async def test_a_stranger_who_is_refused_gets_nothing(database_url: str) -> None:
    """That somebody else's list is stored helps nobody whom GitHub refuses it."""
    async with opened(quiet_graph(), database_url) as desk:
        await desk.read(login="ada")
        desk.sandbox.reset(Behaviour(stargazers=Stargazers.EMPTY, started_at=desk.clock.now()))
        with pytest.raises(StargazersRestricted):
            await desk.read(login="bob")
        assert await desk.count("answer") == 1


@pytest.mark.parametrize("refusal", [Stargazers.EMPTY, Stargazers.FORBIDDEN])
async def test_a_refused_list_is_no_answer(database_url: str, refusal: Stargazers) -> None:
    """Where GitHub does not list the stargazers nothing is stored that looks like an answer."""
    async with opened(quiet_graph(), database_url, Behaviour(stargazers=refusal)) as desk:
        with pytest.raises(StargazersRestricted):
            await desk.read()
        assert await desk.count("answer") + await desk.count("stargazer_list") == 0
        assert await desk.service.latest(await desk.wanted()) is None


async def test_closed_star_lists_are_no_answer(database_url: str) -> None:
    """Where star lists come without the repository itself there is no answer either."""
    async with opened(quiet_graph(), database_url, Behaviour(star_lists=StarLists.WITHOUT_SEED)) as desk:
        with pytest.raises(StarListsRestricted):
            await desk.read()
        assert await desk.count("answer") == 0


async def test_a_private_repository_leaves_no_trace(database_url: str) -> None:
    """Nothing about a private repository, its stargazers or them reaches the store."""
    graph = quiet_graph()
    graph.mark_private(ONE)
    async with opened(graph, database_url) as desk:
        done = await desk.read()
        assert done.answer is None
        tables = ("repository", "github_user", "star_list", "star_list_part", "stargazer_list", "answer")
        assert [await desk.count(table) for table in (*tables, "stargazer_list_part")] == [0] * 7


async def test_a_repository_that_is_not_there(database_url: str) -> None:
    """Who asks for nothing that exists is told so, and nothing is stored."""
    async with opened(quiet_graph(), database_url) as desk:
        with pytest.raises(RepositoryNotFound):
            await desk.read("no/body")
        assert await desk.count("answer") == 0


async def test_bad_weather_changes_no_answer(database_url: str) -> None:
    """Calls that fail are asked again, and what is stored is exact all the same."""
    faults = Faults(
        bad_gateway=0.05, server_error=0.03, reset=0.03, truncated=0.03, went_wrong=0.03,
        went_wrong_at_alias=0.1, rate_limited=0.02, secondary_limit=0.02,
    )  # fmt: skip
    async with opened(busy_graph(), database_url, Behaviour(faults=faults, seed=3)) as desk:
        done = await desk.read()
        assert done.coverage.kind is Kind.EXACT
        assert await desk.names(done.answer) == truth_of(desk.graph)


class Forgetful:
    """A transport whose first calls bring no facts."""

    def __init__(self, transport: Transport, calls: int) -> None:
        self._transport = transport
        self._left = calls

    async def send(self, call: Call) -> Reply:
        """Send a call, and lose the facts if it is one of the first."""
        reply = await self._transport.send(call)
        self._left -= 1
        if self._left < 0:
            return reply
        lost = Failure(FailureKind.UNKNOWN, "a null without a reason")
        outcomes = tuple(lost if isinstance(one, Facts) else one for one in reply.outcomes)
        return msgspec.structs.replace(reply, outcomes=outcomes)


@pytest.mark.parametrize("calls", [1, 2])
async def test_what_comes_before_the_facts_is_kept(database_url: str, calls: int) -> None:
    """Pages that come before the facts of the repository are stored when these have come."""
    async with opened(busy_graph(), database_url) as desk, desk.github() as github:
        wanted = await desk.wanted()
        async with desk.service.reading(wanted, Forgetful(github, calls)) as reading:
            done = await reading.outcome()
        assert done.coverage.kind is Kind.EXACT
        assert await desk.names(done.answer) == truth_of(desk.graph)
        assert await desk.count("stargazer_list") == 1
        assert await desk.count("stargazer_list_part") + await desk.count("star_list_part") == 0


async def test_odd_users_are_answered_as_they_are(database_url: str) -> None:
    """Users who are gone, private profiles, hidden and private stars: the answer is the truth."""
    graph = quiet_graph()
    gone, private, *others = graph.stargazers_of(ONE)
    graph.mark_gone(gone)
    graph.mark_private_profile(private)
    starred = [name for name in graph.starred_by(others[0]) if name != ONE]
    graph.mark_null_star(others[0], starred[0])
    graph.mark_private(starred[1])
    graph.mark_numberless(starred[2])
    async with opened(graph, database_url) as desk:
        done = await desk.read()
        assert (done.coverage.users_gone, done.coverage.users_without_seed) == (1, 1)
        assert await desk.names(done.answer) == truth_of(graph)
        desk.later(days=8)
        done = await desk.read()
        assert await desk.names(done.answer) == truth_of(graph)


@pytest.mark.parametrize("by_id", [False, True])
async def test_stargazers_from_a_file(database_url: str, by_id: bool) -> None:
    """A list from elsewhere is answered truly, as partial, and never passes for GitHub's own."""
    async with opened(quiet_graph(), database_url, Behaviour(stargazers=Stargazers.EMPTY)) as desk:
        logins = tuple(desk.graph.stargazers_of(ONE))
        users = tuple(User(desk.graph.user_id(login), None, login) for login in logins) if by_id else ()

        done = await desk.read(logins=() if by_id else logins, users=users)

        assert (done.coverage.source, done.coverage.kind) == ("file", Kind.PARTIAL)
        assert await desk.names(done.answer) == truth_of(desk.graph)
        assert await desk.count("stargazer_list") + await desk.count("stargazer_list_part") == 0
        assert await desk.service.latest(await desk.wanted()) is None


async def test_what_is_left_unread_is_not_served(database_url: str) -> None:
    """An answer that was cut short is told as partial, and is not served to the next."""
    async with opened(busy_graph(), database_url) as desk:
        done = await desk.interrupted(3, lambda reading: reading.wind_down())
        assert done.answer is not None
        assert (done.answer.kind, done.answer.complete) == (Kind.PARTIAL, False)
        assert await desk.service.latest(await desk.wanted()) is None


async def test_a_list_that_broke_off_is_not_served(database_url: str) -> None:
    """Where GitHub closed the list of stargazers after its first page, the next one asks again."""
    graph = busy_graph(stargazers=450)
    async with opened(graph, database_url, Behaviour(stargazers=Stargazers.EMPTY, break_off=True)) as desk:
        done = await desk.read()
        assert done.coverage.users_unread == 0
        assert done.coverage.kind is Kind.PARTIAL
        assert await desk.service.latest(await desk.wanted()) is None
        desk.sandbox.reset(Behaviour(started_at=desk.clock.now()))
        done = await desk.read()
        assert await desk.names(done.answer) == truth_of(graph)


async def test_sizes_are_kept(database_url: str) -> None:
    """What one run learnt about sizes the next one starts with, whatever the repository."""
    async with opened(busy_graph(), database_url) as desk:
        await desk.read()
        learnt = await read_sizes(desk.database)
        assert learnt.cap > 20
        before = desk.sandbox.record[-1].number
        await desk.read(TWO)
        async with desk.github() as github, desk.service.reading(await desk.wanted(TWO), github) as reading:
            assert reading.plan.sizes.cap >= learnt.cap
        assert desk.sandbox.record[-1].number > before
