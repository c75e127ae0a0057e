"""The transport against real servers: what is sent, and what each fault of the network becomes."""

from __future__ import annotations

import asyncio
import copy
import gzip
import io
import logging
import pickle
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed
from tests.integration.servers import ANSWER, answer, serve

from stargazer import errors
from stargazer.github import transport
from stargazer.github.transport import GitHub
from stargazer.planner import page
from stargazer.planner.page import Failure, FailureKind

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
CALL = page.Call(1, (page.UserRequest("ada"),), 1, 0, 0, 0.3)
ADA = page.User("U_1", 1, "ada")


async def failure_of(url: str, **options: Any) -> Failure:
    async with GitHub(TOKEN, url, **options) as github:
        reply = await github.send(CALL)
    assert reply.failure is not None
    return reply.failure


async def test_a_call_is_asked_and_answered() -> None:
    """The body has document, variables and name; the reply what the answer held."""
    asked: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append((request.method, request.path, await request.json()))
        headers = {"Date": "Tue, 24 Nov 2026 10:00:00 GMT"}
        return web.Response(body=ANSWER, content_type="application/json", headers=headers)

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        reply = await github.send(CALL)

    document = (
        "query Call($u0_login:String!){u0:user(login:$u0_login){id databaseId login}"
        "rateLimit{cost limit remaining used resetAt}}"
    )
    body = {"query": document, "variables": {"u0_login": "ada"}, "operationName": "Call"}
    assert asked == [("POST", "/graphql", body)]
    assert (reply.call, reply.outcomes, reply.failure) == (CALL, (ADA,), None)
    assert reply.server_at == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert 0 < reply.seconds < 5


async def test_the_headers_that_github_asks_for_are_sent() -> None:
    """GitHub wants an agent and a token, and gives one format of ids when asked."""
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return await answer(request)

    async with serve(handler) as url, GitHub(f" {TOKEN}\n", url) as github:
        await github.send(CALL)

    headers = seen[0].headers
    assert headers["Authorization"] == f"bearer {TOKEN}"
    assert headers["User-Agent"].startswith("stargazer/")
    assert headers["X-Github-Next-Global-ID"] == "1"
    assert headers["Accept-Encoding"] == "gzip"
    assert headers["Content-Type"] == "application/json"
    assert "Sandbox-Now" not in headers


async def test_any_document_can_be_asked() -> None:
    """The raw answer of a document that is no call: for the doctor."""

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(await request.json(), status=418, headers={"X-Teapot": "yes"})

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        found = await github.ask("query Viewer { viewer { login } }")

    assert (found.status, found.headers["X-Teapot"], found.broken) == (418, "yes", None)
    assert msgspec.json.decode(found.body) == {"query": "query Viewer { viewer { login } }", "variables": {}}


async def test_compressed_answers_are_read() -> None:
    """A page is ten times smaller so."""

    async def handler(_: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=gzip.compress(ANSWER), headers=headers)

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        assert (await github.send(CALL)).outcomes == (ADA,)


async def test_connections_are_used_again() -> None:
    """A new connection costs three round trips."""
    peers: set[Any] = set()

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return await answer(request)

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        for _ in range(5):
            await github.send(CALL)

    assert len(peers) == 1


async def test_concurrent_calls_get_their_own_headers() -> None:
    """Each reply holds status, headers and body of its own answer, in whatever order they come."""
    arrived = 0
    everyone = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal arrived
        name = (await request.json())["variables"]["u0_login"]
        response = web.StreamResponse(headers={"Sandbox-Seconds": name, "Content-Type": "application/json"})
        arrived += 1
        if arrived == 20:
            everyone.set()
        await everyone.wait()
        await response.prepare(request)
        await response.write(b'{"data":{"u0":{"id":"')
        await response.write(f'{name}","databaseId":1,"login":"ada"}}}}}}'.encode())
        await response.write_eof()
        return response

    calls = [page.Call(number, (page.UserRequest(str(number)),), 1, 0, 0, 0.3) for number in range(20)]
    async with serve(handler) as url, GitHub(TOKEN, url, seconds_header="Sandbox-Seconds") as github:
        replies = await asyncio.gather(*map(github.send, calls))

    for call, reply in zip(calls, replies, strict=True):
        assert reply.call is call
        assert reply.seconds == call.number
        assert reply.outcomes == (page.User(str(call.number), 1, "ada"),)


async def test_a_simulation_is_told_the_time_and_tells_the_seconds() -> None:
    """On a virtual clock no time passes: the header says what the call took."""
    told: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        told.append(request.headers["Sandbox-Now"])
        return web.Response(body=ANSWER, headers={"Sandbox-Seconds": "4.25"})

    moment = datetime(2026, 11, 24, 10, 0, 0, 250, tzinfo=UTC)
    async with (
        serve(handler) as url,
        GitHub(TOKEN, url, now=lambda: moment, seconds_header="Sandbox-Seconds") as github,
    ):
        reply = await github.send(CALL)

    assert told == [moment.isoformat()]
    assert reply.seconds == 4.25


@pytest.mark.parametrize("told", [None, "soon", "nan", "-1"])
async def test_seconds_that_cannot_be_read_are_measured(told: str | None) -> None:
    """A header that says nothing usable is as good as none."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=ANSWER, headers={} if told is None else {"Sandbox-Seconds": told})

    async with serve(handler) as url, GitHub(TOKEN, url, seconds_header="Sandbox-Seconds") as github:
        assert 0 < (await github.send(CALL)).seconds < 5


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_to_the_same_origin_is_followed(status: int) -> None:
    """Method, body and token are sent again; the next call starts at the old place."""
    paths: list[str] = []
    sent: set[tuple[str, str]] = set()

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        sent.add((request.headers["Authorization"], await request.text()))
        if request.path == "/graphql":
            return web.Response(status=status, headers={"Location": "/moved"})
        return await answer(request)

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        replies = [await github.send(CALL), await github.send(CALL)]

    assert [reply.outcomes for reply in replies] == [(ADA,), (ADA,)]
    assert paths == ["/graphql", "/moved"] * 2
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (301, "/moved"),
        (302, "/login"),
        (303, "/moved"),
        (307, "http://127.0.0.2:9/graphql"),
        (308, "https://example.org/graphql"),
        (307, "http://[bad"),
        (307, "/graphql"),
    ],
)
async def test_any_other_redirect_is_an_answer_that_names_the_new_place(status: int, location: str) -> None:
    """A token goes to no other origin, a POST becomes no GET, and a circle ends."""
    asked = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=status, headers={"Location": location})

    async with serve(handler) as url:
        failure = await failure_of(url)

    assert failure == Failure(FailureKind.NOT_GRAPHQL, f"status {status}, redirected to {location}")
    assert asked == (transport.MAX_REDIRECTS if location == "/graphql" else 1)


async def test_a_redirect_without_a_place_is_not_followed() -> None:
    """There is nowhere to go."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=307)

    async with serve(handler) as url:
        assert (await failure_of(url)) == Failure(FailureKind.NOT_GRAPHQL, "status 307")


async def test_a_query_that_github_refuses_is_raised() -> None:
    """That is no weather: the plan must not try it again."""

    async def handler(_: web.Request) -> web.Response:
        return web.json_response({"errors": [{"message": "Field 'bogus' doesn't exist"}]})

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        with pytest.raises(errors.QueryRefused, match="bogus"):
            await github.send(CALL)


async def test_a_mistake_in_our_own_code_is_not_weather() -> None:
    """Everything is wrapped by gql; only what the network raised becomes a value."""
    async with serve(answer) as url, GitHub(TOKEN, url) as github:
        with pytest.raises(TransportConnectionFailed, match="unsupported"):
            await github.ask("query", {"x": object()})


async def test_a_call_outside_the_context_is_refused() -> None:
    """Connections are opened and closed by `async with`."""
    with pytest.raises(TransportClosed):
        await GitHub(TOKEN).send(CALL)


async def test_without_a_token_none_is_sent() -> None:
    """An empty header would be one."""
    seen: list[bool] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append("Authorization" in request.headers)
        return await answer(request)

    async with serve(handler) as url, GitHub("", url) as github:
        await github.send(CALL)

    assert seen == [False]


async def test_the_token_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Not in a representation, an attribute, a log, a message, a traceback or a pickle."""
    caplog.set_level(logging.DEBUG)
    shown = io.StringIO()

    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"message": f"refused: {request.headers['Authorization']}"}, status=401)

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        reply = await github.send(CALL)
        shown.write(f"{github} {github!r} {vars(github)} {vars(github._wire)} {reply}")
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(github)
        with pytest.raises(TypeError, match="cannot be pickled"):
            copy.deepcopy(github)
        with pytest.raises((TypeError, TransportConnectionFailed)) as raised:
            await github.ask("query", {"x": object()})
        frames = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
        shown.writelines(frames.format())

    assert reply.failure is not None
    assert reply.failure.kind is FailureKind.CREDENTIALS
    assert TOKEN not in shown.getvalue()
    assert TOKEN not in caplog.text


def test_the_private_names_of_gql_are_still_there() -> None:
    """One private method is overridden; a new gql that calls another fails here first."""
    assert "_prepare_result" in vars(AIOHTTPTransport)
    assert set(vars(transport._Wire)) & set(vars(AIOHTTPTransport)) <= {
        "__init__",
        "__module__",
        "__doc__",
        "__abstractmethods__",
        "_abc_impl",
        "__firstlineno__",
        "__static_attributes__",
        "_prepare_result",
    }
