"""What is decided about an embedded server, without one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stargazer.errors import StoreUnavailable
from stargazer.settings import Settings, default_data_dir
from stargazer.store.embedded import commands, watchdog
from stargazer.store.embedded.binaries import Binaries, choose, major_of, newest_first
from stargazer.store.embedded.place import Owner, choose_owner, choose_socket, first_closed

ROOT, ADA = Owner("root", 0, 0), Owner("ada", 1000, 1000)
POSTGRES, NOBODY = Owner("postgres", 101, 104), Owner("nobody", 65_534, 65_534)


def installed(*majors: int) -> list[Binaries]:
    """The binaries of these versions, in this order."""
    return [Binaries(Path(f"/pg/{major}/bin"), major) for major in majors]


@pytest.mark.parametrize(
    ("majors", "made_by", "chosen"),
    [
        ([15, 18], None, 15),
        ([12, 18], None, 18),
        ([15, 18], 18, 18),
        ([12, 18], 12, 12),
    ],
)
def test_the_version_that_made_a_folder_serves_it(
    majors: list[int], made_by: int | None, chosen: int
) -> None:
    """A new folder takes the first version that is young enough; an old one the version that made it."""
    assert choose(installed(*majors), made_by).major == chosen


def test_no_more_is_looked_for_than_is_needed() -> None:
    """Asking a server for its version takes time: the search ends with the choice."""

    def endless() -> Iterator[Binaries]:
        yield from installed(18)
        pytest.fail("looked further")

    assert choose(endless(), None).major == 18


@pytest.mark.parametrize(
    ("majors", "made_by", "told"),
    [
        ([], None, ["there is none", "stargazer[embedded]", "STARGAZER_DATABASE_URL", "--no-store"]),
        ([12], None, ["there is only 12", "from version 14 on"]),
        ([18, 16], 15, ["made by PostgreSQL 15", "there is only 16, 18", "install PostgreSQL 15 again"]),
    ],
)
def test_no_server_is_refused_with_what_to_do(
    majors: list[int], made_by: int | None, told: list[str]
) -> None:
    """Without a server that serves, the error tells what there is and every way out."""
    with pytest.raises(StoreUnavailable) as refused:
        choose(installed(*majors), made_by)
    for words in told:
        assert words in refused.value.message


@pytest.mark.parametrize("said", ["", "postgres", "PostgreSQL 15"])
def test_a_program_that_is_no_server_has_no_version(said: str) -> None:
    """A program called `postgres` that does not answer like one is passed over."""
    assert major_of(said) is None


def test_versions_are_ordered_as_numbers() -> None:
    """Version 15 is newer than version 9; a folder without a number is the oldest."""
    folders = [Path(f"/x/{name}/bin") for name in ("pginstall", "pginstall9", "pginstall18")]
    assert newest_first(folders, part=-2) == folders[::-1]


@pytest.mark.parametrize(
    ("caller", "folder_uid", "accounts", "owner"),
    [
        (ADA, None, [POSTGRES, NOBODY], ADA),
        (ADA, 101, [POSTGRES, NOBODY], ADA),
        (ROOT, None, [POSTGRES, NOBODY], POSTGRES),
        (ROOT, None, [NOBODY], NOBODY),
        (ROOT, 65_534, [POSTGRES, NOBODY], NOBODY),
        (ROOT, 1000, [POSTGRES, NOBODY], POSTGRES),
        (ROOT, None, [], None),
    ],
)
def test_root_alone_drops_its_rights(
    caller: Owner, folder_uid: int | None, accounts: list[Owner], owner: Owner | None
) -> None:
    """Root drops to the account that owns the folder, else to the first there is; others stay themselves."""
    assert choose_owner(caller, folder_uid, accounts) == owner


@pytest.mark.parametrize("name", ["x" * 200, "ü" * 45, "a,b", 'a"b'])
def test_a_path_that_no_socket_takes_is_replaced(name: str) -> None:
    """A path that is too long in bytes, or that a connection string would split, gives way to a short one."""
    socket = choose_socket(Path("/home/ada") / name, 1000)
    assert socket.name.startswith("stargazer-1000-")
    assert len(str(socket)) < 50


def test_two_folders_never_share_a_socket() -> None:
    """The short path depends on the folder and on who owns it."""
    paths = [Path("/home") / (letter * 200) for letter in "ab"]
    assert len({choose_socket(path, uid) for path in paths for uid in (1, 2)}) == 4


def test_a_closed_folder_is_found(tmp_path: Path) -> None:
    """The first folder on the way that an account may not enter is named."""
    closed = tmp_path / "closed"
    (closed / "within").mkdir(parents=True)
    mine = Owner("me", closed.stat().st_uid, closed.stat().st_gid)
    closed.chmod(0o700)
    assert first_closed(closed / "within" / "file", mine) is None
    closed.chmod(0o600)
    assert first_closed(closed / "within" / "file", mine) == closed
    closed.chmod(0o700)


def test_the_environment_is_the_servers_own() -> None:
    """Of the caller's environment only what finds programs and libraries is kept."""
    told = {"PATH": "/bin", "GITHUB_TOKEN": "secret", "PGDATA": "/x", "LANG": "de_DE", "LC_ALL": "de_DE"}
    assert commands.environment(told) == {"PATH": "/bin", "LC_ALL": "C"}


def test_the_server_listens_on_no_network() -> None:
    """The server's only door is a socket in a folder that is its owner's alone."""
    argv = commands.server("/pg/postgres", Path("/s/cluster"), Path("/s/a b"))
    assert "--listen_addresses=" in argv
    assert '--unix_socket_directories="/s/a b"' in argv
    assert "--fsync=on" in argv
    assert "--synchronous_commit=on" in argv


def test_the_log_is_bounded(tmp_path: Path) -> None:
    """The log keeps the newest lines, within a bound."""
    path = tmp_path / "server.log"
    log = watchdog.Log(str(path))
    line = b"x" * 999 + b"\n"
    for _ in range(3 * watchdog.LOG_BYTES // len(line)):
        log.write(line)
    log.write(b"the newest\n")
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= watchdog.LOG_BYTES + len(line)
    assert path.read_text().endswith("the newest\n")


def test_the_log_tells_why(tmp_path: Path) -> None:
    """The reason is the last line that tells of an error; without one it is the last line."""
    log = watchdog.Log(str(tmp_path / "server.log"))
    log.write(b"starting\n")
    assert log.last == "starting"
    log.write(b"initdb: error: could not write: No space left on device\n")
    log.write(b"initdb: removing contents\n")
    assert log.last == "initdb: error: could not write: No space left on device"
    log.forget()
    assert log.last == ""


def test_the_watchdog_needs_nothing_but_python() -> None:
    """The watchdog starts without site-packages and without this package."""
    program = f"import runpy; runpy.run_path({watchdog.__file__!r})"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)  # noqa: S603


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, ""),
        ({"DATABASE_URL": "postgresql:///b"}, "postgresql:///b"),
        ({"STARGAZER_DATABASE_URL": "postgresql:///a", "DATABASE_URL": "postgresql:///b"}, "postgresql:///a"),
        ({"STARGAZER_DATABASE_URL": " ", "DATABASE_URL": " postgresql:///b\n"}, "postgresql:///b"),
    ],
)
def test_the_database_comes_from_either_variable(environ: dict[str, str], url: str) -> None:
    """`STARGAZER_DATABASE_URL` goes before `DATABASE_URL`; without either the server is embedded."""
    assert Settings.from_env(environ).database_url == url


def test_the_data_folder_is_the_platforms_unless_set() -> None:
    """`STARGAZER_DATA_DIR` names another folder; `~` in it is the home folder."""
    assert Settings.from_env({}).data_dir == default_data_dir()
    assert Settings.from_env({"STARGAZER_DATA_DIR": "/srv/stars"}).data_dir == Path("/srv/stars")
    assert Settings.from_env({"STARGAZER_DATA_DIR": "~/stars"}).data_dir == Path.home() / "stars"


def test_root_keeps_its_data_where_others_can_reach_it() -> None:
    """Root's home is closed to the account that runs the server."""
    assert default_data_dir(is_root=True, platform="linux") == Path("/var/lib/stargazer")
    assert default_data_dir(is_root=True, platform="darwin") == Path("/Library/Application Support/stargazer")
    assert default_data_dir(is_root=False).name == "stargazer"


def test_the_database_is_never_shown() -> None:
    """The database's address may hold a password: settings tell only whether there is one."""
    shown = repr(Settings(database_url="postgresql://ada:hunter2@db/stars"))
    assert "hunter2" not in shown
    assert "database_url=set" in shown
    assert "database_url=not set" in repr(Settings())
