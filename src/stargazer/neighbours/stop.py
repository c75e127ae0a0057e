"""When an estimate is good enough to stop reading."""

from __future__ import annotations

import re

import msgspec
import numpy as np

from stargazer.errors import InvalidRequest
from stargazer.neighbours.answer import Counts
from stargazer.neighbours.estimate import CONFIDENCE, estimate
from stargazer.planner.sample import Sample, looks_until

WIDTH_TOP = 20
"""The width that is asked for is that of so many of the first neighbours."""

TIE = 0.25
"""Neighbours of which one shares at most so much more than the other are a tie at the last rank."""

RIVALS = 3
"""So many times the rank are the neighbours that have to be told apart from the last one.

No more than the rank itself have more than it; of those with less, the ones with half as
much are about twice as many, but by far less likely to be taken for it.
"""

_WRITTEN = re.compile(r"(width|top)=(\d+(?:\.\d+)?)")


class Until(msgspec.Struct, frozen=True):
    """A rule that says when to stop.

    Attributes:
        width: when half the interval of each of the first 20 is at most this part of its count.
        top: when the first so many are the first so many, but for ties at the last rank.
    """

    width: float | None = None
    top: int | None = None

    @classmethod
    def read(cls, text: str) -> Until:
        """Read a rule as people write it.

        Raises:
            InvalidRequest: it is no rule.

        Example:
            >>> Until.read("width=0.1"), Until.read("top=20")
            (Until(width=0.1, top=None), Until(width=None, top=20))
        """
        written = _WRITTEN.fullmatch(text.strip())
        number = float(written[2]) if written else 0.0
        if written and written[1] == "width" and 0 < number < 1:
            return cls(width=number)
        if written and written[1] == "top" and number >= 1 and number == int(number):
            return cls(top=int(number))
        raise InvalidRequest("until", "width=0.1 (a part of the count) or top=20 (a rank)", got=text)

    def is_met(self, counts: Counts, sample: Sample) -> bool:
        """Whether an estimate is good enough."""
        if self.width is not None:
            return _is_narrow(counts, self.width)
        return self.top is not None and _is_settled(counts, sample, self.top)


def _is_narrow(counts: Counts, width: float) -> bool:
    """Whether the intervals of the first neighbours are narrow."""
    ends = counts.estimated
    if ends is None:
        return True
    first = np.argsort(-ends.shared, kind="stable")[:WIDTH_TOP]
    return bool(np.all(ends.high[first] - ends.low[first] <= 2 * width * np.maximum(ends.shared[first], 1)))


def _is_settled(counts: Counts, sample: Sample, rank: int) -> bool:
    """Whether nobody behind the last rank may share clearly more than anybody before it.

    The bounds hold together at all looks: the chance to be wrong is shared out evenly among all looks
    there may be, and among all neighbours that have to be told apart.
    """
    if counts.estimated is None:
        return True
    counted = np.sort(counts.estimated.counted)[::-1][: rank + 1]
    if len(counted) <= rank:
        return False
    last, next_one = counted[rank - 1], counted[rank]
    looks = looks_until(sample.listed)
    chance = (1 - CONFIDENCE) / max(1, looks) / (RIVALS * rank)
    both = np.array([last, next_one], dtype=np.int32)
    ends = estimate(sample, both, both, confidence=1 - 2 * chance)
    return bool(ends.high[1] <= (1 + TIE) * ends.low[0])
