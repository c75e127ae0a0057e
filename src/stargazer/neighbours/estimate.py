"""Estimate from a random sample how many stargazers a neighbour shares, and how sure that is.

Of N listed stargazers the first n in hash order were drawn; k of them starred B,
and the lists of m were not read to their end. The sample is drawn without replacement, so k follows the
hypergeometric distribution, and an interval for K, the count of all N, holds every
K under which a k as far out as ours is not too improbable.

Both ends are exact inversions of that distribution, and each answers for faults of
the textbook interval:

*Both ends* count half of the probability of k itself (the mid-p value): whole
counts come in steps, and the plain inversion would be far wider than it says.

*The lower end* is that of k - 1. Who looks at the top of a list sees the lucky
ones: those whose k came out high. Where counts follow Zipf's law, how many
repositories have a given count falls with its square, and then the lucky ones
stand just one too high. And it has the smaller part of the allowed error, since the
lucky ones are hardly ever beyond the upper end.

*Missing lists* may hold B or not, and nobody knows: the lower end takes it that none
does, the upper end that all do. The truth cannot be beyond both ends at once. So the
farther these two stand apart, the more each end may miss, until the upper one may
take all of the allowed error for itself.
Source: Imbens and Manski, Confidence intervals for partially identified parameters,
Econometrica 72 (2004) 1845-1857.

`docs/reference/estimates.md` shows how often they hold.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.planner.sample import Sample

CONFIDENCE = 0.95
"""How often an interval holds the truth, unless told otherwise."""

TYPICAL_SHARE = 0.1
"""Samples are compared by how well they know a neighbour that so many of the stargazers share."""

MID = 0.5
"""The share of the probability of k itself that an end counts."""

LOWER_SHARE = 0.25
"""The part of the allowed error that the lower end has: it is where rows at the top of a list fall out."""

FARTHEST = 3.0
"""When both ends stand so many standard deviations apart, whoever is beyond one is never beyond the other."""

_WIDTHS = 5.0
"""The tail is summed so many standard deviations from its end: what is left out is under a millionth."""

_BLOCK = 1 << 18
"""So many terms are summed at once."""


def users_for(width: float, everybody: int, *, share: float = TYPICAL_SHARE) -> int:
    """How many users it takes to know a count to a part of itself, by the normal distribution.

    Args:
        width: half of the interval, as a part of the count.
        everybody: how many stargazers there are.
        share: which part of them share the neighbour.

    Example:
        >>> users_for(0.4, 60_000), users_for(0.2, 60_000), users_for(0.2, 1_000)
        (216, 853, 464)
    """
    endless = (1 - share) / share * (normal_quantile((1 + CONFIDENCE) / 2) / width) ** 2
    return math.ceil(endless / (1 + (endless - 1) / max(everybody, 1)))


def best_sample(is_missing: NDArray[np.bool_]) -> Sample:
    """The first so many of some users by whom a neighbour is known best that a tenth of them share.

    With each user more the chance is less, but whoever is missing may share anything.

    Args:
        is_missing: of each user, in a random order, whether the list is not known; one or more.

    Example:
        >>> best_sample(np.array([False] * 400 + [True] * 600)).drawn
        400
    """
    everybody = len(is_missing)
    drawn, missing = np.arange(1, everybody + 1), np.cumsum(is_missing)
    chance = TYPICAL_SHARE * (1 - TYPICAL_SHARE) * (1 - drawn / everybody) / drawn
    widths = 2 * normal_quantile((1 + CONFIDENCE) / 2) * np.sqrt(chance) + missing / drawn
    best = int(np.argmin(widths))
    return Sample(everybody, best + 1, int(missing[best]))


class Intervals(msgspec.Struct, frozen=True, eq=False):
    """Estimates of how many stargazers share each repository, and the ends of their intervals.

    `counted` is how many of the sample were counted.
    """

    counted: NDArray[np.int32]
    shared: NDArray[np.int32]
    low: NDArray[np.int32]
    high: NDArray[np.int32]

    def at(self, places: NDArray[Any]) -> Intervals:
        """Those of some repositories, in their order."""
        return Intervals(*(column[places] for column in msgspec.structs.astuple(self)))


def estimate(
    sample: Sample,
    counted: NDArray[np.int32],
    seen: NDArray[np.int32],
    *,
    unfinished: NDArray[np.int32] | None = None,
    standing_in: NDArray[np.float64] | None = None,
    confidence: float = CONFIDENCE,
) -> Intervals:
    """Scale counts of a sample up to all stargazers.

    A row is never below the names that were seen, nor above what is possible. With all
    drawn and none missing it is exact.

    Args:
        sample: of how many, and how many of them.
        counted: of each repository, how many in the sample starred it.
        seen: of each repository, how many are known to have starred it, in the sample or behind it.
        unfinished: of each repository, how many of those counted are among the missing: they star
            it for certain, and are not to be taken for missing a second time.
        standing_in: of each repository, what the stand-ins of the sample add to what was counted.
        confidence: how often an interval is to hold the truth, over 0 and under 1.

    Example:
        >>> of_five = estimate(Sample(1000, 100), np.array([5], np.int32), np.array([5], np.int32))
        >>> [int(end[0]) for end in (of_five.low, of_five.shared, of_five.high)]
        [12, 50, 98]
    """
    n, everybody = sample.drawn, sample.listed
    certain = counted if unfinished is None else counted - unfinished
    most = np.minimum(certain.astype(np.int64) + sample.missing, n)
    pairs, places = np.unique(counted * np.int64(n + 1) + most, return_inverse=True)
    least, most = pairs // (n + 1), pairs % (n + 1)
    lower_tail, upper_tail = tails(sample, least, most, confidence)
    high = _highest(everybody, n, most, upper_tail)[places] + sample.unknown
    low = everybody - _highest(everybody, n, n - np.maximum(least - 1, 0), lower_tail)[places]
    stars = counted if standing_in is None else counted + standing_in
    lower = np.maximum(low, seen)
    upper = np.maximum(high, lower)
    middle = np.clip(np.rint(stars * float(everybody) / max(n, 1)), lower, upper)
    return Intervals(counted, *(column.astype(np.int32) for column in (middle, lower, upper)))


def tails(
    sample: Sample, least: NDArray[np.int64], most: NDArray[np.int64], confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tell how probable it may be that the truth is below the lower end, and above the upper one.

    Args:
        sample: of how many, and how many of them.
        least: of each repository, how many in the sample starred it for certain.
        most: and how many may have.
        confidence: how often an interval is to hold the truth.

    Example:
        >>> lower, upper = tails(Sample(1000, 100), np.array([10, 10, 10]), np.array([10, 12, 40]))
        >>> lower.round(3).tolist(), upper.round(3).tolist()
        ([0.013, 0.016, 0.017], [0.038, 0.047, 0.05])
    """
    n, everybody = max(1, sample.drawn), sample.listed
    # Of all that may be true, that which varies most: the ends are then taken to stand nearer than they do.
    share = np.clip(0.5, least / n, most / n)
    variance = n * share * (1 - share) * (everybody - n) / max(everybody - 1, 1)
    apart = (most - least) / np.sqrt(np.maximum(variance, 1e-12))
    upper = np.interp(apart, *_allowed(1 - confidence))
    return upper * (LOWER_SHARE / (1 - LOWER_SHARE)), upper


@lru_cache(maxsize=8)
def _allowed(error: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the upper end may take of the *error*, by how many standard deviations both stand apart.

    Wherever the truth is, it is missed at the end nearest to it or, more rarely, at the other; both together
    may be the error.
    """
    ratio = LOWER_SHARE / (1 - LOWER_SHARE)
    distances = np.linspace(0.0, FARTHEST, 61)
    taken = []
    for apart in distances.tolist():
        least, most = error * (1 - LOWER_SHARE), error
        for _ in range(40):
            upper = (least + most) / 2
            lower = ratio * upper
            above = upper + normal_tail(normal_quantile(1 - lower) + apart)
            below = lower + normal_tail(normal_quantile(1 - upper) + apart)
            least, most = (upper, most) if max(above, below) <= error else (least, upper)
        taken.append(least)
    return distances, np.array(taken)


def _highest(
    everybody: int, n: int, counted: NDArray[np.int64], tail: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Find the largest K, of each count, under which so few or fewer are not as improbable as its *tail*.

    The tail falls as K grows, so that K is found by halving what lies between a K that
    passes and one that does not.
    """
    passes, fails = counted.copy(), everybody - n + counted + 1
    if n == everybody or n == 0:
        return fails - 1
    law = _Tail(everybody, n, counted)
    guess, step = _guess(everybody, n, counted, tail)
    while np.any(fails - passes > 1):
        tried = np.minimum(np.maximum(guess, passes + 1), fails - 1)
        passed = law(tried) > tail * (1 + 1e-9)
        settled = fails - passes <= 1
        passes = np.where(passed & ~settled, tried, passes)
        fails = np.where(~passed & ~settled, tried, fails)
        # From a good guess it is a few steps to the other side; then the gap is halved.
        near = np.where(passed, passes + step, fails - step)
        halves = (passes + fails) // 2
        inside = (near > passes) & (near < fails)
        guess = np.where(inside, near, halves)
        step *= 2
    return passes


def _guess(
    everybody: int, n: int, counted: NDArray[np.int64], tail: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Guess the end by the normal distribution, and how far it may be off."""
    # Only a guess: for a few distinct tails it is not worth more.
    z = normal_quantile(1 - float(tail.mean())) if len(tail) else 0.0
    z2 = z * z * (everybody - n) / max(everybody - 1, 1)
    share = np.minimum(counted + 0.5, n) / n
    spread = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
    end = (share + z2 / (2 * n) + spread) / (1 + z2 / n)
    step = np.maximum(1, (0.01 * spread * everybody).astype(np.int64))
    return np.floor(end * everybody).astype(np.int64), step


class _Tail:
    """P(X < k) + (1 - MID) P(X = k) for X drawn from K of everybody; one k and one K a row."""

    def __init__(self, everybody: int, n: int, counted: NDArray[np.int64]) -> None:
        self._everybody = everybody
        self._n = n
        self._counted = counted
        logs = np.log(np.arange(1, everybody + 1, dtype=np.float64))
        self._log_factorial = np.concatenate([[0.0], np.cumsum(logs)])

    def __call__(self, starred: NDArray[np.int64]) -> NDArray[np.float64]:
        """Sum the tail of each row."""
        n, everybody, k = self._n, self._everybody, self._counted
        share = np.minimum(np.maximum(starred, 1), everybody - 1) / everybody
        deviation = np.sqrt(n * share * (1 - share) * (everybody - n) / max(everybody - 1, 1))
        terms = np.minimum(k, np.ceil(_WIDTHS * deviation).astype(np.int64) + 8)
        sums = np.zeros(len(k))
        for rows in _blocks(terms):
            sums[rows] = self._sums(k[rows], starred[rows], int(terms[rows].max(initial=0)))
        return self._probability(k, starred) * (1.0 - MID + sums)

    def _sums(self, k: NDArray[np.int64], starred: NDArray[np.int64], terms: int) -> NDArray[np.float64]:
        """P(X < k) over P(X = k): each term follows from the one above it."""
        n, others = self._n, self._everybody - starred
        i = (k[:, None] - np.arange(terms)).astype(np.float64)
        up = i * ((others - n)[:, None] + i)
        down = ((starred + 1)[:, None] - i) * (n + 1 - i)
        ratios = np.where((i > 0) & (up > 0), up, 0.0) / down
        sums: NDArray[np.float64] = np.cumprod(ratios, axis=1).sum(axis=1)
        return sums

    def _probability(self, k: NDArray[np.int64], starred: NDArray[np.int64]) -> NDArray[np.float64]:
        n, everybody = self._n, self._everybody
        ways = self._choose(starred, k) + self._choose(everybody - starred, n - k)
        probability: NDArray[np.float64] = np.exp(ways - self._choose(np.array(everybody), np.array(n)))
        return probability

    def _choose(self, whole: NDArray[np.int64], part: NDArray[np.int64]) -> NDArray[np.float64]:
        logs = self._log_factorial
        chosen: NDArray[np.float64] = logs[whole] - logs[part] - logs[whole - part]
        return chosen


def _blocks(terms: NDArray[np.int64]) -> list[slice]:
    """Part rows so that each part has not too many terms."""
    blocks, begin = [], 0
    most = int(np.max(terms)) + 1 if len(terms) else 1
    rows = max(1, _BLOCK // most)
    while begin < len(terms):
        blocks.append(slice(begin, begin + rows))
        begin += rows
    return blocks


def normal_quantile(share: float) -> float:
    """The point below which this *share* of a normal distribution lies, over one half.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.23; the error is under 0.0005.
    """
    t = float(np.sqrt(-2 * np.log(1 - share)))
    return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (
        1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t**3
    )


def normal_tail(deviations: float) -> float:
    """The share of a normal distribution that lies so many standard deviations above its middle, or farther.

    Example:
        >>> round(normal_tail(1.96), 3)
        0.025
    """
    return math.erfc(deviations / math.sqrt(2)) / 2
