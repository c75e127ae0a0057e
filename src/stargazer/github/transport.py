"""Send calls to GitHub: gql over aiohttp, with the bytes, status and headers of each answer.

gql decodes every answer with `json`, keeps the headers of the last one only,
and loses the body of a refusal. `_Wire` overrides the one step where that
happens. Weather comes back as a value; only a mistake is raised.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.metadata
import math
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, NoReturn, Self, cast

import aiohttp
import msgspec
from gql import GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportConnectionFailed
from graphql import DocumentNode, ExecutionResult
from yarl import URL

from stargazer.github import compose, decode
from stargazer.github.address import check_token, check_url, is_loopback, name_token, trust
from stargazer.github.weather import WEATHER, name_weather
from stargazer.planner import page
from stargazer.planner.page import Failure

GITHUB_URL = "https://api.github.com/graphql"

SILENCE_SECONDS = 12.0
"""How long GitHub may be silent: before the first byte, and between bytes.

Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    (read 2026-11-24): GitHub itself ends a call after 10 seconds of work.
"""

TOTAL_SECONDS = 300.0
"""How long a call may take with its answer: a slow line needs long for two megabytes."""

MAX_REDIRECTS = 3


class Answer(ExecutionResult):
    """One answer as it came; gql's own result has no place for that.

    `status` is 0 when nothing came, and `broken` says why the body did not come
    whole. `seconds` is how long GitHub took, from sending to the first byte.
    """

    def __init__(
        self, status: int, headers: Mapping[str, str], body: bytes, broken: Failure | None, seconds: float = 0
    ) -> None:
        super().__init__(None, None, None)
        self.status = status
        self.headers = headers
        self.body = body
        self.broken = broken
        self.seconds = seconds


class GitHub:
    """GitHub's GraphQL API for one token: `async with GitHub(token) as github`.

    Args:
        token: kept out of every representation, message and pickle.
        url: `https` anywhere, `http` to a loopback host only; a loopback host needs no token.
        timeout_seconds: how long GitHub may be silent, not how long a call may take.
        total_seconds: how long a call may take.
        now: the clock of a simulation. A loopback host is told its time with each call.
        seconds_header: the header in which a simulation tells the seconds that a call took.
        ca: a PEM file with the certificate authorities that are trusted besides the system's.
        concurrency: how many calls of one run the server stands at once: one, unless it is an
            Enterprise Server. The service goes by it; a plan goes by its budget.
        needs_token: whether there has to be one; without it nothing can be asked but
            `for_token`, where everybody brings their own.

    Attributes:
        url: where calls go.
        credential: what kind of token it is, in words.
        fingerprint: the SHA-256 of the token, which stands for it where it may not stand.
        has_token: whether there is a token at all.

    Raises:
        CredentialsRefused: there is no token, or it cannot be one.
        SettingError: the URL or the certificates cannot be used.
    """

    def __init__(
        self,
        token: str,
        url: str = GITHUB_URL,
        *,
        timeout_seconds: float = SILENCE_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        now: Callable[[], datetime] | None = None,
        seconds_header: str | None = None,
        ca: Path | None = None,
        concurrency: int = 1,
        needs_token: bool = True,
    ) -> None:
        address = check_url(url)
        self.url = str(address)
        self.concurrency = concurrency
        self._now = now if is_loopback(address) else None
        self._seconds_header = seconds_header
        timeout = aiohttp.ClientTimeout(
            total=total_seconds, sock_connect=timeout_seconds, sock_read=timeout_seconds
        )
        checked = check_token(token, address, is_needed=needs_token)
        self.has_token = bool(checked)
        self.credential = name_token(checked)
        self.fingerprint = hashlib.sha256(checked.encode()).digest()
        trusted = True if ca is None else trust(ca)
        self._wire = _Wire(self.url, _authorize(checked), timeout, trusted)
        self._twin = partial(
            GitHub,
            url=url,
            timeout_seconds=timeout_seconds,
            total_seconds=total_seconds,
            now=now,
            seconds_header=seconds_header,
            ca=ca,
            concurrency=concurrency,
        )

    def __repr__(self) -> str:
        return f"GitHub({self.url!r})"

    def for_token(self, token: str) -> GitHub:
        """Make another of these for another token; it is not open yet.

        Raises:
            CredentialsRefused: it cannot be a token.
        """
        return self._twin(token)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a GitHub holds a token and open connections, so it cannot be pickled")

    async def __aenter__(self) -> Self:
        await self._wire.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.close()

    async def send(self, call: page.Call) -> page.Reply:
        """Send one call and decode what comes back; the network's failures are in the reply.

        Raises:
            QueryRefused: GitHub says that a query of ours is wrong.
        """
        composed = compose.compose(call)
        answer = await self.ask(composed.document, composed.variables, operation_name=composed.operation_name)
        if answer.broken is not None and (answer.status == 0 or 200 <= answer.status < 300):
            return decode.fail(call, answer.broken, answer.headers, answer.seconds)
        return decode.decode(call, answer.status, answer.headers, answer.body, answer.seconds)

    async def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, *, operation_name: str | None = None
    ) -> Answer:
        """Send any document and return the answer undecoded, after redirects to the same origin."""
        request = _Request(document, dict(variables or {}), operation_name)
        address = URL(self.url)
        for _ in range(MAX_REDIRECTS):
            answer = await self._post(address, request)
            target = _redirect(address, answer)
            if target is None:
                break
            address = target
        return answer

    async def _post(self, address: URL, request: _Request) -> Answer:
        times = _Times()
        extra: dict[str, Any] = {"allow_redirects": False, "trace_request_ctx": times}
        if self._now is not None:
            extra["headers"] = {"Sandbox-Now": self._now().isoformat()}
        try:
            answer = cast("Answer", await self._wire.at(address).execute(request, extra_args=extra))
        except TransportConnectionFailed as failed:
            if not isinstance(failed.__cause__, WEATHER):
                raise
            answer = Answer(0, {}, b"", name_weather(failed.__cause__))
        answer.seconds = times.elapsed()
        if self._seconds_header is not None:
            answer.seconds = _read_seconds(answer.headers.get(self._seconds_header), answer.seconds)
        return answer


class _Wire(AIOHTTPTransport):
    """gql's transport, but every answer comes back as it came."""

    def __init__(
        self,
        url: str,
        authorize: aiohttp.ClientMiddlewareType,
        timeout: aiohttp.ClientTimeout,
        trusted: ssl.SSLContext | bool,
    ) -> None:
        super().__init__(
            url,
            ssl=trusted,
            headers={
                "User-Agent": f"stargazer/{importlib.metadata.version('stargazer')}",
                "X-Github-Next-Global-ID": "1",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            json_serialize=_serialize,
            client_session_args={
                "timeout": timeout,
                "middlewares": (authorize,),
                "trace_configs": (_trace_times(),),
            },
        )

    def at(self, address: URL) -> _Wire:
        """Return this transport, or a twin of it with the same session at another address."""
        if str(address) == self.url:
            return self
        twin = copy.copy(self)
        twin.url = str(address)
        return twin

    async def _prepare_result(self, response: aiohttp.ClientResponse) -> ExecutionResult:
        """Keep what gql would lose: the bytes, with their own status and headers."""
        try:
            body, broken = await response.read(), None
        except WEATHER as reason:
            body, broken = b"", name_weather(reason)
        return Answer(response.status, response.headers, body, broken)


class _Request(GraphQLRequest):
    """A request whose document is text already: gql would parse it, and print it for each call."""

    def __init__(self, text: str, variables: dict[str, Any], operation_name: str | None) -> None:
        super().__init__(DocumentNode(), variable_values=variables, operation_name=operation_name)
        self._text = text

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON body of the request."""
        named = {} if self.operation_name is None else {"operationName": self.operation_name}
        return {"query": self._text, "variables": self.variable_values, **named}


def _serialize(payload: object) -> str:
    return msgspec.json.encode(payload).decode()


class _Times:
    """When one request was sent and its answer began; connecting is no work of GitHub's."""

    __slots__ = ("began_at", "sent_at")

    def __init__(self) -> None:
        self.sent_at: float | None = None
        self.began_at: float | None = None

    def elapsed(self) -> float:
        """Return the seconds to the first byte, or until now when none came."""
        if self.sent_at is None:
            return 0.0
        return (time.monotonic() if self.began_at is None else self.began_at) - self.sent_at


def _trace_times() -> aiohttp.TraceConfig:
    async def note_sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.sent_at = time.monotonic()

    async def note_began(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.began_at = time.monotonic()

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(note_sent)
    trace.on_request_end.append(note_began)
    return trace


def _authorize(token: str) -> aiohttp.ClientMiddlewareType:
    """Add the token at the last moment: here it stands in no attribute and no default header."""

    async def add_header(
        request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if token:
            request.headers["Authorization"] = f"bearer {token}"
        return await send(request)

    return add_header


def _redirect(address: URL, answer: Answer) -> URL | None:
    """Return where a redirect leads that keeps method, body and origin; others are not followed."""
    location = answer.headers.get("Location", "")
    if answer.status not in (307, 308) or not location:
        return None
    try:
        target = address.join(URL(location))
        return target if target.origin() == address.origin() else None
    except ValueError:
        return None


def _read_seconds(text: str | None, measured: float) -> float:
    try:
        seconds = float(text or "")
    except ValueError:
        return measured
    return seconds if math.isfinite(seconds) and seconds >= 0 else measured
