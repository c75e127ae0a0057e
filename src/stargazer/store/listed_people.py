"""Who starred a repository, as far as an answer and the list that it was made from tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from stargazer.errors import AnswerGone
from stargazer.planner.coverage import EXACT_TOLERANCE
from stargazer.store.answers import StoredAnswer
from stargazer.store.packed import Int32s, unpack

if TYPE_CHECKING:
    from stargazer.store.database import Connection

_PEOPLE = """
SELECT a.roster, a.sampling, l.users, l.ending = 'whole' AS is_whole, l.total_count,
  l.read_at > a.made_at AS is_newer
FROM answer AS a
LEFT JOIN stargazer_list AS l ON l.endpoint = a.endpoint AND l.repository_number = a.repository_number
  AND l.credential_user = a.credential_user AND l.source = 'github'
WHERE a.id = $1
"""


_WHOLE = """
SELECT user_number FROM star_list
WHERE endpoint = $1 AND user_number = ANY ($2::int[]) AND ending = 'whole'
"""


class ListedPeople(msgspec.Struct, frozen=True, eq=False):
    """The stargazers that are known, by number, ascending.

    Attributes:
        numbers: everybody who is known.
        counted: those of them whose star lists the answer counts.
        missing: how many more there may be.
        sampling: which sample the answer is from; empty: everybody was asked about.
        is_newer: whether the list was read again since: it may name people of whom the answer does not know.
    """

    numbers: Int32s
    counted: Int32s
    missing: int
    sampling: str
    is_newer: bool


async def listed_people(connection: Connection, answer: StoredAnswer) -> ListedPeople:
    """Find who starred the repository of an answer.

    The list of stargazers knows them all, the answer only those who were read. Of a list
    from elsewhere only the latter are known by number.

    Raises:
        AnswerGone: the answer has been cleaned.
    """
    row = await connection.fetchrow(_PEOPLE, answer.id)
    if row is None:
        raise AnswerGone(str(answer.id))
    roster = np.unique(unpack(row["roster"]))
    # A place in the roster is left empty for whoever was forgotten.
    roster = roster[roster >= 0]
    numbers, is_all = roster, False
    if row["users"] is not None:
        listed = np.unique(unpack(row["users"]))
        is_from_it = answer.coverage["source"] == "github"
        numbers = listed if is_from_it else np.union1d(listed, roster)
        is_all = is_from_it and row["is_whole"] and _is_near(answer, row["total_count"])
    counted = np.intersect1d(roster, numbers, assume_unique=True)
    missing = 0 if is_all else max(0, answer.stargazers - len(numbers))
    return ListedPeople(numbers, counted, missing, row["sampling"], bool(row["is_newer"]))


async def with_whole_lists(connection: Connection, endpoint: int, users: Int32s) -> Int32s:
    """Those of some users whose star list is stored and was read to its end, ascending."""
    rows = await connection.fetch(_WHOLE, endpoint, users.tolist())
    return np.sort(np.array([row["user_number"] for row in rows], dtype=np.int32))


def _is_near(answer: StoredAnswer, listed: int) -> bool:
    """Whether the list is about as long as GitHub says in public."""
    total: int = answer.coverage["stargazers_total"]
    return abs(total - listed) <= EXACT_TOLERANCE * total
