"""Whose a token is: asked of GitHub once, and remembered by the token's fingerprint."""

from __future__ import annotations

import hashlib
from datetime import datetime

from stargazer.errors import UserForgotten
from stargazer.planner.page import User
from stargazer.store.database import Database
from stargazer.store.forgotten import Forgotten

_FIND = "SELECT credential_user FROM credential WHERE endpoint = $1 AND fingerprint = $2"
"""The user of a token that was seen before."""

_IS_THERE = "SELECT EXISTS (SELECT FROM credential_user WHERE endpoint = $1 AND id = $2)"
"""Whether there is such a user."""

_USER = """
INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, $2, $3)
ON CONFLICT (endpoint, node_id) DO UPDATE SET login = excluded.login
RETURNING id
"""
"""Find or make the user; the login follows renames."""

_REMEMBER = """
INSERT INTO credential (endpoint, fingerprint, credential_user, seen_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (endpoint, fingerprint) DO UPDATE SET
    credential_user = excluded.credential_user, seen_at = excluded.seen_at
"""
"""Note whose a token is."""


def fingerprint(token: str) -> bytes:
    """Return what stands for a token where the token may not stand."""
    return hashlib.sha256(token.encode()).digest()


class Credentials:
    """The tokens that were used at one endpoint."""

    def __init__(self, database: Database, forgotten: Forgotten | None = None) -> None:
        self._database = database
        self._forgotten = Forgotten(database) if forgotten is None else forgotten

    async def find(self, token_fingerprint: bytes) -> int | None:
        """The number of the GitHub user a token belongs to; None when it is new.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            found: int | None = await connection.fetchval(_FIND, self._database.endpoint, token_fingerprint)
        return found

    async def check(self, user: int) -> None:
        """See that the GitHub user of a token has not been removed.

        Raises:
            UserForgotten: it has.
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            if not await connection.fetchval(_IS_THERE, self._database.endpoint, user):
                raise UserForgotten

    async def remember(self, token_fingerprint: bytes, viewer: User, now: datetime) -> int:
        """Note whose a token is; returns the number of its user.

        Raises:
            UserForgotten: that user was removed, and is kept out; nothing was written.
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        async with self._database.transaction() as connection:
            await self._forgotten.hold(connection)
            if self._forgotten.has(viewer):
                raise UserForgotten
            user: int = await connection.fetchval(_USER, self._database.endpoint, viewer.id, viewer.login)
            await connection.execute(_REMEMBER, self._database.endpoint, token_fingerprint, user, now)
        return user
