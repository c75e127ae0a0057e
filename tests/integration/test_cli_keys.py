"""`stargazer keys` on a real database."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.cli_world import Console, database_server, fresh_database

from stargazer.settings import GITHUB_URL
from stargazer.store.database import Database
from stargazer.store.key_text import digest_of, is_key_text
from stargazer.store.keys import Key, Keys
from stargazer.store.usage import Counted, Usage


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture
def database(server: str) -> Generator[str]:
    with fresh_database(server) as url:
        yield url


@pytest.fixture
def console(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, database: str
) -> Console:
    console = Console(capsysbinary, monkeypatch)
    console.use_store(STARGAZER_DATABASE_URL=database, GITHUB_TOKEN="")
    return console


def ask(console: Console, *args: str) -> Any:
    """Run a command that prints JSON."""
    ran = console.run("keys", *args, "--format", "json")
    assert (ran.exit_code, ran.err) == (0, "")
    return json.loads(ran.out)


def found(dsn: str, *texts: str) -> list[Key]:
    """The keys that open the service."""

    async def find() -> list[Key]:
        async with Database.open(dsn, GITHUB_URL) as database:
            opened = await Keys(database).find([digest_of(text) for text in texts])
        return [opened[digest_of(text)] for text in texts if digest_of(text) in opened]

    return asyncio.run(find())


def test_a_key_is_printed_once_and_works(console: Console, database: str) -> None:
    """Standard output has the key alone; no GitHub token is needed; the rest of the words stand beside it."""
    ran = console.run("keys", "create", "ci", "ada@example.org")
    text = ran.out.decode().strip()
    assert ran.exit_code == 0
    assert is_key_text(text)
    assert "keep the key ci now" in ran.err
    assert text not in ran.err
    (key,) = found(database, text)
    assert (key.name, sorted(key.scopes)) == ("ci", ["jobs", "names", "neighbours"])
    assert (key.requests_per_minute, key.points_per_day, key.github_seconds_per_day) == (600, 10_000, 14_400)
    assert key.expires_at is not None
    assert abs(key.expires_at - datetime.now(UTC) - timedelta(days=90)) < timedelta(hours=1)
    listed = console.run("keys", "list")
    shown = console.run("keys", "show", "ci")
    assert b"ada@example.org" in shown.out
    for one in (listed, shown):
        assert text[8:] not in one.out.decode()


def test_json_has_what_was_promised(console: Console, database: str) -> None:
    """The four members, and no more."""
    made = ask(
        console, "create", "all", "--scope", "admin", "--scope", "neighbours", "--expires", "never",
        "--requests-per-minute", "7", "--points-per-day", "none",
    )  # fmt: skip
    assert list(made) == ["key", "name", "expires_at", "scopes"]
    assert made["name"] == "all"
    assert made["expires_at"] is None
    assert made["scopes"] == ["neighbours", "admin"]
    (key,) = found(database, made["key"])
    assert (key.requests_per_minute, key.points_per_day, key.github_seconds_per_day) == (7, None, 14_400)
    dated = ask(console, "create", "dated", "--expires", "2h")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", dated["expires_at"])


def test_a_key_is_rotated_and_revoked(console: Console, database: str) -> None:
    """Old and new work together for a while; a revoked key is listed, and opens nothing."""
    old = ask(console, "create", "ci")["key"]
    new = ask(console, "rotate", "ci", "--overlap", "1d", "--expires", "never")["key"]
    keys = found(database, old, new)
    assert [key.number for key in keys] == [keys[0].number] * 2
    assert [key.expires_at is None for key in keys] == [False, True]
    assert ask(console, "revoke", "ci") == {"name": "ci", "revoked": True}
    assert found(database, old, new) == []
    (listed,) = ask(console, "list")
    assert (listed["name"], listed["state"], len(listed["secrets"])) == ("ci", "revoked", 2)
    assert ask(console, "show", "ci") == listed
    assert console.run("keys", "rotate", "ci").exit_code == 2
    assert b"was revoked before" in console.run("keys", "revoke", "ci").out


def test_a_key_is_never_an_argument(console: Console) -> None:
    """What looks like one is refused without being shown, wherever it stands."""
    text = ask(console, "create", "ci")["key"]
    for args in (
        ("revoke", text),
        ("rotate", text),
        ("show", text[:30]),
        ("usage", text),
        ("create", text),
        ("create", "other", text),
        ("create", "other", "--scope", text),
        ("revoke", "ci", text),
        (text,),
    ):
        ran = console.run("keys", *args)
        assert (ran.exit_code, ran.out) == (2, b""), args
        assert text[8:30] not in ran.err
        assert len(ran.lines) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("create",), "NAME"),
        (("create", "a b"), "1 to 64 letters"),
        (("create", "ci", "nobody"), "ada@example.org"),
        (("create", "ci", "--scope", "root"), "'root' is not one of"),
        (("create", "ci", "--expires", "soon"), "no span of time"),
        (("create", "ci", "--points-per-day", "0"), "nor none"),
        (("create", "ci", "--requests-per-minute", "99999999999"), "nor none"),
        (("show", "nobody"), "none called nobody"),
        (("usage", "nobody"), "none called nobody"),
    ],
)
def test_what_cannot_be_is_refused(console: Console, args: tuple[str, ...], said: str) -> None:
    """One line that says what to do."""
    ran = console.run("keys", *args)
    assert (ran.exit_code, ran.out, len(ran.lines)) == (2, b"", 1)
    assert said in ran.err


def test_usage_is_shown(console: Console, database: str) -> None:
    """What servers have counted, of all keys or of one."""
    assert (
        console.run("keys", "list").out == b"There are no keys: make one with `stargazer keys create NAME`.\n"
    )
    texts = [ask(console, "create", name)["key"] for name in ("ci", "cd")]
    numbers = [key.number for key in found(database, *texts)]

    async def count() -> None:
        async with Database.open(database, GITHUB_URL) as opened:
            counted = [Counted(number, 5 + number, 1) for number in numbers]
            await Usage(opened).add(counted)

    assert ask(console, "usage") == []
    asyncio.run(count())

    (used,) = ask(console, "usage", "ci")
    assert list(used) == ["key", "day", "requests", "not_modified", "jobs", "points", "github_seconds"]
    assert (used["key"], used["requests"], used["not_modified"]) == ("ci", 5 + numbers[0], 1)
    assert {one["key"] for one in ask(console, "usage")} == {"ci", "cd"}
    assert b"GitHub seconds" in console.run("keys", "usage").out


def test_keys_of_an_enterprise_server_are_its_own(console: Console) -> None:
    """A key is for the GitHub that the environment names."""
    ask(console, "create", "ci")
    console.set(STARGAZER_GITHUB_URL="https://ghe.test/api/graphql")
    assert ask(console, "list") == []
    ask(console, "create", "ci")
    assert [one["name"] for one in ask(console, "list")] == ["ci"]
