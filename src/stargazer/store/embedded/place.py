"""Where the embedded server lives, and to whom that place belongs."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from stargazer.errors import StoreUnavailable

ELSEWHERE = (
    "set STARGAZER_DATA_DIR to another folder, STARGAZER_DATABASE_URL to a server of yours, or use --no-store"
)

PORT = 5432
"""The number in the socket's name; nothing listens on TCP."""

SERVICE_ACCOUNTS = ("postgres", "nobody")
"""Who runs the server when root asks for it: PostgreSQL refuses to run as root."""

_LONGEST_SOCKET = 100
"""Bytes of a socket's path: the kernels allow 107 on Linux, 103 on macOS."""


class Owner(msgspec.Struct, frozen=True):
    """The account that runs the server and owns its folder."""

    name: str
    uid: int
    gid: int


class Place(msgspec.Struct, frozen=True):
    """The folder of one embedded server.

    Attributes:
        folder: holds everything: the cluster, the locks, the log.
        socket: the folder of the socket; in `folder` if its path is short enough.
        is_dropped: whether root gives up its rights to run the server as `owner`.
    """

    folder: Path
    owner: Owner
    socket: Path
    is_dropped: bool

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory; it exists only whole."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    @property
    def user_lock(self) -> Path:
        """Held shared by every user, and exclusively by a watchdog that has none left."""
        return self.folder / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Held by the one user who looks whether the server runs, and starts it."""
        return self.folder / "start.lock"

    @property
    def watchdog_lock(self) -> Path:
        """Held by the watchdog as long as it lives."""
        return self.folder / "watchdog.lock"


def choose_owner(caller: Owner, folder_uid: int | None, accounts: Sequence[Owner]) -> Owner | None:
    """Choose who runs the server.

    Args:
        caller: who asks for the server.
        folder_uid: who owns the server's folder; None if there is none yet.
        accounts: those of `SERVICE_ACCOUNTS` that exist, in order of preference.

    Returns:
        None if root has no account to drop to.
    """
    if caller.uid != 0:
        return caller
    owning = [account for account in accounts if account.uid == folder_uid]
    return next(iter([*owning, *accounts]), None)


def choose_socket(folder: Path, uid: int) -> Path:
    """Choose the socket's folder: within *folder* if its path is short, else under `/tmp`.

    The choice depends on nothing but the arguments, so that every user of the
    server comes to the same one, whatever its environment.

    Example:
        >>> str(choose_socket(Path("/var/lib/stargazer/postgresql"), 101))
        '/var/lib/stargazer/postgresql/socket'
        >>> str(choose_socket(Path("/deep" * 20), 101))
        '/tmp/stargazer-101-a3ca3ad69547'
    """
    near = folder / "socket"
    name = os.fsencode(near / f".s.PGSQL.{PORT}")
    # A comma separates hosts in a connection string, and folders in the server's setting.
    if len(name) < _LONGEST_SOCKET and b"," not in name and b'"' not in name:
        return near
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(f"/tmp/stargazer-{uid}-{digest}")  # noqa: S108 (checked for owner, mode and links)


def prepare(data_dir: Path) -> Place:
    """Make the server's folder in *data_dir* if it is not there, and check whose it is.

    Raises:
        StoreUnavailable: it cannot be made, belongs to somebody else, or the
            account that root drops to cannot reach it.
    """
    try:
        folder = data_dir.resolve() / "postgresql"
        caller = _account(os.geteuid())
        owner = choose_owner(caller, _uid_of(folder), _service_accounts())
        if owner is None:
            raise StoreUnavailable(
                f"PostgreSQL does not run as root, and there is no account {' or '.join(SERVICE_ACCOUNTS)}",
                do="run stargazer as another user",
            )
        is_dropped = owner.uid != caller.uid
        _make_parents(folder, is_open=is_dropped)
        closed = first_closed(folder, owner) if is_dropped else None
        if closed is not None:
            raise StoreUnavailable(f"{owner.name}, who runs it for root, cannot enter {closed}", do=ELSEWHERE)
        private_folder(folder, owner)
        place = Place(folder, owner, choose_socket(folder, owner.uid), is_dropped)
        private_folder(place.socket, owner)
        _check_owner(place.cluster, owner)
    except OSError as error:
        where = error.filename or data_dir
        raise StoreUnavailable(f"{where}: {error.strerror}", do=ELSEWHERE) from error
    return place


def first_closed(path: Path, owner: Owner) -> Path | None:
    """The first folder on the way to *path* that *owner* may not enter, if any."""
    for folder in reversed(path.parents):
        found = folder.stat()
        allowed = stat.S_IXOTH
        if found.st_uid == owner.uid:
            allowed = stat.S_IXUSR
        elif found.st_gid == owner.gid:
            allowed = stat.S_IXGRP
        if not found.st_mode & allowed:
            return folder
    return None


def private_folder(path: Path, owner: Owner) -> None:
    """Make *path* a folder that *owner* alone may enter, or check that it is one.

    Raises:
        StoreUnavailable: it belongs to somebody else.
        OSError: it cannot be made, or is a link or a file.
    """
    with suppress(FileExistsError):
        path.mkdir(0o700)
    # Everything else goes by the descriptor: a name may be exchanged for a link in between.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid != owner.uid:
            _hand_over(path, descriptor, owner)
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def _hand_over(path: Path, descriptor: int, owner: Owner) -> None:
    """Give a folder that root has just made to *owner*; one that holds something is not touched."""
    is_root = os.geteuid() == 0
    if is_root and os.fstat(descriptor).st_uid == 0 and not os.listdir(descriptor):
        os.fchown(descriptor, owner.uid, owner.gid)
    _check_owner(path, owner)


def _check_owner(path: Path, owner: Owner) -> None:
    found = _uid_of(path)
    if found is not None and found != owner.uid:
        raise StoreUnavailable(
            f"{path} belongs to {_account(found).name}, not to {owner.name}",
            do=f"give it to {owner.name} with chown -R; otherwise {ELSEWHERE}",
        )


def _make_parents(folder: Path, *, is_open: bool) -> None:
    missing = [parent for parent in folder.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
        parent.chmod(0o755 if is_open else 0o700)


def _uid_of(folder: Path) -> int | None:
    try:
        return folder.lstat().st_uid
    except FileNotFoundError:
        return None


def _account(uid: int) -> Owner:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Owner(f"user {uid}", uid, os.getegid())
    return Owner(entry.pw_name, uid, entry.pw_gid)


def _service_accounts() -> list[Owner]:
    accounts = []
    for name in SERVICE_ACCOUNTS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            accounts.append(Owner(name, entry.pw_uid, entry.pw_gid))
    return accounts
