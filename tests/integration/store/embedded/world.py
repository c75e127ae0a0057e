"""Programs that use an embedded server, and what can be seen of it from outside."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncpg
import pytest

import stargazer.errors
from stargazer.store.embedded.lock import FileLock
from stargazer.store.embedded.place import Owner

PATIENCE_SECONDS = 30.0

Seen = TypeVar("Seen")

# The library's door is left out: ten of these programs are to start in a moment.
_PROGRAM = """
import asyncio, os, sys, types
from pathlib import Path
door = types.ModuleType("stargazer")
door.__path__ = [sys.argv[1]]
sys.modules["stargazer"] = door
from stargazer.store import embedded
if len(sys.argv) > 3:
    import concurrent.futures.thread, traceback
    sys.executable = sys.argv[4]
    os.setgroups([])
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[3]))

async def use():
    print("ready", flush=True)
    sys.stdin.readline()
    async with embedded.attach(Path(sys.argv[2])) as server:
        print(server.dsn, flush=True)
        sys.stdin.readline()

asyncio.run(use())
"""


class UserProgram:
    """Another program that attaches when it is told to, and stays until it is told to leave."""

    def __init__(self, data_dir: Path, *become: str, environ: dict[str, str] | None = None) -> None:
        door = str(Path(stargazer.errors.__file__).parent)
        self._program = subprocess.Popen(  # noqa: S603 (our own interpreter)
            [sys.executable, "-c", _PROGRAM, door, data_dir, *become],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, **(environ or {})},
        )
        self.pid = self._program.pid

    def __enter__(self) -> Self:
        assert self._read() == "ready"
        return self

    def __exit__(self, *_: object) -> None:
        self._program.kill()
        self._program.wait()
        for pipe in (self._program.stdin, self._program.stdout):
            assert pipe is not None
            pipe.close()

    def begin(self) -> None:
        """Tell it to attach."""
        self._tell()

    def dsn(self) -> str:
        """Wait until it has attached."""
        return self._read()

    def attach(self) -> str:
        """Tell it to attach, and wait until it has."""
        self.begin()
        return self.dsn()

    def leave(self) -> None:
        """Tell it to leave, and wait until it has ended."""
        self._tell()
        assert self._program.wait(PATIENCE_SECONDS) == 0

    def kill(self) -> None:
        """Kill it with -9."""
        self._program.kill()
        self._program.wait()

    def _tell(self) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write("\n")

    def _read(self) -> str:
        assert self._program.stdout is not None
        return self._program.stdout.readline().strip()


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[asyncpg.Connection[Any], None]:
    """A connection that does not mind that its server dies."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        connection.terminate()


async def ask(dsn: str, statement: str) -> Any:
    """Return the one value that *statement* selects."""
    async with connected(dsn) as connection:
        return await connection.fetchval(statement)


async def until(look: Callable[[], Seen]) -> Seen:
    """Wait until *look* sees something, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not seen in {PATIENCE_SECONDS:g} s: {look}"
        await asyncio.sleep(0.005)
    return seen


def copy(made_dir: Path, data_dir: Path) -> Path:
    """Copy a database that is stopped into *data_dir*, which is made if it is not there."""
    data_dir.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", made_dir / "postgresql", data_dir], check=True)  # noqa: S603, S607
    return data_dir


def server_pid(data_dir: Path) -> int:
    """The number of the server that runs."""
    return int((data_dir / "postgresql/cluster/postmaster.pid").read_text().split()[0])


def watchdog_pids(data_dir: Path) -> list[int]:
    """The numbers of the watchdogs of *data_dir*."""
    said = subprocess.run(["ps", "-axwwo", "pid=,command="], capture_output=True, text=True, check=True)  # noqa: S607
    lines = [line.split(None, 1) for line in said.stdout.splitlines()]
    ending = f"watchdog.py {data_dir / 'postgresql'}"
    return [int(pid) for pid, command in lines if command.endswith(ending)]


def uid_of(pid: int) -> int:
    """The account that the program *pid* runs as."""
    said = subprocess.run(["ps", "-o", "uid=", "-p", str(pid)], capture_output=True, text=True, check=True)  # noqa: S603, S607
    return int(said.stdout)


def inherited(pid: int) -> str:
    """The environment that the program *pid* was given."""
    seen = Path(f"/proc/{pid}/environ")
    if not seen.exists():
        pytest.skip("this system does not show the environment of a program")
    return seen.read_text()


def ordinary_python() -> str:
    """A Python that an ordinary user can run."""
    python = Path("/usr/bin/python3")
    if os.geteuid() != 0 or not python.exists():
        pytest.skip("the other tests run as an ordinary user, or there is no Python for one")
    return str(python)


def is_gone(pid: int) -> bool:
    """Tell whether the program *pid* has ended, be it that nobody has asked how."""
    said = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return said.stdout.strip()[:1] in ("", "Z")


def has_stopped(data_dir: Path) -> bool:
    """Tell whether no watchdog lives, and so no server."""
    path = data_dir / "postgresql/watchdog.lock"
    if not path.exists():
        return True
    with FileLock(path, Owner("whoever", path.stat().st_uid, 0)) as lock:
        return lock.try_shared()


async def stopped(data_dir: Path) -> None:
    """Wait until the server has stopped."""
    await until(lambda: has_stopped(data_dir))


async def kill(*pids: int) -> None:
    """Kill the programs *pids* with -9, and wait until they are dead."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: all(is_gone(pid) for pid in pids))
