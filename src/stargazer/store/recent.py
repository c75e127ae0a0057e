"""The repositories that this program saw last: their numbers, and what was written of them."""

from __future__ import annotations

import numpy as np

from stargazer.neighbours.columns import Column, Sorted
from stargazer.store.packed import Int32s, Int64s

REMEMBERED_AT_MOST = 1_000_000
"""So many repositories take about 24 MB."""

_RECENT_AT_LEAST = 1 << 14


def _nothing() -> Sorted:
    return Sorted(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32))


class RecentRepositories:
    """Spares the database most questions. It holds only what was committed.

    Args:
        at_most: when more would be remembered, all are forgotten.
    """

    def __init__(self, at_most: int = REMEMBERED_AT_MOST) -> None:
        self._at_most = at_most
        self._forget()

    def _forget(self) -> None:
        # Two levels, so that a newcomer does not move a million old ones.
        self._settled = _nothing()
        self._recent = _nothing()
        self._numbers = Column(np.int32)
        self._prints = Column(np.int64)

    def find(self, ids: Int64s) -> tuple[Int32s, Int64s]:
        """Look up number and print of each; the number of those not remembered is -1."""
        places = self._places(ids)
        known = places >= 0
        numbers = np.full(len(ids), -1, dtype=np.int32)
        prints = np.zeros(len(ids), dtype=np.int64)
        numbers[known] = self._numbers[places[known]]
        prints[known] = self._prints[places[known]]
        return numbers, prints

    def remember(self, ids: Int64s, numbers: Int32s, prints: Int64s) -> None:
        """Note what was committed; *ids* are sorted, each once."""
        places = self._places(ids)
        if len(self._numbers) + np.count_nonzero(places < 0) > self._at_most:
            self._forget()
            places = self._places(ids)
        new = places < 0
        begin, end = len(self._numbers), len(self._numbers) + int(np.count_nonzero(new))
        places[new] = np.arange(begin, end, dtype=np.int32)
        self._numbers.grow(end)
        self._prints.grow(end)
        self._recent = self._recent.joined(ids[new], places[new])
        if len(self._recent.ids) > max(_RECENT_AT_LEAST, len(self._settled.ids) // 8):
            self._settled = self._settled.joined(self._recent.ids, self._recent.numbers)
            self._recent = _nothing()
        self._numbers.write(places, numbers)
        self._prints.write(places, prints)

    def _places(self, ids: Int64s) -> Int32s:
        found = np.full(len(ids), -1, dtype=np.int32)
        self._settled.find(ids, found)
        self._recent.find(ids, found)
        return found
