"""Remove the GitHub users of tokens, with all that belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stargazer.store.database import Connection

_DROP_TOKENS = "DELETE FROM github_token WHERE endpoint = $1 AND credential_user = ANY($2::int[])"
"""Tokens that keys have brought."""

_DROP_REFUSALS = """
DELETE FROM refusal WHERE endpoint = $1 AND fingerprint IN (
    SELECT fingerprint FROM credential WHERE endpoint = $1 AND credential_user = ANY($2::int[]))
"""
"""What GitHub refused to their tokens."""

_DROP_CREDENTIALS = "DELETE FROM credential WHERE endpoint = $1 AND credential_user = ANY($2::int[])"
"""The fingerprints of their tokens."""

_DROP_LEDGER = "DELETE FROM ledger WHERE endpoint = $1 AND credential_user = ANY($2::int[])"

_DROP_JOBS = "DELETE FROM job WHERE endpoint = $1 AND credential_user = ANY($2::int[])"
"""Jobs that read with their tokens; a worker that has one finds that it is no longer its own."""

_DROP_PARTS = "DELETE FROM stargazer_list_part WHERE endpoint = $1 AND credential_user = ANY($2::int[])"

_DROP_LISTS = "DELETE FROM stargazer_list WHERE endpoint = $1 AND credential_user = ANY($2::int[])"

_DROP_IMPORTED = "DELETE FROM imported_list WHERE endpoint = $1 AND credential_user = ANY($2::int[])"

_DROP_ANSWERS = "DELETE FROM answer WHERE endpoint = $1 AND credential_user = ANY($2::int[])"

_DROP_USERS = "DELETE FROM credential_user WHERE endpoint = $1 AND id = ANY($2::int[])"


class Owned(msgspec.Struct, frozen=True):
    """How much belonged to somebody's tokens."""

    tokens: int = 0
    jobs: int = 0
    lists: int = 0
    answers: int = 0


async def drop_credentials(connection: Connection, endpoint: int, users: Sequence[int]) -> Owned:
    """Remove the users of tokens by our numbers of them, with their tokens, jobs, lists and answers."""
    if not users:
        return Owned()

    async def drop(statement: str) -> int:
        return int((await connection.execute(statement, endpoint, list(users))).split()[-1])

    await drop(_DROP_TOKENS)
    await drop(_DROP_REFUSALS)
    tokens = await drop(_DROP_CREDENTIALS)
    await drop(_DROP_LEDGER)
    jobs = await drop(_DROP_JOBS)
    await drop(_DROP_PARTS)
    lists = await drop(_DROP_LISTS) + await drop(_DROP_IMPORTED)
    answers = await drop(_DROP_ANSWERS)
    await drop(_DROP_USERS)
    return Owned(tokens, jobs, lists, answers)
