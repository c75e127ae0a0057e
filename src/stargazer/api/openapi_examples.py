"""The examples of the OpenAPI document: requests that work, and what comes back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from stargazer.api import problems
from stargazer.api.asked import EXAMPLE_ANSWER
from stargazer.errors import (
    PROBLEMS,
    AnswerGone,
    BudgetExhausted,
    BudgetTooSmall,
    CredentialsRefused,
    GitHubUnreachable,
    InternalError,
    InvalidRequest,
    JobNotFound,
    KeyExpired,
    KeyInvalid,
    KeyMissing,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    QuotaExceeded,
    RepositoryNotFound,
    RequestTooLarge,
    ScopeMissing,
    StargazerError,
    StargazersRestricted,
    StarListsRestricted,
    StoreUnavailable,
)

OWNER, NAME = "pallets", "flask"
REPOSITORY = f"{OWNER}/{NAME}"
JOB = UUID("7d3ab0f0-52a5-4a35-9a0e-3c6d2a6f0c55")
ANSWER = UUID(EXAMPLE_ANSWER)
REQUEST = "5e8e1a7b9c0d2f3a4b5c6d7e"

_AT = datetime(2026, 11, 24, 10, tzinfo=UTC)

NEIGHBOUR: dict[str, Any] = {
    "repo": "pallets/jinja",
    "stargazers": ["alice", "bob"],
    "shared": 2,
    "stars": 10_500,
    "relevance": 0.19,
    "jaccard": 0.08,
    "cosine": 0.15,
}

PLAN: dict[str, Any] = {
    "repository": REPOSITORY,
    "stargazers": 1_204,
    "calls": 21,
    "points": 21,
    "pages": 2_060,
    "nodes": 121_600,
    "github_seconds": 82.5,
    "seconds": 103.1,
    "samples": [
        {
            "sample": 184,
            "width": 0.4,
            "calls": 6,
            "points": 6,
            "pages": 328,
            "nodes": 19_900,
            "github_seconds": 15.1,
            "seconds": 18.9,
        }
    ],
}

QUEUED: dict[str, Any] = {
    "id": str(JOB),
    "repository": REPOSITORY,
    "state": "queued",
    "created_at": "2026-11-24T10:00:00Z",
    "started_at": None,
    "finished_at": None,
    "progress": {
        "stargazers_listed": 0,
        "stargazers_total": None,
        "users_read": 0,
        "points": 0,
        "github_seconds": 0.0,
        "eta_seconds": None,
        "waiting_until": None,
    },
    "problem": None,
    "answer": None,
}

RUNNING: dict[str, Any] = {
    **QUEUED,
    "state": "running",
    "started_at": "2026-11-24T10:00:01Z",
    "progress": {
        "stargazers_listed": 1_204,
        "stargazers_total": 1_204,
        "users_read": 312,
        "points": 6,
        "github_seconds": 21.4,
        "eta_seconds": 61.5,
        "waiting_until": None,
    },
}

DONE: dict[str, Any] = {
    **RUNNING,
    "state": "done",
    "finished_at": "2026-11-24T10:01:24Z",
    "progress": {**RUNNING["progress"], "users_read": 1_204, "points": 21, "eta_seconds": 0.0},
    "answer": str(ANSWER),
}

CANCELLED: dict[str, Any] = {**QUEUED, "state": "cancelled", "finished_at": "2026-11-24T10:00:09Z"}

LOOK: dict[str, Any] = {
    "users_counted": 312,
    "neighbours": [
        {"repo": "pallets/jinja", "shared": 97, "shared_low": 318, "shared_high": 429},
        {"repo": "psf/requests", "shared": 88, "shared_low": 285, "shared_high": 393},
    ],
    "unfinished": True,
}

ORDER: dict[str, Any] = {"repositories": [REPOSITORY, "pallets/jinja"]}
DEAR_ORDER: dict[str, Any] = {
    "repositories": [REPOSITORY],
    "budget": {"points": 900, "github_seconds": 7_200},
}

ESTIMATE_ORDER: dict[str, Any] = {"repositories": [REPOSITORY], "sample": 300, "seed": 7}

BUDGET: dict[str, Any] = {
    "limit": 5_000,
    "remaining": 4_979,
    "used": 21,
    "reset_at": "2026-11-24T11:00:00Z",
    "available": 4_978,
    "reserved": 1,
    "calls_in_flight": 1,
    "call_seconds": 31.2,
    "call_seconds_allowed": 48.0,
    "free_at": "2026-11-24T10:01:24Z",
    "spent": {"calls": 21, "points_predicted": 21, "points": 21},
}

USAGE: dict[str, Any] = {
    "key": "research",
    "scopes": ["neighbours", "names", "jobs"],
    "quotas": [
        {"policy": "requests", "quota": 600, "window_seconds": 60, "remaining": 588, "reset_seconds": 41}
    ],
    "days": [
        {
            "day": "2026-11-24",
            "requests": 12,
            "not_modified": 4,
            "jobs": 1,
            "points": 21.0,
            "github_seconds": 82.5,
        }
    ],
}


def _errors() -> dict[str, StargazerError]:
    """One error of each code."""
    price = {"points": 1_410.0, "github_seconds": 5_320.0}
    dear = BudgetTooSmall(price=price, budget={"github_seconds": 3_600.0})
    dear.facts["plan"] = {**PLAN, "points": 1_410, "github_seconds": 5_320.0}
    errors: list[StargazerError] = [
        InvalidRequest("sort", "one of shared, relevance, jaccard, cosine", got="stars"),
        KeyMissing(),
        KeyInvalid(),
        KeyExpired(_AT),
        ScopeMissing("jobs"),
        StargazersRestricted(REPOSITORY, 1_204),
        StarListsRestricted(REPOSITORY, 1_204, read=50, without_seed=49),
        RepositoryNotFound(REPOSITORY),
        JobNotFound(str(JOB)),
        NotFound("/problems/flask"),
        MethodNotAllowed("PUT", ["DELETE", "GET", "HEAD"]),
        NotAcceptable(["application/json", "application/x-ndjson", "text/csv"]),
        AnswerGone(str(ANSWER)),
        RequestTooLarge(problems.BODY_LIMIT_BYTES),
        dear,
        QuotaExceeded("requests", 41.0),
        GitHubUnreachable("connection refused", attempts=5),
        CredentialsRefused("it answers 401"),
        BudgetExhausted(_AT),
        StoreUnavailable("connection refused", do="start PostgreSQL", retryable=True),
        InternalError("nobody sees this"),
    ]
    return {error.code: error for error in errors}


_ERRORS = _errors()


def problem_example(code: str, instance: str) -> dict[str, Any]:
    """What a problem looks like when *instance* was asked for.

    Example:
        >>> problem_example("key-missing", "/jobs")["status"]
        401
    """
    shown = problems.describe(_ERRORS[code], instance=instance, request_id=REQUEST)
    plain: dict[str, Any] = msgspec.to_builtins(shown)
    return plain


def without_example() -> set[str]:
    """The codes that no example shows: there should be none.

    Example:
        >>> without_example()
        set()
    """
    return PROBLEMS.keys() - _ERRORS.keys()
