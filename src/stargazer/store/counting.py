"""Count the star lists that are stored, in one snapshot, without holding them all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours.count import ListsChunk, Ranking, Tally
from stargazer.neighbours.estimate import Intervals, estimate
from stargazer.planner.coverage import Coverage

if TYPE_CHECKING:
    from stargazer.store.database import Connection

_CHUNK_STARS = 1 << 18
"""How many stars are fetched at once: enough to make a round trip cheap."""

_CHUNK_USERS = 2_000
"""How many users are fetched at once where lists are short."""

_WHOLE_TABLE_SHARE = 3
"""Reading every repository in order of name beats looking up more than one in so many."""

_SORT_MEMORY = "256MB"
"""What PostgreSQL may use to sort five million names without writing them to disk."""

# Users who have a list, in the order of their logins, and how long the list is.
# A length is known without reading the list: PostgreSQL keeps it beside the row.
_ROSTER = """
SELECT coalesce(string_agg(int4send(number) || int4send(stars), '' ORDER BY folded, login, number), '')
FROM (
    SELECT u.number, lower(u.login) COLLATE "C" AS folded, u.login COLLATE "C" AS login,
           octet_length(s.repositories) / 4 AS stars
    FROM unnest($2::integer[]) AS asked (number)
    JOIN star_list AS s ON s.endpoint = $1 AND s.user_number = asked.number
    JOIN github_user AS u ON u.endpoint = $1 AND u.number = asked.number
    WHERE NOT u.node_id = ANY ($3::text[])
) AS listed
"""

_LISTS = """
SELECT user_number, repositories FROM star_list WHERE endpoint = $1 AND user_number = ANY ($2::integer[])
"""

# Repository numbers and stars, in the order of names. GitHub's names are ASCII,
# for which folding the case and lowering it are the same.
_ALPHABET = """
SELECT coalesce(string_agg(int4send(number) || int4send(stars), ''), '')
FROM (
    SELECT number, stars FROM repository
    WHERE endpoint = $1 {condition}
    ORDER BY lower(name) COLLATE "C", name COLLATE "C", database_id
) AS named
"""
_ALPHABET_OF_ALL = _ALPHABET.format(condition="")
_ALPHABET_OF_SOME = _ALPHABET.format(condition="AND number = ANY ($2::integer[])")

_STARS = """
SELECT coalesce(string_agg(int4send(number) || int4send(stars), '' ORDER BY number), '') FROM repository
WHERE endpoint = $1 AND number = ANY ($2::integer[])
"""

_REPOSITORIES = "SELECT coalesce(max(number) + 1, 0) FROM repository WHERE endpoint = $1"


class Roster:
    """The users who are counted, in the order of their logins, and the lengths of their lists."""

    def __init__(self, numbers: NDArray[np.int32], stars: NDArray[np.int32]) -> None:
        self.numbers = numbers
        self._stars = stars

    def __len__(self) -> int:
        return len(self.numbers)

    async def lists(self, connection: Connection, endpoint: int) -> AsyncIterator[ListsChunk]:
        """Read the lists in the order of the roster, whose places stand for the users."""
        for begin, end in _batches(self._stars):
            asked = self.numbers[begin:end]
            found = await _read(connection, endpoint, asked)
            at = np.argsort(found.users, kind="stable")
            arranged = found.arranged(at[np.searchsorted(found.users[at], asked)])
            places = np.arange(begin, end, dtype=np.int32)
            yield ListsChunk(places, arranged.repositories, arranged.offsets)

    async def lists_in_any_order(self, connection: Connection, endpoint: int) -> AsyncIterator[ListsChunk]:
        """Read the lists as they lie, which is quicker; the numbers of the users stand for them."""
        order = np.argsort(self.numbers, kind="stable")
        for begin, end in _batches(self._stars[order]):
            yield await _read(connection, endpoint, self.numbers[order[begin:end]])

    def places(self, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Where users of the roster stand in it."""
        order = np.argsort(self.numbers, kind="stable").astype(np.int32)
        return order[np.searchsorted(self.numbers[order], numbers)]


async def call_roster(
    connection: Connection, endpoint: int, user_numbers: Iterable[int], *, uncounted: Iterable[str] = ()
) -> Roster:
    """Look up which of the users have a list; those of *uncounted* node ids are left out."""
    asked = sorted(set(user_numbers))
    numbers, stars = _pairs(await connection.fetchval(_ROSTER, endpoint, asked, list(uncounted)))
    return Roster(numbers, stars)


async def new_tally(connection: Connection, endpoint: int, *seeds: int) -> Tally:
    """Make a tally of all repositories but the seeds."""
    return Tally(*seeds, repositories=int(await connection.fetchval(_REPOSITORIES, endpoint)))


async def count(connection: Connection, endpoint: int, roster: Roster, *, seed: int) -> Tally:
    """Count what the users of a roster share, besides the seed."""
    tally = await new_tally(connection, endpoint, seed)
    async for chunk in roster.lists_in_any_order(connection, endpoint):
        tally.add(chunk)
    return tally


class Counted(msgspec.Struct, frozen=True, eq=False):
    """Who was counted, what they share, and what that makes of all stargazers if they are a sample.

    `estimated` has the interval of each of the tally's neighbours.
    """

    roster: Roster
    tally: Tally
    estimated: Intervals | None = None


async def count_covered(
    connection: Connection, endpoint: int, user_numbers: Iterable[int], coverage: Coverage, *, seed: int
) -> Counted:
    """Count what some users share besides the seed, as their coverage tells: some of them do not count.

    Runs inside a transaction that sees one snapshot.
    """
    asked = list(user_numbers)
    roster = await call_roster(connection, endpoint, asked, uncounted=coverage.uncounted)
    tally = await count(connection, endpoint, roster, seed=seed)
    sample = coverage.sampled
    if sample is None:
        return Counted(roster, tally)

    async def shared_without(left_out: frozenset[str]) -> NDArray[np.int32]:
        if not left_out:
            return tally.shared()
        some = await call_roster(connection, endpoint, asked, uncounted=coverage.uncounted | left_out)
        return (await count(connection, endpoint, some, seed=seed)).shared()

    numbers = tally.neighbours()
    counted = (await shared_without(sample.beyond))[numbers]
    unfinished = None
    if sample.unfinished:
        unfinished = counted - (await shared_without(sample.beyond | sample.unfinished))[numbers]
    standing_in = counted * np.float64(sample.stand_in) if sample.stood_in_for else None
    seen = tally.shared()[numbers]
    estimated = estimate(sample, counted, seen, unfinished=unfinished, standing_in=standing_in)
    return Counted(roster, tally, estimated)


async def rank(
    connection: Connection,
    endpoint: int,
    tally: Tally,
    *,
    first: int | None = None,
    estimated: Intervals | None = None,
) -> Ranking:
    """Put the neighbours into their order, or only so many that the *first* are certain.

    Runs inside a transaction, whose memory for sorting it raises. With *estimated*,
    for each of the tally's neighbours, the order is that of what all share.
    """
    numbers = tally.neighbours() if first is None else tally.closest(first)
    pairs = await alphabet(connection, endpoint, numbers, of=len(tally.shared()))
    return Ranking.of(*pairs, tally, estimated)


async def alphabet(
    connection: Connection, endpoint: int, numbers: NDArray[np.int32], *, of: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Put repositories into the order of their names; returns their numbers and stars.

    Where they are many of all there are, the others may be among them. Runs inside a
    transaction, whose memory for sorting it raises.

    Args:
        connection: in a transaction.
        endpoint: whose repositories.
        numbers: which.
        of: how many there are in all.
    """
    await connection.execute(f"SET LOCAL work_mem = '{_SORT_MEMORY}'")
    if len(numbers) * _WHOLE_TABLE_SHARE > of:
        return _pairs(await connection.fetchval(_ALPHABET_OF_ALL, endpoint))
    return _pairs(await connection.fetchval(_ALPHABET_OF_SOME, endpoint, numbers.tolist()))


async def stars_of(
    connection: Connection, endpoint: int, numbers: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Look up the stars of repositories; returns their numbers, ascending, and the stars."""
    return _pairs(await connection.fetchval(_STARS, endpoint, numbers.tolist()))


def _batches(stars: NDArray[np.int32]) -> Iterable[tuple[int, int]]:
    """Cut the users into ranges of so many stars and users; one with more stars stands alone."""
    ends = np.cumsum(stars, dtype=np.int64)
    begin = 0
    while begin < len(stars):
        before = int(ends[begin - 1]) if begin else 0
        fitting = int(np.searchsorted(ends, before + _CHUNK_STARS, side="right"))
        end = max(begin + 1, min(begin + _CHUNK_USERS, fitting))
        yield begin, end
        begin = end


async def _read(connection: Connection, endpoint: int, users: NDArray[np.int32]) -> ListsChunk:
    rows: list[Any] = await connection.fetch(_LISTS, endpoint, users.tolist())
    lists = [row["repositories"] for row in rows]
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(each) // 4 for each in lists], out=offsets[1:])
    users = np.array([row["user_number"] for row in rows], dtype=np.int32)
    return ListsChunk(users, np.frombuffer(b"".join(lists), dtype="<i4"), offsets)


def _pairs(column: bytes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Read pairs of numbers that PostgreSQL sent in the order of the network."""
    pairs = np.frombuffer(column, dtype=">i4").reshape(-1, 2)
    return pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)
