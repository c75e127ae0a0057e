"""`stargazer tokens`: from standard input, checked at once, sealed, never shown."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Generator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from tests.integration.cli_world import (
    Console,
    Ran,
    database_server,
    fetch_value,
    fresh_database,
    serving,
    star_graph,
)

from stargazer.sandbox import Behaviour, Sandbox, Token
from stargazer.store.database import Database
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import Keys, NewKey

ADA = "ghp_the-token-that-ada-has-brought-00002"
BOB = "github_pat_the-token-that-bob-brought-03"
DEAD = "ghp_a-token-that-was-revoked-long-ago-04"
OLD_FORM = "0123456789abcdef" * 2 + "01234567"
TOKENS = {
    ADA: Token(user="ada", scopes=("public_repo",)),
    BOB: Token(user="bob"),
    DEAD: Token(user="cy", dead=True),
}
SECRET = secrets.token_hex(32)


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture
def database(server: str) -> Generator[str]:
    with fresh_database(server) as url:
        yield url


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph(), Behaviour(tokens=TOKENS)) as sandbox:
        yield sandbox


class Desk:
    """Somebody who types commands, and what standard input holds."""

    def __init__(self, console: Console, sandbox: Sandbox, database: str, patch: pytest.MonkeyPatch) -> None:
        self._console = console
        self._sandbox = sandbox
        self._patch = patch
        self.database = database
        asyncio.run(self._make_keys())

    async def _make_keys(self) -> None:
        async with Database.open(self.database, self._sandbox.url) as database:
            for name in ("ci", "dashboard"):
                await Keys(database).create(NewKey(name=name), make_key_text(), datetime.now(UTC))

    def run(self, *args: str, stdin: str = "", **variables: str) -> Ran:
        self._console.set(**{"STARGAZER_SECRET_KEY": SECRET, "GITHUB_TOKEN": "", **variables})
        given = SimpleNamespace(buffer=io.BytesIO(stdin.encode()), isatty=lambda: False)
        self._patch.setattr("sys.stdin", given)
        return self._console.run(*args, at=self._sandbox)


@pytest.fixture
def desk(
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    sandbox: Sandbox,
) -> Desk:
    console = Console(capsysbinary, monkeypatch)
    console.use_store(STARGAZER_DATABASE_URL=database)
    return Desk(console, sandbox, database, monkeypatch)


def decoded(ran: Ran) -> Any:
    assert ran.exit_code == 0, ran.err
    return msgspec.json.decode(ran.out)


def assert_refused(ran: Ran, exit_code: int, *words: str) -> None:
    """One line that says what is wrong, and holds no token."""
    assert ran.exit_code == exit_code, ran.err
    assert ran.out == b""
    assert len(ran.lines) == 1
    for word in words:
        assert word in ran.err
    for secret in (ADA, BOB, DEAD, OLD_FORM, SECRET):
        assert secret not in ran.err


def test_a_token_is_added_listed_and_removed(desk: Desk) -> None:
    """Without a token of the operator's own; what is shown are the last four letters."""
    added = desk.run("tokens", "add", "ci", stdin=f"{ADA}\n")
    assert added.exit_code == 0
    assert (
        "a classic token of ada (…0002): scopes public_repo; 4,999 of 5,000 points left" in added.out.decode()
    )
    told = decoded(desk.run("tokens", "add", "dashboard", "--format", "json", stdin=BOB))
    assert (told["key"], told["login"], told["last_four"], told["scopes"]) == (
        "dashboard",
        "bob",
        BOB[-4:],
        None,
    )

    listed = desk.run("tokens", "list")
    assert ADA not in listed.out.decode()
    assert "…0002" in listed.out.decode()
    records = decoded(desk.run("tokens", "list", "--format", "json"))
    assert [one["key"] for one in records] == ["ci", "dashboard"]

    assert desk.run("tokens", "remove", "ci").out == b"The token of ci is removed.\n"
    assert decoded(desk.run("tokens", "remove", "ci", "--format", "json")) == {"key": "ci", "removed": False}
    assert [one["key"] for one in decoded(desk.run("tokens", "list", "--format", "json"))] == ["dashboard"]


def test_the_token_is_not_in_the_database(desk: Desk) -> None:
    """A dump of the table shows a seal."""
    desk.run("tokens", "add", "ci", stdin=ADA)
    row = asyncio.run(fetch_value(desk.database, "SELECT t::text FROM github_token t"))
    assert "0002" in row
    assert ADA not in row
    assert ADA.encode().hex() not in row


@pytest.mark.parametrize("token", [ADA, OLD_FORM, "a-token-of-some-unknown-form"])
def test_a_token_as_an_argument_is_refused_and_not_echoed(desk: Desk, token: str, sandbox: Sandbox) -> None:
    """It would stand in the process list and in the history of the shell."""
    ran = desk.run("tokens", "add", "ci", token, stdin=ADA)
    assert_refused(ran, 2, "standard input", "history")
    assert token not in ran.err
    assert sandbox.record == []


@pytest.mark.parametrize("token", [ADA, BOB, OLD_FORM])
def test_a_token_in_place_of_the_name_is_refused_and_not_echoed(desk: Desk, token: str) -> None:
    """Whoever forgets the name gets told so, and not shown the token."""
    assert_refused(desk.run("tokens", "add", token), 2, "name of a key", "history")


def test_a_token_that_github_does_not_know_is_refused(desk: Desk) -> None:
    """Dead, unknown, empty, endless: nothing is kept."""
    assert_refused(desk.run("tokens", "add", "ci", stdin=DEAD), 7, "401")
    assert_refused(desk.run("tokens", "add", "ci", stdin="ghp_unknown-to-everybody-in-the-world"), 7, "401")
    assert_refused(desk.run("tokens", "add", "ci", stdin=" \n"), 2, "standard input")
    assert_refused(desk.run("tokens", "add", "ci", stdin="x" * 5_000), 2, "standard input")
    assert decoded(desk.run("tokens", "list", "--format", "json")) == []


def test_what_cannot_be_kept_is_not_asked_for(desk: Desk, sandbox: Sandbox) -> None:
    """No secret, a short one, no such key: said before GitHub sees the token."""
    assert_refused(desk.run("tokens", "add", "ci", stdin=ADA, STARGAZER_SECRET_KEY=""), 2, "openssl")
    assert_refused(
        desk.run("tokens", "add", "ci", stdin=ADA, STARGAZER_SECRET_KEY="short"), 2, "STARGAZER_SECRET_KEY"
    )
    assert_refused(desk.run("tokens", "add", "nobody", stdin=ADA), 2, "none called nobody")
    assert sandbox.record == []


def test_the_secret_is_rotated(desk: Desk) -> None:
    """The new secret reseals what the old one sealed; what neither opens is named."""
    desk.run("tokens", "add", "ci", stdin=ADA)
    new = secrets.token_hex(32)
    rotated = {"STARGAZER_SECRET_KEY": new, "STARGAZER_SECRET_KEY_PREVIOUS": SECRET}
    assert desk.run("tokens", "reseal", **rotated).out == b"1 token was sealed anew.\n"
    assert decoded(desk.run("tokens", "reseal", "--format", "json", **rotated)) == {
        "resealed": 0,
        "closed": [],
    }

    lost = {"STARGAZER_SECRET_KEY": secrets.token_hex(32), "STARGAZER_SECRET_KEY_PREVIOUS": ""}
    ran = desk.run("tokens", "reseal", **lost)
    assert ran.exit_code == 1
    assert "no secret opens the token of ci" in ran.err
