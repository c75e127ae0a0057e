"""`GET /jobs/{job}/events`: a job as server-sent events.

Each event carries the whole of what it is about, so whoever comes back misses
nothing by having been away: the first event is the state of that moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import msgspec
from litestar.types import Receive, Scope, Send

from stargazer.api.backend import Backend
from stargazer.api.job_views import view
from stargazer.api.watching import Sight
from stargazer.service.look import Look
from stargazer.store.jobs_states import Job

PING_SECONDS = 15.0
"""A stream that says nothing for so long is broken by some proxies."""

RETRY_MILLISECONDS = 3_000
"""When a browser comes back after the stream broke."""

PROGRESS: Final = "progress"
LOOK: Final = "look"
LAST_ID: Final = "end"

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"private, no-store"),
    # Nginx would hold the events back otherwise.
    (b"x-accel-buffering", b"no"),
]


class Events:
    """A stream of what becomes of a job. It is an ASGI application.

    Args:
        backend: what follows jobs.
        job: as it was found.
    """

    __slots__ = ("_backend", "_job")

    def __init__(self, backend: Backend, job: Job) -> None:
        self._backend = backend
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send events until the job is finished, the reader leaves, or the service stops."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            sending.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            raise error

    async def _send(self, send: Send) -> None:
        async with aclosing(self._events()) as events:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self) -> AsyncGenerator[bytes, None]:
        yield b"retry: %d\n\n" % RETRY_MILLISECONDS
        looked: Look | None = None
        sights = self._backend.watches.follow(self._job, looks=True, ping_seconds=PING_SECONDS)
        async with aclosing(sights) as coming:
            async for sight in coming:
                if sight is None:
                    yield b": ping\n\n"
                    continue
                yield _told(sight)
                if sight.look is not None and sight.look is not looked and not sight.job.finished:
                    looked = sight.look
                    yield event(LOOK, looked)


def event(name: str, value: object, *, identity: str | None = None) -> bytes:
    """Write one event."""
    first = "" if identity is None else f"id: {identity}\n"
    return f"{first}event: {name}\ndata: ".encode() + msgspec.json.encode(value) + b"\n\n"


def _told(sight: Sight) -> bytes:
    """A job's event: it is called `progress` until the job is finished, and then as it ended."""
    if sight.job.finished:
        return event(sight.job.state.value, view(sight.job), identity=LAST_ID)
    return event(PROGRESS, view(sight.job))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
