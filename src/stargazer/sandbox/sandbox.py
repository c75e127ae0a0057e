"""The sandbox: a simulated GitHub behind a real socket."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from stargazer.sandbox import moments
from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.clock import Clock
from stargazer.sandbox.graph import Graph
from stargazer.sandbox.outcome import Delivery, Outcome
from stargazer.sandbox.record import CallRecord, Totals, Violation, total
from stargazer.sandbox.schema import schema
from stargazer.sandbox.simulation import Simulation

SECONDS_HEADER = "Sandbox-Seconds"
"""In an answer: the seconds that GitHub would have taken until its first byte."""

NOW_HEADER = "Sandbox-Now"
"""In a request, on a virtual clock: the moment at which it is sent, in ISO 8601 with `Z`."""

_VIRTUAL_TOLERANCE_SECONDS = 0.001
_REAL_TOLERANCE_SECONDS = 2.0
"""Callers know a real clock by the `Date` header, which tells whole seconds."""


class Sandbox:
    """A simulated GitHub that listens on a socket.

    Use it as an asynchronous context manager::

        async with Sandbox(graph, Behaviour(points_per_hour=500)) as sandbox:
            ...  # POST sandbox.url
        assert not sandbox.overspent

    Args:
        graph: what it answers from; the sandbox moves its time on and may change it.
        behaviour: how it answers.
        host: where it listens.
        port: likewise; 0 lets the system choose.
        tls: with it the sandbox speaks HTTPS, as an Enterprise Server does; None: HTTP.
    """

    def __init__(
        self,
        graph: Graph,
        behaviour: Behaviour | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.graph = graph
        self._tls = tls
        self._host = host
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._begin(behaviour or Behaviour())

    def _begin(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.clock = Clock(behaviour.speed, behaviour.started_at)
        tolerance = _VIRTUAL_TOLERANCE_SECONDS if self.clock.is_virtual else _REAL_TOLERANCE_SECONDS
        self._simulation = Simulation(self.graph, behaviour, tolerance_seconds=tolerance)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Build the schema, if this is the first sandbox, and begin to listen."""
        schema()
        server = web.Server(self._answer)
        self._runner = web.ServerRunner(server, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening. What was recorded stays."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._simulation.close()

    def reset(self, behaviour: Behaviour | None = None) -> None:
        """Forget all calls, begin the clock and the windows anew, and behave as told.

        The graph keeps what has changed in it.
        """
        self._simulation.close()
        self._begin(behaviour or self.behaviour)

    @property
    def url(self) -> str:
        """The endpoint, for `POST` requests. It is known once the sandbox has started."""
        scheme, path = ("http", "graphql") if self._tls is None else ("https", "api/graphql")
        return f"{scheme}://{self._host}:{self._port}/{path}"

    @property
    def record(self) -> list[CallRecord]:
        """Every call, in the order they arrived."""
        return self._simulation.calls

    @property
    def totals(self) -> Totals:
        """The sums over all calls."""
        return total(self._simulation.calls)

    @property
    def overspent(self) -> list[Violation]:
        """The rules that callers broke; empty when nobody overspent."""
        return self._simulation.violations

    # HTTP.

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.method, request.path:
            case "POST", "/graphql" | "/api/graphql":
                return await self._answer_call(request)
            case "GET", "/sandbox/record":
                return self._show_record(request)
            case "GET", "/sandbox/truth":
                return self._show_truth(request)
            case "POST", "/sandbox/reset":
                return await self._reset(request)
            case _:
                return web.json_response({"message": "Not Found", "status": "404"}, status=404)

    async def _answer_call(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        sent_at = headers.get(NOW_HEADER.lower())
        try:
            arrived = self.clock.arrive(None if sent_at is None else moments.read(sent_at))
        except ValueError as mistake:
            return web.json_response({"message": f"{NOW_HEADER}: {mistake}"}, status=400)
        outcome = self._simulation.answer(headers, body, arrived)
        await self.clock.spend(arrived, outcome.seconds)
        return await self._deliver(request, outcome)

    async def _deliver(self, request: web.BaseRequest, outcome: Outcome) -> web.StreamResponse:
        if outcome.delivery is Delivery.RESET:
            _reset_connection(request)
            return web.Response()
        headers = {
            **outcome.headers,
            "Content-Type": outcome.content_type,
            "Date": moments.write_http_date(self.clock.seconds()),
            SECONDS_HEADER: f"{outcome.seconds:.6f}",
        }
        if outcome.delivery is Delivery.TRUNCATED:
            return await _truncate(request, outcome, headers)
        response = web.Response(status=outcome.status, body=outcome.body, headers=headers)
        if self.behaviour.gzip:
            response.enable_compression()
        return response

    def _show_record(self, request: web.BaseRequest) -> web.Response:
        shown = {"totals": self.totals, "overspent": self.overspent, "now": self.clock.now()}
        if request.query.get("calls"):
            shown["calls"] = self.record
        return web.Response(body=msgspec.json.encode(shown), content_type="application/json")

    def _show_truth(self, request: web.BaseRequest) -> web.Response:
        try:
            truth = self.graph.truth(request.query.get("name", ""))
        except KeyError:
            return web.json_response({"message": "Not Found", "status": "404"}, status=404)
        return web.Response(body=msgspec.json.encode(truth), content_type="application/json")

    async def _reset(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        try:
            self.reset(msgspec.json.decode(body, type=Behaviour) if body else None)
        except msgspec.DecodeError as mistake:
            return web.json_response({"message": str(mistake)}, status=400)
        return web.json_response({})


def _reset_connection(request: web.BaseRequest) -> None:
    """Close the connection so that the caller sees a reset, not an end."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _truncate(
    request: web.BaseRequest, outcome: Outcome, headers: dict[str, str]
) -> web.StreamResponse:
    """Promise the whole body, send half of it, and close."""
    response = web.StreamResponse(status=outcome.status, headers=headers)
    response.content_length = len(outcome.body)
    await response.prepare(request)
    await response.write(outcome.body[: len(outcome.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def serve(
    graph: Graph, behaviour: Behaviour | None = None, *, host: str = "127.0.0.1", port: int = 8_000
) -> None:
    """Run a sandbox until the task is cancelled.

    Args:
        graph: what it answers from.
        behaviour: how it answers.
        host: where it listens.
        port: likewise.
    """
    async with Sandbox(graph, behaviour, host=host, port=port):
        await asyncio.Event().wait()
