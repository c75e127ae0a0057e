"""Jobs as the published contract shows them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from stargazer.errors import PROBLEMS, InternalError, StargazerError
from stargazer.neighbours.sampling import Sampling
from stargazer.store.jobs_states import Job, JobProblem, JobProgress, State

RETRY_SECONDS = 2
RETRY_SECONDS_AT_MOST = 60
"""When to ask for a job again: about when it should be done, within these."""

_NOTHING_YET = JobProgress(
    stargazers_listed=0,
    stargazers_total=None,
    users_read=0,
    points=0,
    github_seconds=0.0,
    eta_seconds=None,
    waiting_until=None,
)


class EstimateView(msgspec.Struct, frozen=True):
    """Which sample a job reads."""

    sample: int | str | None
    until: str | None
    seed: int

    @classmethod
    def of(cls, sampling: Sampling) -> EstimateView:
        """Show it."""
        until = None if sampling.until is None else str(sampling.until)
        return cls(sampling.sample, until, sampling.seed)


class JobView(msgspec.Struct, frozen=True):
    """A job, member by member as it is published; `estimate` is there when it reads a sample."""

    id: UUID
    repository: str
    state: State
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: JobProgress
    problem: dict[str, Any] | None
    answer: UUID | None
    estimate: EstimateView | UnsetType = UNSET


def view(job: Job) -> JobView:
    """Show a job."""
    return JobView(
        id=job.id,
        repository=job.repository,
        state=job.state,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        progress=job.progress or _NOTHING_YET,
        problem=None if job.problem is None else _problem(job.id, job.problem),
        answer=job.answer,
        estimate=EstimateView.of(Sampling.read(job.sampling)) if job.sampling else UNSET,
    )


def path_of(job: UUID) -> str:
    """Where a job is found."""
    return f"/jobs/{job}"


def retry_seconds(job: Job) -> int:
    """When it is worth asking for an unfinished job again."""
    eta = None if job.progress is None else job.progress.eta_seconds
    return min(RETRY_SECONDS_AT_MOST, max(RETRY_SECONDS, math.ceil(eta or 0)))


class JobFailed(StargazerError):
    """Why a job failed, told again to whoever asks for the same. Facts: those of the error, retry_at."""

    def __init__(self, job: Job, problem: JobProblem) -> None:
        super().__init__(problem.detail, **problem.facts)
        # As many codes as a job can fail with.
        self.code = problem.code
        self.facts["retry_at"] = job.retry_at or datetime.now(UTC)


def failure(job: Job) -> StargazerError:
    """The error that a failed job ended with."""
    if job.problem is None or job.problem.code not in PROBLEMS or job.problem.code == "internal-error":
        return InternalError(f"job {job.id} met a mistake of ours")
    return JobFailed(job, job.problem)


def _problem(job: UUID, problem: JobProblem) -> dict[str, Any]:
    row = PROBLEMS.get(problem.code, PROBLEMS["internal-error"])
    return {
        **problem.facts,
        "type": f"/problems/{problem.code}",
        "title": row.title,
        "status": row.http_status,
        "detail": problem.detail,
        "instance": path_of(job),
    }
