"""How far the stargazers of repositories are the same people.

Of a list that broke off, or came from elsewhere, some people are *missing*: nobody
knows who they are, but only how many there may be. Whatever is counted without
them is at least so; what it is at most follows from putting them where they would
count most.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours import rank

Int32s = NDArray[np.int32]


class People(msgspec.Struct, frozen=True, eq=False):
    """Who starred a repository: their numbers, ascending, and how many more there may be."""

    numbers: Int32s
    missing: int = 0


class Count(msgspec.Struct, frozen=True):
    """How many people there are: at least, and at most."""

    low: int
    high: int

    @property
    def is_sure(self) -> bool:
        """Whether it is as many for certain."""
        return self.low == self.high


class Overlap(msgspec.Struct, frozen=True):
    """What two repositories have in common.

    Attributes:
        shared: how many starred both.
        union: how many starred either, as far as is known.
        jaccard: the one by the other, as far as is known.
        jaccard_low: what that is at least.
        jaccard_high: what it is at most.
    """

    shared: Count
    union: int
    jaccard: float
    jaccard_low: float
    jaccard_high: float


def overlap(one: People, other: People) -> Overlap:
    """Count who starred two repositories.

    Example:
        >>> ada = People(np.array([1, 2, 3], np.int32))
        >>> bob = People(np.array([2, 3, 4, 5], np.int32), missing=1)
        >>> overlap(ada, bob).shared, overlap(ada, bob).jaccard
        (Count(low=2, high=3), 0.4)
    """
    shared = len(np.intersect1d(one.numbers, other.numbers, assume_unique=True))
    a, b = len(one.numbers), len(other.numbers)
    # Those missing on one side may be known on the other; the rest may be missing on both.
    met = min(one.missing, b - shared) + min(other.missing, a - shared)
    unmet = min(one.missing - min(one.missing, b - shared), other.missing - min(other.missing, a - shared))
    high, union = shared + met + unmet, a + b - shared
    return Overlap(
        shared=Count(shared, high),
        union=union,
        jaccard=rank.jaccard(float(shared), float(b), a),
        jaccard_low=shared / max(1, union + one.missing + other.missing),
        jaccard_high=high / max(1, union + unmet),
    )


def everybody(sides: Sequence[People]) -> Int32s:
    """Those who starred any of some repositories, ascending."""
    return np.unique(np.concatenate([side.numbers for side in sides]))


def common(sides: Sequence[People]) -> Int32s:
    """Those who starred each of some repositories, ascending."""

    def both(one: Int32s, other: Int32s) -> Int32s:
        return np.intersect1d(one, other, assume_unique=True)

    return reduce(both, [side.numbers for side in sides])


def count_everybody(sides: Sequence[People]) -> Count:
    """How many starred any of some repositories."""
    known = len(everybody(sides))
    return Count(known, known + sum(side.missing for side in sides))


def count_common(sides: Sequence[People]) -> Count:
    """How many starred each of some repositories.

    Whoever is not counted is missing at least once; and nobody can be common who is not among each.
    """
    known = len(common(sides))
    most = min(len(side.numbers) + side.missing for side in sides)
    return Count(known, min(most, known + sum(side.missing for side in sides)))
