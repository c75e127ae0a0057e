"""Hosts of our own: network namespaces with their own addresses, and a PostgreSQL that they reach by TCP."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from stargazer.store.embedded import binaries
from stargazer.store.embedded.place import Place, prepare

PATIENCE_SECONDS = 30.0
ROLE = "stargazer"


class Host(msgspec.Struct, frozen=True):
    """A network namespace with one cable to us.

    Attributes:
        name: what it is called.
        near: our end of the cable.
        far: its own address.
    """

    name: str
    near: str
    far: str

    @property
    def within(self) -> list[str]:
        """What comes before a command that is to run there."""
        return ["ip", "netns", "exec", self.name]

    def pull(self) -> None:
        """Pull the cable: no packet passes any more, and nobody is told."""
        _ip("-n", self.name, "link", "set", f"{self.name}b", "down")


def why_not() -> str | None:
    """Why this machine lets us make no hosts; None: it does."""
    if shutil.which("ip") is None:
        return "there is no `ip` (Debian: iproute2)"
    try:
        with hosts(1):
            return None
    except subprocess.CalledProcessError as error:
        return f"network namespaces are not allowed here: {error.stderr.decode().strip()}"


@contextmanager
def hosts(count: int) -> Iterator[list[Host]]:
    """Make so many hosts.

    Raises:
        subprocess.CalledProcessError: that is not allowed here.
    """
    # Test runs on one machine share its network: the process tells theirs apart.
    net = f"10.{os.getpid() % 200 + 20}"
    made = [
        Host(f"sg{os.getpid()}-{number}", f"{net}.{number}.1", f"{net}.{number}.2") for number in range(count)
    ]
    with ExitStack() as stack:
        for host in made:
            _ip("netns", "add", host.name)
            stack.callback(_ip, "netns", "delete", host.name)
            _connect(host)
            # With the namespace alone the cable would go some time later.
            stack.callback(_ip, "link", "delete", f"{host.name}a")
        yield made


def _connect(host: Host) -> None:
    """Lay the cable."""
    ours, theirs = f"{host.name}a", f"{host.name}b"
    _ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", host.name)
    _ip("address", "add", f"{host.near}/30", "dev", ours)
    _ip("link", "set", ours, "up")
    there = ("-n", host.name)
    _ip(*there, "address", "add", f"{host.far}/30", "dev", theirs)
    _ip(*there, "link", "set", theirs, "up")
    _ip(*there, "link", "set", "lo", "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)  # noqa: S603, S607 - the machine's own


class TcpServer(msgspec.Struct, frozen=True):
    """A PostgreSQL that asks for a password."""

    port: int
    password: str

    def dsn(self, host: str) -> str:
        """The URL of its database, as it is reached at *host*."""
        return f"postgresql://{ROLE}:{self.password}@{host}:{self.port}/postgres"


@contextmanager
def tcp_server(addresses: Sequence[str]) -> Iterator[TcpServer]:
    """Run a PostgreSQL that listens at *addresses*, and on no socket."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        Path(folder).chmod(0o755)
        place = prepare(Path(folder) / "data")
        server = TcpServer(_free_port(addresses[0]), secrets.token_hex(16))
        programs = binaries.find(place, None)
        cluster = _make_cluster(place, programs, server.password)
        with (cluster / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/8 scram-sha-256\n")
        command = [
            *(programs.program("postgres"), "-D", str(cluster), "-p", str(server.port)),
            *("-h", ",".join(addresses), "-k", "", "-c", "fsync=off"),
        ]
        running = subprocess.Popen(  # noqa: S603
            command, stderr=subprocess.DEVNULL, user=server_user(place), cwd=place.folder
        )
        try:
            _await_port(addresses[0], server.port)
            yield server
        finally:
            # A fast shutdown: it waits for no client, and one that is cut off never leaves.
            running.send_signal(signal.SIGINT)
            running.wait()


def _make_cluster(place: Place, programs: binaries.Binaries, password: str) -> Path:
    folder = place.folder.parent / "tcp"
    folder.mkdir(mode=0o700)
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    for path in (folder, secret):
        os.chown(path, place.owner.uid, place.owner.gid)
    cluster = folder / "cluster"
    command = [
        *(programs.program("initdb"), "-D", str(cluster), "-U", ROLE, "--no-sync", "--no-locale"),
        *("--encoding=UTF8", "--auth=scram-sha-256", f"--pwfile={secret}"),
    ]
    subprocess.run(  # noqa: S603
        command, check=True, capture_output=True, user=server_user(place), cwd=folder
    )
    secret.unlink()
    return cluster


def server_user(place: Place) -> int | None:
    """Whom root gives its rights up to, since PostgreSQL does not run as root."""
    return place.owner.uid if place.is_dropped else None


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _await_port(address: str, port: int) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)
        else:
            return
