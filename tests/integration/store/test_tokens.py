"""GitHub tokens of keys: sealed in the database, opened for their own key only, gone with it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from stargazer.errors import SettingError, TokenSealed
from stargazer.planner.page import User
from stargazer.settings import Settings
from stargazer.store.credentials import Credentials, fingerprint
from stargazer.store.database import Database
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import Keys, NewKey
from stargazer.store.ledger_bell import Bell
from stargazer.store.tokens import NewToken, Tokens, sealer_of

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ONE, TWO = "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaZZZZ"
SECRET, OTHER = secrets.token_hex(32), secrets.token_hex(32)


def tokens_with(database: Database, *keys: str) -> Tokens:
    """The tokens as a program sees them that has some secrets."""
    return Tokens(database, sealer_of(Settings(secret_keys=keys)))


async def make_key(database: Database, name: str) -> int:
    key = await Keys(database).create(NewKey(name=name), make_key_text(), NOW)
    return key.number


async def make_user(database: Database, token: str, login: str) -> int:
    return await Credentials(database).remember(fingerprint(token), User(f"U_{login}", None, login), NOW)


async def put(
    database: Database, tokens: Tokens, name: str, token: str, login: str = "ada", *, now: datetime = NOW
) -> int:
    """Make a key and keep a token for it."""
    number = await make_key(database, name)
    user = await make_user(database, token, login)
    new = NewToken(token=token, credential_user=user, kind="a classic token", scopes=["public_repo"])
    assert await tokens.put(number, new, now)
    return number


async def dump(database: Database) -> str:
    """Everything in every table, as text."""
    async with database.connection() as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [await connection.fetch(f'SELECT t::text FROM "{row[0]}" t') for row in tables]  # noqa: S608
    return "\n".join(row[0] for table in rows for row in table)


async def test_a_token_is_kept_and_opened(database: Database) -> None:
    """What was added comes back for its key and for its user, and shows its last four letters only."""
    tokens = tokens_with(database, SECRET)
    number = await put(database, tokens, "ci", ONE)

    opened = await tokens.of_key(number)
    assert opened is not None
    assert opened.token == ONE
    assert ONE not in repr(opened)
    [record] = await tokens.records()
    assert (record.key, record.login, record.last_four, record.scopes) == (
        "ci",
        "ada",
        "8B4a",
        ["public_repo"],
    )
    by_user = await tokens.of_user(opened.credential_user)
    assert by_user is not None
    assert by_user.token == ONE
    assert await tokens.of_user(opened.credential_user + 1) is None
    assert await tokens.of_key(number + 1) is None


async def test_no_token_is_in_the_database(database: Database) -> None:
    """Whoever has all rows of all tables has no token: neither as text nor as its bytes."""
    await put(database, tokens_with(database, SECRET), "ci", ONE)

    dumped = await dump(database)
    assert "8B4a" in dumped
    for secret in (ONE, ONE.encode().hex(), SECRET):
        assert secret not in dumped


async def test_a_seal_that_was_moved_does_not_open(database: Database) -> None:
    """Whoever can write the table cannot give one key the token of another."""
    tokens = tokens_with(database, SECRET)
    mine = await put(database, tokens, "mine", ONE)
    theirs = await put(database, tokens, "theirs", TWO, "bob")
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE github_token SET sealed = (SELECT sealed FROM github_token WHERE key_number = $1)", theirs
        )

    with pytest.raises(TokenSealed, match="mine"):
        await tokens.of_key(mine)
    opened = await tokens.of_key(theirs)
    assert opened is not None
    assert opened.token == TWO


@pytest.mark.parametrize(
    "change", ["substr(sealed, 1, length(sealed) - 1)", "set_byte(sealed, 30, 1 # get_byte(sealed, 30))"]
)
async def test_a_seal_that_was_changed_does_not_open(database: Database, change: str) -> None:
    """A seal that was cut or changed in the table is refused, and its token not shown."""
    tokens = tokens_with(database, SECRET)
    number = await put(database, tokens, "ci", ONE)
    async with database.connection() as connection:
        await connection.execute(f"UPDATE github_token SET sealed = {change}")  # noqa: S608

    with pytest.raises(TokenSealed) as caught:
        await tokens.of_key(number)
    assert ONE not in caught.value.message


async def test_without_the_secret_nothing_opens(database: Database) -> None:
    """No secret, or another one: the token cannot be used, and the error says what to do."""
    number = await put(database, tokens_with(database, SECRET), "ci", ONE)

    for keys in ((), (OTHER,)):
        with pytest.raises(TokenSealed, match="STARGAZER_SECRET_KEY"):
            await tokens_with(database, *keys).of_key(number)
    assert not tokens_with(database).can_keep
    with pytest.raises(SettingError, match="openssl"):
        await put(database, tokens_with(database), "other", ONE)


async def test_the_secret_is_replaced(database: Database) -> None:
    """With the new secret first and the old one behind it everything opens; resealed, the old may go."""
    number = await put(database, tokens_with(database, SECRET), "ci", ONE)
    lost = await put(database, tokens_with(database, secrets.token_hex(32)), "lost", TWO)
    both = tokens_with(database, OTHER, SECRET)

    assert (await opened(both, number)) == ONE
    assert await both.reseal() == (1, ["lost"])
    assert await both.reseal() == (0, ["lost"])
    assert (await opened(tokens_with(database, OTHER), number)) == ONE
    with pytest.raises(TokenSealed):
        await both.of_key(lost)


async def opened(tokens: Tokens, number: int) -> str:
    found = await tokens.of_key(number)
    assert found is not None
    return found.token


async def test_of_several_tokens_of_a_user_the_latest_counts(database: Database) -> None:
    """Two keys may belong to one GitHub user; a seal that does not open hides no other."""
    tokens = tokens_with(database, SECRET)
    old = await put(database, tokens, "old", ONE)
    new = await put(database, tokens, "new", TWO, now=NOW + timedelta(hours=1))
    found = await tokens.of_key(new)
    assert found is not None

    latest = await tokens.of_user(found.credential_user)
    assert latest is not None
    assert latest.token == TWO
    async with database.connection() as connection:
        await connection.execute("UPDATE github_token SET sealed = 'x' WHERE key_number = $1", new)
    latest = await tokens.of_user(found.credential_user)
    assert latest is not None
    assert latest.token == ONE
    assert await tokens.remove(old)
    with pytest.raises(TokenSealed, match="new"):
        await tokens.of_user(found.credential_user)


async def test_a_token_is_removed_and_goes_with_its_key(database: Database) -> None:
    """A revoked key keeps no token, and gets none any more."""
    tokens = tokens_with(database, SECRET)
    number = await put(database, tokens, "ci", ONE)
    assert await tokens.remove(number)
    assert not await tokens.remove(number)
    assert await tokens.records() == []

    revoked = await put(database, tokens, "revoked", TWO, "bob")
    await Keys(database).revoke("revoked", NOW)
    assert await tokens.of_key(revoked) is None
    user = await make_user(database, TWO, "bob")
    assert not await tokens.put(revoked, NewToken(token=TWO, credential_user=user, kind="", scopes=None), NOW)
    assert await tokens.records() == []


async def test_a_change_is_announced(database: Database) -> None:
    """Every process hears that a token has changed, so that none uses the old one for long."""
    tokens = tokens_with(database, SECRET)
    async with Bell.open(database) as bell:
        ear = bell.ear(tokens.notice)
        await ear.wait(20)
        ear.forget()
        number = await put(database, tokens, "ci", ONE)
        await ear.wait(20)
        assert ear.heard
        ear.forget()
        await tokens.remove(number)
        await ear.wait(20)
        assert ear.heard


async def test_a_key_of_another_endpoint_has_no_token_here(database: Database, database_url: str) -> None:
    """The numbers of keys belong to one endpoint, and their seals with them."""
    tokens = tokens_with(database, SECRET)
    number = await put(database, tokens, "ci", ONE)
    async with Database.open(database_url, "https://github.example/api/graphql") as elsewhere:
        assert await tokens_with(elsewhere, SECRET).of_key(number) is None
        assert await tokens_with(elsewhere, SECRET).records() == []


async def test_rows_cannot_be_without_their_key(database: Database) -> None:
    """The database itself keeps tokens and keys together."""
    user = await make_user(database, ONE, "ada")
    async with database.connection() as connection:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute(
                "INSERT INTO github_token VALUES ($1, 99, $2, 'x', '', '', NULL, now())",
                database.endpoint,
                user,
            )


def test_no_secret_is_shown() -> None:
    """What is about to be kept may be printed."""
    new: Any = NewToken(token=ONE, credential_user=1, kind="", scopes=None)
    assert ONE not in f"{new!r} {new}"
