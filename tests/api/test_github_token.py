"""`/github-token`: a key brings its token, its jobs run with it, and nobody sees it again."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.api.api_world import ADMIN_KEY, ONE, TOKEN, Served, serving, small_graph

from stargazer.sandbox import Behaviour, Stargazers, Token
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import Keys, NewKey

ADA = "ghp_adaadaadaadaadaadaadaadaadaadaadA002"
BOB = "github_pat_bobbobbobbobbobbobbobbobbobbobboB002"
WEAK = "github_pat_weakweakweakweakweakweakweakweakW002"
DEAD = "ghp_deaddeaddeaddeaddeaddeaddeaddeadD002"
TOKENS = {
    TOKEN: Token(user="operator", stargazers=Stargazers.FORBIDDEN),
    ADA: Token(user="ada", scopes=("public_repo",)),
    WEAK: Token(user="ada", stargazers=Stargazers.EMPTY),
    BOB: Token(user="bob", stargazers=Stargazers.EMPTY),
    DEAD: Token(user="cy", dead=True),
}
NEIGHBOURS = f"/repos/{ONE}/starneighbours"


@asynccontextmanager
async def service(database_url: str, **settings: Any) -> AsyncGenerator[Served]:
    """Serve where the service's own token may list nothing, and Ada's may."""
    async with serving(database_url, small_graph(), Behaviour(tokens=TOKENS), **settings) as served:
        yield served


async def ask(served: Served, method: str, path: str, *, key: str | None = None, json: Any = None) -> Any:
    """Send a request; returns its status and its body."""
    headers = {} if key is None else {"X-API-Key": key}
    async with served.http.request(method, path, headers=headers, json=json) as response:
        text = await response.text()
        for token in (ADA, BOB, DEAD):
            assert token not in text
            assert token not in str(response.headers)
        return response.status, await response.json() if text else None


async def bring(served: Served, token: str, *, key: str | None = None) -> Any:
    return await ask(served, "PUT", "/github-token", key=key, json={"token": token})


async def test_a_token_is_brought_shown_and_removed(database_url: str) -> None:
    """It is checked at once; shown are whose it is and its last four letters."""
    async with service(database_url) as served:
        assert (await ask(served, "GET", "/github-token"))[0] == 404
        status, told = await bring(served, ADA)
        assert status == 200
        assert told.pop("points_an_hour") == 5_000
        assert told.pop("points_remaining") == 4_999
        assert (told["login"], told["last_four"], told["scopes"]) == ("ada", "A002", ["public_repo"])
        assert await ask(served, "GET", "/github-token") == (200, told)
        assert (await ask(served, "GET", "/github-token", key=ADMIN_KEY))[0] == 404

        assert await ask(served, "DELETE", "/github-token") == (204, None)
        assert await ask(served, "DELETE", "/github-token") == (204, None)
        assert (await ask(served, "GET", "/github-token"))[0] == 404


async def test_a_job_runs_with_the_token_of_its_key(database_url: str) -> None:
    """What the service's own token is refused, a key reads that brings a better one."""
    async with service(database_url) as served:
        status, refused = await ask(served, "GET", NEIGHBOURS)
        assert (status, refused["type"]) == (403, "/problems/stargazers-restricted")

        await bring(served, ADA)
        status, found = await ask(served, "GET", NEIGHBOURS)
        assert status == 200
        assert found
        assert served.sandbox.record[-1].user == "ada"
        # The other key still has the service's own, and gets to see nothing of Ada's.
        assert (await ask(served, "GET", NEIGHBOURS, key=ADMIN_KEY))[0] == 403

        await ask(served, "DELETE", "/github-token")
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 403


async def test_keys_of_one_github_user_see_the_same(database_url: str) -> None:
    """Answers belong to the GitHub user, whichever key brought the token."""
    async with service(database_url) as served:
        for key in (None, ADMIN_KEY):
            await bring(served, ADA, key=key)
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 200
        asked = len(served.sandbox.record)
        assert (await ask(served, "GET", NEIGHBOURS, key=ADMIN_KEY))[0] == 200
        assert len(served.sandbox.record) == asked


async def test_another_token_of_the_same_user_asks_anew(database_url: str) -> None:
    """What was refused to a user's weak token is not held against a better one of theirs."""
    async with service(database_url) as served:
        await bring(served, WEAK)
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 403
        asked = len(served.sandbox.record)
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 403
        assert len(served.sandbox.record) == asked
        await bring(served, ADA)
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 200


async def test_a_replaced_token_counts_at_once(database_url: str) -> None:
    """The next request is already answered in the name of the new one."""
    async with service(database_url) as served:
        await bring(served, BOB)
        status, refused = await ask(served, "GET", NEIGHBOURS)
        assert (status, refused["credential"]) == (403, "a fine-grained token")
        await bring(served, ADA)
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 200


BAD_BODIES: list[Any] = [
    *({"token": token} for token in (DEAD, "ghp_nobody-has-made-this", "", "x" * 2_000, "two words", 7)),
    *({}, [], None, {"token": ADA, "more": 1}),
]


async def test_what_github_does_not_take_is_refused(database_url: str) -> None:
    """Dead, unknown, empty, endless, or no token at all; nothing is kept, and nothing echoed."""
    async with service(database_url) as served:
        for body in BAD_BODIES:
            status, problem = await ask(served, "PUT", "/github-token", json=body)
            assert (status, problem["type"]) == (400, "/problems/invalid-request"), body
        assert (await ask(served, "GET", "/github-token"))[0] == 404


async def test_not_every_key_may_bring_a_token(database_url: str) -> None:
    """A key that may order no jobs needs no token."""
    async with service(database_url) as served:
        key = make_key_text(bytes([9]) * 32)
        wanted = NewKey(name="reader", scopes=("neighbours",))
        await Keys(served.backend.service.database).create(wanted, key, datetime.now(UTC))
        status, problem = await bring(served, ADA, key=key)
        assert (status, problem["scope"]) == (403, "jobs")


async def test_without_a_secret_no_token_is_taken(database_url: str) -> None:
    """The service says that it keeps none, before GitHub sees the token."""
    async with service(database_url, secret_keys=()) as served:
        status, problem = await bring(served, ADA)
        assert status == 400
        assert "keeps no tokens" in problem["detail"]
        assert served.sandbox.record == []


async def test_the_services_token_may_be_its_own(database_url: str) -> None:
    """Where the operator switches sharing off, a key without a token is told so."""
    async with service(database_url, shares_token=False) as served:
        status, problem = await ask(served, "GET", NEIGHBOURS)
        assert (status, problem["type"]) == (502, "/problems/github-credentials-refused")
        assert "shares none" in problem["detail"]
        await bring(served, ADA)
        assert (await ask(served, "GET", NEIGHBOURS))[0] == 200


@pytest.mark.parametrize("shares", [False, True])
async def test_the_operator_may_share_their_own_lists(database_url: str, *, shares: bool) -> None:
    """A key whose token is refused is served what that of the service has read, if the operator says so."""
    tokens = {**TOKENS, TOKEN: Token(user="operator")}
    behaviour = Behaviour(tokens=tokens)
    async with serving(database_url, small_graph(), behaviour, shares_lists=shares) as served:
        async with served.http.get(NEIGHBOURS) as response:
            theirs, link = await response.json(), response.headers["Link"]
        await bring(served, BOB, key=ADMIN_KEY)
        pinned = link.partition("<")[2].partition(">")[0]

        status, found = await ask(served, "GET", NEIGHBOURS, key=ADMIN_KEY)
        assert status == (200 if shares else 403)
        assert (found == theirs) is shares
        assert (await ask(served, "GET", pinned, key=ADMIN_KEY))[0] == (200 if shares else 410)
        await bring(served, ADA)
        assert (await ask(served, "GET", f"/repos/{ONE}/starneighbours?per_page=5", key=ADMIN_KEY))[
            0
        ] == status


async def test_no_log_line_holds_a_token(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is logged while tokens come and go, at whatever level."""
    caplog.set_level(logging.DEBUG)
    async with service(database_url) as served:
        for token in (ADA, DEAD):
            await bring(served, token)
        # Whoever puts it where it does not belong gets no answer that repeats it, and nobody writes it down.
        await ask(served, "GET", f"/github-token?token={ADA}")
        await ask(served, "GET", f"{NEIGHBOURS}?{ADA}=1&sort={ADA}")
        await ask(served, "PUT", "/github-token", json=[ADA])
        await ask(served, "POST", "/jobs", json={"repositories": [ONE], "token": ADA})
        for headers in ({"Authorization": f"bearer {ADA}"}, {"X-API-Key": ADA}, {"X-Request-ID": ADA}):
            async with served.http.get("/usage", headers=headers) as response:
                assert ADA not in await response.text()
        await ask(served, "GET", f"/repos/{ADA}/{ADA}/starneighbours")
        await ask(served, "GET", f"/nothing/{ADA}")
        await ask(served, "GET", NEIGHBOURS)
        assert caplog.records
        for token in (ADA, DEAD):
            assert all(token not in repr(vars(record)) + record.getMessage() for record in caplog.records)
