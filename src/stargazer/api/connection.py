"""A connection whose client may take neither all of our memory nor all of our time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from asyncio import TimerHandle

HEAD_LIMIT_BYTES = 32_768
"""The most that the line and the header fields of a request may take: four times what browsers send."""

REQUEST_SECONDS = 20.0
"""So long a request may take to arrive whole, from the first byte, or from the connection's beginning."""


class Connection(HttpToolsProtocol):
    """Uvicorn's connection, with a limit to the head of a request and to the time it takes to arrive.

    The library has neither: a client that never ends a header field, or sends a
    byte a minute, would be listened to for ever.
    """

    request_seconds = REQUEST_SECONDS
    _head_bytes = 0
    _in_head = True
    _deadline: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to listen."""
        super().connection_made(transport)
        self._allow_time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop listening."""
        self._forget_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the head of the request grows too large."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_LIMIT_BYTES and not self.transport.is_closing():
            self.send_400_response("The header fields of the request are too large.")

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        self._allow_time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head of the request is whole."""
        self._in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._in_head = True
        self._forget_time()
        super().on_message_complete()

    def _allow_time(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.request_seconds, self._give_up)

    def _forget_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
