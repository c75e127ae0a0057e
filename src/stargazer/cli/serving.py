"""The HTTP server of a command: its socket, and its orderly end."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import msgspec
import uvicorn
from litestar.types import ASGIApp

from stargazer.api.connection import Connection
from stargazer.api.metrics import Metrics, metrics_app
from stargazer.errors import InvalidRequest
from stargazer.store.database import Database

BACKLOG = 2_048
"""How many connections may wait to be accepted."""

IDLE_SECONDS = 15
"""So long a connection may lie idle; a proxy in front of us has to give its own up sooner."""

DRAINING_SECONDS = 1.0
"""So long we go on accepting after the word to stop, telling every client to close its connection.

Whoever sends a request at this moment on a connection that is kept would lose it otherwise.
"""

LINGERING_SECONDS = 1.0
"""So long connections may take to send what is under way when no more are accepted."""

ENDING_SECONDS = 2
"""So long requests that were accepted may take to end after that."""

_LOOK_SECONDS = 0.02
_ACCEPTING_AT_MOST = 1_000

_UNACKED_AT = 24
"""Where in `struct tcp_info` that field is."""


class Address(msgspec.Struct, frozen=True):
    """Where to listen, and whose word for a client's address is taken."""

    host: str
    port: int
    trusted_proxies: tuple[str, ...] = ()


@contextmanager
def listening(address: Address) -> Generator[socket.socket]:
    """Open the socket.

    Raises:
        InvalidRequest: the address is taken, or is not this machine's.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        listener = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        must_be = f"free, at a --host of this machine ({error.strerror})"
        raise InvalidRequest("--port", must_be) from error
    with listener:
        yield listener


def url_of(listener: socket.socket) -> str:
    """The URL of what listens; a wildcard is shown as the loopback."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (what is shown, not what listens)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server:
    """Answers HTTP on an open socket until it is told to stop.

    Args:
        app: what answers.
        listener: the open socket.
        trusted_proxies: whose word for a client's address is taken.
        connection: what listens to a client.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        trusted_proxies: tuple[str, ...] = (),
        *,
        connection: type[Connection] = Connection,
    ) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            http=connection,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=list(trusted_proxies),
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=ENDING_SECONDS,
        )
        self._listener = listener
        self._server = _Uvicorn(config)

    async def serve(self) -> None:
        """Answer until `stop` has ended."""
        await self._server.serve(sockets=[self._listener])

    async def stop(self) -> None:
        """End: clients are told to close their connections, then no more are accepted.

        The application has to be told before, so that it ends its streams and
        answers with `Connection: close`.
        """
        await self._until_empty(DRAINING_SECONDS)
        await self._accept_no_more()
        # What was accepted a moment ago may not have been read yet.
        await self._until_empty(LINGERING_SECONDS)
        self._server.should_exit = True

    async def _until_empty(self, seconds: float) -> None:
        """Come back when no connection is left, or after so many *seconds*."""
        for _ in range(round(seconds / _LOOK_SECONDS)):
            if not self._server.server_state.connections:
                break
            await asyncio.sleep(_LOOK_SECONDS)

    async def _accept_no_more(self) -> None:
        """Close the listener at a moment when nobody waits to be accepted: they would be cut off."""
        for _ in range(_ACCEPTING_AT_MOST):
            if not _waiting(self._listener):
                break
            await asyncio.sleep(0)
        for one in getattr(self._server, "servers", ()):
            one.close()


def _waiting(listener: socket.socket) -> int:
    """How many connections wait to be accepted, where the system tells.

    Source: Linux's tcp(7), and net/ipv4/tcp.c: of a listening socket, `tcpi_unacked`
    is the length of its queue (read 2026-11-24).
    """
    if sys.platform != "linux":
        return 0
    told = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED_AT + 4)
    waiting: int = struct.unpack_from("=I", told, _UNACKED_AT)[0]
    return waiting


@asynccontextmanager
async def metrics_at(host: str, port: int, metrics: Metrics, database: Database) -> AsyncGenerator[None]:
    """Give the numbers on a port of their own until the end of the block; 0: none.

    Raises:
        InvalidRequest: the address is taken, or is not this machine's.
    """
    if not port:
        yield
        return
    with listening(Address(host, port)) as listener:
        server = Server(metrics_app(metrics, database), listener)
        serving = asyncio.create_task(server.serve())
        try:
            yield
        finally:
            await server.stop()
            await serving


class _Uvicorn(uvicorn.Server):
    """Uvicorn's server, without its handlers for signals: the command has its own."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone."""
        yield
