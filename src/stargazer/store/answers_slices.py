"""Slices of a stored answer, read over one connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours import rank
from stargazer.store.answers import StoredAnswer
from stargazer.store.answers_columns import Shelf, place_type, read

if TYPE_CHECKING:
    from stargazer.store.database import Connection

PARTS = "SELECT first_place, lowest FROM answer_part WHERE answer = $1 ORDER BY first_place"

COUNTS = "SELECT shared, stars FROM answer_part WHERE answer = $1 ORDER BY first_place"

WHOLE_COLUMNS = {
    name: f"SELECT {name} FROM answer_part WHERE answer = $1 ORDER BY first_place"  # noqa: S608 - of words of ours
    for name in ("repositories", "stars")
}

COLUMNS = """
SELECT repositories, shared, stars, seen, shared_low, shared_high FROM answer_part
WHERE answer = $1 AND first_place = ANY ($2::integer[])
ORDER BY first_place
"""

STARGAZERS = """
SELECT substring(part.stargazers FROM slice.begin FOR slice.length) AS stargazers
FROM unnest($2::integer[], $3::integer[], $4::integer[])
     WITH ORDINALITY AS slice (first_place, begin, length, position)
JOIN answer_part AS part ON part.answer = $1 AND part.first_place = slice.first_place
ORDER BY slice.position
"""

ROSTER = "SELECT roster FROM answer WHERE id = $1"

LOGINS = "SELECT number, login FROM github_user WHERE endpoint = $1 AND number = ANY ($2::integer[])"

REPOSITORIES = """
SELECT number, name, database_id FROM repository WHERE endpoint = $1 AND number = ANY ($2::integer[])
"""


OWNED = """
SELECT number FROM repository WHERE endpoint = $1 AND lower(split_part(name, '/', 1)) = lower($2)
"""


class Gone(Exception):
    """The answer was cleaned meanwhile."""


class StoredNeighbour(msgspec.Struct, frozen=True):
    """A neighbour as it was counted, under the name it has today.

    `stargazers` holds as many logins as were asked for, sorted, case-folded. `seed_stargazers` is how many
    the repository has whose neighbour it is.
    """

    repo: str
    stargazers: tuple[str, ...]
    shared: int
    stars: int
    relevance: float
    jaccard: float
    cosine: float
    shared_low: int | None
    shared_high: int | None
    database_id: int
    number: int
    seed_stargazers: int

    def bounds(self, score: rank.Score) -> tuple[float, float]:
        """Bound a score, where `shared` is not certain; else both ends are the score itself."""
        low = self.shared if self.shared_low is None else self.shared_low
        high = self.shared if self.shared_high is None else self.shared_high
        return rank.bounds(score, low, high, self.stars, self.seed_stargazers)


def make_neighbours(
    rows: Iterable[Any],
    numbers: NDArray[np.int32],
    shared: NDArray[np.int32],
    stars: NDArray[np.int32],
    named: Sequence[tuple[str, ...]],
    ends: tuple[Sequence[int | None], Sequence[int | None]],
    *,
    stargazers: int,
) -> tuple[StoredNeighbour, ...]:
    """Make items of columns; a repository that is not known any more is left out.

    Args:
        rows: what `REPOSITORIES` gives of them.
        numbers: which they are.
        shared: how many share each.
        stars: how many stars each has.
        named: whoever is named of those who share each.
        ends: between which counts each may really lie.
        stargazers: how many starred the repository whose neighbours they are.
    """
    called = {row["number"]: (row["name"], row["database_id"]) for row in rows}
    counts = shared.astype(np.float64), stars.astype(np.float64)
    scores = [
        rank.FORMULAS[name](*counts, stargazers).tolist() for name in ("relevance", "jaccard", "cosine")
    ]
    columns = zip(numbers.tolist(), shared.tolist(), stars.tolist(), named, *scores, *ends, strict=True)
    return tuple(
        StoredNeighbour(
            repo=called[number][0],
            stargazers=who,
            shared=count,
            stars=total,
            relevance=relevance,
            jaccard=jaccard,
            cosine=cosine,
            shared_low=low,
            shared_high=high,
            database_id=called[number][1],
            number=number,
            seed_stargazers=stargazers,
        )
        for number, count, total, who, relevance, jaccard, cosine, low, high in columns
        if number in called
    )


class Chosen(msgspec.Struct, frozen=True, eq=False):
    """The columns of some places of the order.

    `part` is the first place of the part that a neighbour stands in, `begins`
    where its stargazers begin there, and `seen` how many of them are known. `low`
    and `high` bound `shared` in an estimate; None without one.
    """

    places: NDArray[np.int32]
    part: NDArray[np.int32]
    begins: NDArray[np.int64]
    numbers: NDArray[np.int32]
    shared: NDArray[np.int32]
    stars: NDArray[np.int32]
    seen: NDArray[np.int32]
    low: NDArray[np.int32] | None = None
    high: NDArray[np.int32] | None = None

    def first(self, *, names: int, each: int | None) -> Chosen:
        """Take as many as have together so many names, at least one."""
        told = self.seen if each is None else np.minimum(self.seen, each)
        fitting = int(np.searchsorted(np.cumsum(told, dtype=np.int64), names, side="right"))
        part = slice(0, max(1, fitting))
        columns: list[Any] = [None if each is None else each[part] for each in msgspec.structs.astuple(self)]
        return Chosen(*columns)


class Usernames:
    """The logins of those who were met, by their place in the roster."""

    def __init__(self) -> None:
        self._logins: dict[int, str | None] = {}

    def unknown(self, places: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return those whose login has not been looked up."""
        known = self._logins
        return np.array([place for place in places.tolist() if place not in known], dtype=np.int32)

    def learn(self, places: NDArray[np.int32], logins: Iterable[str | None]) -> None:
        """Take in logins; None for whoever is not known any more."""
        self._logins.update(zip(places.tolist(), logins, strict=True))

    def sorted(self, slices: list[NDArray[np.int32]], places: NDArray[np.int32]) -> list[tuple[str, ...]]:
        """Name the users of each slice, case-folded; *places* are those of all slices, each once."""
        known = [(place, self._logins[place]) for place in places.tolist()]
        named = sorted((login.casefold(), login, place) for place, login in known if login is not None)
        alphabet = [login for _, login, _ in named]
        order = np.full(len(places), -1, dtype=np.int64)
        order[np.searchsorted(places, [place for _, _, place in named])] = np.arange(len(named))
        spelt = []
        for one in slices:
            letters = np.sort(order[np.searchsorted(places, one)])
            spelt.append(tuple(alphabet[letter] for letter in letters[letters >= 0].tolist()))
        return spelt


class Slices:
    """Reads parts of one answer; what is small or often needed is put on the shelf.

    Raises `Gone` where the answer is not there any more.
    """

    def __init__(self, connection: Connection, endpoint: int, answer: StoredAnswer, shelf: Shelf) -> None:
        self.answer = answer
        self._connection = connection
        self._endpoint = endpoint
        self._shelf = shelf

    async def sharing(self, min_shared: int) -> int:
        """Count the neighbours that share so many: they are the first in the default order."""
        firsts, lowest = await self._parts()
        if min_shared <= 1:
            return self.answer.neighbours
        at = int(np.searchsorted(-lowest, -min_shared, side="right"))
        if at == len(firsts):
            return self.answer.neighbours
        [row] = await self._columns(firsts[at : at + 1])
        return int(firsts[at]) + int(np.searchsorted(-read(row["shared"]), -min_shared, side="right"))

    async def counts(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Read what all neighbours share, and their stars."""
        rows = await self._connection.fetch(COUNTS, self.answer.id)
        shared = read(b"".join([row["shared"] for row in rows]))
        stars = read(b"".join([row["stars"] for row in rows]))
        if len(shared) != self.answer.neighbours:
            raise Gone
        return shared, stars

    async def column(self, name: Literal["repositories", "stars"]) -> NDArray[np.int32]:
        """Read one column of all neighbours; it is put on the shelf."""
        whole = self._shelf.take(self.answer.id, name)
        if whole is None:
            rows = await self._connection.fetch(WHOLE_COLUMNS[name], self.answer.id)
            whole = read(b"".join([row[name] for row in rows]))
            if len(whole) != self.answer.neighbours:
                raise Gone
            self._shelf.put(self.answer.id, name, whole)
        return whole

    async def owned(self, owner: str) -> NDArray[np.int32]:
        """Look up the repositories that belong to somebody, whether they are neighbours or not."""
        rows = await self._connection.fetch(OWNED, self._endpoint, owner)
        return np.array([row["number"] for row in rows], dtype=np.int32)

    async def chosen(self, places: NDArray[np.int32]) -> Chosen:
        """Read the columns of some places."""
        firsts, _ = await self._parts()
        parts = np.searchsorted(firsts, places, side="right") - 1
        needed, at = np.unique(parts, return_inverse=True)
        rows = await self._columns(firsts[needed])
        known = [read(row["shared"] if row["seen"] is None else row["seen"]) for row in rows]
        begins = [np.cumsum(each, dtype=np.int64) - each for each in known]
        empty = np.zeros(0, dtype=np.int32)
        numbers, shared, stars = (
            np.concatenate([empty, *(read(row[name]) for row in rows)])
            for name in ("repositories", "shared", "stars")
        )
        low, high = (
            None if not rows or rows[0][name] is None else np.concatenate([read(row[name]) for row in rows])
            for name in ("shared_low", "shared_high")
        )
        lengths = np.array([0, *(len(each) for each in begins)])
        within = places - firsts[parts] if len(places) else places
        found = np.cumsum(lengths)[at] + within
        return Chosen(
            places=places,
            part=firsts[parts] if len(places) else empty,
            begins=np.concatenate([empty, *begins])[found],
            numbers=numbers[found],
            shared=shared[found],
            stars=stars[found],
            seen=np.concatenate([empty, *known])[found],
            low=None if low is None else low[found],
            high=None if high is None else high[found],
        )

    async def neighbours(
        self, chosen: Chosen, usernames: Usernames, *, names: int | None
    ) -> tuple[StoredNeighbour, ...]:
        """Make the items of a page; a repository that is not known any more is left out."""
        named = await self._stargazers(chosen, usernames, names)
        rows = await self._connection.fetch(REPOSITORIES, self._endpoint, chosen.numbers.tolist())
        columns = chosen.numbers, chosen.shared, chosen.stars
        return make_neighbours(rows, *columns, named, self._ends(chosen), stargazers=self.answer.stargazers)

    def _ends(self, chosen: Chosen) -> tuple[list[int | None], list[int | None]]:
        """Between which counts each may really lie, where that is not certain."""
        nobody: list[int | None] = [None] * len(chosen.shared)
        if chosen.low is not None and chosen.high is not None:
            return chosen.low.tolist(), chosen.high.tolist()
        if self.answer.not_whole is None:
            return nobody, nobody
        return nobody, (chosen.shared + self.answer.not_whole).tolist()

    async def _parts(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return where the parts begin, and what the last neighbour of each shares."""
        firsts, lowest = (self._shelf.take(self.answer.id, what) for what in ("first_place", "lowest"))
        if firsts is None or lowest is None:
            rows = await self._connection.fetch(PARTS, self.answer.id)
            if not rows and self.answer.neighbours:
                raise Gone
            firsts = np.array([row["first_place"] for row in rows], dtype=np.int32)
            lowest = np.array([row["lowest"] for row in rows], dtype=np.int32)
            self._shelf.put(self.answer.id, "first_place", firsts)
            self._shelf.put(self.answer.id, "lowest", lowest)
        return firsts, lowest

    async def _columns(self, firsts: NDArray[np.int32]) -> list[Any]:
        rows = await self._connection.fetch(COLUMNS, self.answer.id, firsts.tolist())
        if len(rows) != len(firsts):
            raise Gone
        return rows

    async def _stargazers(
        self, chosen: Chosen, usernames: Usernames, names: int | None
    ) -> list[tuple[str, ...]]:
        told = chosen.seen if names is None else np.minimum(chosen.seen, max(names, 0))
        if not told.any():
            return [()] * len(told)
        roster = await self._roster()
        kept_as = place_type(len(roster))
        width = np.dtype(kept_as).itemsize
        rows = await self._connection.fetch(
            STARGAZERS,
            self.answer.id,
            chosen.part.tolist(),
            (chosen.begins * width + 1).tolist(),
            (told * width).tolist(),
        )
        if len(rows) != len(told):
            raise Gone
        slices = [read(row["stargazers"], kept_as) for row in rows]
        places = np.unique(np.concatenate(slices))
        await self._look_up(usernames, usernames.unknown(places), roster)
        return usernames.sorted(slices, places)

    async def _look_up(
        self, usernames: Usernames, places: NDArray[np.int32], roster: NDArray[np.int32]
    ) -> None:
        if not len(places):
            return
        numbers = roster[places].tolist()
        rows = await self._connection.fetch(LOGINS, self._endpoint, numbers)
        logins = {number: login for number, login in rows}  # noqa: C416 - a record is no pair
        usernames.learn(places, map(logins.get, numbers))

    async def _roster(self) -> NDArray[np.int32]:
        roster = self._shelf.take(self.answer.id, "roster")
        if roster is None:
            stored = await self._connection.fetchval(ROSTER, self.answer.id)
            if stored is None:
                raise Gone
            roster = read(stored)
            self._shelf.put(self.answer.id, "roster", roster)
        return roster
