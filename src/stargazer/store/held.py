"""Answers that were counted from the stored star lists for whoever asks, and are held while they are shown.

Nothing of them is written. Names and stars are looked up for what is shown, and
what was shown once keeps its place: pages of one such answer never shift.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours import leading, rank
from stargazer.neighbours.count import ListsChunk, Ranking, Sharers
from stargazer.neighbours.estimate import estimate
from stargazer.neighbours.filter import ALL, Filter
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Details
from stargazer.planner.sample import Sample
from stargazer.store import counting
from stargazer.store.answers import StoredAnswer
from stargazer.store.answers_slices import OWNED
from stargazer.store.packed import NOTHING, Int32s

if TYPE_CHECKING:
    from stargazer.store.database import Connection

_BYTES_A_NEIGHBOUR = 16
"""Its number, what it shares, and its place in one order."""


ORDERS_AT_MOST = 32
"""So many orders are kept of one answer: by each score, with each filter."""


class Order(msgspec.Struct, frozen=True, eq=False):
    """The first of `total` neighbours by a score, as many as were asked for, and their stars."""

    total: int
    numbers: Int32s = NOTHING
    stars: Int32s = NOTHING

    def extended(self, numbers: Int32s, stars: Int32s) -> Order:
        """Go on with those that are not in it; whoever is keeps the place."""
        new = ~np.isin(numbers, self.numbers, kind="table")
        return Order(
            self.total,
            np.concatenate([self.numbers, numbers[new]]),
            np.concatenate([self.stars, stars[new]]),
        )

    def has(self, count: int | None) -> bool:
        """Whether it has the first *count*, None for all."""
        return len(self.numbers) >= (self.total if count is None else min(count, self.total))


class Which(msgspec.Struct, frozen=True):
    """Which neighbours are wanted, and in which order.

    `fitting` are the numbers, packed, of those whose details fit, where details are asked for.
    """

    sort: rank.Score = "shared"
    min_shared: int = 1
    only: Filter = ALL
    fitting: bytes = b""

    @classmethod
    def of(cls, sort: rank.Score, min_shared: int, only: Filter, said: Mapping[int, Details]) -> Which:
        """Put a wish together; those whose details are not *said* do not fit."""
        fitting: list[int] = []
        if only.needs_details:
            fitting = sorted(number for number, about in said.items() if only.fits_details(about))
        return cls(sort, min_shared, only, np.array(fitting, dtype=np.int32).tobytes())


class HeldCount:
    """What some people starred, by number.

    Args:
        people: whose lists were counted, in the order of their logins.
        shared: how many of them starred each repository, by its number.
        lists: their lists, with places among the people for users; none where nobody is to be named.
        sample: which sample of all who are meant they are; None: no estimate is wanted.
    """

    def __init__(
        self, people: Int32s, shared: Int32s, lists: Sequence[ListsChunk], sample: Sample | None = None
    ) -> None:
        self.people = people
        self.numbers = np.flatnonzero(shared).astype(np.int32)
        self.seen = shared[self.numbers]
        self.stands_for = 1.0 if sample is None else sample.stands_for
        self.ends = None if sample is None else estimate(sample, self.seen, self.seen)
        self.shared = self.seen if self.ends is None else self.ends.shared
        self.repositories = len(shared)
        self._lists = lists
        self.digest = self._summed()
        """Sixteen bytes that differ wherever another count was made."""
        self._orders: dict[Which, Order] = {}
        self._ordering = asyncio.Lock()

    @property
    def size_bytes(self) -> int:
        """What it takes to hold it."""
        lists = sum(chunk.repositories.nbytes for chunk in self._lists)
        return lists + self.people.nbytes + _BYTES_A_NEIGHBOUR * len(self.numbers)

    def _summed(self) -> bytes:
        summed = hashlib.blake2b(digest_size=16)
        for column in (self.people, self.numbers, self.shared):
            summed.update(column.tobytes())
        return summed.digest()

    async def first(
        self, connection: Connection, endpoint: int, count: int | None, stargazers: int, which: Which
    ) -> Order:
        """Put at least the first *count* neighbours in order, None for all.

        Runs inside a transaction that shows every statement the same snapshot.
        """
        async with self._ordering:
            order = self._orders.get(which)
            if order is None or len(order.numbers) < (
                order.total if count is None else min(count, order.total)
            ):
                numbers = await self._wanted(connection, endpoint, which)
                order = order or Order(len(numbers))
                wanted = len(numbers) if count is None else min(count, len(numbers))
                if wanted:
                    found = await self._leaders(connection, endpoint, numbers, wanted, stargazers, which.sort)
                    ordered = await self._ordered(connection, endpoint, found, stargazers, which.sort)
                    order = await asyncio.to_thread(order.extended, *ordered)
                self._keep(which, order)
        return order

    def _keep(self, which: Which, order: Order) -> None:
        """Keep an order, and not too many of them."""
        self._orders[which] = order
        while len(self._orders) > ORDERS_AT_MOST:
            del self._orders[next(iter(self._orders))]

    async def _wanted(self, connection: Connection, endpoint: int, which: Which) -> Int32s:
        """The numbers of those that pass the filter, ascending."""
        only = which.only
        numbers = self.numbers[self.shared >= which.min_shared]
        if only.owner is not None:
            owned = [row["number"] for row in await connection.fetch(OWNED, endpoint, only.owner)]
            numbers = numbers[np.isin(numbers, owned)]
        if only.needs_details:
            numbers = numbers[np.isin(numbers, np.frombuffer(which.fitting, dtype=np.int32))]
        if only.min_stars is not None or only.max_stars is not None:
            numbers, stars = await counting.stars_of(connection, endpoint, numbers)
            most = np.iinfo(np.int32).max if only.max_stars is None else only.max_stars
            numbers = numbers[(stars >= (only.min_stars or 0)) & (stars <= most)]
        return numbers

    async def _leaders(
        self,
        connection: Connection,
        endpoint: int,
        numbers: Int32s,
        count: int,
        stargazers: int,
        sort: rank.Score,
    ) -> Int32s:
        """The numbers of the first *count* and of whoever ties with the last."""
        search = leading.Search(self.shared_by(numbers), count, sort, stargazers, stands_for=self.stands_for)
        while (places := await asyncio.to_thread(search.next_places)) is not None:
            known, stars = await counting.stars_of(connection, endpoint, numbers[places])
            await asyncio.to_thread(_learn, search, places, numbers, known, stars)
        leaders: NDArray[np.intp] = await asyncio.to_thread(search.leaders)
        return numbers[leaders]

    async def _ordered(
        self, connection: Connection, endpoint: int, candidates: Int32s, stargazers: int, sort: rank.Score
    ) -> tuple[Int32s, Int32s]:
        """Put candidates in order; those that are equal stand by name."""
        numbers, stars = await counting.alphabet(connection, endpoint, candidates, of=self.repositories)

        def arrange() -> tuple[Int32s, Int32s]:
            wanted = np.isin(numbers, candidates, kind="table")
            kept, of_kept = numbers[wanted], stars[wanted]
            shared = self.shared_by(kept)
            scores = rank.standing(
                sort,
                shared.astype(np.float64),
                of_kept.astype(np.float64),
                stargazers,
                stands_for=self.stands_for,
            )
            places = leading.in_order(scores, shared)
            return kept[places], of_kept[places]

        return await asyncio.to_thread(arrange)

    def at(self, numbers: Int32s) -> NDArray[np.intp]:
        """The places of neighbours among all of them, by number."""
        return np.searchsorted(self.numbers, numbers)

    def shared_by(self, numbers: Int32s) -> Int32s:
        """What neighbours share; in an estimate the scaled count."""
        return self.shared[self.at(numbers)]

    def bounds(self, numbers: Int32s, not_whole: int | None) -> tuple[list[int | None], list[int | None]]:
        """What neighbours share at least and at most, where that is not certain.

        Args:
            numbers: which.
            not_whole: how many people may share more than is known; None: nobody.
        """
        nothing: list[int | None] = [None] * len(numbers)
        if self.ends is not None:
            at = self.at(numbers)
            return self.ends.low[at].tolist(), self.ends.high[at].tolist()
        if not_whole is None:
            return nothing, nothing
        return nothing, (self.shared_by(numbers) + not_whole).tolist()

    def sharers(self, numbers: Int32s) -> Sharers | None:
        """Gather who shares some neighbours; None where nobody is named."""
        if not self._lists:
            return None
        ranking = Ranking(numbers, NOTHING, NOTHING, self.seen[self.at(numbers)])
        sharers = Sharers(ranking, 0, len(numbers), places=ranking.places())
        for chunk in self._lists:
            sharers.add(chunk)
        return sharers


class HeldAnswer(StoredAnswer, frozen=True, kw_only=True, eq=False):
    """An answer that is nowhere but here. Its id is made of what was counted: the same has the same."""

    count: HeldCount

    @classmethod
    def of(
        cls,
        counted: HeldCount,
        coverage: Coverage,
        *,
        repository_number: int,
        credential_user: int,
        made_at: datetime,
        stargazers: int,
        not_whole: int | None,
    ) -> HeldAnswer:
        """Put an answer together.

        Args:
            counted: what was counted.
            coverage: how it was come by.
            repository_number: whose neighbours they are; of several, of the first.
            credential_user: for whom it was counted.
            made_at: when.
            stargazers: how many people were meant, as the scores take it.
            not_whole: how many of them may share more than is known; None: nobody.
        """
        public = msgspec.to_builtins(coverage.public())
        told = msgspec.json.encode([credential_user, repository_number, stargazers, not_whole, public])
        name = hashlib.blake2b(told + counted.digest, digest_size=16).digest()
        return cls(
            id=uuid.UUID(bytes=name, version=5),
            repository_number=repository_number,
            credential_user=credential_user,
            made_at=made_at,
            kind=coverage.kind,
            complete=coverage.complete,
            coverage=public,
            stargazers=stargazers,
            not_whole=not_whole,
            neighbours=len(counted.numbers),
            count=counted,
        )


def _learn(
    search: leading.Search, places: NDArray[np.intp], numbers: Int32s, known: Int32s, stars: Int32s
) -> None:
    """Tell a search the stars of the places that it wants; of a repository that is gone nobody knows them."""
    search.learn(places[np.isin(numbers[places], known, kind="table")], stars)


async def count_people(
    connection: Connection,
    endpoint: int,
    users: Iterable[int],
    *seeds: int,
    is_named: bool,
    sample: Sample | None = None,
) -> HeldCount:
    """Count what users starred besides the seeds; whoever has no stored list does not count.

    Args:
        connection: in a transaction that shows every statement the same snapshot.
        endpoint: whose users.
        users: their numbers.
        seeds: repositories that are left out, by number.
        is_named: whether it is to be told who shares them, which takes four bytes a star.
        sample: which sample of all who are meant the users are, if an estimate is wanted.
    """
    roster = await counting.call_roster(connection, endpoint, users)
    tally = await counting.new_tally(connection, endpoint, *seeds)
    lists: list[ListsChunk] = []
    async for chunk in roster.lists_in_any_order(connection, endpoint):
        tally.add(chunk)
        if is_named:
            lists.append(msgspec.structs.replace(chunk, users=roster.places(chunk.users)))
    return await asyncio.to_thread(HeldCount, roster.numbers, tally.shared(), lists, sample)
