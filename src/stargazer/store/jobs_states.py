"""The life of a job: its states, the changes between them, and what a failure means for later.

```mermaid
stateDiagram-v2
    [*] --> queued: asked for
    queued --> running: taken by a worker
    running --> waiting: GitHub or other runs make it wait
    waiting --> running
    running --> queued: handed back, or its worker is gone
    waiting --> queued: handed back, or its worker is gone
    running --> done
    waiting --> done
    running --> failed
    waiting --> failed
    queued --> cancelled: nobody is left who asked
    running --> cancelled: nobody is left who asked
    waiting --> cancelled: nobody is left who asked
    done --> [*]
    failed --> [*]
    cancelled --> [*]
```
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from stargazer.errors import StargazerError
from stargazer.planner.budget import Budget
from stargazer.planner.step import Progress

ATTEMPTS_AT_MOST = 3
"""A job that killed so many workers without coming further has failed."""


class State(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_ENDS = frozenset({State.DONE, State.FAILED, State.CANCELLED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED, State.WAITING}) | _ENDS,
    State.WAITING: frozenset({State.QUEUED, State.RUNNING}) | _ENDS,
    State.DONE: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""Which state may follow which."""

HELD = (State.RUNNING, State.WAITING)
"""The states in which a worker has the job."""

UNFINISHED = tuple(state for state, following in TRANSITIONS.items() if following)


class JobProgress(msgspec.Struct, frozen=True):
    """How far a job is, as it is shown outside."""

    stargazers_listed: int
    stargazers_total: int | None
    users_read: int
    points: int
    github_seconds: float
    eta_seconds: float | None
    waiting_until: datetime | None

    @classmethod
    def of(cls, progress: Progress) -> JobProgress:
        """Take from a run's progress what is shown outside."""
        return cls(**{name: getattr(progress, name) for name in cls.__struct_fields__})

    @property
    def furthest(self) -> int:
        """How far that is, as one number that grows."""
        return self.stargazers_listed + self.users_read


class JobProblem(msgspec.Struct, frozen=True):
    """Why a job failed: the error's public code, its one line, and its facts."""

    code: str
    detail: str
    facts: dict[str, Any] = {}

    @classmethod
    def of(cls, error: StargazerError) -> JobProblem:
        """Take an error down."""
        return cls(error.code, error.message, msgspec.to_builtins(error.facts, enc_hook=str))


WORKER_LOST = JobProblem(
    "internal-error",
    f"{ATTEMPTS_AT_MOST} workers died of this job one after the other: look into their logs, then ask again",
    {"attempts": ATTEMPTS_AT_MOST},
)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands.

    `retry_at` is None unless it has failed. Where somebody asked for younger
    lists than usual, `max_age_seconds` is the strictest age, and lists that were
    fetched before `newer_than` do not count, however often the job is begun anew.
    `sampling` is which sample is read, in the words of `Sampling`; empty: everybody.
    """

    id: UUID
    repository: str
    credential_user: int
    budget: Budget
    state: State
    attempts: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: JobProgress | None = None
    problem: JobProblem | None = None
    retry_at: datetime | None = None
    answer: UUID | None = None
    max_age_seconds: int | None = None
    newer_than: datetime | None = None
    sampling: str = ""

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return not TRANSITIONS[self.state]


class Taken(msgspec.Struct, frozen=True):
    """A job that a worker has, by a `lease` of its own."""

    job: Job
    lease: UUID


_RETRY_AFTER: dict[str, timedelta] = {
    "stargazers-restricted": timedelta(hours=1),
    "star-lists-restricted": timedelta(hours=1),
    "repository-not-found": timedelta(minutes=5),
    "budget-too-small": timedelta(minutes=10),
    "github-credentials-refused": timedelta(minutes=5),
    "github-unreachable": timedelta(minutes=1),
}
"""How long an answer of each kind is likely to stay the same."""

_RETRY_AFTER_OTHERS = timedelta(minutes=1)


def retry_at(problem: JobProblem, now: datetime) -> datetime:
    """Until when whoever asks again is told the same problem instead of a new job.

    Example:
        >>> from datetime import UTC
        >>> retry_at(JobProblem("github-unreachable", "down"), datetime(2026, 11, 24, 10, tzinfo=UTC))
        datetime.datetime(2026, 11, 24, 10, 1, tzinfo=datetime.timezone.utc)
    """
    until = problem.facts.get("until")
    if isinstance(until, str):
        return max(now, datetime.fromisoformat(until))
    return now + _RETRY_AFTER.get(problem.code, _RETRY_AFTER_OTHERS)
