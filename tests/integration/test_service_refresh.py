"""A store that is a week old: what came and went since costs little, and the answer is the truth again."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from tests.integration import service_world
from tests.integration.service_world import ONE, Desk, busy_graph, opened, quiet_graph, truth_of

from stargazer.planner.budget import Budget
from stargazer.planner.coverage import Kind
from stargazer.runner import NoLedger
from stargazer.sandbox import Behaviour, Churn, Faults, Graph, Server
from stargazer.service import JobReader
from stargazer.store.jobs_states import Job, State

database_url = service_world.database_url
migrated = service_world.migrated
server_url = service_world.server_url


def change(graph: Graph, seed: int, *, came: float, went: float, at: datetime) -> None:
    """Let every stargazer star some more, and take some stars back, wherever they lie."""
    chance = random.Random(seed)  # noqa: S311 - chance that can be had again
    names = graph.repositories.names
    for login in graph.stargazers_of(ONE):
        starred = [name for name in graph.starred_by(login) if name != ONE]
        expected = len(starred) * came
        for _ in range(int(expected) + (chance.random() < expected % 1)):
            graph.star(login, chance.choice(names), at=at)
        for name in starred:
            if chance.random() < went:
                graph.unstar(login, name, at=at)


def change_stargazers(graph: Graph, seed: int, *, came: int, went: int, at: datetime) -> None:
    """Let some users star the repository, and some take their star back."""
    chance = random.Random(seed)  # noqa: S311 - chance that can be had again
    listed = graph.stargazers_of(ONE)
    for login in chance.sample(sorted(set(graph.logins) - set(listed)), came):
        graph.star(login, ONE, at=at)
    for login in chance.sample(listed, went):
        graph.unstar(login, ONE, at=at)


async def refreshed(desk: Desk) -> int:
    """Read again, hold the answer against the truth, and tell what it cost in nodes."""
    before = desk.nodes
    done = await desk.read()
    assert done.coverage.kind is Kind.EXACT
    assert await desk.names(done.answer) == truth_of(desk.graph)
    return desk.nodes - before


async def test_new_stars_cost_a_twentieth(database_url: str) -> None:
    """After 2 % new stars in every list, 2 % new stargazers and some who left: at most 5 % of the nodes."""
    async with opened(busy_graph(), database_url) as desk:
        await desk.read()
        first = desk.nodes
        desk.later(days=8)
        change(desk.graph, 1, came=0.02, went=0.0, at=desk.clock.now())
        change_stargazers(desk.graph, 1, came=4, went=2, at=desk.clock.now())

        assert await refreshed(desk) <= 0.05 * first


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("went", [0.001, 0.02])
async def test_unstars_are_found(database_url: str, seed: int, went: float) -> None:
    """Wherever a star was taken back, and whoever came or left, the refreshed answer is the truth."""
    async with opened(busy_graph(), database_url) as desk:
        await desk.read()
        first = desk.nodes
        desk.later(days=8)
        change(desk.graph, seed, came=0.02, went=went, at=desk.clock.now())
        change_stargazers(desk.graph, seed, came=5, went=5, at=desk.clock.now())

        assert await refreshed(desk) < first


async def test_refreshes_build_on_each_other(database_url: str) -> None:
    """Week after week each refresh starts from what the one before it stored."""
    async with opened(busy_graph(), database_url) as desk:
        await desk.read()
        first = desk.nodes
        for week in range(4):
            desk.later(days=8)
            change(desk.graph, week, came=0.02, went=0.0005, at=desk.clock.now())
            change_stargazers(desk.graph, week, came=2, went=1, at=desk.clock.now())
            assert await refreshed(desk) < 0.5 * first


async def test_stars_that_are_given_again_are_one(database_url: str) -> None:
    """Who takes a star back and gives it again has it once, at the new end."""
    async with opened(busy_graph(), database_url) as desk:
        await desk.read()
        desk.later(days=8)
        for login in desk.graph.stargazers_of(ONE)[::3]:
            for name in desk.graph.starred_by(login)[:2]:
                desk.graph.unstar(login, name, at=desk.clock.now())
                desk.graph.star(login, name, at=desk.clock.now())

        await refreshed(desk)
        desk.later(days=8)
        await refreshed(desk)


async def test_bad_weather_over_a_refresh(database_url: str) -> None:
    """Calls that fail while a store is refreshed cost nothing but themselves."""
    async with opened(busy_graph(), database_url) as desk:
        await desk.read()
        desk.later(days=8)
        change(desk.graph, 5, came=0.05, went=0.003, at=desk.clock.now())
        faults = Faults(bad_gateway=0.1, reset=0.1, went_wrong_at_alias=0.3)
        desk.sandbox.reset(Behaviour(seed=2, faults=faults, started_at=desk.clock.now()))

        await refreshed(desk)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_churn_over_a_refresh(database_url: str, seed: int) -> None:
    """While stars come and go, what was there all along is answered, and nothing that never was."""
    async with opened(busy_graph(), database_url) as desk:
        await desk.read()
        desk.later(days=8)
        change(desk.graph, seed, came=0.05, went=0.003, at=desk.clock.now())
        churn = Churn(around=ONE, changes_per_call=20.0)
        desk.sandbox.reset(
            Behaviour(seed=seed, churn=churn, server=Server(slowness=8.0), started_at=desk.clock.now())
        )
        since = desk.clock.now()

        done = await desk.read()

        until, graph = desk.clock.now(), desk.graph
        starred: dict[str, set[str]] = {}
        for name, logins in (await desk.names(done.answer)).items():
            for login in logins:
                starred.setdefault(login, set()).add(name)
        assert done.coverage.users_unread == done.coverage.users_truncated == 0
        assert set(starred) <= graph.stargazers_ever(ONE, since, until)
        for login in graph.stargazers_always(ONE, since, until):
            found = starred.get(login, set())
            assert graph.always(login, since, until) - {ONE} <= found, login
            assert found <= graph.ever(login, since, until) - {ONE}, login


async def test_a_reading_begun_anew_keeps_what_the_first_brought(database_url: str) -> None:
    """Where only lists fetched since a moment count, those that came since are not asked for again."""
    async with opened(quiet_graph(), database_url) as desk:
        await desk.read()
        desk.later(hours=2)
        first, newer_than = desk.nodes, desk.clock.now()

        await desk.read(max_age=timedelta(hours=1), newer_than=newer_than)
        read = desk.nodes
        desk.later(hours=3)
        done = await desk.read(max_age=timedelta(hours=1), newer_than=newer_than)

        assert read > first
        assert desk.nodes == read
        assert await desk.names(done.answer) == truth_of(desk.graph)


async def test_a_job_reads_as_young_as_it_was_asked_to(database_url: str) -> None:
    """It reads what is too old, once however often it is begun, and its answer fits whoever asked so."""
    async with opened(quiet_graph(), database_url) as desk, desk.github() as github:
        first = await desk.read()
        desk.later(hours=2)
        wanted = await desk.wanted(max_age=timedelta(hours=1))
        assert await desk.service.latest(wanted) is None
        asked_at, spent = desk.clock.now(), [desk.nodes]
        job = Job(
            id=uuid4(),
            repository=ONE,
            credential_user=wanted.credential_user,
            budget=Budget(),
            state=State.RUNNING,
            attempts=1,
            created_at=asked_at,
            max_age_seconds=3_600,
            newer_than=asked_at - timedelta(hours=1),
        )
        carry_out = JobReader(desk.service, lambda _: github, lambda _: NoLedger())
        for _ in range(2):
            answer = await carry_out(job, lambda _: None, asyncio.Event())
            spent.append(desk.nodes)
            desk.later(minutes=50)

        assert spent[1] > spent[0]
        assert spent[2] == spent[1]
        found = await desk.service.latest(wanted)
        assert found is not None
        assert found.id == answer
        assert first.answer is not None
        assert answer != first.answer.id
