"""What a plan tells its driver to do next, and how far it is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from stargazer.errors import StargazerError
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Call


class Reason(StrEnum):
    """Why a plan waits."""

    IN_FLIGHT = "a call is in flight"
    POINTS = "the points of this hour are used up"
    CALL_TIME = "the call time of this minute is used up"
    REFUSAL = "GitHub told us to wait"
    SETBACK = "GitHub did not answer well"


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

    `stargazers_total` and `eta_seconds` are None until the first reply.
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
