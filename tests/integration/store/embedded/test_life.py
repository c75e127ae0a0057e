"""The life of an embedded server: it starts with its first user and stops with its last."""

from __future__ import annotations

import asyncio
import os
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.integration.store.embedded.world import (
    UserProgram,
    ask,
    copy,
    inherited,
    is_gone,
    ordinary_python,
    server_pid,
    stopped,
    uid_of,
    watchdog_pids,
)

from stargazer.store import embedded
from stargazer.store.embedded.binaries import find_extra

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


async def test_the_first_user_finds_a_database(empty_dir: Path) -> None:
    """The first attach makes a database in UTF-8, ordered by code point, that nobody else can reach."""
    async with embedded.attach(empty_dir) as server:
        assert (
            await ask(server.dsn, "SELECT current_database() || ' ' || current_user") == "stargazer stargazer"
        )
        assert await ask(server.dsn, "SHOW server_encoding") == "UTF8"
        assert await ask(server.dsn, "SELECT 'é' > 'z' AND 'a' > 'Z'")
        assert await ask(server.dsn, "SHOW listen_addresses") == ""
        assert await ask(server.dsn, "SHOW fsync") == "on"
        assert server.socket.is_relative_to(empty_dir)
        for folder in (server.socket, empty_dir / "postgresql"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_the_extra_brings_a_server(empty_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The binaries of the `embedded` extra serve as well, with the locale that PostgreSQL brings itself."""
    extra = find_extra()
    if not extra:
        pytest.skip("the extra has no binaries for this machine")
    monkeypatch.setenv("PATH", f"{extra[0]}:{os.environ['PATH']}")
    async with embedded.attach(empty_dir) as server:
        assert int(await ask(server.dsn, "SHOW server_version_num")) >= 170_000
        assert await ask(server.dsn, "SELECT datlocprovider FROM pg_database LIMIT 1") == b"b"
    await stopped(empty_dir)
    monkeypatch.undo()
    async with embedded.attach(empty_dir) as server:
        assert int(await ask(server.dsn, "SHOW server_version_num")) >= 170_000


async def test_it_stops_with_its_last_user(data_dir: Path) -> None:
    """When its only user has left, the server stops and leaves no trace but its folder."""
    async with embedded.attach(data_dir) as server:
        pid = server_pid(data_dir)
    await stopped(data_dir)
    assert is_gone(pid)
    assert list(server.socket.iterdir()) == []
    assert not (data_dir / "postgresql/cluster/postmaster.pid").exists()


async def test_it_outlives_its_starter(data_dir: Path) -> None:
    """The program that started it may end, as long as another uses it; its terminal is not the server's."""
    with UserProgram(data_dir) as first, UserProgram(data_dir) as second:
        dsn = first.attach()
        pid = server_pid(data_dir)
        assert os.getsid(pid) != os.getsid(first.pid)
        assert second.attach() == dsn
        first.leave()
        assert await ask(dsn, "SELECT 1") == 1
        assert server_pid(data_dir) == pid
        second.leave()
        await stopped(data_dir)
        assert is_gone(pid)


async def test_a_program_uses_it_twice(data_dir: Path) -> None:
    """Two users within one program count as two."""
    async with embedded.attach(data_dir) as server:
        pid = server_pid(data_dir)
        async with embedded.attach(data_dir) as again:
            assert again.dsn == server.dsn
        assert await ask(server.dsn, "SELECT 1") == 1
        assert server_pid(data_dir) == pid


async def test_ten_programs_start_at_once(data_dir: Path) -> None:
    """Of ten programs that come at once, one starts the server and all use it."""
    with ExitStack() as stack:
        programs = [stack.enter_context(UserProgram(data_dir)) for _ in range(10)]
        for program in programs:
            program.begin()
        dsns = {program.dsn() for program in programs}
        assert len(dsns) == 1
        assert await ask(dsns.pop(), "SELECT 1") == 1
        assert len(watchdog_pids(data_dir)) == 1
    assert (data_dir / "postgresql/server.log").read_text().count("starting PostgreSQL") == 1 + 1


async def test_ten_users_come_to_an_empty_folder(empty_dir: Path) -> None:
    """Of ten users that come at once to an empty folder, one makes the database."""

    async def use() -> int:
        async with embedded.attach(empty_dir) as server:
            return int(await ask(server.dsn, "SELECT 1"))

    assert await asyncio.gather(*(use() for _ in range(10))) == [1] * 10


async def test_a_user_comes_while_it_stops(data_dir: Path) -> None:
    """Whoever comes in the moment when the last user leaves gets a server."""
    for _ in range(10):
        async with embedded.attach(data_dir) as server:
            assert await ask(server.dsn, "SELECT 1") == 1


async def test_users_come_and_go_at_any_moment(data_dir: Path) -> None:
    """However users overlap, each of them has a server as long as it stays."""

    async def come_and_go(turns: int) -> None:
        for _ in range(turns):
            async with embedded.attach(data_dir) as server:
                assert await ask(server.dsn, "SELECT 1") == 1

    await asyncio.gather(*(come_and_go(turns) for turns in range(1, 6)))


async def test_the_server_knows_no_secret(data_dir: Path) -> None:
    """Neither the server nor its watchdog inherits a token of the one who started it."""
    with UserProgram(data_dir, environ={"GITHUB_TOKEN": TOKEN, "PGDATA": "/nowhere"}) as program:
        program.attach()
        for pid in (server_pid(data_dir), *watchdog_pids(data_dir)):
            assert "LC_ALL=C" in inherited(pid)
            assert TOKEN not in inherited(pid)
            assert "/nowhere" not in inherited(pid)


async def test_root_drops_to_another_account(data_dir: Path) -> None:
    """A server that root asks for runs as somebody else, who owns its folder."""
    async with embedded.attach(data_dir):
        folder = (data_dir / "postgresql").stat()
        assert folder.st_uid != 0
        for pid in (server_pid(data_dir), *watchdog_pids(data_dir)):
            assert uid_of(pid) == folder.st_uid


async def test_an_ordinary_user_runs_it(empty_dir: Path) -> None:
    """An ordinary user's server runs as that user."""
    python = ordinary_python()
    os.chown(empty_dir, 65_534, 65_534)
    with UserProgram(empty_dir, "65534", python) as program:
        dsn = program.attach()
        assert await ask(dsn, "SELECT current_user") == "stargazer"
        assert uid_of(server_pid(empty_dir)) == 65_534


async def test_a_long_path_moves_the_socket(empty_dir: Path, made_dir: Path) -> None:
    """Where a folder's path is too long for a socket, the socket lies in a short private folder elsewhere."""
    deep = copy(made_dir, empty_dir / ("a" * 100))
    async with embedded.attach(deep) as server:
        assert len(str(server.socket)) < 50
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        assert await ask(server.dsn, "SELECT 1") == 1
    await stopped(deep)
    server.socket.rmdir()


@pytest.mark.parametrize("name", ["a space, a comma", "ü %2F '{new}"])
async def test_any_name_of_a_folder_will_do(empty_dir: Path, made_dir: Path, name: str) -> None:
    """A folder may have any character in its name."""
    named = copy(made_dir, empty_dir / name)
    async with embedded.attach(named) as server:
        assert await ask(server.dsn, "SELECT 1") == 1
    await stopped(named)
    if not server.socket.is_relative_to(named):
        server.socket.rmdir()
