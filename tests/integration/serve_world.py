"""`stargazer serve` as a program of its own, and clients that ask it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

import aiohttp
import msgspec
from tests.integration.cli_world import TOKEN

from stargazer.runner import SystemClock
from stargazer.sandbox import Sandbox
from stargazer.store.database import Database
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import SCOPES, Keys, NewKey

STARTING_SECONDS = 60
STOPPING_SECONDS = 30
"""How long a start and a stop may take on a machine with other things to do."""


class Ended(msgspec.Struct, frozen=True):
    """How a service ended, and what it had said."""

    exit_code: int
    out: bytes
    err: bytes

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log about one event."""
        return [line for line in map(json.loads, self.err.splitlines()) if line["event"] == event]


class Service:
    """A running `stargazer serve`."""

    def __init__(self, program: asyncio.subprocess.Process, first_line: bytes, log: BinaryIO) -> None:
        self._program = program
        self._first_line = first_line
        self._log = log
        self.url: str = json.loads(first_line)["url"]

    @classmethod
    async def start(cls, *args: str, environment: Mapping[str, str]) -> Service:
        """Start it, and wait until it listens."""
        # A pipe that nobody reads would hold the service up when it is full.
        log = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed at the service's end
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stargazer", "serve", "--port", "0", "--format", "json", *args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **environment},
        )
        assert program.stdout is not None
        async with asyncio.timeout(STARTING_SECONDS):
            line = await program.stdout.readline()
        if not line:
            await program.wait()
            raise AssertionError(_whole(log).decode())
        return cls(program, line, log)

    @property
    def told(self) -> dict[str, Any]:
        """What it said when it started."""
        told: dict[str, Any] = json.loads(self._first_line)
        return told

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._program.returncode is None

    def tell_to_stop(self) -> None:
        """Send SIGTERM, and do not wait."""
        self._program.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, and do not wait."""
        self._program.kill()

    async def ended(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(STOPPING_SECONDS):
            out, _ = await self._program.communicate()
        return Ended(self._program.returncode or 0, self._first_line + out, _whole(self._log))

    async def stop(self) -> Ended:
        """Tell it to stop, if it runs yet, and wait for its end."""
        if self.runs:
            self.tell_to_stop()
        return await self.ended()


@asynccontextmanager
async def running(*args: str, at: Sandbox, database: str, **more: str) -> AsyncGenerator[Service]:
    """Run the service against a sandbox and a database until the end of the block, or its own."""
    service = await Service.start(*args, environment=environment_of(at, database, **more))
    try:
        yield service
    finally:
        if service.runs:
            service.kill()
            await service.ended()


def _whole(log: BinaryIO) -> bytes:
    with log:
        log.seek(0)
        return log.read()


def environment_of(at: Sandbox, database: str, **more: str) -> dict[str, str]:
    """What a service finds set."""
    return {
        "STARGAZER_GITHUB_URL": at.url,
        "GITHUB_TOKEN": TOKEN,
        "STARGAZER_DATABASE_URL": database,
        **more,
    }


async def make_key(database: str, endpoint: str, name: str = "laptop") -> str:
    """Make a key that may do everything."""
    text = make_key_text()
    async with Database.open(database, endpoint) as opened:
        wanted = NewKey(name=name, scopes=SCOPES, requests_per_minute=None)
        await Keys(opened).create(wanted, text, SystemClock().now())
    return text


@asynccontextmanager
async def client(url: str, key: str) -> AsyncGenerator[aiohttp.ClientSession]:
    """Open a client that shows a key."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(url, headers={"X-API-Key": key}, timeout=timeout) as http:
        yield http
