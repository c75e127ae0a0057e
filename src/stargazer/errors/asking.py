"""What was asked in a way in which it cannot be answered, or by whom it may not be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from stargazer.errors.root import StargazerError


class InvalidRequest(StargazerError):
    """Something that was asked cannot be asked so. Facts: parameter, must_be."""

    code = "invalid-request"

    def __init__(self, parameter: str, must_be: str, *, got: str | None = None) -> None:
        shown = "" if got is None else f", not {got!r}"
        super().__init__(f"{parameter} must be {must_be}{shown}", parameter=parameter, must_be=must_be)


class DocumentError(InvalidRequest):
    """A GraphQL document cannot be priced. Facts: place (line:column), reason."""

    def __init__(self, reason: str, *, line: int | None = None, column: int | None = None) -> None:
        place = None if line is None else f"{line}:{column}"
        StargazerError.__init__(
            self, reason if place is None else f"{place}: {reason}", place=place, reason=reason
        )


class SettingError(InvalidRequest):
    """An environment variable cannot be used. Facts: parameter, must_be."""


class KeyRefused(StargazerError):
    """Whoever asks has not shown a key that opens anything."""


class KeyMissing(KeyRefused):
    """No API key came with the request."""

    code = "key-missing"

    def __init__(self) -> None:
        message = "send an API key in the header X-API-Key; `stargazer keys create NAME` makes one"
        super().__init__(message, header="X-API-Key")


class KeyInvalid(KeyRefused):
    """The API key is mistyped, unknown or revoked; which of them is not told."""

    code = "key-invalid"

    def __init__(self) -> None:
        message = "the API key in X-API-Key is not one of this service: check that it is copied whole"
        super().__init__(message, header="X-API-Key")


class KeyExpired(KeyRefused):
    """The API key was good once."""

    code = "key-expired"

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(
            f"the API key expired at {expired_at:%Y-%m-%dT%H:%M:%SZ}: ask for a new one",
            expired_at=expired_at,
        )


class ScopeMissing(StargazerError):
    """The API key lacks a scope."""

    code = "scope-missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"this needs an API key with the scope {scope}: ask for one", scope=scope)


class JobNotFound(StargazerError):
    """There is no such job, or it belongs to somebody else."""

    code = "job-not-found"

    def __init__(self, job: str) -> None:
        super().__init__(f"there is no job {job} of yours: GET /jobs lists them", job=job)


class NotFound(StargazerError):
    """The service has nothing at this path."""

    code = "not-found"

    def __init__(self, path: str) -> None:
        super().__init__(f"there is nothing at {path}: /docs lists all there is", path=path)


class UserNotFound(StargazerError):
    """Nothing is known of a user who shall be forgotten. Facts: user."""

    code = "not-found"

    def __init__(self, user: str) -> None:
        super().__init__(
            f"nothing is stored about {user}: check the spelling, or, after a rename or to keep them out all "
            "the same, give their number with --id (`gh api users/LOGIN --jq .id` tells it)",
            user=user,
        )


class MethodNotAllowed(StargazerError):
    """The path exists, and does not take this method."""

    code = "method-not-allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        names = ", ".join(allowed)
        super().__init__(f"{method} is not allowed here, only {names}", method=method, allowed=list(allowed))


class NotAcceptable(StargazerError):
    """The client accepts none of the formats there are."""

    code = "not-acceptable"

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"Accept must allow one of {', '.join(offered)}", offered=list(offered))


class AnswerGone(StargazerError):
    """The answer that a link was pinned to has been cleaned away."""

    code = "answer-gone"

    def __init__(self, answer: str) -> None:
        super().__init__(
            f"the answer {answer} is no longer stored: ask without `answer` for the present one",
            answer=answer,
        )


class RequestTooLarge(StargazerError):
    """The body of a request is larger than the service reads."""

    code = "request-too-large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the body must be at most {limit_bytes:,} bytes", limit_bytes=limit_bytes)


class QuotaExceeded(StargazerError):
    """The API key has used up one of its quotas. Facts: policy, retry_after_seconds."""

    code = "quota-exceeded"

    def __init__(self, policy: str, retry_after_seconds: float) -> None:
        super().__init__(
            f"the quota of this API key is used up ({policy}): "
            f"ask again in {math.ceil(retry_after_seconds):,} s",
            policy=policy,
            retry_after_seconds=retry_after_seconds,
        )
        self.retry_after_seconds = retry_after_seconds
