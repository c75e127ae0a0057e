"""Answers that are bytes already: whole ones, and streams."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import msgspec
from litestar.types import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"

_GZIP_WINDOW = 31
_GZIP_LEVEL = 5


class Reply:
    """A whole answer. It is an ASGI application, so that nobody encodes it again."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_reply(status: int, value: object, *headers: tuple[str, str]) -> Reply:
    """Answer with a value as JSON that nobody may keep."""
    body = msgspec.json.encode(value)
    return Reply(
        status,
        [
            (b"content-type", JSON),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"private, no-store"),
            *((name.lower().encode(), text.encode("latin-1", "replace")) for name, text in headers),
        ],
        body,
    )


class StreamReply:
    """An answer that is sent while it is made, and given up when its reader leaves.

    Args:
        headers: what goes before it.
        chunks: what it consists of; the first is made before anything is sent, so
            that what goes wrong until then is still answered as a problem.
        is_gzipped: compress it on the way.
    """

    __slots__ = ("_chunks", "_headers", "_is_gzipped")

    def __init__(
        self, headers: Headers, chunks: AsyncGenerator[bytes, None], *, is_gzipped: bool = False
    ) -> None:
        self._headers = [*headers, (b"content-encoding", b"gzip")] if is_gzipped else headers
        self._chunks = _gzipped(chunks) if is_gzipped else chunks
        self._is_gzipped = is_gzipped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it until its end, or until the reader leaves."""
        async with aclosing(self._chunks) as chunks:
            first = await anext(chunks, b"")
            await send({"type": "http.response.start", "status": 200, "headers": self._headers})
            gone = asyncio.create_task(_gone(receive))
            try:
                await send({"type": "http.response.body", "body": first, "more_body": True})
                async for chunk in chunks:
                    if gone.done():
                        return
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                gone.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _gzipped(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    compress = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW)
    async with aclosing(chunks) as plain:
        async for chunk in _never_empty(plain):
            squeezed = await asyncio.to_thread(compress.compress, chunk)
            if squeezed:
                yield squeezed
    yield compress.flush()


async def _never_empty(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if chunk:
            yield chunk
