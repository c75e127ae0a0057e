"""What each fault of the network becomes, against servers that really break."""

from __future__ import annotations

import asyncio
import gzip
import time
from typing import Any

import pytest
from aiohttp import web
from tests.integration.servers import ANSWER, Talk, answer, close_at_once, reset, say, serve, serve_bytes

from stargazer.github.transport import GitHub
from stargazer.planner import page
from stargazer.planner.page import Failure, FailureKind

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
CALL = page.Call(1, (page.UserRequest("ada"),), 1, 0, 0, 0.3)
ADA = page.User("U_1", 1, "ada")
SHORT = 0.3


async def failure_of(url: str, **options: Any) -> Failure:
    async with GitHub(TOKEN, url, **options) as github:
        reply = await github.send(CALL)
    assert reply.failure is not None
    return reply.failure


async def test_silence_before_the_answer_is_a_time_out() -> None:
    """Its seconds are those that were waited."""
    over = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await over.wait()
        return await answer(request)

    async with serve(handler) as url, GitHub(TOKEN, url, timeout_seconds=SHORT) as github:
        reply = await github.send(CALL)
        over.set()

    assert reply.failure == Failure(FailureKind.TIMEOUT, "no answer in time")
    assert SHORT <= reply.seconds < 10 * SHORT


async def test_silence_within_the_answer_is_a_time_out() -> None:
    """The headers that did come are kept: their reading says what was spent."""
    over = asyncio.Event()
    limit = {"Limit": "5000", "Remaining": "4990", "Used": "10", "Reset": "1795514400"}

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={f"X-RateLimit-{name}": value for name, value in limit.items()})
        await response.prepare(request)
        await response.write(ANSWER[:20])
        await over.wait()
        return response

    async with serve(handler) as url, GitHub(TOKEN, url, timeout_seconds=SHORT) as github:
        reply = await github.send(CALL)
        over.set()

    assert reply.failure == Failure(FailureKind.TIMEOUT, "no answer in time")
    assert reply.reading is not None
    assert reply.reading.remaining == 4990
    assert reply.seconds < SHORT


async def trickle(request: web.Request) -> web.StreamResponse:
    """Answer byte by byte, so slowly that the whole takes longer than the silence allowed."""
    response = web.StreamResponse()
    await response.prepare(request)
    began = time.monotonic()
    for byte in ANSWER:
        await response.write(bytes([byte]))
        await asyncio.sleep(2 * SHORT / len(ANSWER))
    assert time.monotonic() - began > SHORT
    return response


async def test_a_slow_line_is_not_cut() -> None:
    """Only silence counts, and only the time to the first byte is GitHub's."""
    async with serve(trickle) as url, GitHub(TOKEN, url, timeout_seconds=SHORT) as github:
        reply = await github.send(CALL)

    assert reply.outcomes == (ADA,)
    assert reply.seconds < SHORT


async def test_a_line_that_never_ends_is_cut() -> None:
    """There is a bound on the whole too."""
    async with serve(trickle) as url:
        assert (await failure_of(url, total_seconds=SHORT)).kind is FailureKind.TIMEOUT


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n"


@pytest.mark.parametrize(
    "talk",
    [
        close_at_once,
        reset,
        say(b"HTTP/1.1 200"),
        say(b"SSH-2.0-OpenSSH_9.2\r\n"),
        say(LENGTH + ANSWER),
        say(CHUNKED, b"10\r\n" + ANSWER[:16]),
        say(CHUNKED, b"zz\r\n"),
        say(GZIPPED, b"0123456789"),
        say(GZIPPED, gzip.compress(ANSWER)[:10]),
    ],
    ids=["closed", "reset", "cut status", "no HTTP", "cut", "cut chunk", "bad chunk", "no gzip", "cut gzip"],
)
async def test_a_connection_that_breaks_is_transient(talk: Talk) -> None:
    """Closed, reset, cut or garbled: weather, told in a sentence."""
    async with serve_bytes(talk) as url:
        failure = await failure_of(url)

    assert failure.kind is FailureKind.TRANSIENT
    assert failure.message


async def test_a_refusal_that_breaks_off_keeps_its_meaning() -> None:
    """A 502 is a time-out even when its HTML is not whole."""
    async with serve_bytes(say(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 50\r\n\r\n<html>")) as url:
        assert (await failure_of(url)).kind is FailureKind.TIMEOUT


async def test_a_port_where_nobody_listens_is_transient() -> None:
    """The message names the reason, and no seconds of GitHub's were spent."""
    async with serve(answer) as url:
        pass
    async with GitHub(TOKEN, url) as github:
        reply = await github.send(CALL)

    assert reply.failure is not None
    assert reply.failure.kind is FailureKind.TRANSIENT
    assert "Connect call failed" in reply.failure.message
    assert reply.seconds == 0


async def test_a_host_without_an_address_is_named() -> None:
    """The name `invalid` never resolves (RFC 2606)."""
    failure = await failure_of("https://stargazer.invalid/graphql")

    assert failure == Failure(FailureKind.TRANSIENT, "no address for the host stargazer.invalid")


async def test_a_server_without_tls_is_named() -> None:
    """A wrong scheme is told apart from a wrong host."""
    async with serve(answer) as url:
        failure = await failure_of(url.replace("http:", "https:"))

    assert failure.kind is FailureKind.TRANSIENT
    assert failure.message.startswith("no secure connection: ")


async def test_the_next_call_works_after_a_broken_one() -> None:
    """One broken connection costs one call."""
    calls = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            assert request.transport is not None
            request.transport.close()
        return await answer(request)

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        first, second = await github.send(CALL), await github.send(CALL)

    assert first.failure is not None
    assert second.outcomes == (ADA,)


async def test_a_cancelled_call_is_cancelled() -> None:
    """Ctrl-C is not weather."""
    over = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await over.wait()
        return await answer(request)

    async with serve(handler) as url, GitHub(TOKEN, url) as github:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT):
                await github.send(CALL)
        over.set()
