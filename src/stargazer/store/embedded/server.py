"""Starting the embedded server, or attaching to it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec

from stargazer.errors import StoreUnavailable
from stargazer.store.embedded import binaries, commands, watchdog
from stargazer.store.embedded.lock import FileLock
from stargazer.store.embedded.place import ELSEWHERE, Place, prepare

START_SECONDS = 30.0
"""How long to wait for a server that starts, recovers, or stops."""

_POLL_SECONDS = 0.005
_KNOCK_SECONDS = 5.0
_MOST_STARTS = 3
"""Watchdogs that may be killed while they start the server."""


class _Word(msgspec.Struct, frozen=True):
    """What a watchdog says: `ready`, `busy` (there is another) or `failed`."""

    word: str
    reason: str = ""


class Server:
    """An embedded server that this program is a user of.

    Attributes:
        dsn: what `asyncpg.connect` and `asyncpg.create_pool` take.
        socket: the folder of its socket: what `pg_dump --host` takes.
    """

    def __init__(self, place: Place, start_seconds: float) -> None:
        self._place = place
        self._start_seconds = start_seconds
        self.dsn = commands.dsn(place.socket)
        self.socket = place.socket

    @property
    def folder(self) -> Path:
        """Where it keeps everything."""
        return self._place.folder

    @property
    def log(self) -> Path:
        """What it says."""
        return self._place.log

    async def revive(self) -> None:
        """Do as `ensure` does, for a server that has run before: what keeps it down may pass.

        Raises:
            StoreUnavailable: it does not start now; waiting may help.
        """
        try:
            await self.ensure()
        except StoreUnavailable as error:
            error.retryable = True
            error.facts["retryable"] = True
            raise

    async def ensure(self) -> None:
        """Start the server again if it has died; nothing that was committed is lost.

        Call it when a connection breaks or is refused, and connect again; a
        pool opens its connections anew by itself.

        Raises:
            StoreUnavailable: it does not start, or not in time.
        """
        deadline = time.monotonic() + self._start_seconds
        with _lock(self._place, self._place.start_lock) as turn:
            if not await _until(turn.try_exclusive, deadline):
                raise _too_late(self._place, "another program is still starting it", self._start_seconds)
            await self._bring_up(deadline)

    async def _bring_up(self, deadline: float) -> None:
        """Return when the server takes connections; the caller holds the start lock."""
        starts = 0
        while time.monotonic() < deadline:
            if _has_watchdog(self._place):
                if await _takes_connections(self.dsn):
                    return
                await asyncio.sleep(_POLL_SECONDS)
            elif starts == _MOST_STARTS:
                raise StoreUnavailable("its watchdog ends before it has started it", do=ELSEWHERE)
            else:
                starts += 1
                if await _start(self._place, deadline):
                    return
        raise _too_late(self._place, "it does not take connections yet", self._start_seconds)


@asynccontextmanager
async def attach(data_dir: Path, *, start_seconds: float = START_SECONDS) -> AsyncGenerator[Server, None]:
    """Use the embedded server in *data_dir*: start it, or attach to the one that runs.

    It stops when its last user has left, or was killed.

    Args:
        data_dir: is made if it is not there.
        start_seconds: how long to wait at most.

    Raises:
        StoreUnavailable: the folder cannot be used, no PostgreSQL is installed
            that can, or it does not start (in time).
    """
    place = prepare(data_dir)
    with _lock(place, place.user_lock) as use:
        if not await _until(use.try_shared, time.monotonic() + start_seconds):
            raise _too_late(place, "it is still stopping after its last user", start_seconds)
        server = Server(place, start_seconds)
        await server.ensure()
        yield server


async def _start(place: Place, deadline: float) -> bool:
    """Start a watchdog; False if it was killed, or met another.

    Raises:
        StoreUnavailable: the server cannot be started.
    """
    reader, writer = os.pipe()
    try:
        # The thread closes the writing end, even when nobody waits for it any more.
        await asyncio.to_thread(_send_watchdog, place, writer)
        said = await _hear(reader, deadline)
    finally:
        os.close(reader)
    if said.word == "failed":
        raise StoreUnavailable(f"the embedded server does not start: {said.reason}", do=ELSEWHERE)
    return said.word == "ready"


def _send_watchdog(place: Place, writer: int) -> None:
    """Start a watchdog that says its word to *writer* and belongs to no program and no terminal."""
    try:
        order = commands.order(place, binaries.find(place, _made_by(place)))
        subprocess.run(  # noqa: S603 (our own interpreter and file)
            [sys.executable, "-I", "-S", watchdog.__file__, place.folder],
            input=msgspec.json.encode(order._asdict()),
            stdout=writer,
            stderr=subprocess.DEVNULL,
            env=commands.environment(os.environ),
            start_new_session=True,
            check=False,
        )
    finally:
        os.close(writer)


async def _hear(reader: int, deadline: float) -> _Word:
    """Wait for the watchdog's word; an empty one if it ends or takes too long."""
    os.set_blocking(reader, False)
    said = b""
    while time.monotonic() < deadline:
        try:
            chunk = os.read(reader, 65_536)
        except BlockingIOError:
            await asyncio.sleep(_POLL_SECONDS)
            continue
        said += chunk
        if not chunk or said.endswith(b"\n"):
            break
    return msgspec.json.decode(said, type=_Word) if said.endswith(b"\n") else _Word("")


async def _until(condition: Callable[[], bool], deadline: float) -> bool:
    """Wait until *condition* holds; False if it does not before *deadline*."""
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True


def _lock(place: Place, path: Path) -> FileLock:
    try:
        return FileLock(path, place.owner)
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}", do=ELSEWHERE) from error


def _has_watchdog(place: Place) -> bool:
    with _lock(place, place.watchdog_lock) as lock:
        return not lock.try_shared()


async def _takes_connections(server_dsn: str) -> bool:
    """Tell whether the server lets a client in; while it starts or stops it answers only to refuse."""
    try:
        connection = await asyncpg.connect(server_dsn, timeout=_KNOCK_SECONDS)
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
        return False
    except asyncpg.PostgresError:
        # It has no place left: that is for its users to settle.
        return True
    connection.terminate()
    return True


def _made_by(place: Place) -> int | None:
    """The major version that made the cluster; None if there is none yet."""
    try:
        return int((place.cluster / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise StoreUnavailable(f"{place.cluster}/PG_VERSION is damaged", do=ELSEWHERE) from None


def _too_late(place: Place, what: str, seconds: float) -> StoreUnavailable:
    return StoreUnavailable(
        f"the embedded server is not there after {seconds:g} s: {what}",
        do=f"try again, and read {place.log}",
    )
