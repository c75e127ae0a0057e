"""Lists as the bytes that the database keeps: arrays of little-endian int32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
"""How lists are written now; a reader that meets another number must not guess."""

LITTLE = np.dtype("<i4")
_BIG_PAIR = np.dtype([("key", ">i8"), ("value", ">i4")])

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

NOTHING: Int32s = np.zeros(0, dtype=np.int32)


def pack(array: NDArray[Any]) -> bytes:
    """Write an array."""
    return array.astype(LITTLE, copy=False).tobytes()


def unpack(packed: bytes) -> Int32s:
    """Read an array; it cannot be written to."""
    return np.frombuffer(packed, dtype=LITTLE)


def unpack_pairs(sent: bytes | None) -> tuple[Int64s, Int32s]:
    """Read pairs that PostgreSQL sent with `int8send` and `int4send`."""
    pairs = np.frombuffer(sent or b"", dtype=_BIG_PAIR)
    return pairs["key"].astype(np.int64), pairs["value"].astype(np.int32)


def seconds(moments: Iterable[datetime]) -> Int32s:
    """The moments in whole seconds since 1970 (UTC)."""
    return np.fromiter((moment.timestamp() for moment in moments), dtype=np.float64).astype(np.int32)


def moments(starred_at: Int32s) -> Iterator[datetime]:
    """The moments that *starred_at* holds in seconds since 1970."""
    return (datetime.fromtimestamp(second, UTC) for second in starred_at.tolist())


def newest_first(numbers: Int32s, starred_at: Int32s) -> NDArray[np.intp]:
    """The places of a list's stars, the newest first: one order, whoever asks."""
    return np.argsort((starred_at.astype(np.int64) << 32) | numbers)[::-1]


def lengths_of(packed: Sequence[bytes]) -> Int64s:
    """How many numbers each of several lists holds."""
    return np.fromiter(map(len, packed), dtype=np.int64, count=len(packed)) // LITTLE.itemsize


def offsets_of(packed: Sequence[bytes]) -> Int64s:
    """Where each list begins when they stand one after the other, and where the last one ends."""
    offsets = np.zeros(len(packed) + 1, dtype=np.int64)
    np.cumsum(lengths_of(packed), out=offsets[1:])
    return offsets


def holding(number: int | None, packed: Sequence[bytes]) -> list[bool]:
    """For each of several lists, whether *number* is on it."""
    found = np.zeros(len(packed), dtype=np.bool_)
    if number is not None:
        hits = np.flatnonzero(unpack(b"".join(packed)) == number)
        found[np.searchsorted(offsets_of(packed), hits, side="right") - 1] = True
    return found.tolist()


class DatabaseIds:
    """The `databaseId` of some repositories, by number: *numbers* are sorted, each once."""

    def __init__(self, numbers: Int32s, ids: Int64s) -> None:
        self._numbers = numbers
        self._ids = ids

    def of(self, numbers: Int32s) -> Int64s:
        """The ids of *numbers*, which must all be among those it was made of."""
        return self._ids[np.searchsorted(self._numbers, numbers)]


class Stars(Sequence[tuple[int, int]]):
    """The stars of a list, newest first: `databaseId` and second, made when they are looked at."""

    __slots__ = ("_ids", "_numbers", "_seconds")

    def __init__(self, numbers: Int32s, starred_at: Int32s, ids: DatabaseIds) -> None:
        order = newest_first(numbers, starred_at)
        self._numbers = numbers[order]
        self._seconds = starred_at[order]
        self._ids = ids

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[int, int]]: ...
    def __getitem__(self, place: int | slice) -> tuple[int, int] | Sequence[tuple[int, int]]:
        """Show one star, or several."""
        if isinstance(place, slice):
            return list(self._shown(place))
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        return next(self._shown(slice(place, place + 1)))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return self._shown(slice(None))

    def _shown(self, places: slice) -> Iterator[tuple[int, int]]:
        return zip(self._ids.of(self._numbers[places]).tolist(), self._seconds[places].tolist(), strict=True)
