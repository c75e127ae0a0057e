"""What is around every request, whether a route was found for it or not.

The frame gives a request its id, holds its body to the limit, answers HEAD as
GET without the body, adds what protects an answer, and tells its observers once
what became of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from stargazer.api import problems, request_id
from stargazer.api.problems import body_limit
from stargazer.api.security import POLICY, Headers, Origins, protection
from stargazer.errors import RequestTooLarge

LINGER_SECONDS = 2.0
"""So long a client that sends too much may go on sending, to no purpose, after it was answered."""

NOT_MODIFIED = 304
CLIENT_GONE = 499
"""What a request is counted as whose client left before it was answered: nginx's word for it."""


class Seen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one request.

    `route` is the template of the path, so that no name stands in it; empty: no
    route. `kind` is the kind of the answer, where there is one.
    """

    request_id: str
    method: str
    route: str
    status: int
    seconds: float
    sent_bytes: int
    client: str
    key: str | None = None
    kind: str | None = None


Observer: TypeAlias = Callable[[Seen], None]

Dress: TypeAlias = Callable[[Any, int, Headers], None]
"""Adds to the header fields of an answer with a status; the first is the scope of the request."""


class Frame:
    """Goes around the whole application.

    Args:
        app: what answers.
        origins: whose scripts may call.
        dress: add to the header fields of each answer.
        observers: are told of each request when it has been answered.
        stopping: when it is set, clients are told to close their connections.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        origins: Origins,
        dress: Sequence[Dress] = (),
        observers: Sequence[Observer] = (),
        stopping: asyncio.Event | None = None,
    ) -> None:
        self._app = app
        self._origins = origins
        self._stopping = stopping or asyncio.Event()
        self._dress = tuple(dress)
        self._observers = tuple(observers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        passage = _Passage(scope, receive, send, self._origins, self._dress, self._stopping)
        # A request has a task of its own, whose context ends with it.
        structlog.contextvars.bind_contextvars(request_id=passage.request_id)
        try:
            await passage.answer(self._app)
        finally:
            seen = passage.seen()
            for observe in self._observers:
                observe(seen)


class _Passage:
    """One request on its way through."""

    def __init__(
        self,
        scope: Any,
        receive: Receive,
        send: Send,
        origins: Origins,
        dress: tuple[Dress, ...],
        stopping: asyncio.Event,
    ) -> None:
        self._begun = time.perf_counter()
        self._outer_receive = receive
        self._outer_send = send
        self._origins = origins
        self._dress = dress
        self._stopping = stopping
        self._method = str(scope["method"])
        self._is_head = self._method == "HEAD"
        self._scope: Any = {**scope, "method": "GET"} if self._is_head else scope
        self._origin = origins.of(scope["headers"])
        self._limit_bytes = body_limit(self._method, str(scope["path"]))
        self._read_bytes = 0
        self._sent_bytes = 0
        self._status = CLIENT_GONE
        self._kind: str | None = None
        self._ended = False
        self.request_id = request_id.identify(scope)
        request_id.keep(self._scope, self.request_id)

    async def answer(self, app: ASGIApp) -> None:
        """Let *app* answer, unless the frame has to."""
        if self._announced_bytes() > self._limit_bytes:
            await self._refuse(RequestTooLarge(self._limit_bytes))
        elif self._method == "OPTIONS" and self._origin is not None:
            await self._send_whole(204, self._origins.preflight(self._origin), b"")
        else:
            await app(self._scope, self._receive, self._send)

    def seen(self) -> Seen:
        """Say what became of it."""
        key = self._scope.get("user")
        client = self._scope.get("client")
        return Seen(
            request_id=self.request_id,
            method=self._method,
            route=str(self._scope.get("path_template", "")),
            status=self._status,
            seconds=round(time.perf_counter() - self._begun, 6),
            sent_bytes=self._sent_bytes,
            client=client[0] if client else "",
            key=getattr(key, "name", None),
            kind=self._kind,
        )

    def _announced_bytes(self) -> int:
        for name, value in self._scope["headers"]:
            if name == b"content-length":
                return int(value) if value.isdigit() else 0
        return 0

    async def _receive(self) -> Any:
        if self._ended:
            # Whoever asked for the head alone has it: a stream may end.
            return {"type": "http.disconnect"}
        message = await self._outer_receive()
        self._read_bytes += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        if self._read_bytes > self._limit_bytes:
            raise RequestTooLarge(self._limit_bytes)
        return message

    async def _send(self, message: Message) -> None:
        if self._ended:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            await self._outer_send({**message, "headers": self._dressed(message["headers"])})
            if self._is_head:
                self._ended = True
                await self._outer_send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if message["type"] == "http.response.body":
            self._sent_bytes += len(message["body"])
        await self._outer_send(message)

    def _dressed(self, headers: Any) -> Headers:
        dressed, has_policy = list(headers), False
        for name, value in dressed:
            if name == b"stargazer-answer":
                self._kind = value.split(b";", 1)[0].decode()
            elif name == POLICY:
                has_policy = True
        if self._status != NOT_MODIFIED:
            # The answer that the client has already is protected.
            dressed += protection(has_policy=has_policy)
        for dress in self._dress:
            dress(self._scope, self._status, dressed)
        dressed.append((b"x-request-id", self.request_id.encode()))
        if self._stopping.is_set():
            dressed.append((b"connection", b"close"))
        dressed += self._origins.told(self._origin)
        return dressed

    async def _refuse(self, error: RequestTooLarge) -> None:
        body = problems.encode(error, instance=self._scope["path"], request_id=self.request_id)
        headers = [
            (name.lower().encode(), value.encode()) for name, value in problems.headers_of(error).items()
        ]
        # Who knows how long the rest of the body is: the connection cannot be used again.
        headers += [(b"content-type", problems.MEDIA_TYPE.encode()), (b"connection", b"close")]
        await self._send_whole(error.problem.http_status, headers, body, linger=True)

    async def _send_whole(self, status: int, headers: Headers, body: bytes, *, linger: bool = False) -> None:
        length = (b"content-length", str(len(body)).encode())
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await self._send({"type": "http.response.body", "body": body, "more_body": linger})
        if linger:
            await self._linger()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _linger(self) -> None:
        """Let the client read its answer: it would lose it if we hung up while it is still sending."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await self._outer_receive()).get("more_body"):
                    pass
