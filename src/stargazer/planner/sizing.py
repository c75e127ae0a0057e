"""How many pages a call should hold: what GitHub's clock has taught us so far.

GitHub ends a call after ten seconds and charges for it, and refuses calls whose
work exceeds limits that it keeps secret and changes from week to week. So the
size of a call follows from two things that are learnt and outlive a run:

*A clock.* The seconds of a call are estimated as ``call + pages x page + nodes
x node``. The three rates are corrected by every reply. How far replies stray from
the estimate is remembered too, and the *target*, the seconds a call is filled up
to, is the one that costs least in all: short calls waste the fixed seconds of a
call, long ones run into the wall. A server that is steady is given long calls, a moody one short calls.

*A cap* on pages, for limits that are no clock. It starts small, grows while
calls succeed, is halved on trouble, remembers the size that failed, and comes
back to it carefully.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

WALL_SECONDS = 10.0
"""GitHub ends a call after so long and answers 502 or 504.

Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    (read 2026-11-24).
"""

PAGES_AT_MOST = 149
"""The most connection requests that cost one point: 1.49 is rounded to 1. Source: as above."""

PAGES_AT_FIRST = 20
"""How many pages the first calls hold.

Source: measured by others and pasted in public issues (read 2026-11-24): 20
aliased connections of 100 passed where 50 failed.
"""

TARGETS_SECONDS = tuple(0.5 + 0.25 * step for step in range(25))
"""The targets from which the cheapest is chosen: 0.5 to 6.5 seconds."""

RATIOS_REMEMBERED = 60
DOUBT = 10
"""The first guess of how replies stray weighs as much as so many replies."""

DOUBT_SIGMA = 0.35
REPLY_SIGMA = 0.3
"""How much a single reply strays, as the standard deviation of its logarithm."""

COMMON_DOUBT = 1.0
OWN_DOUBT = 1.0
"""How little the first rates are trusted: the variance of the logarithm that they
have in common (how fast the server is), and of each by itself."""

COMMON_DRIFT = 0.004
OWN_DRIFT = 0.002
"""How much of that doubt comes back with each call, since servers change."""

PATIENCE = 8
"""So many successes in a row before a size that failed is tried again."""

NEAR_FAILED = 0.75
"""Until then a call grows to this share of the size that failed."""

BEYOND = 1.2
"""A call that was ended would have taken longer than the wall; we take it for so many times the wall."""

NEARLY = 0.9
"""A call that holds this share of a size counts as one of that size."""

VENTURE = 1.25
LONGEST_PATIENCE = 27 * PATIENCE

QUICK_SECONDS = 0.5
"""A call that takes less is far from the wall: the next may be much larger."""


class Load(msgspec.Struct, frozen=True):
    """The work of a call: connection pages, and the nodes that they should return."""

    pages: float
    nodes: float


class Sizes(msgspec.Struct):
    """What was learnt about the sizes that one GitHub endpoint stands.

    It can be encoded, kept, and given to a later plan.

    Attributes:
        rates: seconds a call, a page and a node.
        doubt: the covariance of their logarithms.
        cap: how many pages a call may hold now.
        failed: the size that failed last, and None when there is none to fear.
        proven: the largest size that lived since the last failure.
        streak: calls at the cap that lived since the last failure.
        patience: how many of them it takes to fear only a larger size.
        ventured: whether that was tried since the last failure.
        ratios: observed over predicted seconds of the last replies.
    """

    rates: tuple[float, float, float] = (0.3, 0.008, 0.001)
    doubt: tuple[tuple[float, ...], ...] = tuple(
        tuple(COMMON_DOUBT + (OWN_DOUBT if i == k else 0.0) for k in range(3)) for i in range(3)
    )
    cap: int = PAGES_AT_FIRST
    failed: int | None = None
    proven: int = 0
    streak: int = 0
    patience: int = PATIENCE
    ventured: bool = False
    ratios: list[float] = msgspec.field(default_factory=list)
    target_seconds: float = 4.0

    def predict(self, load: Load) -> float:
        """The seconds that GitHub should need for a call of so much work."""
        call, page, node = self.rates
        return call + page * load.pages + node * load.nodes

    def work(self, load: Load) -> float:
        """The same without the fixed seconds of a call."""
        return self.predict(load) - self.rates[0]

    def lived(self, load: Load, nodes: int, seconds: float) -> None:
        """Learn from a call that was answered in so many *seconds*, with so many *nodes*."""
        self._stray(seconds / self.predict(load))
        self._learn(Load(load.pages, nodes), seconds)
        size = round(load.pages)
        self.proven = max(self.proven, size)
        if self.failed is not None and size >= self.failed:
            self.failed, self.ventured = None, False
        if size >= NEARLY * self.cap:
            self._grow(size, seconds)

    def too_long(self, load: Load) -> None:
        """Learn from a call that GitHub's clock ended.

        When a call of this size has lived since the last failure, the clock was
        to blame, and the target has to fall. When none has, some secret limit
        may be: then the cap learns from it, and the clock does not.
        """
        size = round(load.pages)
        if self.proven >= size:
            self._stray(BEYOND * WALL_SECONDS / self.predict(load))
            self.cap, self.proven = max(1, size // 2), 0
        else:
            self.too_heavy(size)

    def too_heavy(self, size: int, passed: int = 0) -> None:
        """Learn from a refusal for resources of a call of *size* pages, of which *passed* were answered."""
        self.patience = min(LONGEST_PATIENCE, self.patience * 3) if self.ventured else PATIENCE
        self.failed, self.streak = max(2, size), 0
        lived = self.proven if self.proven < size else 0
        self.cap = max(1, min(size - 1, passed or max(size // 2, lived)))
        self.proven = self.cap if passed else 0

    def _grow(self, size: int, seconds: float) -> None:
        factor = 4 if seconds < QUICK_SECONDS else 2
        cap = min(size * factor, PAGES_AT_MOST)
        if self.failed is not None:
            cap = min(cap, int(NEAR_FAILED * self.failed))
        if cap > self.cap:
            self.cap = cap
        elif self.failed is not None:
            self._venture()

    def _venture(self) -> None:
        """After enough successes just below a size that failed, fear only a larger one."""
        self.streak += 1
        if self.streak >= self.patience:
            self.streak, self.ventured = 0, True
            larger = math.ceil((self.failed or 0) * VENTURE)
            self.failed = larger if NEAR_FAILED * larger < PAGES_AT_MOST else None

    def _learn(self, load: Load, seconds: float) -> None:
        """Correct the rates by one reply: a Kalman step on their logarithms.

        In logarithms a server that is ten times faster than thought is one step
        away, and no rate can become negative.
        """
        amounts = (1.0, load.pages, load.nodes)
        predicted = self.predict(load)
        shares = [rate * amount / predicted for rate, amount in zip(self.rates, amounts, strict=True)]
        leaned = [_dot(row, shares) for row in self.doubt]
        noise = REPLY_SIGMA**2 + _dot(shares, leaned)
        error = math.log(max(seconds, 1e-3) / predicted)
        gains = [lean / noise for lean in leaned]
        rates = [rate * math.exp(gain * error) for rate, gain in zip(self.rates, gains, strict=True)]
        self.rates = (rates[0], rates[1], rates[2])
        self.doubt = tuple(
            tuple(row[k] - gain * leaned[k] + _drift(i, k) for k in range(3))
            for i, (row, gain) in enumerate(zip(self.doubt, gains, strict=True))
        )

    def _stray(self, ratio: float) -> None:
        self.ratios.append(min(ratio, 20.0))
        del self.ratios[:-RATIOS_REMEMBERED]
        self.target_seconds = cheapest_target(self.ratios, self.rates[0])


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(one * other for one, other in zip(left, right, strict=True))


def _drift(i: int, k: int) -> float:
    return COMMON_DRIFT + (OWN_DRIFT if i == k else 0.0)


def cheapest_target(ratios: Sequence[float], call_seconds: float) -> float:
    """The target seconds that cost least for each second of work, given how replies stray.

    A call of target T does ``T - call_seconds`` of work. It takes T, or, when
    its ratio carries it over the wall, the ten seconds of the wall, for
    nothing. The share that goes over is the larger of what was seen and what a
    log-normal spread of the same width would give, so that a few calm replies
    do not make us bold and a second hump is not smoothed away.

    Example:
        >>> cheapest_target([1.0] * 60, 0.25) > cheapest_target([1.0, 1.0, 3.0] * 20, 0.25)
        True
    """
    logs = [math.log(max(ratio, 0.01)) for ratio in ratios]
    mean = sum(logs) / (len(logs) + DOUBT)
    sigma = math.sqrt((DOUBT * DOUBT_SIGMA**2 + sum((x - mean) ** 2 for x in logs)) / (len(logs) + DOUBT))
    return min(TARGETS_SECONDS, key=lambda target: _price(target, ratios, call_seconds, mean, sigma))


def _price(target: float, ratios: Sequence[float], call_seconds: float, mean: float, sigma: float) -> float:
    limit = WALL_SECONDS / target
    tail = 0.5 * math.erfc((math.log(limit) - mean) / (sigma * math.sqrt(2)))
    seen = sum(ratio >= limit for ratio in ratios) / max(1, len(ratios))
    lost = min(0.95, max(tail, seen))
    useful = max(target - call_seconds, 1e-3)
    return ((1 - lost) * target + lost * (WALL_SECONDS + call_seconds)) / ((1 - lost) * useful)
