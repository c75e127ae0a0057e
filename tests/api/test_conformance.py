"""What a client that knows only the published contract relies on: a path, a header, an array."""

from __future__ import annotations

from typing import Any

import aiohttp
from tests.api.api_world import KEY, ONE, Served
from tests.integration.service_world import truth_of


async def published(url: str, repository: str, key: str) -> list[dict[str, Any]]:
    """Do what the contract says: ask with the header, take 202 for not yet, follow `Link`."""
    items: list[dict[str, Any]] = []
    async with aiohttp.ClientSession(headers={"X-API-Key": key}) as http:
        address = f"{url}/repos/{repository}/starneighbours"
        while address:
            async with http.get(address) as response:
                if response.status == 202:
                    continue
                assert response.status == 200
                items += await response.json()
                following = response.links.get("next")
                address = str(following["url"]) if following else ""
    return items


async def test_the_published_contract(served: Served) -> None:
    """Every neighbour comes, each with its stargazers, those that share most first."""
    items = await published(served.url, ONE, KEY)

    assert {item["repo"]: item["stargazers"] for item in items} == truth_of(served.sandbox.graph)
    keys = [(-len(item["stargazers"]), item["repo"].casefold()) for item in items]
    assert keys == sorted(keys)


async def test_items_have_the_members_of_the_contract(served: Served) -> None:
    """An exact answer's items have these members, and no others."""
    [item, *_] = await published(served.url, ONE, KEY)

    assert list(item) == ["repo", "stargazers", "shared", "stars", "relevance", "jaccard", "cosine"]
