"""The command lines of the embedded server, and what its watchdog is told."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from stargazer.store.embedded.binaries import Binaries
from stargazer.store.embedded.place import PORT, Place
from stargazer.store.embedded.watchdog import Order

DATABASE = "stargazer"
ROLE = "stargazer"

_BUILTIN_LOCALE_MAJOR = 17
"""The first version that brings `C.UTF-8` itself, whatever the operating system has."""

_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

SERVER_SETTINGS: dict[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "50",
    "synchronous_commit": "on",
    "fsync": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "logging_collector": "off",
    # The log names no person: neither the statement that failed nor the row.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


def order(place: Place, binaries: Binaries, platform: str = sys.platform) -> Order:
    """Tell the watchdog of *place* everything it has to know."""
    postgres = binaries.program("postgres")
    return Order(
        account=(place.owner.uid, place.owner.gid) if place.is_dropped else None,
        folder=str(place.folder),
        cluster=str(place.cluster),
        log=str(place.log),
        user_lock=str(place.user_lock),
        watchdog_lock=str(place.watchdog_lock),
        socket_lock=str(place.socket / f".s.PGSQL.{PORT}.lock"),
        initdb=[initdb(binaries, locale) for locale in locales(binaries.major)],
        create=[postgres, "--single", "--fsync=off", "-D", "{new}", "postgres"],
        create_input=f"CREATE DATABASE {DATABASE}\n",
        sync=[binaries.program("initdb"), "--sync-only", "--pgdata={new}"],
        server=server(postgres, place.cluster, place.socket),
        is_signalled=platform == "linux",
    )


def locales(major: int) -> list[list[str]]:
    """The locales to make a cluster with, best first: text is ordered by code point in all of them.

    Example:
        >>> locales(18)
        [['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']]
        >>> locales(15)
        [['--locale=C.UTF-8'], ['--locale=C']]
    """
    if major >= _BUILTIN_LOCALE_MAJOR:
        return [["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]


def initdb(binaries: Binaries, locale: list[str]) -> list[str]:
    """The command line that makes a cluster in `{new}`.

    Nobody but the owner can reach the socket, so the server trusts whoever does.
    The watchdog sees to it that all of it is on the disk before it gets its name.
    """
    return [
        binaries.program("initdb"),
        "--pgdata={new}",
        f"--username={ROLE}",
        "--auth=trust",
        "--encoding=UTF8",
        "--data-checksums",
        "--no-sync",
        "--lc-messages=C",
        *locale,
    ]


def server(postgres: str, cluster: Path, socket: Path) -> list[str]:
    """The server's command line; its settings stand here, so that they follow this program's version."""
    settings = {**SERVER_SETTINGS, "unix_socket_directories": f'"{socket}"'}
    return [postgres, "-D", str(cluster), *(f"--{name}={value}" for name, value in settings.items())]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The server's environment: nothing of the caller's that it does not need, least of all a token."""
    kept = {name: environ[name] for name in _KEPT_VARIABLES if name in environ}
    return {**kept, "LC_ALL": "C"}


def dsn(socket: Path) -> str:
    """The connection string for the server whose socket lies in *socket*.

    Example:
        >>> dsn(Path("/tmp/stargazer-101-a3ca3ad69547"))
        'postgresql:///stargazer?host=%2Ftmp%2Fstargazer-101-a3ca3ad69547&port=5432&user=stargazer'
    """
    return f"postgresql:///{DATABASE}?host={quote(str(socket), safe='')}&port={PORT}&user={ROLE}"
