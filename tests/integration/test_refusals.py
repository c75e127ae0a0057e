"""What GitHub refuses costs one call a day and token, and never looks like an answer."""

from __future__ import annotations

import pytest
from tests.integration.service_world import (
    ONE,
    database_url,
    migrated,
    opened,
    quiet_graph,
    server_url,
    truth_of,
)

from stargazer.errors import StargazersRestricted, StarListsRestricted
from stargazer.sandbox import Behaviour, Stargazers, StarLists, Token

__all__ = ["database_url", "migrated", "server_url"]

DISGUISES = [Stargazers.FORBIDDEN, Stargazers.EMPTY]


@pytest.mark.parametrize("disguise", DISGUISES)
async def test_a_refusal_is_asked_for_once(database_url: str, disguise: Stargazers) -> None:
    """Within a day the same token is told the same without a call; the figures are the same too."""
    async with opened(quiet_graph(), database_url, Behaviour(stargazers=disguise)) as desk:
        with pytest.raises(StargazersRestricted) as first:
            await desk.read()
        calls = len(desk.sandbox.record)
        for _ in range(3):
            desk.later(hours=7)
            with pytest.raises(StargazersRestricted) as again:
                await desk.read()

        assert len(desk.sandbox.record) == calls == 2  # whose token it is, and the one question
        assert again.value.facts == first.value.facts
        assert again.value.facts["stargazers_total"] == 60
        assert again.value.message == first.value.message

        desk.later(hours=4)
        with pytest.raises(StargazersRestricted):
            await desk.read()
        assert len(desk.sandbox.record) == calls + 1


async def test_another_token_asks_anew(database_url: str) -> None:
    """What was refused to one token of a user is granted to their next one, and stays granted."""
    tokens = {
        "weak": Token(user="ada", stargazers=Stargazers.FORBIDDEN),
        "strong": Token(user="ada", stargazers=Stargazers.OPEN),
    }
    async with opened(quiet_graph(), database_url, Behaviour(tokens=tokens)) as desk:
        with pytest.raises(StargazersRestricted):
            await desk.read(login="weak")
        done = await desk.read(login="strong")

        assert await desk.names(done.answer) == truth_of(desk.graph)
        assert await desk.service.latest(await desk.wanted(login="weak")) is not None


async def test_who_wants_it_younger_asks_anew(database_url: str) -> None:
    """A repository that opened meanwhile is read at once by whoever takes nothing older than now."""
    async with opened(quiet_graph(), database_url, Behaviour(stargazers=Stargazers.EMPTY)) as desk:
        with pytest.raises(StargazersRestricted):
            await desk.read()
        desk.sandbox.reset(Behaviour(started_at=desk.clock.now()))
        desk.later(seconds=1)
        with pytest.raises(StargazersRestricted):
            await desk.read()
        done = await desk.read(max_age=desk.clock.now() - desk.clock.now())
        assert done.error is None
        assert await desk.count("refusal") == 0


@pytest.mark.parametrize("disguise", [StarLists.WITHOUT_SEED, StarLists.FORBIDDEN])
async def test_closed_star_lists_are_asked_for_once(database_url: str, disguise: StarLists) -> None:
    """The other half of the data can be closed too: that is remembered likewise."""
    async with opened(quiet_graph(), database_url, Behaviour(star_lists=disguise)) as desk:
        with pytest.raises(StarListsRestricted) as first:
            await desk.read()
        calls = len(desk.sandbox.record)
        with pytest.raises(StarListsRestricted) as again:
            await desk.read()

        assert len(desk.sandbox.record) == calls
        assert again.value.facts == first.value.facts


async def test_a_private_repository_that_is_refused_leaves_no_trace(database_url: str) -> None:
    """Not even that somebody was refused it."""
    graph = quiet_graph()
    graph.mark_private(ONE)
    async with opened(graph, database_url, Behaviour(stargazers=Stargazers.FORBIDDEN)) as desk:
        with pytest.raises(StargazersRestricted):
            await desk.read()
        assert await desk.count("refusal") + await desk.count("repository") == 0
