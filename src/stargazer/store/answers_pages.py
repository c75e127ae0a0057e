"""Pages and streams of a stored answer: every one of them reads the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.errors import AnswerGone
from stargazer.neighbours import rank
from stargazer.store.answers import StoredAnswer
from stargazer.store.answers_columns import Shelf
from stargazer.store.answers_slices import Gone, Slices, StoredNeighbour, Usernames
from stargazer.store.database import Database

SHELF_BYTES = 64 << 20
"""What a process keeps of answers: three orders of five million neighbours."""

_STREAM_NEIGHBOURS = 1_000
_STREAM_NAMES = 200_000
"""How many neighbours, and names, are made at once in a stream."""

_SCORED_AT_ONCE = 1 << 16


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

    def __init__(self, database: Database, *, shelf_bytes: int = SHELF_BYTES) -> None:
        self._database = database
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
    ) -> AnswerPage | None:
        """Read some neighbours; None when the answer has been cleaned.

        Each has the first *names* of its stargazers by login, None for all.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            slices = Slices(connection, self._database.endpoint, answer, self._shelf)
            try:
                total = await slices.sharing(min_shared)
                places = (await self._order(slices, sort, total))[offset : offset + limit]
                chosen = await slices.chosen(places)
                found = await slices.neighbours(chosen, Usernames(), names=names)
            except Gone:
                return None
        return AnswerPage(found, total)

    async def stream(
        self,
        answer: StoredAnswer,
        *,
        sort: rank.Score = "shared",
        min_shared: int = 1,
        names: int | None = None,
    ) -> AsyncIterator[tuple[StoredNeighbour, ...]]:
        """Read all neighbours, some at a time; no connection is held in between.

        Raises:
            AnswerGone: the answer was cleaned meanwhile.
            StoreUnavailable: the database failed.
        """
        places: NDArray[np.int32] | None = None
        usernames = Usernames()
        read = 0
        while places is None or read < len(places):
            async with self._database.connection() as connection:
                slices = Slices(connection, self._database.endpoint, answer, self._shelf)
                try:
                    if places is None:
                        places = await self._order(slices, sort, await slices.sharing(min_shared))
                    chosen = await slices.chosen(places[read : read + _STREAM_NEIGHBOURS])
                    chosen = chosen.first(names=_STREAM_NAMES, each=names)
                    found = await slices.neighbours(chosen, usernames, names=names)
                except Gone as gone:
                    raise AnswerGone(str(answer.id)) from gone
            read += len(chosen.places)
            if found:
                yield found

    async def _order(self, slices: Slices, sort: rank.Score, total: int) -> NDArray[np.int32]:
        """Return the places of those that pass the filter, in the order that is asked for."""
        if sort == "shared":
            return np.arange(total, dtype=np.int32)
        order = self._shelf.take(slices.answer.id, sort)
        if order is None:
            shared, stars = await slices.counts()
            order = await asyncio.to_thread(_sorted, shared, stars, slices.answer.stargazers, sort)
            self._shelf.put(slices.answer.id, sort, order)
        # The default order is by what is shared: those with enough are its beginning.
        return order if total == len(order) else order[order < total]


def _sorted(
    shared: NDArray[np.int32], stars: NDArray[np.int32], stargazers: int, sort: rank.Score
) -> NDArray[np.int32]:
    """Sort the places by a score; ties stay in the default order."""
    scores = np.empty(len(shared), dtype=np.float64)
    for low, high in pairwise([*range(0, len(shared), _SCORED_AT_ONCE), len(shared)]):
        part = slice(low, high)
        scores[part] = -rank.FORMULAS[sort](
            shared[part].astype(np.float64), stars[part].astype(np.float64), stargazers
        )
    return np.argsort(scores, kind="stable").astype(np.int32)
