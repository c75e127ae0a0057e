"""When an estimate is good enough to stop reading."""

from __future__ import annotations

import math
import re

import msgspec
import numpy as np

from stargazer.errors import InvalidRequest
from stargazer.neighbours.estimate import CONFIDENCE, Intervals, normal_quantile
from stargazer.planner.sample import Sample, looks_until, next_look

WIDTH_TOP = 20
"""The width that is asked for is that of so many of the first neighbours."""

TIE = 0.5
"""Neighbours of which one shares at most so much more than the other are a tie at the last rank, unless told
otherwise: in a quarter of 5,000 lists closer ones cannot be told apart for sure."""

RIVALS = 3
"""So many times the rank are the neighbours that have to be told apart from the last one.

No more than the rank itself have more than it; of those with less, the ones with half as
much are about twice as many, but by far less likely to be taken for it.
"""

_WRITTEN = re.compile(r"(width|top)=(\d+(?:\.\d+)?)(?:,tie=(\d+(?:\.\d+)?))?")


class Until(msgspec.Struct, frozen=True):
    """A rule that says when to stop.

    Attributes:
        width: when half the interval of each of the first 20 is at most this part of its count.
        top: when the first so many are the first so many, but for ties at the last rank.
        tie: how much more, as a part, a neighbour may share that is left out of the top.
    """

    width: float | None = None
    top: int | None = None
    tie: float = TIE

    @classmethod
    def read(cls, text: str) -> Until:
        """Read a rule as people write it.

        Raises:
            InvalidRequest: it is no rule.

        Example:
            >>> Until.read("width=0.1"), Until.read("top=20,tie=0.25")
            (Until(width=0.1, top=None, tie=0.5), Until(width=None, top=20, tie=0.25))
        """
        written = _WRITTEN.fullmatch(text.strip())
        number = float(written[2]) if written else 0.0
        tie = float(written[3]) if written and written[3] else None
        if written and written[1] == "width" and 0 < number < 1 and tie is None:
            return cls(width=number)
        if written and written[1] == "top" and number >= 1 and number == int(number):
            return cls(top=int(number), tie=TIE if tie is None else tie)
        raise InvalidRequest(
            "until", "width=0.1 (a part of the count) or top=20 (a rank), as in top=20,tie=0.25", got=text
        )

    def is_met(self, ends: Intervals | None, sample: Sample) -> bool:
        """Whether an estimate is good enough by the *ends* of its intervals; None: it is exact."""
        if ends is None:
            return True
        if self.width is not None:
            return _is_narrow(ends, self.width)
        return self.top is not None and _is_settled(ends, sample, self.top, self.tie)

    def __str__(self) -> str:
        """Write it as people do.

        Example:
            >>> str(Until(width=0.1)), str(Until(top=20)), str(Until(top=20, tie=0.25))
            ('width=0.1', 'top=20', 'top=20,tie=0.25')
        """
        if self.width is not None:
            return f"width={self.width}"
        return f"top={self.top}" if self.tie == TIE else f"top={self.top},tie={self.tie}"


class Watch:
    """Looks on while a sample grows, ever more seldom, until a rule is met.

    Args:
        until: the rule.
    """

    def __init__(self, until: Until) -> None:
        self.until = until
        self._next_look = next_look(0)

    def is_due(self, sample: Sample | None) -> bool:
        """Whether it is time to look at a sample; asked once for each."""
        if sample is None or sample.drawn < self._next_look:
            return False
        self._next_look = next_look(sample.drawn)
        return True


def _is_narrow(ends: Intervals, width: float) -> bool:
    """Whether the intervals of the first neighbours are narrow."""
    first = np.argsort(-ends.shared, kind="stable")[:WIDTH_TOP]
    return bool(np.all(ends.high[first] - ends.low[first] <= 2 * width * np.maximum(ends.shared[first], 1)))


def _is_settled(ends: Intervals, sample: Sample, rank: int, tie: float) -> bool:
    """Whether nobody behind the last rank may share clearly more than anybody before it.

    What the last one counts for, with the tie, has to stand so far above the next one that chance does
    not explain it: the two are drawn together, and their difference varies no more than by the sum of both.
    The bound holds at all looks together: the chance to be wrong is shared out evenly among all looks
    there may be, and among all neighbours that have to be told apart.
    """
    counted = np.sort(ends.counted)[::-1][: rank + 1]
    if len(counted) <= rank:
        return False
    last, rival = float(counted[rank - 1]), float(counted[rank] + sample.missing + sample.unknown)
    chance = (1 - CONFIDENCE) / max(1, looks_until(sample.listed)) / (RIVALS * rank)
    left = (sample.listed - sample.drawn) / max(1, sample.listed - 1)
    deviation = math.sqrt(left * ((1 + tie) ** 2 * last + rival))
    return (1 + tie) * last - rival >= normal_quantile(1 - chance) * deviation
