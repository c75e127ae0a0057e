"""What a plan tells its driver to do next, and how far it is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from stargazer.errors import StargazerError
from stargazer.planner.budget import Spent, Windows
from stargazer.planner.coverage import Coverage
from stargazer.planner.forecast import Estimate
from stargazer.planner.page import Call, Facts


class Reason(StrEnum):
    """Why a plan waits."""

    IN_FLIGHT = "a call is in flight"
    POINTS = "the points of this hour are used up"
    CALL_TIME = "the call time of this minute is used up"
    REFUSAL = "GitHub told us to wait"
    SETBACK = "GitHub did not answer well"


def why_wait(windows: Windows, now: datetime, *, floor: int) -> Reason:
    """Say which of the windows makes the next call wait, with *floor* points left for others."""
    blocked = windows.blocked_until
    if blocked is not None and blocked > now:
        return Reason.REFUSAL
    available = windows.available(now)
    short = available is not None and available - floor < 1
    return Reason.POINTS if short else Reason.CALL_TIME


class Send(msgspec.Struct, frozen=True):
    """Send these calls now, and give each reply to `Plan.receive`."""

    calls: tuple[Call, ...]


class Wait(msgspec.Struct, frozen=True):
    """Ask again at `until`, or as soon as a reply has arrived."""

    until: datetime
    reason: Reason


class Finish(msgspec.Struct, frozen=True):
    """Nothing more will be asked. `error` is what ended it early, and None if nothing did."""

    coverage: Coverage
    error: StargazerError | None = None


Step = Send | Wait | Finish


class Progress(msgspec.Struct, frozen=True):
    """How far a run is. Seconds are GitHub's, `eta_seconds` those on the wall clock that are left.

    `stargazers_total` and `eta_seconds` are None until the first reply, the latter also while a rule
    decides when a sample is large enough.
    """

    repository: str
    stargazers_listed: int
    stargazers_total: int | None
    users_read: int
    calls: int
    points: int
    github_seconds: float
    eta_seconds: float | None
    waiting_until: datetime | None = None
    waiting_for: str | None = None

    @classmethod
    def of(
        cls, repository: str, facts: Facts | None, coverage: Coverage, spent: Spent, left: Estimate | None
    ) -> Progress:
        """Put together what a plan knows."""
        return cls(
            repository=repository,
            stargazers_listed=coverage.stargazers_listed,
            stargazers_total=facts.stargazer_count if facts else None,
            users_read=coverage.stargazers_listed - coverage.users_unread,
            calls=spent.calls,
            points=spent.points,
            github_seconds=spent.github_seconds,
            eta_seconds=left.seconds if left else None,
        )
