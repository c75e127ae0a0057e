"""`POST /repos/{owner}/{name}/stargazers`: a list from elsewhere over HTTP."""

from __future__ import annotations

import gzip
import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from tests.api.api_world import ADMIN_KEY, ONE, Served, serving, small_graph

from stargazer.api.problems import BODY_LIMIT_BYTES, IMPORT_LIMIT_BYTES
from stargazer.sandbox import Behaviour, Stargazers

LIST = f"/repos/{ONE}/stargazers"
NEIGHBOURS = f"/repos/{ONE}/starneighbours"


@asynccontextmanager
async def closed(database_url: str) -> AsyncGenerator[Served]:
    """Serve where GitHub lists no stargazers."""
    async with serving(database_url, small_graph(), Behaviour(stargazers=Stargazers.EMPTY)) as served:
        yield served


async def ask(served: Served, method: str, path: str, *, key: str = ADMIN_KEY, data: Any = None) -> Any:
    async with served.http.request(method, path, headers={"X-API-Key": key}, data=data) as response:
        text = await response.text()
        return response.status, await response.json() if text else None


async def test_a_closed_repository_is_answered_from_a_list(database_url: str) -> None:
    """Refused, then answered from what was brought; removed, it is refused again."""
    async with closed(database_url) as served:
        status, refused = await ask(served, "GET", NEIGHBOURS)
        assert (status, refused["type"]) == (403, "/problems/stargazers-restricted")
        assert len(refused["ways"]) == 3

        logins = sorted(served.sandbox.graph.stargazers_of(ONE))
        lines = "login,starred_at\n" + "".join(f"{one},2025-01-02T03:04:05Z\n" for one in logins)
        status, told = await ask(
            served, "POST", f"{LIST}?source=an%20archive", data=gzip.compress(lines.encode())
        )
        assert status == 200
        assert (told["entries"], told["share"], told["source"]) == (60, 1.0, "an archive")

        status, found = await ask(served, "GET", NEIGHBOURS)
        assert status == 200
        truth = served.sandbox.graph.truth(ONE)
        assert len(found) == 100
        for item in found:
            assert item["shared"] == len(truth[item["repo"]])
        asked = len(served.sandbox.record)
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 200
        assert len(served.sandbox.record) == asked

        assert await ask(served, "DELETE", LIST) == (204, None)
        # A reply may be sent again for a second: so something else is asked for.
        assert (await ask(served, "GET", f"{NEIGHBOURS}?per_page=7"))[0] == 403


async def test_only_keys_with_the_scope_may_bring_one(served: Served) -> None:
    """Else whoever may ask could make up answers for everybody of the same GitHub user."""
    async with served.http.post(LIST, data=b"login\nada\n") as response:
        assert response.status == 403
        assert (await response.json())["scope"] == "import"


async def test_what_cannot_be_imported_is_said(database_url: str) -> None:
    """Rubbish, an unknown repository, too many bytes: announced or not."""
    async with closed(database_url) as served:
        status, problem = await ask(served, "POST", LIST, data=b"!!!\n")
        assert (status, problem["type"]) == (400, "/problems/invalid-request")
        assert "line 1" in problem["detail"]
        status, problem = await ask(served, "POST", "/repos/no/body/stargazers", data=b"ada\n")
        assert (status, problem["type"]) == (404, "/problems/repository-not-found")
        status, problem = await ask(served, "POST", LIST, data=io.BytesIO(b"x" * (IMPORT_LIMIT_BYTES + 1)))
        assert (status, problem["limit_bytes"]) == (413, IMPORT_LIMIT_BYTES)

        async def endless() -> AsyncGenerator[bytes]:
            for _ in range(IMPORT_LIMIT_BYTES // 1_000_000 + 1):
                yield b"ada\n" * 250_000

        status, problem = await ask(served, "POST", LIST, data=endless())
        assert (status, problem["limit_bytes"]) == (413, IMPORT_LIMIT_BYTES)
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 403


async def test_a_large_list_passes_and_nothing_else_does(served: Served) -> None:
    """More than what other requests may hold; only this path takes so much."""
    body = b"".join(b"user-%d\n" % number for number in range(20_000))
    assert len(body) > BODY_LIMIT_BYTES
    status, told = await ask(served, "POST", LIST, data=body)
    assert (status, told["entries"]) == (200, 20_000)
    assert (await ask(served, "POST", "/jobs", data=body))[0] == 413
