"""Take people out of the lists and answers of others, which stay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from stargazer.store.database import Connection
from stargazer.store.imported_lists import pack_rows, unpack_entries
from stargazer.store.packed import Int32s, pack, unpack

NOBODY = -1
"""Stands in the roster of an answer for somebody who was removed: no user has that number."""

_KEY = ("repository_number", "credential_user", "source")
_PART_KEY = (*_KEY, "direction")

# A number is looked for as its four bytes, which may also lie across two others: whoever reads the row sees.
_LISTS_WITH = """
SELECT {key}, users, starred_at FROM {table}
WHERE endpoint = $1 AND position($2::bytea IN users) > 0
"""

_REPLACE = """
UPDATE {table} SET users = $2, starred_at = $3, hidden = hidden + $4
WHERE endpoint = $1 AND ({key}) = ({values})
"""
"""Write a list without some of its people, who count as hidden from now on."""

_ROSTERS_WITH = "SELECT id FROM answer WHERE endpoint = $1 AND position($2::bytea IN roster) > 0"

_ROSTER = "SELECT roster FROM answer WHERE id = $1"

_REPLACE_ROSTER = "UPDATE answer SET roster = $2, revision = revision + 1 WHERE id = $1"

_UNNAME_FAILED = """
UPDATE answer SET revision = revision + 1, coverage = jsonb_set(coverage, '{failed}', coalesce((
    SELECT jsonb_agg(login ORDER BY place)
    FROM jsonb_array_elements_text(coverage->'failed') WITH ORDINALITY AS named (login, place)
    WHERE lower(login) <> ALL($2::text[])), '[]'))
WHERE endpoint = $1 AND EXISTS (
    SELECT FROM jsonb_array_elements_text(coverage->'failed') AS named (login)
    WHERE lower(login) = ANY($2::text[]))
RETURNING id
"""
"""Take people from those whom an answer names as failed; how many there were stays as it was."""

_IMPORTED_PARTS = """
SELECT repository_number, credential_user, part FROM imported_part
WHERE endpoint = $1 ORDER BY repository_number, credential_user, part
"""

_IMPORTED_PART = """
SELECT entries FROM imported_part
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3 AND part = $4
"""

_REPLACE_IMPORTED_PART = """
UPDATE imported_part SET entries = $5
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3 AND part = $4
"""

_COUNT_IMPORTED = """
UPDATE imported_list SET entries = greatest(entries - 1, 0)
WHERE endpoint = $1 AND repository_number = $2 AND credential_user = $3
"""
"""Note that a list names somebody less; whoever was named twice counted once."""


async def cleanse_listed(connection: Connection, endpoint: int, numbers: Sequence[int]) -> int:
    """Take users out of the lists of stargazers, and of what is half read; returns how many lists.

    Each counts as hidden from then on: the list is as long as before, and one
    more of it is not shown.
    """
    lists = set()
    for table, names in (("stargazer_list", _KEY), ("stargazer_list_part", _PART_KEY)):
        replace = _REPLACE.format(
            table=table,
            key=", ".join(names),
            values=", ".join(f"${place}" for place in range(5, 5 + len(names))),
        )
        for number in numbers:
            find = _LISTS_WITH.format(table=table, key=", ".join(names))
            for row in await connection.fetch(find, endpoint, _packed(number)):
                stays = unpack(row["users"]) != number
                gone = int(np.count_nonzero(~stays))
                if gone:
                    users, starred_at = unpack(row["users"])[stays], unpack(row["starred_at"])[stays]
                    key = [row[name] for name in names]
                    await connection.execute(replace, endpoint, pack(users), pack(starred_at), gone, *key)
                    lists.add(tuple(key[: len(_KEY)]))
    return len(lists)


async def cleanse_answers(
    connection: Connection, endpoint: int, numbers: Sequence[int], logins: Collection[str]
) -> int:
    """Take users out of stored answers; returns how many answers.

    What was counted stays as it was counted. A place in the roster is left empty,
    since the rest of the answer goes by places.
    """
    answers = set()
    for number in numbers:
        for row in await connection.fetch(_ROSTERS_WITH, endpoint, _packed(number)):
            roster = unpack(await connection.fetchval(_ROSTER, row["id"]))
            if (roster == number).any():
                left = np.where(roster == number, np.int32(NOBODY), roster)
                await connection.execute(_REPLACE_ROSTER, row["id"], pack(left))
                answers.add(row["id"])
    unnamed = await connection.fetch(_UNNAME_FAILED, endpoint, list(logins))
    return len(answers | {row["id"] for row in unnamed})


async def cleanse_imported_lists(
    connection: Connection, endpoint: int, is_meant: Callable[[str | None, str | None], bool]
) -> int:
    """Take people out of the lists from elsewhere; returns how many lists.

    Args:
        connection: in a transaction.
        endpoint: whose lists.
        is_meant: tells by login and node id who is to be taken out.
    """
    lists = set()
    for row in await connection.fetch(_IMPORTED_PARTS, endpoint):
        whose = (row["repository_number"], row["credential_user"])
        packed: Any = await connection.fetchval(_IMPORTED_PART, endpoint, *whose, row["part"])
        entries = unpack_entries(packed)
        left = [entry for entry in entries if not is_meant(*entry)]
        if len(left) < len(entries):
            await connection.execute(_REPLACE_IMPORTED_PART, endpoint, *whose, row["part"], pack_rows(left))
            lists.add(whose)
    for whose in sorted(lists):
        await connection.execute(_COUNT_IMPORTED, endpoint, *whose)
    return len(lists)


def _packed(number: int) -> bytes:
    numbers: Int32s = np.array([number], dtype=np.int32)
    return pack(numbers)
