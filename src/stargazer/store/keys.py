"""API keys: made, listed, rotated and revoked by the operator, found by whoever asks."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from stargazer.errors import InvalidRequest
from stargazer.store import keys_statements as sql
from stargazer.store.database import Database
from stargazer.store.key_text import digest_of, hint_of, holds_key
from stargazer.store.ledger_bell import announce

if TYPE_CHECKING:
    from stargazer.store.database import Connection

SCOPES = ("neighbours", "names", "jobs", "import", "admin")
"""What a key may be allowed: counts, the logins beside them, starting jobs, bringing lists of stargazers,
the service's own figures."""

DEFAULT_SCOPES = ("neighbours", "names", "jobs")

DEFAULT_LIFE = timedelta(days=90)
DEFAULT_OVERLAP = timedelta(hours=1)

REQUESTS_PER_MINUTE = 600
POINTS_PER_DAY = 10_000
GITHUB_SECONDS_PER_DAY = 14_400
"""What a key may use unless told otherwise: about a seventh of a day's points, a sixth of its seconds."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EMAIL = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,190}")


class Key(msgspec.Struct, frozen=True):
    """A key as the service knows who asks; None: unlimited, or for ever.

    Attributes:
        number: the store's number of it; a rotated key keeps its own.
        name: what the operator calls it.
        scopes: what it may do.
        requests_per_minute: how many requests it may make.
        points_per_day: how many of GitHub's points its jobs may spend.
        github_seconds_per_day: how much of GitHub's time they may take.
        expires_at: when what was shown of it opens nothing any more.
    """

    number: int
    name: str
    scopes: frozenset[str]
    requests_per_minute: int | None = None
    points_per_day: int | None = None
    github_seconds_per_day: int | None = None
    expires_at: datetime | None = None

    def has_expired(self, now: datetime) -> bool:
        """Whether it is too late to show it."""
        return self.expires_at is not None and now >= self.expires_at


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator wants a key to be."""

    name: str
    email: str | None = None
    scopes: Sequence[str] = DEFAULT_SCOPES
    requests_per_minute: int | None = REQUESTS_PER_MINUTE
    points_per_day: int | None = POINTS_PER_DAY
    github_seconds_per_day: int | None = GITHUB_SECONDS_PER_DAY
    expires_at: datetime | None = None


class Secret(msgspec.Struct, frozen=True):
    """One of the texts that stand for a key, as far as anybody remembers it."""

    hint: str
    created_at: datetime
    expires_at: datetime | None


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All that the operator may know of a key; `secrets` are the latest first."""

    number: int
    name: str
    email: str | None
    scopes: list[str]
    requests_per_minute: int | None
    points_per_day: int | None
    github_seconds_per_day: int | None
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    secrets: list[Secret]

    def state(self, now: datetime) -> str:
        """Say whether it opens anything: `active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        is_open = any(one.expires_at is None or now < one.expires_at for one in self.secrets)
        return "active" if is_open else "expired"


class Keys:
    """The API keys of one GitHub endpoint.

    Args:
        database: where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._endpoint = database.endpoint
        self.notice = f"keys:{database.endpoint}"
        """What is announced when a key has changed."""

    async def create(self, wanted: NewKey, text: str, now: datetime) -> Key:
        """Make a key that works at once.

        Args:
            wanted: what it is to be.
            text: what will be shown for it; it is not kept.
            now: this moment.

        Raises:
            InvalidRequest: something of it cannot be so, or the name was given before.
            StoreUnavailable: the database cannot be used; nothing was made.
        """
        check_name(wanted.name)
        _check(wanted)
        row = (self._endpoint, *(getattr(wanted, name) for name in sql.GIVEN), now)
        try:
            async with self._database.transaction() as connection:
                number = await connection.fetchval(sql.MAKE, *row)
                if number is None:
                    raise InvalidRequest("NAME", f"new: there is, or was, a key called {wanted.name}")
                await self._add_secret(connection, number, text, now, wanted.expires_at)
        except asyncpg.UniqueViolationError:
            raise InvalidRequest("the secret", "new") from None
        limits = {name: getattr(wanted, name) for name in sql.LIMITS}
        return Key(number, wanted.name, frozenset(wanted.scopes), expires_at=wanted.expires_at, **limits)

    async def find(self, digests: Sequence[bytes]) -> dict[bytes, Key]:
        """Find the keys that these digests stand for; what is revoked or unknown is left out.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.FIND, self._endpoint, list(digests))
        shown = {bytes(row["digest"]): row for row in rows}
        # The index found them byte by byte; what counts is compared in constant time.
        return {
            digest: _key(shown[digest])
            for digest in digests
            if digest in shown and hmac.compare_digest(digest, bytes(shown[digest]["digest"]))
        }

    async def records(self, name: str | None = None) -> list[KeyRecord]:
        """Everything about all keys, or about one, by name.

        Raises:
            InvalidRequest: there is no key of that name.
            StoreUnavailable: the database cannot be used.
        """
        if name is not None:
            check_name(name)
        async with self._database.transaction("repeatable_read") as connection:
            rows = await connection.fetch(sql.RECORDS, self._endpoint, name)
            secrets = await connection.fetch(sql.SECRETS, self._endpoint)
        if name is not None and not rows:
            raise _unknown(name)
        return [
            KeyRecord(
                **dict(row),
                secrets=[
                    Secret(one["hint"], one["created_at"], one["expires_at"])
                    for one in secrets
                    if one["key_number"] == row["number"]
                ],
            )
            for row in rows
        ]

    async def revoke(self, name: str, now: datetime) -> bool:
        """Let a key open nothing any more; False when it was revoked before.

        Raises:
            InvalidRequest: there is no key of that name.
            StoreUnavailable: the database cannot be used; nothing was changed.
        """
        check_name(name)
        async with self._database.transaction() as connection:
            found = await connection.fetchrow(sql.LOCK, self._endpoint, name)
            if found is None:
                raise _unknown(name)
            if found["revoked_at"] is not None:
                return False
            await connection.execute(sql.REVOKE, self._endpoint, found["number"], now)
            await announce(connection, self.notice)
        return True

    async def rotate(
        self,
        name: str,
        text: str,
        now: datetime,
        *,
        overlap: timedelta = DEFAULT_OVERLAP,
        expires_at: datetime | None,
    ) -> Key:
        """Give a key a new text; the old one works for the time of the *overlap* yet.

        Args:
            name: which key.
            text: what will be shown for it from now on.
            now: this moment.
            overlap: how long the old text works.
            expires_at: when the new one expires; None: never.

        Raises:
            InvalidRequest: there is no key of that name, or it is revoked.
            StoreUnavailable: the database cannot be used; nothing was changed.
        """
        check_name(name)
        digest = digest_of(text)
        async with self._database.transaction() as connection:
            found = await connection.fetchrow(sql.LOCK, self._endpoint, name)
            if found is None:
                raise _unknown(name)
            if found["revoked_at"] is not None:
                raise InvalidRequest("NAME", f"a key that is not revoked, as {name} is: create another")
            await connection.execute(sql.EXPIRE, self._endpoint, found["number"], now + overlap)
            await self._add_secret(connection, found["number"], text, now, expires_at)
            row = await connection.fetchrow(sql.FIND, self._endpoint, [digest])
        if row is None:
            raise LookupError(name)
        return _key(row)

    async def _add_secret(
        self, connection: Connection, number: int, text: str, now: datetime, expires_at: datetime | None
    ) -> None:
        await connection.execute(
            sql.WRITE_DIGEST, self._endpoint, digest_of(text), number, hint_of(text), now, expires_at
        )
        await announce(connection, self.notice)


def check_name(name: str) -> None:
    """See that *name* can be a key's name, and is not a key: that would not be echoed.

    Raises:
        InvalidRequest: it cannot be.
    """
    if holds_key(name):
        must_be = "the name of a key, never the key itself: it now stands in the history of your shell"
        raise InvalidRequest("NAME", must_be)
    if not _NAME.fullmatch(name):
        must_be = "1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first"
        raise InvalidRequest("NAME", must_be)


def _check(wanted: NewKey) -> None:
    if wanted.email is not None and not _EMAIL.fullmatch(wanted.email):
        raise InvalidRequest("EMAIL", "an address such as ada@example.org")
    if not wanted.scopes or not set(wanted.scopes) <= set(SCOPES):
        raise InvalidRequest("the scopes", f"some of {', '.join(SCOPES)}")
    for name in sql.LIMITS:
        limit = getattr(wanted, name)
        if limit is not None and not 0 < limit < 2**31:
            raise InvalidRequest(name, "a number from 1 to 2,147,483,647, or none")


def _unknown(name: str) -> InvalidRequest:
    return InvalidRequest(
        "NAME", f"that of a key: there is none called {name}; `stargazer keys list` lists them"
    )


def _key(row: asyncpg.Record) -> Key:
    values = {name: row[name] for name in Key.__struct_fields__}
    values["scopes"] = frozenset(values["scopes"])
    return Key(**values)
