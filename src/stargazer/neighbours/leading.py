"""Find the first neighbours by a score without looking at the stars of all of them.

Whatever the score, a neighbour scores at most what it would if nobody else had
starred it, and the less it shares the less that is. So neighbours are looked at in
parts, those that share most first, until none of the rest can be among the first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours import rank

PART_AT_LEAST = 2_000
PART_GROWTH = 4
"""How many neighbours are looked at first, and how many times as many after that."""


class Search:
    """The search for the first *count* neighbours; ask for places, and tell the stars of those.

    Args:
        shared: what each neighbour shares; there must be one.
        count: how many are wanted, at least one.
        score: by which score.
        stargazers: how many starred the repository, as scores take it.
        stands_for: how many stargazers each one that was read stands for.
        part: so many are looked at first, at least.
    """

    def __init__(
        self,
        shared: NDArray[np.int32],
        count: int,
        score: rank.Score,
        stargazers: int,
        *,
        stands_for: float = 1.0,
        part: int = PART_AT_LEAST,
    ) -> None:
        self._shared = shared
        self._count = count
        self._score: rank.Score = score
        self._stargazers = stargazers
        self._stands_for = stands_for
        self._part = max(part, count)
        self._above = int(np.max(shared)) + 1
        self._places: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._scores = np.zeros(0)

    def next_places(self) -> NDArray[np.intp] | None:
        """The places whose stars are to be told next, ascending; None: all leaders are known."""
        needed = self._least_needed()
        if needed >= self._above:
            return None
        least = max(needed, min(int(_nth(self._shared, self._part)), self._above - 1))
        inside = np.flatnonzero((self._shared >= least) & (self._shared < self._above))
        self._above, self._part = least, self._part * PART_GROWTH
        return inside

    def learn(self, places: NDArray[np.intp], stars: NDArray[np.int32]) -> None:
        """Take in the stars of some places."""
        scores = self._standing(self._shared[places].astype(np.float64), stars.astype(np.float64))
        self._places = np.concatenate([self._places, places])
        self._scores = np.concatenate([self._scores, scores])

    def leaders(self) -> NDArray[np.intp]:
        """The places of the first *count* and of all that tie with the last of them, in no order."""
        return self._places[self._scores >= self._worst()]

    def _standing(self, shared: NDArray[np.float64], stars: NDArray[np.float64]) -> NDArray[np.float64]:
        return rank.standing(self._score, shared, stars, self._stargazers, stands_for=self._stands_for)

    def _worst(self) -> float:
        return _nth(self._scores, self._count)

    def _least_needed(self) -> int:
        """Whoever shares less than that cannot be among the first."""
        if len(self._scores) < self._count:
            return 1
        left = np.arange(1, self._above, dtype=np.float64)
        best = self._standing(left, left)
        return 1 + int(np.searchsorted(best, self._worst()))


def in_order(scores: NDArray[np.float64] | NDArray[np.int32], shared: NDArray[np.int32]) -> NDArray[np.intp]:
    """The places by score, then by what is shared; what is equal stays as it stands."""
    return np.lexsort((-shared, -scores))


def _nth(numbers: NDArray[np.float64] | NDArray[np.int32], count: int) -> float:
    """The *count*-th largest, or the smallest if there are fewer."""
    place = len(numbers) - min(count, len(numbers))
    return float(np.partition(numbers, place)[place])
