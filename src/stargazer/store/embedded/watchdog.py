"""The watchdog of an embedded server: starts it, guards it, and stops it after its last user.

It is run by its path and knows the standard library only: the interpreter then
starts in a fiftieth of the time that importing this package takes. It reads one
JSON order (`commands.Order`) from its standard input, prints one JSON word
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

LOG_BYTES = 1_000_000
INITDB_SECONDS = 120.0
START_SECONDS = 600.0
"""Recovery after a crash takes as long as it takes; its users stop waiting earlier."""

ORPHAN_SECONDS = 20.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.005

_PR_SET_PDEATHSIG = 1
_PASSING = ("pre-existing shared memory block", "lock file")
"""Why a start fails while the children of a killed server are still going."""


class Failed(Exception):
    """The server cannot be started; the message says why."""


class Log:
    """A file that keeps the newest lines, at most twice `LOG_BYTES`."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._file: IO[bytes] = self._open()
        self.last = ""
        """The last line that tells of an error, else the last line."""
        self._is_error = False

    def write(self, line: bytes) -> None:
        """Write one *line*."""
        if self._file.tell() > LOG_BYTES:
            self._file.close()
            self._path.replace(f"{self._path}.1")
            self._file = self._open()
        # A full disk must not keep the watchdog from its work.
        with contextlib.suppress(OSError):
            self._file.write(line)
        text = line.decode(errors="replace").strip()
        is_error = any(mark in text for mark in ("FATAL:", "PANIC:", "error:", "could not"))
        if text and (is_error or not self._is_error):
            self.last, self._is_error = text, is_error

    def forget(self) -> None:
        """Begin anew with the last line."""
        self.last, self._is_error = "", False

    def _open(self) -> IO[bytes]:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        return open(descriptor, "ab", buffering=0)  # noqa: PTH123, SIM115 (a descriptor, kept open)


class Server:
    """The server's first program, and what it prints."""

    def __init__(self, order: dict[str, Any], log: Log) -> None:
        self._program = subprocess.Popen(  # noqa: S603 (our own order, no shell)
            order["server"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_dies_with_parent(signal.SIGINT) if order["parent_death"] == "signal" else None,  # noqa: PLW1509
        )
        self.pid = self._program.pid
        self._printer = threading.Thread(target=self._print, args=[log], daemon=True)
        self._printer.start()

    def _print(self, log: Log) -> None:
        assert self._program.stdout is not None  # noqa: S101
        for line in self._program.stdout:
            log.write(line)

    def has_ended(self) -> bool:
        """Tell whether it has ended, after what it printed has been read."""
        if self._program.poll() is None:
            return False
        self._printer.join(1.0)
        return True

    def wait(self) -> None:
        """Wait until it has ended."""
        self._program.wait()
        self._printer.join(1.0)

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """Ask it to end: SIGINT ends its clients too, SIGQUIT does without a last checkpoint."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, sign)


def main() -> None:
    """Do what the order on the standard input says."""
    order = json.load(sys.stdin)
    if os.fork() != 0:
        os._exit(0)
    os.chdir("/")
    os.umask(0o077)
    try:
        word, reason = serve(order)
    except (OSError, subprocess.SubprocessError, Failed) as error:
        word, reason = "failed", " ".join(str(error).split())
    say(word, reason)


def serve(order: dict[str, Any]) -> tuple[str, str]:
    """Start the server and stay with it until it ends; return what is left to say."""
    become(order)
    watch = _Orphans(order["parent_death"] == "pipe")
    locked = os.open(order["watchdog_lock"], os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return "busy", ""
    log = Log(order["log"])
    make_cluster(order, log)
    server = start(order, log, watch)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    threading.Thread(target=stop_after_last_user, args=[server, order["user_lock"]], daemon=True).start()
    say("ready", "")
    server.wait()
    watch.end()
    return "ended", ""


def become(order: dict[str, Any]) -> None:
    """Give up the rights of root for good, when the order says so."""
    if order["uid"] is not None:
        os.setgroups([order["gid"]])
        os.setgid(order["gid"])
        os.setuid(order["uid"])


def say(word: str, reason: str) -> None:
    """Tell the starter *word*, once; it may be gone already."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps({"word": word, "reason": reason}).encode() + b"\n")
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.close(silence)


def make_cluster(order: dict[str, Any], log: Log) -> None:
    """Make the cluster if there is none: in a folder beside it, which gets its name when it is whole."""
    cluster, folder = Path(order["cluster"]), Path(order["folder"])
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


def initialise(order: dict[str, Any], new: str, log: Log) -> None:
    """Run `initdb` in the folder *new*, and create our database."""
    for command in order["initdb"]:
        log.forget()
        if run(command, new, "", log) == 0:
            break
        if "locale" not in log.last:
            raise Failed(log.last)
    else:
        raise Failed(log.last)
    if run(order["create"], new, order["create_input"], log) != 0:
        raise Failed(log.last)


def run(command: list[str], new: str, text: str, log: Log) -> int:
    """Run a *command* on the folder *new* with *text* as its input."""
    done = subprocess.run(  # noqa: S603 (our own order, no shell)
        [part.replace("{new}", new) for part in command],
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=INITDB_SECONDS,
        check=False,
        preexec_fn=_dies_with_parent(signal.SIGKILL) if is_linux() else None,  # noqa: PLW1509
    )
    for line in done.stdout.splitlines(keepends=True):
        log.write(line)
    return done.returncode


def is_linux() -> bool:
    """Tell whether the system sends a signal to the children of a program that dies."""
    return sys.platform == "linux"


def start(order: dict[str, Any], log: Log, watch: _Orphans) -> Server:
    """Start the server and wait until it takes connections."""
    pid_file = Path(order["cluster"], "postmaster.pid")
    end_orphan(pid_file)
    patience = time.monotonic() + ORPHAN_SECONDS
    while True:
        log.forget()
        server = Server(order, log)
        watch.over(server.pid)
        if wait_until_ready(server, pid_file):
            return server
        if time.monotonic() > patience or not any(cause in log.last for cause in _PASSING):
            raise Failed(log.last)
        time.sleep(POLL_SECONDS * 10)


def wait_until_ready(server: Server, pid_file: Path) -> bool:
    """Wait until *server* takes connections; False if it ends before."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        lines = read_lines(pid_file)
        if len(lines) > 7 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
            return True
        if server.has_ended():
            return False
        time.sleep(POLL_SECONDS)
    server.stop(signal.SIGQUIT)
    server.wait()
    return False


def end_orphan(pid_file: Path) -> None:
    """Stop a server that outlived its watchdog, and remove what one that was killed left behind."""
    lines = read_lines(pid_file)
    if not lines or not lines[0].isdigit():
        return
    pid, deadline, sign = int(lines[0]), time.monotonic() + ORPHAN_SECONDS, signal.SIGINT
    while is_server(pid, pid_file.parent):
        os.kill(pid, sign)
        if time.monotonic() > deadline:
            sign = signal.SIGQUIT
        time.sleep(POLL_SECONDS * 10)
    # After a reboot another program may have the number, and the server would refuse to start.
    if read_lines(pid_file)[:1] == lines[:1]:
        pid_file.unlink(missing_ok=True)


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


class _Orphans:
    """Where no signal tells a server that its watchdog was killed, a program that waits for it does.

    It reads from a pipe of which the watchdog alone holds the other end.
    """

    def __init__(self, is_needed: bool) -> None:
        self._pipe: int | None = None
        if not is_needed:
            return
        reader, self._pipe = os.pipe()
        if os.fork() == 0:
            os.close(self._pipe)
            _stop_orphan(reader)
        os.close(reader)

    def over(self, pid: int) -> None:
        """Stop the server *pid* when this program is killed."""
        self._write(f"{pid} ")

    def end(self) -> None:
        """There is nothing to stop any more."""
        self._write("done ")

    def _write(self, text: str) -> None:
        if self._pipe is not None:
            os.write(self._pipe, text.encode())


def _stop_orphan(reader: int) -> NoReturn:
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    words = b"".join(_chunks(reader)).decode().split()
    if words and words[-1].isdigit():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(words[-1]), signal.SIGINT)
    os._exit(0)


def _chunks(reader: int) -> Iterator[bytes]:
    while chunk := os.read(reader, 100):
        yield chunk


if __name__ == "__main__":
    main()
