"""Who starred what, in four bytes a star.

Stars arrive in the order of their pages and are kept as *chunks*. When an
answer is asked for they are settled: sorted by repository, each user once. That
goes in parts, a range of repositories at a time, so that the eight bytes a star
that sorting needs are never needed for all stars at once.
"""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

_PART_AT_LEAST = 1 << 19
_PARTS = 8
_USER_BITS = 32
_USER_MASK = (1 << _USER_BITS) - 1


class Chunk(msgspec.Struct, frozen=True, eq=False):
    """Stars as they came: their repositories, and the users in runs."""

    repositories: NDArray[np.int32]
    users: NDArray[np.int32]
    lengths: NDArray[np.int32]

    def keys(self, low: int, high: int) -> NDArray[np.int64]:
        """Return repository and user in one number, of the repositories in a range."""
        inside = np.flatnonzero((self.repositories >= low) & (self.repositories < high))
        users = np.repeat(self.users, self.lengths)[inside]
        return (self.repositories[inside].astype(np.int64) << _USER_BITS) | users


class Settled(msgspec.Struct, frozen=True, eq=False):
    """The users of every repository, sorted by repository and each once.

    Those of repository n stand from `starts[n]` to `starts[n + 1]`.
    """

    starts: NDArray[np.int64]
    users: NDArray[np.int32]

    def keys(self, low: int, high: int) -> NDArray[np.int64]:
        """Return repository and user in one number, of the repositories in a range."""
        high = min(high, len(self.starts) - 1)
        if low >= high:
            return np.zeros(0, dtype=np.int64)
        starts = self.starts[low : high + 1]
        repositories = np.repeat(np.arange(low, high, dtype=np.int64), np.diff(starts))
        return (repositories << _USER_BITS) | self.users[starts[0] : starts[-1]]


class StarLists:
    """Collects chunks and settles them."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []
        self._settled = Settled(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32))

    def add(self, chunk: Chunk) -> None:
        """Take in the stars of some pages."""
        self._chunks.append(chunk)

    def settle(self, repositories: int) -> Settled:
        """Sort what came since the last time into the rest.

        `repositories` is how many there are by now.
        """
        if self._chunks:
            self._settled = self._sorted(repositories)
            self._chunks.clear()
        return self._settled

    def _sorted(self, repositories: int) -> Settled:
        counts = self._counts(repositories)
        users = np.empty(counts.sum(dtype=np.int64), dtype=np.int32)
        filled = 0
        for low, high in _parts(counts):
            keys = self._part(low, high, int(counts[low:high].sum(dtype=np.int64)))
            users[filled : filled + len(keys)] = keys & _USER_MASK
            filled += len(keys)
            counts[low:high] = np.bincount((keys >> _USER_BITS) - low, minlength=high - low)
        starts = np.zeros(repositories + 1, dtype=np.int64)
        np.cumsum(counts, out=starts[1:])
        return Settled(starts, users[:filled])

    def _counts(self, repositories: int) -> NDArray[np.int32]:
        """Count the stars of each repository, those seen twice as two."""
        counts = np.zeros(repositories, dtype=np.int32)
        counts[: len(self._settled.starts) - 1] = np.diff(self._settled.starts)
        for chunk in self._chunks:
            numbers, seen = np.unique(chunk.repositories, return_counts=True)
            counts[numbers] += seen.astype(np.int32)
        return counts

    def _part(self, low: int, high: int, stars: int) -> NDArray[np.int64]:
        keys = np.empty(stars, dtype=np.int64)
        filled = 0
        sources: list[Settled | Chunk] = [self._settled, *self._chunks]
        for source in sources:
            found = source.keys(low, high)
            keys[filled : filled + len(found)] = found
            filled += len(found)
        keys.sort()
        first = np.ones(len(keys), dtype=np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=first[1:])
        return keys[first]


def _parts(counts: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Divide the repositories into ranges of about as many stars each."""
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1])
    size = max(_PART_AT_LEAST, total // _PARTS + 1)
    cuts = np.searchsorted(ends, np.arange(size, total, size)) + 1
    edges = [0, *np.unique(cuts).tolist(), len(counts)]
    return [(low, high) for low, high in pairwise(edges) if low < high]
