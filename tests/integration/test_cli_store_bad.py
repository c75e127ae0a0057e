"""A store that cannot be used: one line, exit 1, nothing half printed, and no secret."""

from __future__ import annotations

import asyncio
import socket
import socketserver
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from tests.integration.cli_world import (
    TOKEN,
    Console,
    Ran,
    database_server,
    fresh_database,
    serving,
    star_graph,
)
from tests.integration.store.conftest import execute

from stargazer.cli.schema import bring_up_to_date
from stargazer.sandbox import Sandbox

PASSWORD = "correct-horse-battery"

USING = (("neighbours", "o/seed"), ("plan", "o/seed"), ("export", "o/seed"), ("migrate",), ("worker",))
"""The commands that use the store, as they are typed."""


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture
def database(server: str) -> Generator[str]:
    with fresh_database(server) as url:
        asyncio.run(bring_up_to_date(url))
        yield url


@pytest.fixture
def console(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Console:
    return Console(capsysbinary, monkeypatch)


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
        yield sandbox


def assert_unusable(ran: Ran, *words: str) -> None:
    """One line that says what to do, nothing on standard output, exit 1, no secret."""
    assert (ran.exit_code, ran.out, len(ran.lines)) == (1, b"", 1), ran
    for word in ("the store cannot be used", *words):
        assert word in ran.err
    assert PASSWORD not in ran.err
    assert TOKEN not in ran.err


class Refusing(socketserver.BaseRequestHandler):
    """Speaks PostgreSQL's protocol as far as it takes to refuse a password."""

    def handle(self) -> None:
        """Refuse encryption, then whoever comes."""
        [length] = struct.unpack("!i", self.request.recv(4))
        said = self.request.recv(length - 4)
        if said == struct.pack("!i", 80877103):
            self.request.sendall(b"N")
            self.request.recv(4096)
        fields = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "me"\0\0'
        self.request.sendall(b"E" + struct.pack("!i", 4 + len(fields)) + fields)


@contextmanager
def refusing() -> Generator[int]:
    """Run a server that refuses every password; gives its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("words", USING)
def test_nothing_answers(console: Console, sandbox: Sandbox, words: tuple[str, ...]) -> None:
    """A database that is down is told before GitHub is asked anything."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        console.use_store(STARGAZER_DATABASE_URL=f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/db")
        assert_unusable(console.run(*words, at=sandbox), "nothing answers", "STARGAZER_DATABASE_URL")
    assert sandbox.record == []


@pytest.mark.parametrize("words", USING)
def test_a_password_is_refused(console: Console, sandbox: Sandbox, words: tuple[str, ...]) -> None:
    """PostgreSQL's refusal is told in our words."""
    with refusing() as port:
        console.use_store(STARGAZER_DATABASE_URL=f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/db")
        assert_unusable(console.run(*words, at=sandbox), "refuses the user or the password")


@pytest.mark.parametrize(
    "url", [f"mysql://me:{PASSWORD}@h/d", f"postgresql://me:{PASSWORD}@h:x/d", f"{PASSWORD}"]
)
@pytest.mark.parametrize("words", USING)
def test_a_url_that_is_none(console: Console, sandbox: Sandbox, words: tuple[str, ...], url: str) -> None:
    """Nothing of a URL that cannot be read is repeated: any part of it may be the password."""
    console.use_store(STARGAZER_DATABASE_URL="", DATABASE_URL=url)
    assert_unusable(console.run(*words, at=sandbox), "postgresql://USER:PASSWORD@HOST:PORT/DATABASE")


@pytest.mark.parametrize("words", USING)
def test_a_newer_schema(console: Console, database: str, sandbox: Sandbox, words: tuple[str, ...]) -> None:
    """A database of a newer stargazer is refused as it is, and never written to."""
    asyncio.run(execute(database, "INSERT INTO migration VALUES (9999, '9999_later.sql', 'x')"))
    console.use_store(STARGAZER_DATABASE_URL=database)
    assert_unusable(console.run(*words, at=sandbox), "version 9999", "upgrade stargazer")
    check = console.run("migrate", "--check", at=sandbox)
    assert_unusable(check, "version 9999")


def test_a_folder_that_cannot_be_made(console: Console, sandbox: Sandbox) -> None:
    """Where there is a server but no place for its database, that is an error, not a reason to go on."""
    console.use_store()
    assert_unusable(console.run("neighbours", "o/seed", at=sandbox), "STARGAZER_DATA_DIR", "--no-store")
