"""One side of the star graph: for every owner, its stars in the order they were given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Numbers = NDArray[np.int32]


class Lists:
    """Star lists of many owners in two flat arrays, with changed ones laid over them.

    An owner is a user (what did they star?) or a repository (who starred it?).
    A star is a *place*, which sorts by moment and then by row, and the number of
    what is at its other end. 2,000,000 stars take 24 MB.

    Args:
        owners: for each star, its owner; the stars are sorted by place.
        others: for each star, what is at the other end.
        places: for each star, where it stands.
        size: how many owners there are.
    """

    def __init__(self, owners: Numbers, others: Numbers, places: Places, size: int) -> None:
        order = np.argsort(owners, kind="stable")
        self._places = places[order]
        self._others = others[order]
        self._starts = np.zeros(size + 1, np.int64)
        np.cumsum(np.bincount(owners, minlength=size), out=self._starts[1:])
        self._changed: dict[int, tuple[Places, Numbers]] = {}

    def of(self, owner: int) -> tuple[Places, Numbers]:
        """Return the places and the other ends of an owner's stars, oldest first."""
        changed = self._changed.get(owner)
        if changed is not None:
            return changed
        start, end = self._starts[owner], self._starts[owner + 1]
        return self._places[start:end], self._others[start:end]

    def sizes(self) -> NDArray[np.int64]:
        """Return how many stars each owner has."""
        sizes = np.diff(self._starts)
        for owner, (places, _) in self._changed.items():
            sizes[owner] = len(places)
        return sizes

    def add(self, owner: int, other: int, place: int) -> None:
        """Put one star where its place belongs."""
        places, others = self.of(owner)
        index = int(np.searchsorted(places, place))
        self._changed[owner] = (
            np.insert(places, index, place),
            np.insert(others, index, np.int32(other)),
        )

    def remove(self, owner: int, other: int) -> int | None:
        """Take one star away and return its place; None if there is none."""
        places, others = self.of(owner)
        found = np.flatnonzero(others == other)
        if not len(found):
            return None
        index = int(found[0])
        self._changed[owner] = (np.delete(places, index), np.delete(others, index))
        return int(places[index])
