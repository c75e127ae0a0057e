"""The command line against a real sandbox: both in this program, or the command in one of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from tests.integration.store.conftest import execute, with_database
from tests.integration.store.embedded.conftest import make_reachable
from tests.integration.store.embedded.world import stopped

from stargazer.cli import main
from stargazer.cli.session import SANDBOX_FOLDER
from stargazer.sandbox import Behaviour, Graph, Sandbox
from stargazer.store import embedded

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

STAR_LISTS = {
    "ada": ["o/seed", "o/near", "o/far"],
    "bob": ["o/near", "o/seed"],
    "cy": ["o/seed"],
    "dee": ["o/far"],
    "eve": [],
}
"""Three stargazers of `o/seed`; two of them share `o/near`, one `o/far`. Eve starred nothing."""


class Ran(msgspec.Struct, frozen=True):
    """What a command did."""

    exit_code: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()


Run = Callable[..., Ran]


def star_graph() -> Graph:
    return Graph.from_lists({**STAR_LISTS, "fay": ["o/alone"]})


@contextmanager
def serving(graph: Graph, behaviour: Behaviour | None = None) -> Generator[Sandbox]:
    """Serve a sandbox from a thread of its own, so that commands may have this one."""
    sandbox = Sandbox(graph, behaviour)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(sandbox.start(), loop).result()
        yield sandbox
    finally:
        asyncio.run_coroutine_threadsafe(sandbox.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


NO_FOLDER = "/dev/null/stargazer"
"""A data folder that nobody can make: whatever starts a server without being told to fails."""

STORING = ("neighbours", "plan")
"""The commands that use the store unless told not to."""


class Console:
    """Runs commands in this program, and catches what they print.

    Until it has a store, the commands that would use one are told not to.
    """

    def __init__(self, captured: pytest.CaptureFixture[bytes], environment: pytest.MonkeyPatch) -> None:
        self._captured = captured
        self._environment = environment
        self._has_store = False
        for name in ("GH_TOKEN", "STARGAZER_GITHUB_URL", "STARGAZER_DATABASE_URL", "DATABASE_URL"):
            environment.delenv(name, raising=False)
        self.set(GITHUB_TOKEN=TOKEN, STARGAZER_DATA_DIR=NO_FOLDER)

    def use_store(self, **variables: str) -> None:
        """Let commands use the store that these variables name."""
        self.set(**variables)
        self._has_store = True

    def set(self, **variables: str) -> None:
        """Set environment variables."""
        for name, value in variables.items():
            self._environment.setenv(name, value)

    def run(self, *args: str, at: Sandbox | None = None) -> Ran:
        """Run one command, against a sandbox if one is given."""
        if at is not None:
            self.set(STARGAZER_GITHUB_URL=at.url)
        self._captured.readouterr()
        exit_code = main(args if self._has_store else storeless(args))
        out, err = self._captured.readouterr()
        return Ran(exit_code, out, err.decode())


def storeless(args: Sequence[str]) -> Sequence[str]:
    """Tell a command that would use a store not to."""
    return [*args, "--no-store"] if args[:1] and args[0] in STORING and "--no-store" not in args else args


def start(*args: str, at: Sandbox, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a command as a program of its own; without a store, unless the *environment* names one."""
    if environment is None:
        args = (*storeless(args),)
    own = {"STARGAZER_GITHUB_URL": at.url, "GITHUB_TOKEN": TOKEN}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "stargazer", *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **own, **(environment or {})},
    )


def finish(program: subprocess.Popen[bytes]) -> Ran:
    """Wait for a program's end."""
    with program:
        out, err = program.communicate(timeout=60)
    return Ran(program.returncode, out, err.decode())


def wait_for_calls(sandbox: Sandbox, count: int) -> None:
    """Wait until so many calls have arrived."""
    until = time.monotonic() + 60
    while len(sandbox.record) < count and time.monotonic() < until:
        time.sleep(0.005)
    assert len(sandbox.record) >= count


def names(items: Sequence[Mapping[str, object]]) -> list[object]:
    return [item["repo"] for item in items]


@contextmanager
def data_folder() -> Generator[Path]:
    """Make a data folder that the account which root drops to can reach; its servers stop with it."""
    folder = make_reachable()
    try:
        yield folder
    finally:
        asyncio.run(stopped(folder))
        asyncio.run(stopped(folder / SANDBOX_FOLDER))
        shutil.rmtree(folder)


@contextmanager
def database_server() -> Generator[str]:
    """Run a server, and give the URL of its database."""
    with data_folder() as folder, asyncio.Runner() as runner:
        attached = embedded.attach(folder)
        server = runner.run(attached.__aenter__())
        yield server.dsn
        runner.run(attached.__aexit__(None, None, None))


async def fetch_value(url: str, statement: str) -> Any:
    """Ask a database for one value."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


_DATABASES = count()


@contextmanager
def fresh_database(server: str) -> Generator[str]:
    """Make a database with nothing in it, not even a schema."""
    name = f"cli_{next(_DATABASES)}"
    asyncio.run(execute(server, f"CREATE DATABASE {name} TEMPLATE template0"))
    yield with_database(server, name)
    asyncio.run(execute(server, f"DROP DATABASE {name} WITH (FORCE)"))
