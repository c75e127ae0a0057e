"""Anything may be killed with -9 at any moment: the next user has a server, with all that was committed."""

from __future__ import annotations

import asyncio
import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from tests.integration.store.embedded.world import (
    PATIENCE_SECONDS,
    UserProgram,
    ask,
    connected,
    has_stopped,
    is_gone,
    kill,
    server_pid,
    stopped,
    until,
    watchdog_pids,
)

from stargazer.store import embedded
from stargazer.store.embedded import binaries, commands, watchdog
from stargazer.store.embedded.lock import FileLock
from stargazer.store.embedded.place import prepare


def both(data_dir: Path) -> list[int]:
    """The watchdog and the server."""
    return [*watchdog_pids(data_dir), server_pid(data_dir)]


def server_alone(data_dir: Path) -> list[int]:
    """The server."""
    return [server_pid(data_dir)]


victims = pytest.mark.parametrize("victims", [server_alone, watchdog_pids, both])


@victims
async def test_nothing_committed_is_lost(data_dir: Path, victims: Callable[[Path], Sequence[int]]) -> None:
    """After a kill a user that stays has the server started again, and finds every row."""
    async with embedded.attach(data_dir) as server:
        async with connected(server.dsn) as connection:
            await connection.execute("CREATE TABLE kept (n int)")
            await connection.execute("INSERT INTO kept SELECT generate_series(1, 10000)")
            assert victims(data_dir)
            await kill(*victims(data_dir))
            await server.ensure()
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await connection.fetchval("SELECT 1")
        assert await ask(server.dsn, "SELECT count(*) FROM kept") == 10_000
        assert len(watchdog_pids(data_dir)) == 1


@victims
async def test_the_next_user_starts_it_again(
    data_dir: Path, victims: Callable[[Path], Sequence[int]]
) -> None:
    """After a kill a new user finds a server, while the old one is still attached."""
    async with embedded.attach(data_dir):
        await kill(*victims(data_dir))
        async with embedded.attach(data_dir) as server:
            assert await ask(server.dsn, "SELECT 1") == 1


async def test_a_server_that_runs_needs_nothing(data_dir: Path) -> None:
    """Ensuring a server that runs leaves it and its connections alone."""
    async with embedded.attach(data_dir) as server, connected(server.dsn) as connection:
        pid = server_pid(data_dir)
        await server.ensure()
        assert server_pid(data_dir) == pid
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_busy_child_of_a_killed_server_ends_first(data_dir: Path) -> None:
    """While a child of a killed server is still at work, no new server opens its files."""
    async with embedded.attach(data_dir) as server, connected(server.dsn) as connection:
        pid = int(await connection.fetchval("SELECT pg_backend_pid()"))
        busy = asyncio.ensure_future(
            connection.execute("DO $$ BEGIN FOR i IN 1..50000000 LOOP END LOOP; END $$")
        )
        state = f"SELECT state FROM pg_stat_activity WHERE pid = {pid}"  # noqa: S608 (a number)
        while await ask(server.dsn, state) != "active":
            assert not busy.done()
        await kill(server_pid(data_dir))
        await server.ensure()
        assert is_gone(pid)
        assert await ask(server.dsn, "SELECT 1") == 1
        await asyncio.gather(busy, return_exceptions=True)


async def test_it_stops_when_its_last_user_is_killed(data_dir: Path) -> None:
    """A user that is killed is no user any more."""
    with UserProgram(data_dir) as program:
        program.attach()
        pid = server_pid(data_dir)
        program.kill()
        await stopped(data_dir)
        assert is_gone(pid)


async def test_the_server_dies_with_its_watchdog(data_dir: Path) -> None:
    """No server is left without a watchdog."""
    async with embedded.attach(data_dir):
        pid = server_pid(data_dir)
        await kill(*watchdog_pids(data_dir))
        await until(lambda: is_gone(pid))


async def test_a_guard_stops_the_server_where_no_signal_does(data_dir: Path) -> None:
    """On a system without a signal for it, a server without a watchdog is stopped all the same."""
    place = prepare(data_dir)
    order = commands.order(place, binaries.find(place, None), platform="darwin")
    with FileLock(place.user_lock, place.owner) as use, FileLock(place.watchdog_lock, place.owner):
        assert use.try_shared()
        for _ in range(2):
            done = subprocess.run(  # noqa: ASYNC221, S603 (it ends at once)
                [sys.executable, "-I", "-S", watchdog.__file__, place.folder],
                input=json.dumps(order._asdict()).encode(),
                stdout=subprocess.DEVNULL,
                check=True,
            )
            assert done.returncode == 0
            pid = await until(lambda: is_ready(data_dir) and server_pid(data_dir))
            programs = sorted(watchdog_pids(data_dir))
            assert len(programs) == 2
            await kill(programs[0])
            await until(lambda: not watchdog_pids(data_dir))
            await until(functools.partial(is_gone, pid))
    await stopped(data_dir)


def is_ready(data_dir: Path) -> bool:
    """Tell whether the server has said that it is ready."""
    lines = watchdog.read_lines(data_dir / "postgresql/cluster/postmaster.pid")
    return len(lines) > 7 and lines[7].strip() == "ready"


async def test_a_guard_ends_with_its_watchdog(data_dir: Path) -> None:
    """The guard goes when the server has stopped as it should."""
    place = prepare(data_dir)
    order = commands.order(place, binaries.find(place, None), platform="darwin")
    with FileLock(place.user_lock, place.owner), FileLock(place.watchdog_lock, place.owner):
        subprocess.run(  # noqa: ASYNC221, S603 (it ends at once)
            [sys.executable, "-I", "-S", watchdog.__file__, place.folder],
            input=json.dumps(order._asdict()).encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        await until(lambda: (place.log.read_text().count("is shut down")) == 2)
        await until(lambda: watchdog_pids(data_dir) == [])


async def test_killed_while_it_makes_the_database(empty_dir: Path) -> None:
    """A database that is half made when everything is killed is made anew."""
    folder = empty_dir / "postgresql"
    with UserProgram(empty_dir) as program:
        program.begin()
        await until(lambda: list(folder.glob("cluster.new.*/base")))
        await kill(program.pid, *watchdog_pids(empty_dir))
    await stopped(empty_dir)
    assert not (folder / "cluster").exists()
    async with embedded.attach(empty_dir) as server:
        assert await ask(server.dsn, "SELECT 1") == 1
    assert list(folder.glob("cluster.new.*")) == []


async def test_its_starter_is_killed(data_dir: Path) -> None:
    """The one who starts it may be killed before it is there: others use it, or it stops."""
    with UserProgram(data_dir) as first, UserProgram(data_dir) as second:
        first.begin()
        await until(lambda: not has_stopped(data_dir))
        first.kill()
        assert await ask(second.attach(), "SELECT 1") == 1
        second.leave()
    await stopped(data_dir)


async def test_the_watchdog_is_killed_while_it_starts(data_dir: Path) -> None:
    """A user whose watchdog is killed before the server is there starts another."""
    with UserProgram(data_dir) as program:
        program.begin()
        await kill(*await until(lambda: watchdog_pids(data_dir)))
        assert await ask(program.dsn(), "SELECT 1") == 1


async def test_its_number_belongs_to_another_program(data_dir: Path) -> None:
    """After a reboot another program may have the number of the server that was cut off."""
    async with embedded.attach(data_dir) as server:
        left = [
            path
            for path in (data_dir / "postgresql/cluster/postmaster.pid", *server.socket.iterdir())
            if path.is_file()
        ]
        texts = [path.read_text() for path in left]
        owner = left[0].owner()
    await stopped(data_dir)
    with living(owner) as other:
        assert len(left) == 2
        for path, text in zip(left, texts, strict=True):
            _, *rest = text.split("\n")
            path.write_text("\n".join([str(other), *rest]))
            shutil.chown(path, owner)
        async with embedded.attach(data_dir) as server:
            assert await ask(server.dsn, "SELECT 1") == 1
        assert not is_gone(other)


@contextmanager
def living(owner: str) -> Generator[int, None, None]:
    """The number of a program of *owner* that lives."""
    program = subprocess.Popen(["sleep", str(PATIENCE_SECONDS * 2)], user=owner)  # noqa: S603, S607
    try:
        yield program.pid
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize("left", ["", "nonsense\n", "-5\n", "999999999\n"])
async def test_a_spoilt_trace_does_no_harm(data_dir: Path, left: str) -> None:
    """Whatever a server that was cut off left behind, the next one starts."""
    (data_dir / "postgresql/cluster/postmaster.pid").write_text(left)
    async with embedded.attach(data_dir) as server:
        assert await ask(server.dsn, "SELECT 1") == 1
