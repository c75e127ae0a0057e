"""GitHub tokens of API keys: sealed before they are written, opened when a job needs them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from stargazer.errors import SettingError, TokenSealed
from stargazer.store.database import Database
from stargazer.store.jobs_statements import FORGIVE
from stargazer.store.ledger_bell import announce
from stargazer.store.sealing import MUST_BE, SealBroken, Sealer, Secret

if TYPE_CHECKING:
    import asyncpg

    from stargazer.settings import Settings

_PUT = """
INSERT INTO github_token
    (endpoint, key_number, credential_user, sealed, last_four, kind, scopes, added_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8
FROM api_key WHERE endpoint = $1 AND number = $2 AND revoked_at IS NULL
ON CONFLICT (endpoint, key_number) DO UPDATE SET
    credential_user = excluded.credential_user, sealed = excluded.sealed, last_four = excluded.last_four,
    kind = excluded.kind, scopes = excluded.scopes, added_at = excluded.added_at
"""
"""Keep a token in place of an older one; of a key that is revoked, none."""

_RECORDS = """
SELECT key.name AS key, token.key_number, owner.login, token.last_four, token.kind, token.scopes,
       token.added_at, token.sealed
FROM github_token token
JOIN api_key key ON key.endpoint = token.endpoint AND key.number = token.key_number
JOIN credential_user owner ON owner.endpoint = token.endpoint AND owner.id = token.credential_user
WHERE token.endpoint = $1 AND ($2::int IS NULL OR token.key_number = $2)
ORDER BY key.name
"""
"""What may be shown of tokens, and their seals."""

_OF_KEY = """
SELECT token.key_number, key.name AS key, token.credential_user, token.sealed
FROM github_token token
JOIN api_key key ON key.endpoint = token.endpoint AND key.number = token.key_number
WHERE token.endpoint = $1 AND token.key_number = $2
"""
"""The token of one key."""

_OF_USER = """
SELECT token.key_number, key.name AS key, token.credential_user, token.sealed
FROM github_token token
JOIN api_key key ON key.endpoint = token.endpoint AND key.number = token.key_number
WHERE token.endpoint = $1 AND token.credential_user = $2
ORDER BY token.added_at DESC, token.key_number
"""
"""The tokens of one GitHub user, the latest first."""

_USERS = "SELECT DISTINCT credential_user FROM github_token WHERE endpoint = $1 ORDER BY 1"
"""Whose tokens there are."""

_REMOVE = "DELETE FROM github_token WHERE endpoint = $1 AND key_number = $2"
"""Forget the token of a key."""

_SEALS = """
SELECT token.key_number, key.name AS key, token.credential_user, token.sealed
FROM github_token token
JOIN api_key key ON key.endpoint = token.endpoint AND key.number = token.key_number
WHERE token.endpoint = $1
ORDER BY token.key_number
FOR NO KEY UPDATE OF token
"""
"""All seals, and nobody changes them until the transaction ends."""

_RESEAL = "UPDATE github_token SET sealed = $3 WHERE endpoint = $1 AND key_number = $2"
"""Write a seal anew."""

SHOWN_LETTERS = 4
"""How many letters of a token are shown, from its end."""


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that GitHub knows, about to be kept.

    `scopes` is what GitHub said that it may do; None: GitHub said nothing.
    """

    token: str
    credential_user: int
    kind: str
    scopes: list[str] | None

    def __repr__(self) -> str:
        return f"NewToken(…{last_four(self.token)}, credential_user={self.credential_user})"


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All that may be shown of a token."""

    key: str
    key_number: int
    login: str
    last_four: str
    kind: str
    scopes: list[str] | None
    added_at: datetime


class OpenedToken(msgspec.Struct, frozen=True):
    """A token, opened: keep it no longer than it takes to connect."""

    token: str
    credential_user: int

    def __repr__(self) -> str:
        return f"OpenedToken(…{last_four(self.token)}, credential_user={self.credential_user})"


def sealer_of(settings: Settings) -> Sealer | None:
    """Make ready what seals; None where no secret is set.

    Raises:
        SettingError: a secret is too short.
    """
    names = ("STARGAZER_SECRET_KEY", *["STARGAZER_SECRET_KEY_PREVIOUS"] * len(settings.secret_keys))
    secrets = [
        Secret.read(text, parameter=name) for name, text in zip(names, settings.secret_keys, strict=False)
    ]
    return Sealer(secrets) if secrets else None


def last_four(token: str) -> str:
    """What people know a token by; of a short one nothing, since it would be most of it."""
    return token[-SHOWN_LETTERS:] if len(token) >= 4 * SHOWN_LETTERS else ""


class Tokens:
    """The tokens of the keys of one GitHub endpoint.

    Args:
        database: where they are.
        sealer: seals and opens; None: there is no secret, so none can be kept or used.
    """

    def __init__(self, database: Database, sealer: Sealer | None) -> None:
        self._database = database
        self._endpoint = database.endpoint
        self._sealer = sealer
        self.notice = f"tokens:{database.endpoint}"
        """What is announced when a token has changed."""

    @property
    def can_keep(self) -> bool:
        """Whether there is a secret to seal with."""
        return self._sealer is not None

    def check_can_keep(self) -> None:
        """See that there is a secret to seal with.

        Raises:
            SettingError: there is none.
        """
        self._needed()

    async def put(self, key_number: int, new: NewToken, now: datetime) -> bool:
        """Keep a token for a key, in place of an older one; False when the key is revoked.

        What failed for want of rights may be asked for again at once.

        Raises:
            SettingError: there is no secret to seal it with.
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        sealed = self._needed().seal(new.token, self._place(key_number))
        row = (new.credential_user, sealed, last_four(new.token), new.kind, new.scopes, now)
        async with self._database.transaction() as connection:
            status = await connection.execute(_PUT, self._endpoint, key_number, *row)
            await connection.execute(FORGIVE, self._endpoint, new.credential_user, None)
            await announce(connection, self.notice)
        return not status.endswith(" 0")

    async def records(self, key_number: int | None = None) -> list[TokenRecord]:
        """What may be shown of all tokens, or of that of one key.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(_RECORDS, self._endpoint, key_number)
        return [TokenRecord(**{name: row[name] for name in TokenRecord.__struct_fields__}) for row in rows]

    async def of_key(self, key_number: int) -> OpenedToken | None:
        """Open the token of a key; None when it has none.

        Raises:
            TokenSealed: it does not open.
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_OF_KEY, self._endpoint, key_number)
        return None if row is None else self._open(row)

    async def of_user(self, credential_user: int) -> OpenedToken | None:
        """Open the latest token of a GitHub user that opens; None when there is none.

        Raises:
            TokenSealed: none of several opens.
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(_OF_USER, self._endpoint, credential_user)
        sealed: TokenSealed | None = None
        for row in rows:
            try:
                return self._open(row)
            except TokenSealed as error:
                sealed = sealed or error
        if sealed is not None:
            raise sealed
        return None

    async def users(self) -> list[int]:
        """The numbers of the GitHub users whose tokens there are; none where there is no secret.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        if self._sealer is None:
            return []
        async with self._database.connection() as connection:
            rows = await connection.fetch(_USERS, self._endpoint)
        return [row["credential_user"] for row in rows]

    async def remove(self, key_number: int) -> bool:
        """Forget the token of a key; False when it had none.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was changed.
        """
        async with self._database.transaction() as connection:
            status = await connection.execute(_REMOVE, self._endpoint, key_number)
            await announce(connection, self.notice)
        return not status.endswith(" 0")

    async def reseal(self) -> tuple[int, list[str]]:
        """Seal everything with the present secret.

        Returns:
            How many were sealed anew, and the names of the keys whose token does not open.

        Raises:
            SettingError: there is no secret.
            StoreUnavailable: the database cannot be used; nothing was changed.
        """
        sealer, resealed, closed = self._needed(), 0, []
        async with self._database.transaction() as connection:
            for row in await connection.fetch(_SEALS, self._endpoint):
                if sealer.is_present(row["sealed"]):
                    continue
                try:
                    token = self._open(row).token
                except TokenSealed:
                    closed.append(row["key"])
                    continue
                sealed = sealer.seal(token, self._place(row["key_number"]))
                await connection.execute(_RESEAL, self._endpoint, row["key_number"], sealed)
                resealed += 1
        return resealed, closed

    def _open(self, row: asyncpg.Record) -> OpenedToken:
        place = self._place(row["key_number"])
        try:
            if self._sealer is not None:
                return OpenedToken(self._sealer.open(row["sealed"], place), row["credential_user"])
        except SealBroken:
            pass
        raise TokenSealed(row["key"])

    def _place(self, key_number: int) -> bytes:
        """What a seal is bound to."""
        return f"github_token:{self._endpoint}:{key_number}".encode()

    def _needed(self) -> Sealer:
        if self._sealer is None:
            raise SettingError("STARGAZER_SECRET_KEY", f"set, so that tokens can be sealed: {MUST_BE}")
        return self._sealer
