"""What is around every request: its id, its limits, its headers and its problems."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from litestar import get
from tests.api.api_world import ONE, Served

from stargazer.app import create_app
from stargazer.cli.serving import Address, Server, listening, url_of
from stargazer.errors import PROBLEMS


async def problem(response: aiohttp.ClientResponse, code: str) -> dict[str, Any]:
    """Read a problem, and see that it is a whole one."""
    assert response.content_type == "application/problem+json"
    told: dict[str, Any] = json.loads(await response.read())
    assert told["type"] == f"/problems/{code}"
    assert told["title"] == PROBLEMS[code].title
    assert told["status"] == response.status == PROBLEMS[code].http_status
    assert told["instance"] == response.url.path
    assert told["request_id"] == response.headers["X-Request-Id"]
    assert told["detail"]
    return told


async def test_every_kind_of_mistake_is_a_problem(idle: Served) -> None:
    """An unknown path, a wrong method and a missing key are told in one shape."""
    async with idle.http.get("/nowhere") as response:
        assert (await problem(response, "not-found"))["path"] == "/nowhere"
    async with idle.http.put("/health/live") as response:
        told = await problem(response, "method-not-allowed")
        assert told["allowed"] == ["GET", "HEAD", "OPTIONS"]
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    async with (
        aiohttp.ClientSession(idle.url) as stranger,
        stranger.get("/metrics") as response,
    ):
        await problem(response, "key-missing")
        assert response.headers["WWW-Authenticate"].startswith("ApiKey ")


async def test_a_body_has_a_limit(idle: Served) -> None:
    """A body that is announced too large, or turns out so, is not read."""
    async with idle.http.post("/jobs", data=b"[" * 70_000) as response:
        told = await problem(response, "request-too-large")
        assert told["limit_bytes"] == 65_536


@pytest.mark.parametrize(
    ("sent", "is_taken"),
    [
        ("trace-1.b_C", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("a b", False),
        ("{}", False),
        ("é", False),
    ],
)
async def test_a_request_id_is_taken_if_it_is_fit(idle: Served, sent: str, *, is_taken: bool) -> None:
    """What a client calls its request stands in the answer; what is unfit is replaced."""
    async with idle.http.get("/health/live", headers={"X-Request-Id": sent}) as response:
        assert (response.headers["X-Request-Id"] == sent) is is_taken
        assert len(response.headers["X-Request-Id"]) >= 11


async def test_answers_are_safe_to_look_at(idle: Served) -> None:
    """A browser is told to load nothing, guess nothing, frame nothing; the server's make is not told."""
    for path in ("/health/live", "/nowhere", "/metrics"):
        async with idle.http.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert "Access-Control-Allow-Origin" not in response.headers


async def test_the_head_of_an_answer_can_be_had_alone(idle: Served) -> None:
    """HEAD answers as GET does, without the body."""
    async with idle.http.head("/health/live") as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        assert await response.read() == b""
    async with idle.http.head("/nowhere") as response:
        assert response.status == 404
        assert response.content_type == "application/problem+json"


async def test_a_database_that_is_away_is_no_reason_to_die(idle: Served) -> None:
    """The service lives on without its database, and is not ready; it is not ready either when it stops."""
    async with idle.http.get("/health/ready") as response:
        assert response.status == 200
    idle.backend.service.database.pool.terminate()
    async with idle.http.get("/health/live") as response:
        assert response.status == 200
    async with idle.http.get("/health/ready") as response:
        await problem(response, "store-unavailable")
        assert int(response.headers["Retry-After"]) >= 1


async def test_who_is_stopping_is_not_ready(idle: Served) -> None:
    """Whoever sends requests is told to send them elsewhere."""
    idle.backend.stopping.set()

    async with idle.http.get("/health/ready") as response:
        await problem(response, "store-unavailable")


async def test_a_body_that_comes_in_pieces_has_the_same_limit(idle: Served) -> None:
    """Whoever does not say how much comes is stopped when it is too much."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"[" * 1_000

    async with idle.http.post("/jobs", data=pieces()) as response:
        await problem(response, "request-too-large")


async def test_a_mistake_of_ours_tells_its_request_id_and_nothing_else(
    idle: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is in the log, whole, and not in the answer."""
    secret = "what the client must not see"

    async def break_down() -> None:
        raise LookupError(secret)

    app = create_app(idle.backend, settings=idle.backend.settings)
    app.register(get("/broken", opt={"exclude_from_auth": True})(break_down))
    async with answering(app) as url, aiohttp.ClientSession(url) as http, http.get("/broken") as response:
        told = await problem(response, "internal-error")

    assert set(told) == {"type", "title", "status", "detail", "instance", "request_id"}
    assert secret not in json.dumps(told)
    assert secret in caplog.text


@pytest.mark.parametrize(
    ("allowed", "is_allowed"), [((), False), (("https://b.example",), False), (("https://a.example",), True)]
)
async def test_scripts_of_other_origins_need_leave(
    idle: Served, allowed: tuple[str, ...], *, is_allowed: bool
) -> None:
    """Only an origin that the operator names may read answers, and ask for leave before it sends a key."""
    settings = msgspec.structs.replace(idle.backend.settings, cors_origins=allowed)
    origin = {"Origin": "https://a.example"}
    asking = {**origin, "Access-Control-Request-Method": "GET"}
    app = create_app(idle.backend, settings=settings)
    async with answering(app) as url, aiohttp.ClientSession(url) as http:
        async with http.get("/health/live", headers=origin) as response:
            granted = response.headers.get("Access-Control-Allow-Origin")
            varies = "Origin" in response.headers.getall("Vary", [])
        async with http.options("/jobs", headers=asking) as response:
            assert response.status == 204
            preflight = response.headers.get("Access-Control-Allow-Headers", "")

    assert (granted == "https://a.example") is is_allowed
    assert varies is bool(allowed)
    assert ("X-API-Key" in preflight) is is_allowed


@asynccontextmanager
async def answering(app: Any) -> AsyncGenerator[str]:
    """Let *app* answer on a port of the loopback."""
    with listening(Address("127.0.0.1", 0)) as listener:
        server = Server(app, listener)
        serving = asyncio.create_task(server.serve())
        try:
            yield url_of(listener)
        finally:
            await server.stop()
            await serving


async def test_the_head_of_a_stream_ends(idle: Served) -> None:
    """Whoever asks for the head of a job's events gets it, and is not held."""
    async with idle.http.get(f"/repos/{ONE}/starneighbours", headers={"Prefer": "wait=0"}) as response:
        job = response.headers["Location"]

    async with idle.http.head(f"{job}/events") as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert await response.read() == b""
