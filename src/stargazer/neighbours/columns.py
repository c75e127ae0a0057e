"""What is known of each repository, in columns by dense number.

A repository gets the next free number when it is first seen. Five million of
them as objects would need gigabytes; as columns they need some 80 bytes each.
"""

from __future__ import annotations

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

    __slots__ = ("_lengths", "_starts", "_text", "plain")

    def __init__(
        self, text: bytearray, starts: NDArray[np.int64], lengths: NDArray[np.int32], plain: bool
    ) -> None:
        self._text = text
        self._starts = starts
        self._lengths = lengths
        self.plain = plain

    def name(self, number: int) -> str:
        """Read the name of one repository."""
        start = self._starts[number]
        return self._text[start : start + self._lengths[number]].decode()

    def prefixes(self, numbers: NDArray[Any]) -> NDArray[np.uint64]:
        """Return sorting keys: names order like their keys wherever those differ.

        With a name that is not ASCII, whose case folds by other rules, all
        keys are equal.
        """
        keys = np.zeros(len(numbers), dtype=np.uint64)
        usable = self.plain and len(self._text) > 0
        for begin in range(0, len(numbers) if usable else 0, _BLOCK_ROWS):
            block = slice(begin, begin + _BLOCK_ROWS)
            keys[block] = self._prefixes(numbers[block])
        return keys

    def _prefixes(self, numbers: NDArray[Any]) -> NDArray[np.uint64]:
        text = np.frombuffer(self._text, dtype=np.uint8)
        offsets = np.arange(PREFIX_BYTES)
        places = self._starts[numbers][:, None] + offsets
        inside = offsets < self._lengths[numbers][:, None]
        letters = np.where(inside, text[np.minimum(places, len(text) - 1)], 0).astype(np.uint8)
        letters |= ((letters >= ord("A")) & (letters <= ord("Z"))).astype(np.uint8) << 5
        return letters.view(">u8").ravel().astype(np.uint64)


class Column:
    """An array that grows by a quarter when it is full.

    What `values` returned is never changed by a later `write`: it is copied
    first, the first time that a value it shows is overwritten.
    """

    __slots__ = ("_array", "_length", "_shown")

    def __init__(self, dtype: DTypeLike) -> None:
        self._array = np.zeros(0, dtype=dtype)
        self._length = 0
        self._shown = 0

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, numbers: NDArray[np.int32]) -> NDArray[Any]:
        values: NDArray[Any] = self._array[numbers]
        return values

    def values(self) -> NDArray[Any]:
        """Show everything as it is now."""
        self._shown = self._length
        return self._array[: self._length]

    def grow(self, length: int) -> None:
        """Lengthen it with zeros."""
        if length > len(self._array):
            self._move(max(length, len(self._array) * 5 // 4))
        self._length = length

    def write(self, numbers: NDArray[Any], values: NDArray[Any]) -> None:
        """Set the values at *numbers*; the last of several for one number stays."""
        if len(numbers) and numbers.min() < self._shown:
            self._move(len(self._array))
        self._array[numbers] = values

    def _move(self, size: int) -> None:
        array = np.zeros(size, dtype=self._array.dtype)
        array[: self._length] = self._array[: self._length]
        self._array = array
        self._shown = 0


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


class Seen(msgspec.Struct, frozen=True, eq=False):
    """Repositories as pages show them: sorted by id, each once.

    The name of each stands in *names* at its place.
    """

    ids: NDArray[np.int64]
    hashes: NDArray[np.int64]
    stars: NDArray[np.int64]
    names: list[str]
    places: NDArray[np.int64]


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
        self._lengths = Column(np.int32)
        self._hashes = Column(np.int64)
        self._stars = Column(np.int32)

    def __len__(self) -> int:
        return len(self._ids)

    def numbers(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """Look up the numbers of *ids*; -1 for those never seen."""
        found = np.full(len(ids), -1, dtype=np.int32)
        self._settled.find(ids, found)
        self._recent.find(ids, found)
        return found

    def update(self, seen: Seen) -> NDArray[np.int32]:
        """Take in what was *seen* of each repository, and return their numbers."""
        numbers = self.numbers(seen.ids)
        new = numbers < 0
        numbers[new] = np.arange(len(self), len(self) + np.count_nonzero(new), dtype=np.int32)
        self._admit(seen.ids[new], numbers[new])
        self._stars.write(numbers, seen.stars)
        # Comparing 64-bit hashes finds a new name without reading the old one.
        renamed = np.flatnonzero(new | (self._hashes[numbers] != seen.hashes))
        self._hashes.write(numbers[renamed], seen.hashes[renamed])
        self._rename(numbers[renamed], [seen.names[place] for place in seen.places[renamed].tolist()])
        return numbers

    def snapshot(self) -> tuple[NDArray[np.int64], Names, NDArray[np.int32]]:
        """Show the ids, names and counts of stars as they are now."""
        names = Names(self._text, self._starts.values(), self._lengths.values(), self._plain)
        return self._ids.values(), names, self._stars.values()

    def _admit(self, ids: NDArray[np.int64], numbers: NDArray[np.int32]) -> None:
        length = len(self) + len(ids)
        for column in (self._ids, self._starts, self._lengths, self._hashes, self._stars):
            column.grow(length)
        self._ids.write(numbers, ids)
        self._recent = self._recent.joined(ids, numbers)
        if len(self._recent.ids) > max(_RECENT_AT_LEAST, len(self._settled.ids) // 8):
            self._settled = self._settled.joined(self._recent.ids, self._recent.numbers)
            self._recent = _nothing()

    def _rename(self, numbers: NDArray[np.int32], names: list[str]) -> None:
        text = "".join(names)
        plain = text.isascii()
        sizes = map(len, names) if plain else (len(name.encode()) for name in names)
        lengths = np.fromiter(sizes, dtype=np.int64, count=len(names))
        ends = len(self._text) + np.cumsum(lengths)
        self._starts.write(numbers, ends - lengths)
        self._lengths.write(numbers, lengths)
        self._plain = self._plain and plain
        self._text += text.encode()
