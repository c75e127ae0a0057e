"""What cannot work is refused at once, in one line that says what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.store.embedded.world import ask, copy, stopped

from stargazer.errors import StoreUnavailable
from stargazer.store import embedded
from stargazer.store.embedded.lock import FileLock
from stargazer.store.embedded.place import prepare

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make this happen")


async def refusal(data_dir: Path, start_seconds: float = 30.0) -> str:
    """What is said when *data_dir* cannot be used."""
    with pytest.raises(StoreUnavailable) as refused:
        async with embedded.attach(data_dir, start_seconds=start_seconds):
            pass
    assert "\n" not in refused.value.message
    return refused.value.message


@needs_root
async def test_a_folder_of_somebody_else(data_dir: Path) -> None:
    """A folder that belongs to somebody else is named, with its owner, and not touched."""
    folder = data_dir / "postgresql"
    os.chown(folder, 12_345, 12_345)
    said = await refusal(data_dir)
    assert f"{folder} belongs to user 12345" in said
    assert "chown" in said
    assert folder.stat().st_uid == 12_345


@needs_root
async def test_a_folder_that_the_other_account_cannot_reach(empty_dir: Path) -> None:
    """Root's server runs as somebody else: a folder which that account cannot enter is named."""
    closed = empty_dir / "closed"
    closed.mkdir(0o700)
    said = await refusal(closed / "within")
    assert f"cannot enter {closed})" in said
    assert "STARGAZER_DATA_DIR" in said


@needs_root
async def test_a_database_of_somebody_else(data_dir: Path) -> None:
    """A database that was copied by somebody else is named, with what to do."""
    cluster = data_dir / "postgresql/cluster"
    os.chown(cluster, 0, 0)
    assert f"{cluster} belongs to root" in await refusal(data_dir)


async def test_a_file_in_place_of_the_folder(empty_dir: Path) -> None:
    """A data folder that is a file is named."""
    (empty_dir / "file").write_text("")
    assert f"{empty_dir / 'file'}" in await refusal(empty_dir / "file")
    assert "Not a directory" in await refusal(empty_dir / "file" / "below")


async def test_a_link_in_place_of_the_folder(empty_dir: Path) -> None:
    """The server's folder is not followed through a link, which somebody else may have put there."""
    (empty_dir / "elsewhere").mkdir()
    (empty_dir / "postgresql").symlink_to(empty_dir / "elsewhere")
    assert f"{empty_dir / 'postgresql'}: " in await refusal(empty_dir)


@needs_root
async def test_a_socket_folder_of_somebody_else(empty_dir: Path, made_dir: Path) -> None:
    """Where the socket's short folder is taken by somebody else, they do not get to see a connection."""
    deep = copy(made_dir, empty_dir / ("a" * 100))
    taken = prepare(deep).socket
    os.chown(taken, 12_345, 12_345)
    assert f"{taken} belongs to user 12345" in await refusal(deep)
    taken.rmdir()


@contextmanager
def mounted(folder: Path, *options: str) -> Generator[None, None, None]:
    """A small file system of its own on *folder*."""
    command = ["mount", "-t", "tmpfs", "-o", ",".join([*options, "mode=755"]), "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:  # noqa: S603
        pytest.skip("this machine does not let root mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607


@needs_root
async def test_a_folder_that_cannot_be_written(empty_dir: Path) -> None:
    """A read-only folder is named, with what to do."""
    with mounted(empty_dir, "ro"):
        said = await refusal(empty_dir)
    assert f"{empty_dir}/postgresql" in said
    assert "Read-only file system" in said
    assert "STARGAZER_DATA_DIR" in said


@needs_root
async def test_a_folder_that_became_read_only(empty_dir: Path, made_dir: Path) -> None:
    """A database on a file system that has become read-only is refused as well."""
    with mounted(empty_dir, "size=200m"):
        copy(made_dir, empty_dir)
        subprocess.run(["mount", "-o", "remount,ro", empty_dir], check=True)  # noqa: ASYNC221, S603, S607
        assert "Read-only file system" in await refusal(empty_dir)


@needs_root
async def test_a_full_disk(empty_dir: Path) -> None:
    """A disk too small for a database is told, and once there is room the database is made."""
    with mounted(empty_dir, "size=8m"):
        assert "No space left on device" in await refusal(empty_dir)
        await stopped(empty_dir)
        assert list((empty_dir / "postgresql").glob("cluster*")) == []
        subprocess.run(["mount", "-o", "remount,size=300m", empty_dir], check=True)  # noqa: ASYNC221, S603, S607
        async with embedded.attach(empty_dir) as server:
            assert await ask(server.dsn, "SELECT 1") == 1
        await stopped(empty_dir)


async def test_a_database_of_another_version(data_dir: Path) -> None:
    """A database that no installed version can read is refused by the numbers of the versions."""
    (data_dir / "postgresql/cluster/PG_VERSION").write_text("9\n")
    said = await refusal(data_dir)
    assert "made by PostgreSQL 9" in said
    assert "there is only" in said


async def test_a_damaged_version(data_dir: Path) -> None:
    """A database that does not tell its version is damaged."""
    (data_dir / "postgresql/cluster/PG_VERSION").write_text("")
    assert "PG_VERSION is damaged" in await refusal(data_dir)


async def test_a_folder_that_is_not_whole(data_dir: Path) -> None:
    """What is left of a damaged database is not thrown away."""
    cluster = data_dir / "postgresql/cluster"
    (cluster / "PG_VERSION").unlink()
    assert f"{cluster} is not a whole PostgreSQL folder" in await refusal(data_dir)
    assert (cluster / "base").exists()


async def test_a_server_that_does_not_start(data_dir: Path) -> None:
    """Why a server does not start is told in its own words."""
    shutil.rmtree(data_dir / "postgresql/cluster/global")
    assert "global" in await refusal(data_dir)


async def test_a_setting_that_it_does_not_know(data_dir: Path) -> None:
    """A mistake in the server's own file of settings is told."""
    with (data_dir / "postgresql/cluster/postgresql.conf").open("a") as file:
        file.write("nonsense = 1\n")
    assert "contains errors" in await refusal(data_dir)


@pytest.mark.parametrize(
    ("lock", "why"),
    [("start_lock", "another program is still starting it"), ("user_lock", "it is still stopping")],
)
async def test_nobody_waits_for_ever(data_dir: Path, lock: str, why: str) -> None:
    """Whoever waits for a server is told in time what it waits for."""
    place = prepare(data_dir)
    with FileLock(getattr(place, lock), place.owner) as held:
        assert held.try_exclusive()
        said = await refusal(data_dir, start_seconds=0.1)
    assert f"not there after 0.1 s: {why}" in said
    assert str(place.log) in said


async def test_a_server_that_takes_no_connections(data_dir: Path) -> None:
    """A watchdog without a server that answers is not waited for without end."""
    place = prepare(data_dir)
    with FileLock(place.watchdog_lock, place.owner) as held:
        assert held.try_exclusive()
        assert "does not take connections yet" in await refusal(data_dir, start_seconds=0.1)
