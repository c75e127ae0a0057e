"""The watchdog of an embedded server: starts it, guards it, and stops it after its last user.

It is run by its path and knows the standard library only: the interpreter then
starts in a fiftieth of the time that importing this package takes. It reads one
JSON order from its standard input, prints one JSON word
(`ready`, `busy` or `failed`), and lives as long as the server.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

LOG_BYTES = 1_000_000
INITDB_SECONDS = 120.0
START_SECONDS = 600.0
"""Recovery after a crash takes as long as it takes; its users stop waiting earlier."""

ORPHAN_SECONDS = 20.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.005

_PR_SET_PDEATHSIG = 1
_PASSING = "pre-existing shared memory block"
"""Why a start fails while the children of a killed server are still going."""


class Order(NamedTuple):
    """What a watchdog is told to do.

    Attributes:
        account: the user and group to become; None: stay who you are.
        initdb: command lines that make a cluster in the folder `{new}`, in order
            of preference; the next is tried if the locale of one is unknown.
        create: makes our database in it, told by `create_input`.
        sync: writes it to the disk, where the system cannot do that at once.
        server: runs the server.
        is_signalled: whether Linux tells the server that its watchdog was killed.
    """

    account: tuple[int, int] | None
    folder: str
    cluster: str
    log: str
    user_lock: str
    watchdog_lock: str
    socket_lock: str
    initdb: list[list[str]]
    create: list[str]
    create_input: str
    sync: list[str]
    server: list[str]
    is_signalled: bool


class Failed(Exception):
    """The server cannot be started; the message says why."""


class Log:
    """A file that keeps the newest lines, at most twice `LOG_BYTES`."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._descriptor = self._open()
        self.last = ""
        """The last line that tells of an error, else the last line."""
        self._is_error = False

    def write(self, line: bytes) -> None:
        """Write one *line*."""
        # On a full disk a line is lost; the server would stand still if nobody read them.
        with contextlib.suppress(OSError):
            if os.fstat(self._descriptor).st_size > LOG_BYTES:
                self._path.replace(f"{self._path}.1")
                full, self._descriptor = self._descriptor, self._open()
                os.close(full)
            os.write(self._descriptor, line)
        text = line.decode(errors="replace").strip()
        is_error = any(mark in text for mark in ("FATAL:", "PANIC:", "error:", "could not"))
        if text and (is_error or not self._is_error):
            self.last, self._is_error = text, is_error

    def forget(self) -> None:
        """Begin anew with the last line."""
        self.last, self._is_error = "", False

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)


class Server:
    """The server's first program, and what it prints."""

    def __init__(self, order: Order, log: Log) -> None:
        self._program = subprocess.Popen(  # noqa: S603 (our own order, no shell)
            order.server,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_dies_with_parent(signal.SIGINT) if order.is_signalled else None,
        )
        self.pid = self._program.pid
        self._guard = None if order.is_signalled else _guard(self.pid)
        self._printer = threading.Thread(target=self._print, args=[log], daemon=True)
        self._printer.start()

    def _print(self, log: Log) -> None:
        for line in self._program.stdout or ():
            log.write(line)

    def has_ended(self) -> bool:
        """Tell whether it has ended."""
        return self._program.poll() is not None

    def wait(self) -> None:
        """Wait until it has ended and what it printed is in the log."""
        self._program.wait()
        # A child that lives on may keep the pipe open.
        self._printer.join(1.0)
        if self._guard is not None:
            os.kill(self._guard, signal.SIGKILL)
            os.waitpid(self._guard, 0)

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """Ask it to end: SIGINT ends its clients too, SIGQUIT does without a last checkpoint."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, sign)


def main() -> None:
    """Do what the order on the standard input says."""
    order = Order(**json.load(sys.stdin))
    if os.fork() != 0:
        os._exit(0)
    os.chdir("/")
    os.umask(0o077)
    try:
        word, reason = serve(order)
    except OSError as error:
        word, reason = "failed", f"{error.filename or 'a call'}: {error.strerror}"
    except (subprocess.SubprocessError, Failed) as error:
        word, reason = "failed", str(error)
    say(word, reason)


def serve(order: Order) -> tuple[str, str]:
    """Start the server and stay with it until it ends; return what is left to say."""
    become(order)
    locked = os.open(order.watchdog_lock, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "busy", ""
    log = Log(order.log)
    make_cluster(order, log)
    end_orphan(order)
    server = start(order, log)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    threading.Thread(target=stop_after_last_user, args=[server, order.user_lock], daemon=True).start()
    say("ready", "")
    server.wait()
    return "ended", ""


def become(order: Order) -> None:
    """Give up the rights of root for good, when the order says so."""
    if order.account is not None:
        user, group = order.account
        os.setgroups([group])
        os.setgid(group)
        os.setuid(user)


def say(word: str, reason: str) -> None:
    """Tell the starter *word*, once; it may be gone already."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps({"word": word, "reason": reason}).encode() + b"\n")
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.close(silence)


def make_cluster(order: Order, log: Log) -> None:
    """Make the cluster if there is none: in a folder beside it, which gets its name when it is whole."""
    cluster, folder = Path(order.cluster), Path(order.folder)
    for unfinished in folder.glob(f"{cluster.name}.new.*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    if (cluster / "PG_VERSION").exists():
        return
    if cluster.is_dir() and any(cluster.iterdir()):
        raise Failed(f"{cluster} is not a whole PostgreSQL folder: restore it or move it away")
    new = tempfile.mkdtemp(prefix=f"{cluster.name}.new.", dir=folder)
    try:
        initialise(order, new, log)
        Path(new).replace(cluster)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    parent = os.open(folder, os.O_RDONLY)
    os.fsync(parent)
    os.close(parent)


def initialise(order: Order, new: str, log: Log) -> None:
    """Run `initdb` in the folder *new*, create our database, and see it written to the disk."""
    for command in order.initdb:
        log.forget()
        if run(order, command, new, log):
            break
        if "locale" not in log.last:
            raise Failed(log.last)
    else:
        raise Failed(log.last)
    if not run(order, order.create, new, log, order.create_input):
        raise Failed(log.last)
    if not sync(new) and not run(order, order.sync, new, log):
        raise Failed(log.last)


def run(order: Order, command: list[str], new: str, log: Log, told: str = "") -> bool:
    """Run a *command* on the folder *new*; what it prints is kept when it fails."""
    done = subprocess.run(  # noqa: S603 (our own order, no shell)
        [part.replace("{new}", new) for part in command],
        input=told.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=INITDB_SECONDS,
        check=False,
        preexec_fn=_dies_with_parent(signal.SIGKILL) if order.is_signalled else None,
    )
    if done.returncode != 0:
        log.forget()
        for line in done.stdout.splitlines(keepends=True):
            log.write(line)
    return done.returncode == 0


def sync(path: str) -> bool:
    """Write the file system of *path* to the disk: quicker than file by file, where Linux knows how."""
    syncfs = getattr(ctypes.CDLL(None), "syncfs", None)
    if syncfs is None:
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return bool(syncfs(descriptor) == 0)
    finally:
        os.close(descriptor)


def start(order: Order, log: Log) -> Server:
    """Start the server and wait until it takes connections."""
    patience = time.monotonic() + ORPHAN_SECONDS
    while True:
        log.forget()
        server = Server(order, log)
        if wait_until_ready(server, Path(order.cluster, "postmaster.pid")):
            return server
        server.wait()
        if time.monotonic() > patience or _PASSING not in log.last:
            raise Failed(log.last)
        time.sleep(POLL_SECONDS)


def wait_until_ready(server: Server, pid_file: Path) -> bool:
    """Wait until *server* takes connections; False if it ends, or is ended, before."""
    deadline = time.monotonic() + START_SECONDS
    while not server.has_ended():
        lines = read_lines(pid_file)
        if len(lines) > 7 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
            return True
        if time.monotonic() > deadline:
            server.stop(signal.SIGQUIT)
        time.sleep(POLL_SECONDS)
    return False


def end_orphan(order: Order) -> None:
    """Stop a server that outlived its watchdog, and make the traces of a killed one harmless."""
    pid_file = Path(order.cluster, "postmaster.pid")
    lines = read_lines(pid_file)
    pid = int(lines[0]) if lines and lines[0].isdigit() else 0
    since = time.monotonic()
    while is_server(pid, pid_file.parent):
        waited = time.monotonic() - since
        if waited > 2 * ORPHAN_SECONDS:
            raise Failed(f"a server without a watchdog does not end: its number is {pid}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if waited < ORPHAN_SECONDS else signal.SIGQUIT)
        time.sleep(POLL_SECONDS)
    Path(order.socket_lock).unlink(missing_ok=True)
    if pid == 0:
        pid_file.unlink(missing_ok=True)
    elif is_alive(pid):
        # Another program has the number now, and the server would refuse to start. It does not mind
        # its parent's; the rest of the file tells it whether children of the old one live on.
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))


def is_alive(pid: int) -> bool:
    """Tell whether a program of ours has the number *pid*."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def is_server(pid: int, cluster: Path) -> bool:
    """Tell whether the program *pid* is the server of *cluster*: a server works in its folder."""
    if sys.platform == "linux":
        try:
            return os.readlink(f"/proc/{pid}/cwd") == str(cluster)  # noqa: PTH115 (no Path is wanted)
        except OSError:
            return False
    said = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return str(cluster) in said.stdout


def read_lines(path: Path) -> list[str]:
    """Read the lines of *path*; none if it is not there."""
    try:
        return path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def stop_after_last_user(server: Server, user_lock: str) -> None:
    """Wait until nobody shares the lock of the users, then stop the *server*.

    The lock is kept until this program ends: whoever comes meanwhile waits
    for the end, and starts the server anew.
    """
    descriptor = os.open(user_lock, os.O_RDWR | os.O_NOFOLLOW)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    server.stop()
    time.sleep(STOP_SECONDS)
    server.stop(signal.SIGQUIT)


def _dies_with_parent(sign: signal.Signals) -> Callable[[], None]:
    """Make what a child does first: ask Linux for *sign* when this program dies."""
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _guard(pid: int) -> int:
    """Start a program that stops *pid* when this one dies, where no signal does.

    It reads from a pipe of which this program alone holds the other end.
    """
    reader, writer = os.pipe()
    guard = os.fork()
    if guard != 0:
        os.close(reader)
        return guard
    # It must not keep the locks of the watchdog.
    os.closerange(3, reader)
    os.closerange(reader + 1, max(writer + 1, 256))
    os.read(reader, 1)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    os._exit(0)


if __name__ == "__main__":
    main()
