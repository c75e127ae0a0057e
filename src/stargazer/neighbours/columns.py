"""What is known of each repository, in columns by dense number.

A repository gets the next free number when it is first seen. Five million of
them as objects would need gigabytes; as columns they need some 80 bytes each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import DTypeLike, NDArray

PREFIX_BYTES = 8
"""How many first bytes of a name fit one 64-bit sorting key."""

_BLOCK_ROWS = 1 << 16
_RECENT_AT_LEAST = 1 << 16


class Names:
    """Names as bytes, each found by its place.

    The bytes are only ever appended to, so that a copy that was taken before
    a rename still reads the old name.
    """

    __slots__ = ("_ends", "_starts", "_text", "plain")

    def __init__(self, text: bytearray, starts: NDArray[np.int64], ends: NDArray[np.int64], plain: bool) -> None:
        self._text = text
        self._starts = starts
        self._ends = ends
        self.plain = plain

    def name(self, number: int) -> str:
        """Read the name of one repository."""
        return self._text[self._starts[number] : self._ends[number]].decode()

    def prefixes(self, numbers: NDArray[Any]) -> NDArray[np.uint64]:
        """Return sorting keys: names order like their keys wherever those differ.

        With a name that is not ASCII, whose case folds by other rules, all
        keys are equal.
        """
        keys = np.zeros(len(numbers), dtype=np.uint64)
        for begin in range(0, len(numbers) if self.plain else 0, _BLOCK_ROWS):
            block = slice(begin, begin + _BLOCK_ROWS)
            keys[block] = self._prefixes(numbers[block])
        return keys

    def _prefixes(self, numbers: NDArray[Any]) -> NDArray[np.uint64]:
        text = np.frombuffer(self._text, dtype=np.uint8)
        places = self._starts[numbers][:, None] + np.arange(PREFIX_BYTES)
        inside = places < self._ends[numbers][:, None]
        letters = np.where(inside, text[np.minimum(places, len(text) - 1)], 0).astype(np.uint8)
        letters |= ((letters >= ord("A")) & (letters <= ord("Z"))).astype(np.uint8) << 5
        return letters.view(">u8").ravel().astype(np.uint64)


class Column:
    """An array that grows by a quarter when it is full.

    `values` is a view: what was taken before the column grew goes stale.
    """

    __slots__ = ("_array", "_length")

    def __init__(self, dtype: DTypeLike) -> None:
        self._array = np.zeros(0, dtype=dtype)
        self._length = 0

    @property
    def values(self) -> NDArray[Any]:
        """The part in use."""
        return self._array[: self._length]

    def grow(self, length: int) -> None:
        """Lengthen it with zeros."""
        if length > len(self._array):
            larger = np.zeros(max(length, len(self._array) * 5 // 4), dtype=self._array.dtype)
            larger[: self._length] = self.values
            self._array = larger
        self._length = length


class Sorted(msgspec.Struct, frozen=True, eq=False):
    """Sorted ids, each with its number."""

    ids: NDArray[np.int64]
    numbers: NDArray[np.int32]

    def find(self, wanted: NDArray[np.int64], found: NDArray[np.int32]) -> None:
        """Write the number of each *wanted* id that is here into *found*."""
        if len(self.ids):
            places = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
            hits = self.ids[places] == wanted
            found[hits] = self.numbers[places[hits]]

    def joined(self, ids: NDArray[np.int64], numbers: NDArray[np.int32]) -> Sorted:
        """Return these and the given ones, which must be sorted and new."""
        places = np.searchsorted(self.ids, ids)
        return Sorted(np.insert(self.ids, places, ids), np.insert(self.numbers, places, numbers))


def _nothing() -> Sorted:
    return Sorted(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32))


class Repositories:
    """Every repository that was seen: its number, id, name and count of stars."""

    def __init__(self) -> None:
        # Two levels, so that a newcomer does not move millions of old ones.
        self._settled = _nothing()
        self._recent = _nothing()
        self._text = bytearray()
        self._plain = True
        self._ids = Column(np.int64)
        self._starts = Column(np.int64)
        self._ends = Column(np.int64)
        self._hashes = Column(np.int64)
        self._stars = Column(np.int32)

    def __len__(self) -> int:
        return len(self._ids.values)

    def numbers(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Look up the numbers of *ids*; -1 for those never seen."""
        found = np.full(len(ids), -1, dtype=np.int32)
        self._settled.find(ids, found)
        self._recent.find(ids, found)
        return found

    def update(self, ids: NDArray[np.int64], names: Sequence[str], stars: NDArray[Any]) -> NDArray[np.int32]:
        """Take in what is now known of *ids* and return their numbers.

        Args:
            ids: sorted, each once.
        """
        numbers = self.numbers(ids)
        new = numbers < 0
        numbers[new] = np.arange(len(self), len(self) + np.count_nonzero(new), dtype=np.int32)
        self._admit(ids[new], numbers[new])
        self._stars.values[numbers] = stars
        hashes = np.array([hash(name) for name in names], dtype=np.int64)
        renamed = np.flatnonzero(new | (self._hashes.values[numbers] != hashes))
        self._hashes.values[numbers[renamed]] = hashes[renamed]
        self._rename(numbers[renamed], [names[place].encode() for place in renamed.tolist()])
        return numbers

    def snapshot(self) -> tuple[NDArray[np.int64], Names, NDArray[np.int32]]:
        """Copy the ids, names and counts of stars as they are now."""
        names = Names(self._text, self._starts.values.copy(), self._ends.values.copy(), self._plain)
        return self._ids.values.copy(), names, self._stars.values.copy()

    def _admit(self, ids: NDArray[np.int64], numbers: NDArray[np.int32]) -> None:
        length = len(self) + len(ids)
        for column in (self._ids, self._starts, self._ends, self._hashes, self._stars):
            column.grow(length)
        self._ids.values[numbers] = ids
        self._recent = self._recent.joined(ids, numbers)
        if len(self._recent.ids) > max(_RECENT_AT_LEAST, len(self._settled.ids) // 8):
            self._settled = self._settled.joined(self._recent.ids, self._recent.numbers)
            self._recent = _nothing()

    def _rename(self, numbers: NDArray[np.int32], names: list[bytes]) -> None:
        lengths = np.fromiter(map(len, names), dtype=np.int64, count=len(names))
        ends = len(self._text) + np.cumsum(lengths)
        self._starts.values[numbers] = ends - lengths
        self._ends.values[numbers] = ends
        text = b"".join(names)
        self._plain = self._plain and text.isascii()
        self._text += text
