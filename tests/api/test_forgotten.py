"""A running service shows nobody who was forgotten, whatever it had kept of its pages."""

from __future__ import annotations

import asyncio
import json

from tests.api.api_world import ONE, TWO, Served

from stargazer.store.forgetting import Whom, forget

PATH = f"/repos/{ONE}/starneighbours"

WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    (PATH, {}),
    (f"{PATH}?names=all&per_page=1000&sort=relevance", {}),
    (PATH, {"Accept": "application/x-ndjson"}),
    (PATH, {"Accept": "text/csv"}),
    ("/jobs", {}),
)


async def text_of(served: Served, path: str, headers: dict[str, str]) -> str:
    async with served.http.get(path, headers=headers) as response:
        assert response.status == 200
        return await response.text()


async def test_no_page_names_them(served: Served) -> None:
    """Not in any form, of no answer, from no server; the counts stay; a tag of before is no longer good."""
    async with served.twin() as twin:
        async with served.http.get(PATH) as response:
            tag, items = response.headers["ETag"], await response.json()
        login = items[0]["stargazers"][0]
        before = [await text_of(server, *way) for server in (served, twin) for way in WAYS]
        assert sum(f"{login}" in text for text in before) == 8

        database = served.backend.service.database
        await forget(database, Whom(login), served.clock.now())

        async with asyncio.timeout(60):
            for server in (served, twin):
                for way in WAYS:
                    # The notice takes a moment.
                    while login in await text_of(server, *way):  # noqa: ASYNC110 - of another process
                        await asyncio.sleep(0)
        async with served.http.get(PATH, headers={"If-None-Match": tag}) as response:
            assert response.status == 200
            after = await response.json()
        assert [item["shared"] for item in after] == [item["shared"] for item in items]
        left = [one for one in items[0]["stargazers"] if one != login]
        assert after[0]["stargazers"] == left


async def test_no_later_answer_and_no_event_names_them(served: Served) -> None:
    """A job that begins later leaves them out."""
    async with served.http.get(PATH) as response:
        login = (await response.json())[0]["stargazers"][0]
    await forget(served.backend.service.database, Whom(login), served.clock.now())

    served.clock.passed(3 * 86_400)
    served.sandbox.graph.move_to(served.clock.now())
    for repository in (ONE, TWO):
        async with served.http.get(
            f"/repos/{repository}/starneighbours?max_age=60&names=all", headers={"Prefer": "wait=60"}
        ) as response:
            assert response.status == 200
            assert login not in await response.text()
    for job in json.loads(await text_of(served, "/jobs", {})):
        assert login not in await text_of(served, f"/jobs/{job['id']}/events", {})
