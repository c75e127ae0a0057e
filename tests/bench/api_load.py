"""Load on an HTTP server, from a process of its own: `python -m tests.bench.api_load HOST PORT REQUEST…`.

Two kinds of load. *Closed*: a number of connections, each of which sends its
next request when the last one was answered: how many requests a second can be
had. *Open*: requests at given moments, whether the server keeps up or not, and
each timed from the moment it was due: how long a client waits.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias, cast

import msgspec
import numpy as np
import uvloop

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "

SHORTEST_SLEEP_SECONDS = 0.0005
"""Shorter sleeps come back late."""

Found: TypeAlias = dict[str, Any]


class Order(msgspec.Struct, frozen=True):
    """What to ask, how, and for how long. A `rate` of 0 is closed load."""

    host: str
    port: int
    path: str
    headers: dict[str, str]
    connections: int = 32
    seconds: float = 4.0
    rate: float = 0.0

    @property
    def request(self) -> bytes:
        """The request as it is sent."""
        lines = [f"GET {self.path} HTTP/1.1", f"host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class _Connection(asyncio.Protocol):
    """One connection that is kept; one request at a time."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answered: Callable[[int], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        # uvloop's transport is one without being an instance.
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, answered: Callable[[int], None]) -> None:
        """Send the request; *answered* is called with the status."""
        assert self._transport is not None
        self._answered = answered
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is whole."""
        self._received += data
        head = self._received.find(_END_OF_HEAD)
        if head < 0:
            return
        status = int(self._received[9:12])
        at = self._received[:head].lower().find(_LENGTH)
        length = int(self._received[at + len(_LENGTH) : head].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._received) < head + len(_END_OF_HEAD) + length:
            return
        self._received.clear()
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(status)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        """Count a request that will never be answered."""
        if self._answered is not None:
            self._answered(0)
            self._answered = None

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


class Load:
    """The load of one order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._waits: list[float] = []
        self._statuses: dict[int, int] = {}

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        request = self._order.request
        _, made = await loop.create_connection(
            lambda: _Connection(request), self._order.host, self._order.port
        )
        return made

    def _count(self, due: float, status: int) -> None:
        self._waits.append(time.perf_counter() - due)
        self._statuses[status] = self._statuses.get(status, 0) + 1

    async def closed(self) -> Found:
        """Ask as fast as the answers come."""
        connections = [await self._connect() for _ in range(self._order.connections)]
        began = time.perf_counter()
        ends = began + self._order.seconds
        done = asyncio.Event()
        busy = len(connections)

        def ask(connection: _Connection) -> None:
            nonlocal busy
            due = time.perf_counter()
            if due >= ends:
                busy -= 1
                if not busy:
                    done.set()
                return

            def answered(status: int) -> None:
                self._count(due, status)
                ask(connection)

            connection.ask(answered)

        for connection in connections:
            ask(connection)
        await done.wait()
        return self._found(connections, time.perf_counter() - began)

    async def open(self) -> Found:
        """Ask at random moments, so many a second on average, whatever becomes of the answers."""
        order = self._order
        connections = [await self._connect() for _ in range(order.connections)]
        counter = _Counter(connections, self._count)
        random = Random(0)  # noqa: S311 - the same moments each time
        due, began = 0.0, time.perf_counter()
        while due < order.seconds:
            due += random.expovariate(order.rate)
            pause = began + due - time.perf_counter()
            if pause > SHORTEST_SLEEP_SECONDS:
                await asyncio.sleep(pause)
            counter.arrive(began + due)
        await counter.served.wait()
        return self._found(connections, time.perf_counter() - began)

    def _found(self, connections: list[_Connection], seconds: float) -> Found:
        for connection in connections:
            connection.close()
        waits = np.array(self._waits) * 1000
        return {
            "requests": len(waits),
            "per_second": len(waits) / seconds,
            "p50_ms": float(np.percentile(waits, 50)),
            "p99_ms": float(np.percentile(waits, 99)),
            "statuses": {str(status): count for status, count in self._statuses.items()},
        }


class _Counter:
    """Where requests queue for a free connection."""

    def __init__(self, connections: list[_Connection], count: Callable[[float, int], None]) -> None:
        self._free = deque(connections)
        self._waiting = deque[float]()
        self._count = count
        self._left = 0
        self.served = asyncio.Event()

    def arrive(self, due: float) -> None:
        """Take in a request that was due at a moment."""
        self._left += 1
        self.served.clear()
        if self._free:
            self._begin(self._free.popleft(), due)
        else:
            self._waiting.append(due)

    def _begin(self, connection: _Connection, due: float) -> None:
        def answered(status: int) -> None:
            self._count(due, status)
            self._left -= 1
            if self._waiting:
                self._begin(connection, self._waiting.popleft())
            else:
                self._free.append(connection)
            if not self._left:
                self.served.set()

        connection.ask(answered)


def main() -> None:
    """Carry out the order on standard input; print what was found as JSON."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    load = Load(order)
    print(json.dumps(uvloop.run(load.open() if order.rate else load.closed())))


if __name__ == "__main__":
    main()
