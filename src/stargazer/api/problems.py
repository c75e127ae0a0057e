"""Every error of the HTTP service as one shape: RFC 9457 problem details.

Ours, Litestar's and unknown ones alike become a `StargazerError`, and that
becomes `application/problem+json`: the row of the error's public code in
`errors.PROBLEMS`, its line, its facts, the path and the request id.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge as BodyTooLarge

from stargazer.api.request_id import request_id_of
from stargazer.errors import (
    BudgetExhausted,
    InternalError,
    InvalidRequest,
    KeyMissing,
    KeyRefused,
    MethodNotAllowed,
    NotFound,
    QuotaExceeded,
    RequestTooLarge,
    ScopeMissing,
    StargazerError,
    StoreUnavailable,
)
from stargazer.github.envelope import hide_tokens

MEDIA_TYPE = "application/problem+json"

BODY_LIMIT_BYTES = 65_536
"""The largest body that is read; a hundred repositories in `POST /jobs` take a tenth of it."""

IMPORT_LIMIT_BYTES = 50_000_000
"""The largest list of stargazers that is imported over HTTP: over a million of them, more under gzip."""

_IMPORT_PATH = re.compile(r"/repos/[^/]+/[^/]+/stargazers/?")

STORE_RETRY_SECONDS = 5
"""When to ask again while the database is away."""

CHALLENGE = 'ApiKey realm="stargazer", header="X-API-Key"'
"""How to show a key. HTTP has no registered scheme for a header of one's own.

Source: RFC 9110 § 11.6.1: a 401 must name a challenge (read 2026-11-24).
"""

ADVICE = {
    "stargazers-restricted": "bring the token of one of them (PUT /github-token), or a list from elsewhere",
    "star-lists-restricted": "bring another token with PUT /github-token",
    "budget-too-small": "POST /jobs with a larger budget starts it, and mode=estimate costs less",
    "github-unreachable": "try again later",
    "github-credentials-refused": "bring a token that GitHub takes (PUT /github-token), or ask the operator",
    "store-unavailable": "try again later",
}
"""What to do over HTTP, where an error's own advice is for the command line."""

_UNTOLD = "a mistake of ours: tell the operator of this service the request id"

_LOG = logging.getLogger(__name__)

Translate: TypeAlias = Callable[[HTTPException, str, str], StargazerError]


def body_limit(method: str, path: str) -> int:
    """How many bytes the body of a request may have.

    Example:
        >>> body_limit("POST", "/jobs"), body_limit("POST", "/repos/pallets/flask/stargazers")
        (65536, 50000000)
    """
    is_import = method == "POST" and _IMPORT_PATH.fullmatch(path) is not None
    return IMPORT_LIMIT_BYTES if is_import else BODY_LIMIT_BYTES


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a request with what went wrong: the last handler of every exception."""
    problem = translate(error, request.method, request.url.path)
    if isinstance(problem, InternalError):
        _LOG.error("request.failed", exc_info=error)
    return Response(
        encode(problem, instance=request.url.path, request_id=request_id_of(request.scope)),
        media_type=MEDIA_TYPE,
        status_code=problem.problem.http_status,
        headers=headers_of(problem),
    )


def translate(error: Exception, method: str, path: str) -> StargazerError:
    """Say in our words what was raised; what nobody foresaw is a mistake of ours."""
    match error:
        case StargazerError():
            return error
        case NotFoundException():
            return NotFound(path)
        case MethodNotAllowedException():
            return MethodNotAllowed(method, _allowed(error.headers or {}))
        case BodyTooLarge():
            return RequestTooLarge(BODY_LIMIT_BYTES)
        case HTTPException(status_code=401):
            return KeyMissing()
        case HTTPException(status_code=403):
            return ScopeMissing("admin")
        case HTTPException() if error.status_code < 500:
            return _invalid(error)
        case _:
            return InternalError(_UNTOLD)


def encode(error: StargazerError, *, instance: str, request_id: str) -> bytes:
    """Write a problem as JSON; of a mistake of ours nothing is told but the request id."""
    return msgspec.json.encode(describe(error, instance=instance, request_id=request_id), enc_hook=str)


def describe(error: StargazerError, *, instance: str, request_id: str) -> dict[str, object]:
    """The members of a problem. A token that somebody put where it does not belong is not repeated.

    Args:
        error: what went wrong.
        instance: the path that was asked for.
        request_id: what the log knows the request by.
    """
    is_ours = isinstance(error, InternalError)
    facts = {name: hide_tokens(fact) if isinstance(fact, str) else fact for name, fact in error.facts.items()}
    return {
        **({} if is_ours else facts),
        "type": f"/problems/{error.code}",
        "title": error.problem.title,
        "status": error.problem.http_status,
        "detail": _UNTOLD if is_ours else hide_tokens(_detail(error)),
        "instance": hide_tokens(instance),
        "request_id": request_id,
    }


def headers_of(error: StargazerError) -> dict[str, str]:
    """The header fields that belong to a problem."""
    match error:
        case KeyRefused():
            return {"WWW-Authenticate": CHALLENGE, **_UNCACHED}
        case MethodNotAllowed():
            return {"Allow": ", ".join(_words(error.facts["allowed"])), **_UNCACHED}
        case QuotaExceeded():
            return {"Retry-After": str(max(1, math.ceil(error.retry_after_seconds))), **_UNCACHED}
        case StoreUnavailable():
            return {"Retry-After": str(STORE_RETRY_SECONDS), **_UNCACHED}
        case StargazerError(facts={"retry_at": datetime() as until}):
            return {"Retry-After": str(_seconds_until(until)), **_UNCACHED}
        case BudgetExhausted():
            return {"Retry-After": str(_seconds_until(error.facts["until"])), **_UNCACHED}
        case _:
            return dict(_UNCACHED)


_UNCACHED = {"Cache-Control": "no-store"}
"""A problem is about one request, and about this moment."""


def _detail(error: StargazerError) -> str:
    advice = ADVICE.get(error.code)
    what, colon, _ = error.message.rpartition(": ")
    return f"{what}: {advice}" if advice and colon else error.message


def _allowed(headers: Mapping[str, str]) -> list[str]:
    """The methods of a path; whoever may GET may ask for the HEAD alone."""
    names = {name.strip() for name in headers.get("allow", "").split(",") if name.strip()}
    return sorted(names | ({"HEAD"} if "GET" in names else set()))


def _invalid(error: HTTPException) -> InvalidRequest:
    """Name the first parameter that is wrong, as Litestar and msgspec found it."""
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else None
    if not isinstance(first, dict):
        return InvalidRequest("the request", f"well formed ({error.detail})")
    parameter = str(first.get("key") or first.get("source") or "the body")
    message = str(first.get("message", error.detail))
    return InvalidRequest(parameter, message.removeprefix("Expected ").replace("`", ""))


def _words(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _seconds_until(moment: object) -> int:
    if not isinstance(moment, datetime):
        return STORE_RETRY_SECONDS
    # What a client waits by is its own watch, whatever clock the service goes by.
    return max(1, math.ceil((moment - datetime.now(UTC)).total_seconds()))
