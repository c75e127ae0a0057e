"""What a client may take of our memory and time, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from stargazer.api.connection import HEAD_LIMIT_BYTES, Connection
from stargazer.cli.serving import Address, Server, listening

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with how many bytes the body had."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    told = str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]}
    )
    await send({"type": "http.response.body", "body": told})


class Hasty(Connection):
    """A connection that gives a request next to no time."""

    request_seconds = 0.05


@asynccontextmanager
async def connected(protocol: type[Connection] = Connection) -> AsyncGenerator[Streams]:
    """Serve, and connect once."""
    with listening(Address("127.0.0.1", 0)) as listener:
        server = Server(app, listener, connection=protocol)
        serving = asyncio.create_task(server.serve())
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()
            await server.stop()
            await serving


async def test_a_whole_request_is_answered_again_and_again() -> None:
    """Limits are those of one request, not of a connection."""
    async with connected() as (reader, writer):
        for _ in range(3):
            writer.write(
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Long: %s\r\n\r\nabc" % (b"x" * 20_000)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert b"server:" not in head.lower()
            assert await reader.readexactly(1) == b"3"


@pytest.mark.parametrize(
    "piece", [b"x" * 4_000, b"x" * 500 + b"\r\nX-More: "], ids=["one-field", "many-fields"]
)
async def test_a_head_without_end_is_refused(piece: bytes) -> None:
    """Whoever sends header fields for ever gets a 400, and the connection ends."""
    async with connected() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: ")
        try:
            for _ in range(2 * HEAD_LIMIT_BYTES // len(piece)):
                writer.write(piece)
                await writer.drain()
            answer = await reader.read()
        except ConnectionError:
            return

    assert answer.startswith(b"HTTP/1.1 400") or answer == b""


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nHos", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"],
    ids=["nothing", "half-a-head", "half-a-body"],
)
async def test_a_request_that_does_not_arrive_is_not_waited_for(sent: bytes) -> None:
    """Whoever connects and does not go on is let go, wherever it stops."""
    async with connected(Hasty) as (reader, writer):
        writer.write(sent)

        async with asyncio.timeout(60):
            assert await reader.read() == b""


async def test_an_answer_may_take_longer_than_its_request() -> None:
    """Once it is whole, a request has all the time that its answer takes."""
    async with connected(Hasty) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
