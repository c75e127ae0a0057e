"""Pages and streams of an answer, stored or counted for now: every one of them reads the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.errors import AnswerGone
from stargazer.neighbours import rank
from stargazer.neighbours.filter import ALL, Filter
from stargazer.neighbours.why import chance
from stargazer.planner.page import Details
from stargazer.store.answers import StoredAnswer
from stargazer.store.answers_columns import Shelf
from stargazer.store.answers_slices import Gone, Slices, StoredNeighbour, Usernames
from stargazer.store.database import Database
from stargazer.store.held import HeldAnswer, Which
from stargazer.store.held_pages import HeldPages

SHELF_BYTES = 64 << 20
"""What a process keeps of answers: three orders of five million neighbours."""

_STREAM_NEIGHBOURS = 1_000
_STREAM_NAMES = 200_000
"""How many neighbours, and names, are made at once in a stream."""

_SCORED_AT_ONCE = 1 << 16

CLOSEST = 1_000
"""Of so many neighbours by `shared`, and as many by `relevance`, it is found out what they are about."""

_NOTHING: Mapping[int, Details] = {}


class AnswerPage(msgspec.Struct, frozen=True):
    """Some neighbours of an answer, and how many there are in all with the same filter."""

    neighbours: tuple[StoredNeighbour, ...]
    total: int


class AnswerPages:
    """Reads the neighbours of stored answers.

    Names of repositories and logins are those of today: an answer keeps numbers,
    so that renames are followed and people who were forgotten are gone from
    it. Counts, scores and the order are those of the day it was made.
    """

    def __init__(self, database: Database, *, shelf_bytes: int = SHELF_BYTES, closest: int = CLOSEST) -> None:
        self._database = database
        self._closest = closest
        self._shelf = Shelf(shelf_bytes)

    async def page(
        self,
        answer: StoredAnswer,
        *,
        sort: rank.Score = "shared",
        offset: int = 0,
        limit: int = 100,
        min_shared: int = 1,
        names: int | None = 1_000,
        only: Filter = ALL,
        said: Mapping[int, Details] = _NOTHING,
    ) -> AnswerPage | None:
        """Read some neighbours; None when the answer has been cleaned.

        Each has the first *names* of its stargazers by login, None for all. A
        filter by details finds those of whom the details are *said*.

        Raises:
            StoreUnavailable: the database failed.
        """
        if isinstance(answer, HeldAnswer):
            held, which = HeldPages(self._database, answer), Which.of(sort, min_shared, only, said)
            return AnswerPage(*await held.page(which, offset=offset, limit=limit, names=names))
        async with self._database.connection() as connection:
            slices = Slices(connection, self._database.endpoint, answer, self._shelf)
            try:
                places = await self._order(slices, sort, await slices.sharing(min_shared))
                places = await _fitting(slices, places, only, said)
                chosen = await slices.chosen(places[offset : offset + limit])
                found = await slices.neighbours(chosen, Usernames(), names=names)
            except Gone:
                return None
        return AnswerPage(found, len(places))

    async def chance(self, answer: StoredAnswer) -> float | None:
        """Tell which share of the stars of all neighbours chance would give; None when it has been cleaned.

        Raises:
            StoreUnavailable: the database failed.
        """
        if isinstance(answer, HeldAnswer):
            return await HeldPages(self._database, answer).chance()
        async with self._database.connection() as connection:
            try:
                counts = await Slices(connection, self._database.endpoint, answer, self._shelf).counts()
            except Gone:
                return None
        return chance(*counts)

    async def stream(
        self,
        answer: StoredAnswer,
        *,
        sort: rank.Score = "shared",
        min_shared: int = 1,
        names: int | None = None,
        only: Filter = ALL,
        said: Mapping[int, Details] = _NOTHING,
    ) -> AsyncIterator[tuple[StoredNeighbour, ...]]:
        """Read all neighbours that pass the filter, some at a time; no connection is held in between.

        Raises:
            AnswerGone: the answer was cleaned meanwhile.
            StoreUnavailable: the database failed.
        """
        if isinstance(answer, HeldAnswer):
            held, which = HeldPages(self._database, answer), Which.of(sort, min_shared, only, said)
            async for rows in held.stream(which, names=names):
                yield rows
            return
        places: NDArray[np.int32] | None = None
        usernames = Usernames()
        read = 0
        while places is None or read < len(places):
            async with self._database.connection() as connection:
                slices = Slices(connection, self._database.endpoint, answer, self._shelf)
                try:
                    if places is None:
                        places = await self._order(slices, sort, await slices.sharing(min_shared))
                        places = await _fitting(slices, places, only, said)
                    chosen = await slices.chosen(places[read : read + _STREAM_NEIGHBOURS])
                    chosen = chosen.first(names=_STREAM_NAMES, each=names)
                    found = await slices.neighbours(chosen, usernames, names=names)
                except Gone as gone:
                    raise AnswerGone(str(answer.id)) from gone
            read += len(chosen.places)
            if found:
                yield found

    async def closest(self, answer: StoredAnswer) -> list[int] | None:
        """List our numbers of the closest neighbours, by `shared` or by `relevance`, the closest first.

        Returns:
            At most twice as many as `CLOSEST`, each once; None when the answer has been cleaned.

        Raises:
            StoreUnavailable: the database failed.
        """
        numbers = self._shelf.take(answer.id, "closest")
        if numbers is None:
            found = await self._firsts(answer)
            if found is None:
                return None
            turns = np.stack(found, axis=1).ravel()
            _, first = np.unique(turns, return_index=True)
            numbers = turns[np.sort(first)]
            self._shelf.put(answer.id, "closest", numbers)
        closest: list[int] = numbers.tolist()
        return closest

    async def _firsts(self, answer: StoredAnswer) -> list[NDArray[np.int32]] | None:
        """Our numbers of the first neighbours by `shared`, and as many by `relevance`."""
        if isinstance(answer, HeldAnswer):
            held = HeldPages(self._database, answer)
            return [await held.first(self._closest, sort) for sort in ("shared", "relevance")]
        async with self._database.connection() as connection:
            slices = Slices(connection, self._database.endpoint, answer, self._shelf)
            try:
                order = await self._order(slices, "relevance", answer.neighbours)
                standing = await slices.column("repositories")
            except Gone:
                return None
        relevant = order[: self._closest]
        return [standing[: len(relevant)], standing[relevant]]

    async def _order(self, slices: Slices, sort: rank.Score, total: int) -> NDArray[np.int32]:
        """Return the places of those that pass the filter, in the order that is asked for."""
        if sort == "shared":
            return np.arange(total, dtype=np.int32)
        order = self._shelf.take(slices.answer.id, sort)
        if order is None:
            shared, stars = await slices.counts()
            order = await asyncio.to_thread(_sorted, shared, stars, slices.answer, sort)
            self._shelf.put(slices.answer.id, sort, order)
        # The default order is by what is shared: those with enough are its beginning.
        return order if total == len(order) else order[order < total]


async def _fitting(
    slices: Slices, places: NDArray[np.int32], only: Filter, said: Mapping[int, Details]
) -> NDArray[np.int32]:
    """Return the places of those that are wanted, in the same order."""
    if only.min_stars is not None or only.max_stars is not None:
        stars = (await slices.column("stars"))[places]
        most = np.iinfo(np.int32).max if only.max_stars is None else only.max_stars
        places = places[(stars >= (only.min_stars or 0)) & (stars <= most)]
    if only.owner is not None:
        places = await _among(slices, places, await slices.owned(only.owner))
    if only.needs_details:
        fitting = [number for number, about in said.items() if only.fits_details(about)]
        places = await _among(slices, places, np.array(fitting, dtype=np.int32))
    return places


async def _among(slices: Slices, places: NDArray[np.int32], numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the places of some repositories; a table of all numbers beats sorting them."""
    standing = await slices.column("repositories")
    return places[np.isin(standing[places], numbers, kind="table")]


def _sorted(
    shared: NDArray[np.int32], stars: NDArray[np.int32], answer: StoredAnswer, sort: rank.Score
) -> NDArray[np.int32]:
    """Sort the places by a score; ties stay in the default order."""
    scores = np.empty(len(shared), dtype=np.float64)
    for low, high in pairwise([*range(0, len(shared), _SCORED_AT_ONCE), len(shared)]):
        part = slice(low, high)
        scores[part] = -rank.standing(
            sort,
            shared[part].astype(np.float64),
            stars[part].astype(np.float64),
            answer.stargazers,
            stands_for=answer.stands_for,
        )
    return np.argsort(scores, kind="stable").astype(np.int32)
