"""Pages and streams of an answer that is held: nothing is looked up but what is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

import numpy as np

from stargazer.neighbours import rank
from stargazer.neighbours.count import Ranking
from stargazer.neighbours.why import chance
from stargazer.store import counting
from stargazer.store.answers_slices import LOGINS, REPOSITORIES, StoredNeighbour, make_neighbours
from stargazer.store.database import Database
from stargazer.store.held import HeldAnswer, Order, Which
from stargazer.store.packed import NOTHING, Int32s

if TYPE_CHECKING:
    from stargazer.store.database import Connection

STREAM_NEIGHBOURS = 1_000
"""How many neighbours are made at once in a stream."""

_STREAM_GATHERED = 1 << 16
_STREAM_STARS = 1 << 22
"""For how many neighbours, and stars of theirs, the stargazers are gathered at once in a stream."""


class HeldPages:
    """Reads the neighbours of one such answer."""

    def __init__(self, database: Database, answer: HeldAnswer) -> None:
        self._database = database
        self._answer = answer
        self._count = answer.count
        self._logins: dict[int, str] = {}

    async def page(
        self, which: Which, *, offset: int, limit: int, names: int | None
    ) -> tuple[tuple[StoredNeighbour, ...], int]:
        """Read some neighbours, and how many there are in all.

        Raises:
            StoreUnavailable: the database failed.
        """
        order = await self._first(offset + limit, which)
        part = slice(offset, min(offset + limit, order.total))
        numbers, stars = order.numbers[part], order.stars[part]
        return await self._made(numbers, stars, await self._sharers(numbers, names)), order.total

    async def stream(self, which: Which, *, names: int | None) -> AsyncIterator[tuple[StoredNeighbour, ...]]:
        """Read all neighbours, some at a time; no connection is held in between.

        Raises:
            StoreUnavailable: the database failed.
        """
        order = await self._first(None, which)
        numbers, stars = order.numbers, order.stars
        ranking = Ranking(numbers, NOTHING, stars, self._count.seen[self._count.at(numbers)])
        for low, high in ranking.parts(neighbours=_STREAM_GATHERED, stars=_STREAM_STARS):
            gathered = await self._sharers(numbers[low:high], names)
            for begin in range(low, high, STREAM_NEIGHBOURS):
                end = min(high, begin + STREAM_NEIGHBOURS)
                some = None if gathered is None else gathered[begin - low : end - low]
                yield await self._made(numbers[begin:end], stars[begin:end], some)

    async def first(self, count: int, sort: rank.Score) -> Int32s:
        """The numbers of the first neighbours by a score.

        Raises:
            StoreUnavailable: the database failed.
        """
        order = await self._first(count, Which(sort))
        return order.numbers[:count]

    async def chance(self) -> float:
        """Tell which share of the stars of all neighbours chance would give.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            numbers = self._count.numbers
            numbers, stars = await counting.stars_of(connection, self._database.endpoint, numbers)
        return chance(self._count.shared_by(numbers), stars)

    async def _first(self, count: int | None, which: Which) -> Order:
        async with self._database.transaction(isolation="repeatable_read") as connection:
            endpoint, stargazers = self._database.endpoint, self._answer.stargazers
            return await self._count.first(connection, endpoint, count, stargazers, which)

    async def _sharers(self, numbers: Int32s, names: int | None) -> list[Int32s] | None:
        """The places of the people who share each, as many as are to be named."""
        if names == 0 or not len(numbers):
            return None
        sharers = await asyncio.to_thread(self._count.sharers, numbers)
        if sharers is None:
            return None
        return [np.sort(sharers.between(place, place + 1))[:names] for place in range(len(numbers))]

    async def _made(
        self, numbers: Int32s, stars: Int32s, sharers: list[Int32s] | None
    ) -> tuple[StoredNeighbour, ...]:
        """Make items; a repository that is not known any more is left out."""
        endpoint = self._database.endpoint
        async with self._database.connection() as connection:
            rows = await connection.fetch(REPOSITORIES, endpoint, numbers.tolist())
            if sharers is not None:
                await self._learn(connection, np.unique(np.concatenate([NOTHING, *sharers])).tolist())
        named = [()] * len(numbers) if sharers is None else [self._named(some) for some in sharers]
        bounds = self._count.bounds(numbers, self._answer.not_whole)
        shared, stargazers = self._count.shared_by(numbers), self._answer.stargazers
        return make_neighbours(rows, numbers, shared, stars, named, bounds, stargazers=stargazers)

    async def _learn(self, connection: Connection, places: Iterable[int]) -> None:
        """Look up the logins of people by their place; whoever was forgotten since has none."""
        unknown = {int(self._count.people[place]): place for place in places if place not in self._logins}
        if unknown:
            for row in await connection.fetch(LOGINS, self._database.endpoint, list(unknown)):
                self._logins[unknown[row["number"]]] = row["login"]

    def _named(self, places: Int32s) -> tuple[str, ...]:
        return tuple(self._logins[place] for place in places.tolist() if place in self._logins)
