"""The columns of a stored answer as bytes, and what a process keeps of them."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class PartSizes(msgspec.Struct, frozen=True):
    """How an answer is cut into rows when it is written; reading does not ask.

    A row holds at most so many neighbours, so that a page reads one or two of
    them, and so many stars, if one neighbour has not more: 8 MB. In one reading
    of the lists at most so many stars are gathered: 64 MB.
    """

    neighbours: int = 1_024
    stars: int = 1 << 21
    stars_a_reading: int = 1 << 24


_SMALL_ROSTER = 1 << 16


def column(numbers: NDArray[Any]) -> bytes:
    """Write numbers as little-endian int32."""
    return numbers.astype("<i4").tobytes()


def read(stored: bytes, kept_as: str = "<i4") -> NDArray[np.int32]:
    """Read numbers that `column` wrote, or that were kept in another width."""
    return np.frombuffer(stored, dtype=kept_as).astype(np.int32, copy=False)


def place_type(stargazers: int) -> str:
    """Tell how a place in a roster of so many users is kept."""
    return "<u2" if stargazers <= _SMALL_ROSTER else "<i4"


class Shelf:
    """Arrays that were read or made from answers, up to so many bytes, the latest used.

    An answer never changes, so what is on the shelf is never out of date.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._arrays: OrderedDict[tuple[uuid.UUID, str], NDArray[np.int32]] = OrderedDict()
        self.size_bytes = 0

    def take(self, answer: uuid.UUID, what: str) -> NDArray[np.int32] | None:
        """Return an array if it is there."""
        found = self._arrays.get((answer, what))
        if found is not None:
            self._arrays.move_to_end((answer, what))
        return found

    def put(self, answer: uuid.UUID, what: str, array: NDArray[np.int32]) -> None:
        """Keep an array, and let go of those that were not used for longest."""
        replaced = self._arrays.pop((answer, what), None)
        self.size_bytes += array.nbytes - (0 if replaced is None else replaced.nbytes)
        self._arrays[answer, what] = array
        while self.size_bytes > self._capacity_bytes:
            _, dropped = self._arrays.popitem(last=False)
            self.size_bytes -= dropped.nbytes
