"""What one GitHub user may still spend: points an hour, call time, calls a minute."""

from __future__ import annotations

import math
from collections import deque

import msgspec

from stargazer.sandbox.behaviour import Behaviour

_MINUTE_SECONDS = 60.0

_CLOCK_STEP_SECONDS = 0.001
"""Two moments nearer than this are one: callers write them with six decimals."""

_UNTIMED_WAIT_SECONDS = 60.0
"""How long to wait after a refusal that does not say.

Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    (read 2026-11-24).
"""


class Reading(msgspec.Struct, frozen=True):
    """The rate limit as an answer tells it. `reset_seconds` counts from 1970."""

    limit: int
    remaining: int
    used: int
    reset_seconds: int


class Account:
    """The budget that all tokens of one user share, and what its caller was told of it.

    Args:
        tolerance_seconds: by so much a caller's clock may be ahead of ours.
    """

    def __init__(
        self, login: str, number: int, behaviour: Behaviour, *, limit: int, tolerance_seconds: float
    ) -> None:
        self.login = login
        self.number = number
        self._behaviour = behaviour
        self._limit = limit
        self._tolerance = tolerance_seconds
        self._used = behaviour.points_used
        self._reset_seconds: int | None = None
        self._told: Reading | None = None
        self._wait_until = 0.0
        self._blocked_until = 0.0
        self._spans: deque[tuple[float, float]] = deque()

    # Points.

    def read(self, at: float) -> Reading:
        """Return the rate limit at a moment, opening a new window if the last one is over."""
        if self._reset_seconds is None or at >= self._reset_seconds:
            if self._reset_seconds is not None:
                self._used = 0
            self._reset_seconds = math.ceil(at + self._behaviour.window_seconds)
        return Reading(self._limit, max(0, self._limit - self._used), self._used, self._reset_seconds)

    def charge(self, points: int) -> None:
        """Take points."""
        self._used += points

    def tell(self, reading: Reading) -> None:
        """Remember what the caller was told last."""
        self._told = reading

    def knew_better(self, points: int, at: float) -> str | None:
        """Say why the caller could have known that the call cannot be paid; None if it could not."""
        told = self._told
        if told is None or at >= told.reset_seconds - self._tolerance or points <= told.remaining:
            return None
        return f"costs {points} of the {told.remaining} points that its last reading left"

    # Waiting.

    def order_wait(self, at: float, seconds: float | None) -> None:
        """Remember that the caller must wait, by what the answer says or else a minute."""
        self._wait_until = at + (_UNTIMED_WAIT_SECONDS if seconds is None else seconds)

    def block(self, at: float, seconds: float | None) -> None:
        """Refuse everything for a while: the secondary limit."""
        self.order_wait(at, seconds)
        self._blocked_until = self._wait_until

    def is_blocked(self, at: float) -> bool:
        """Tell whether the secondary limit still refuses everything."""
        return at < self._blocked_until - self._tolerance

    def waits_too_short(self, at: float) -> str | None:
        """Say how much too early a call comes; None if it does not."""
        early = self._wait_until - at
        return f"sent {early:.3f} s before the wait was over" if early > self._tolerance else None

    # Call time.

    def count_in_flight(self, at: float) -> int:
        """Return how many calls are in flight at a moment, with the one that arrives."""
        return 1 + sum(start <= at and end > at + _CLOCK_STEP_SECONDS for start, end in self._spans)

    def exceeds_secondary(self, at: float) -> bool:
        """Tell whether one more call is over a secondary limit."""
        since = at - _MINUTE_SECONDS
        while self._spans and self._spans[0][1] < since:
            self._spans.popleft()
        secondary = self._behaviour.secondary
        busy = sum(
            min(end, at) - max(start, since) for start, end in self._spans if end > since and start < at
        )
        calls = sum(start > since for start, _ in self._spans)
        return (
            busy > secondary.seconds_per_minute + _CLOCK_STEP_SECONDS
            or calls >= secondary.calls_per_minute
            or self.count_in_flight(at) > secondary.concurrent
        )

    def work(self, at: float, seconds: float) -> None:
        """Remember how long a call takes."""
        self._spans.append((at, at + seconds))
