"""Users go when the last of their lists, and of what names them, has gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.integration.service_world import ONE, TWO, opened, quiet_graph, truth_of

from stargazer.store.unlisted import clean_users


async def test_users_go_with_the_last_that_refers_to_them(database_url: str) -> None:
    """A list of stargazers holds them, and so does an answer; when both are gone they go too."""
    async with opened(quiet_graph(), database_url) as desk:
        await desk.read()
        users = await desk.count("github_user")
        desk.later(days=100)
        older_than = desk.clock.now() - timedelta(days=90)

        async def left() -> int:
            await clean_users(desk.database, older_than)
            return await desk.count("github_user")

        assert await left() == users
        await desk.service.star_lists.clean(older_than)
        assert await left() == users
        await desk.service.stargazer_lists.clean(older_than)
        assert await left() == users
        await desk.service.answers.clean(older_than, keep_latest=False)
        assert await left() == 0

        done = await desk.read()
        assert await desk.names(done.answer) == truth_of(desk.graph)


async def test_young_users_stay(database_url: str) -> None:
    """Whoever was just seen may be about to be written."""
    async with opened(quiet_graph(), database_url) as desk:
        await desk.read()
        for table in ("star_list", "stargazer_list", "answer"):
            async with desk.database.connection() as connection:
                await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
        assert await clean_users(desk.database, desk.clock.now() - timedelta(days=90)) == 0
        assert await desk.count("github_user") == 60


async def test_whoever_is_read_meanwhile_stays(database_url: str) -> None:
    """Cleaning beside readings takes nobody from them."""
    async with opened(quiet_graph(), database_url) as desk:
        for repository in (ONE, TWO, ONE):
            desk.later(days=100)
            now = desk.clock.now()
            await desk.service.star_lists.clean(now)
            await desk.service.stargazer_lists.clean(now)
            await desk.service.answers.clean(now, keep_latest=False)
            reading = asyncio.create_task(desk.read(repository))
            while not reading.done():
                await clean_users(desk.database, now - timedelta(days=90))
            assert await desk.names((await reading).answer) == truth_of(desk.graph, repository)
