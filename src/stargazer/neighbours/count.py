"""Count whole star lists by number: what they share, in which order, and who shares it.

Two passes over the same lists. The first counts; once the neighbours are in
their order, the second writes each stargazer into the place of every neighbour
they starred. Since nobody is twice in the list of one user, the second is a
counting sort with one step a user: nothing is compared, and nothing needs more
than the result. Neither pass holds more than one chunk of the lists.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours.estimate import Intervals

_ONE = np.int32(1)
"""Adding a number of another type than the counts takes twenty times as long."""

_BLOCK = 1 << 18


class ListsChunk(msgspec.Struct, frozen=True, eq=False):
    """The star lists of some users: the list of `users[i]` lies between two `offsets`."""

    users: NDArray[np.int32]
    repositories: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def arranged(self, order: NDArray[Any]) -> ListsChunk:
        """Put the lists into another order; what *order* leaves out is dropped."""
        lengths = np.diff(self.offsets)[order]
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        shifts = np.repeat(self.offsets[:-1][order] - offsets[:-1], lengths)
        return ListsChunk(self.users[order], self.repositories[np.arange(offsets[-1]) + shifts], offsets)


class Tally:
    """Counts how many of the lists hold each repository; the numbers of the seeds are left out.

    Needs four bytes for each number up to the largest that was seen, and
    five while it grows.
    """

    def __init__(self, *seeds: int, repositories: int = 0) -> None:
        self._seeds = seeds
        self._shared = np.zeros(repositories, dtype=np.int32)
        self.stars = 0

    def add(self, chunk: ListsChunk) -> None:
        """Count the lists of one chunk."""
        if not len(chunk.repositories):
            return
        self._grow(int(np.max(chunk.repositories)) + 1)
        np.add.at(self._shared, chunk.repositories, _ONE)
        for seed in self._seeds:
            if seed < len(self._shared):
                self._shared[seed] = 0
        self.stars += len(chunk.repositories)

    def shared(self) -> NDArray[np.int32]:
        """Return the counts by repository number, as they are: they go on counting."""
        return self._shared

    def neighbours(self) -> NDArray[np.int32]:
        """Return the numbers of all neighbours, ascending."""
        return np.flatnonzero(self._shared).astype(np.int32)

    def closest(self, count: int) -> NDArray[np.int32]:
        """Return the numbers of those that may be among the first *count*: all that tie with the last."""
        if not count:
            return self.neighbours()
        largest = int(np.max(self._shared)) if len(self._shared) else 0
        repositories = np.zeros(largest + 1, dtype=np.int64)
        for begin in range(0, len(self._shared), _BLOCK):
            repositories += np.bincount(self._shared[begin : begin + _BLOCK], minlength=len(repositories))
        sharing_at_least = np.cumsum(repositories[::-1])[::-1]
        worst = max(1, int(np.count_nonzero(sharing_at_least >= count)) - 1)
        return np.flatnonzero(self._shared >= worst).astype(np.int32)

    def _grow(self, length: int) -> None:
        if length > len(self._shared):
            grown = np.zeros(max(length, len(self._shared) * 5 // 4), dtype=np.int32)
            grown[: len(self._shared)] = self._shared
            self._shared = grown


class Ranking(msgspec.Struct, frozen=True, eq=False):
    """The neighbours in their default order, in columns.

    `seen` is how many stargazers are known by name to share each; in an estimate
    `shared` is what that makes of all, and `ends` the intervals.
    """

    numbers: NDArray[np.int32]
    shared: NDArray[np.int32]
    stars: NDArray[np.int32]
    seen: NDArray[np.int32]
    ends: Intervals | None = None

    @classmethod
    def of(
        cls,
        numbers: NDArray[np.int32],
        stars: NDArray[np.int32],
        tally: Tally,
        estimated: Intervals | None = None,
    ) -> Ranking:
        """Rank by count the repositories that are given in the order of their names.

        Args:
            numbers: the repositories.
            stars: how many stars each of them has.
            tally: what was counted.
            estimated: what it makes of all stargazers, for each of `tally.neighbours()`.
        """
        counted = tally.shared()
        if len(numbers) and int(np.max(numbers)) >= len(counted):
            known = numbers < len(counted)
            numbers, stars = numbers[known], stars[known]
        # Places as int32: with millions of neighbours each array of int64 is 40 MB.
        order = np.flatnonzero(counted[numbers]).astype(np.int32)
        if estimated is None:
            shared = counted[numbers[order]]
            order = order[np.argsort(-shared, kind="stable").astype(np.int32)]
            seen = counted[numbers[order]]
            return cls(numbers[order], seen, stars[order], seen)
        ends = estimated.at(np.searchsorted(tally.neighbours(), numbers[order]))
        by = np.argsort(-ends.shared, kind="stable")
        order, ends = order[by], ends.at(by)
        return cls(numbers[order], ends.shared, stars[order], counted[numbers[order]], ends)

    def __len__(self) -> int:
        return len(self.numbers)

    def places(self) -> NDArray[np.int32]:
        """Return by repository number its place in the order, -1 where it has none."""
        largest = int(np.max(self.numbers)) if len(self) else -1
        places = np.full(largest + 2, -1, dtype=np.int32)
        places[self.numbers] = np.arange(len(self), dtype=np.int32)
        return places

    def parts(self, *, neighbours: int, stars: int) -> list[tuple[int, int]]:
        """Cut the order into ranges that hold at most so many neighbours and stars.

        A neighbour with more stars than that stands alone.
        """
        ends = np.cumsum(self.seen, dtype=np.int64)
        parts: list[tuple[int, int]] = []
        low = 0
        while low < len(self):
            before = int(ends[low - 1]) if low else 0
            fitting = int(np.searchsorted(ends, before + stars, side="right"))
            high = max(low + 1, min(low + neighbours, fitting))
            parts.append((low, high))
            low = high
        return parts


class Sharers:
    """Collects who shares the neighbours from one place of the order to another.

    The stargazers of a neighbour stand in the order in which their lists were
    added. Needs four bytes a star that is kept, of which there may be 2³¹,
    and eight a neighbour.
    """

    def __init__(self, ranking: Ranking, low: int, high: int, *, places: NDArray[np.int32]) -> None:
        self._low = low
        self._high = high
        self._places = places
        self.ends = np.cumsum(ranking.seen[low:high], dtype=np.int32)
        self._next = np.zeros(high - low, dtype=np.int32)
        self._next[1:] = self.ends[:-1]
        self._stargazers = np.empty(int(self.ends[-1]) if len(self.ends) else 0, dtype=np.int32)

    def add(self, chunk: ListsChunk) -> None:
        """Write the users of a chunk into the places of what they starred."""
        known = np.minimum(chunk.repositories, len(self._places) - 1)
        places = self._places[known]
        inside = (places >= self._low) & (places < self._high)
        kept = np.zeros(len(places) + 1, dtype=np.int64)
        np.cumsum(inside, out=kept[1:])
        places = places[inside] - self._low
        edges = kept[chunk.offsets].tolist()
        for user, begin, end in zip(chunk.users.tolist(), edges, edges[1:], strict=False):
            starred = places[begin:end]
            slots = self._next[starred]
            self._stargazers[slots] = user
            self._next[starred] = slots + 1

    def between(self, low: int, high: int) -> NDArray[np.int32]:
        """Return the stargazers of the neighbours from one place of the order to another."""
        begin = self.ends[low - self._low - 1] if low > self._low else 0
        end = self.ends[high - self._low - 1] if high > self._low else 0
        return self._stargazers[begin:end]
