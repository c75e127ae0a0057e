"""What GitHub refused to which token, so that nobody spends a call on asking again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from stargazer.errors import StargazersRestricted, StarListsRestricted
from stargazer.store.database import Database

Refusal = StargazersRestricted | StarListsRestricted

_FIND = """
SELECT refusal.code, refusal.counts, repository.name
FROM refusal
JOIN repository ON repository.endpoint = refusal.endpoint AND repository.number = refusal.repository_number
WHERE refusal.endpoint = $1 AND refusal.repository_number = $2 AND refusal.fingerprint = $3
      AND refusal.refused_at >= $4
"""
"""What was refused, if that is not too long ago."""

_REMEMBER = """
INSERT INTO refusal (endpoint, repository_number, fingerprint, code, counts, refused_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (endpoint, repository_number, fingerprint) DO UPDATE SET
    code = excluded.code, counts = excluded.counts, refused_at = excluded.refused_at
"""
"""Note a refusal."""

_FORGET = "DELETE FROM refusal WHERE endpoint = $1 AND repository_number = $2 AND fingerprint = $3"
"""It is refused no longer."""

_CLEAN = "DELETE FROM refusal WHERE endpoint = $1 AND refused_at < $2"
"""Remove old refusals."""


class _Counts(msgspec.Struct):
    stargazers_total: int
    users_read: int = 0
    users_without_seed: int = 0


class Refusals:
    """The refusals of one GitHub endpoint, by repository and by the fingerprint of the token."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, repository: int, fingerprint: bytes, *, newer_than: datetime) -> Refusal | None:
        """What GitHub refused to this token about a repository since a moment.

        Args:
            repository: our number of it.
            fingerprint: of the token.
            newer_than: what was refused before is asked anew.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                _FIND, self._database.endpoint, repository, fingerprint, newer_than
            )
        if row is None:
            return None
        counts = msgspec.json.decode(row["counts"], type=_Counts)
        if row["code"] == StargazersRestricted.code:
            return StargazersRestricted(row["name"], counts.stargazers_total)
        return StarListsRestricted(
            row["name"],
            counts.stargazers_total,
            read=counts.users_read,
            without_seed=counts.users_without_seed,
        )

    async def remember(self, repository: int, fingerprint: bytes, refusal: Refusal, now: datetime) -> None:
        """Note what GitHub refused.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        facts: dict[str, Any] = refusal.facts
        counts = {name: facts[name] for name in _Counts.__struct_fields__ if name in facts}
        async with self._database.transaction() as connection:
            await connection.execute(
                _REMEMBER,
                self._database.endpoint,
                repository,
                fingerprint,
                refusal.code,
                msgspec.json.encode(counts).decode(),
                now,
            )

    async def forget(self, repository: int, fingerprint: bytes) -> None:
        """Note that GitHub refuses it no longer.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was changed.
        """
        async with self._database.transaction() as connection:
            await connection.execute(_FORGET, self._database.endpoint, repository, fingerprint)

    async def clean(self, older_than: datetime) -> int:
        """Remove what was refused before a moment, and return how many.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.transaction() as connection:
            status = await connection.execute(_CLEAN, self._database.endpoint, older_than)
        return int(status.split()[-1])
