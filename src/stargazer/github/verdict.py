"""What GitHub's errors mean, whatever their wording.

Source: GitHub's documentation, and payloads that users pasted into public
    issues (read 2026-11-24). GitHub spells one thing in several ways; each
    spelling here was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stargazer import errors
from stargazer.github.envelope import GraphQLError, clean
from stargazer.planner.page import Failure, FailureKind

MISTAKES = frozenset(
    {
        "ARGUMENT_LIMIT",
        "EXCESSIVE_PAGINATION",
        "INVALID_CURSOR_ARGUMENTS",
        "MAX_NODE_LIMIT_EXCEEDED",
        "MISSING_PAGINATION_BOUNDARIES",
    }
)
"""Errors that only a wrong query can earn: asking again cannot help."""

_KINDS = {
    "RATE_LIMITED": FailureKind.PRIMARY_LIMIT,
    "RATE_LIMIT": FailureKind.PRIMARY_LIMIT,
    "RESOURCE_LIMITS_EXCEEDED": FailureKind.TOO_HEAVY,
    "FORBIDDEN": FailureKind.FORBIDDEN,
    "INSUFFICIENT_SCOPES": FailureKind.FORBIDDEN,
    "NOT_FOUND": FailureKind.GONE,
}

_WORDINGS = (
    (re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE), FailureKind.SECONDARY_LIMIT),
    (re.compile(r"rate limit (?:already )?exceeded", re.IGNORECASE), FailureKind.PRIMARY_LIMIT),
    (
        re.compile(r"something went wrong|respond to your request in time|timed ?out|timeout", re.IGNORECASE),
        FailureKind.TIMEOUT,
    ),
    (re.compile(r"resource limits? .*exceeded", re.IGNORECASE), FailureKind.TOO_HEAVY),
    (re.compile(r"bad credentials", re.IGNORECASE), FailureKind.CREDENTIALS),
)

_GRAVEST = (
    FailureKind.SECONDARY_LIMIT,
    FailureKind.PRIMARY_LIMIT,
    FailureKind.CREDENTIALS,
    FailureKind.TIMEOUT,
    FailureKind.TOO_HEAVY,
    FailureKind.FORBIDDEN,
)
"""Which of several errors of a whole call decides: the one that asks for the longest wait."""

LIMITS = frozenset({FailureKind.PRIMARY_LIMIT, FailureKind.SECONDARY_LIMIT})
"""Failures that speak of the token, so never of one alias alone."""

WEATHER = frozenset({FailureKind.TIMEOUT, FailureKind.TOO_HEAVY})
"""Failures of a part of a call that may be gone when it is asked again in another shape."""


def kind_of_message(message: str) -> FailureKind | None:
    """Return what the wording alone tells, None when it is not known.

    Example:
        >>> kind_of_message("API rate limit already exceeded for user ID 12345.")
        <FailureKind.PRIMARY_LIMIT: 'primary-limit'>
    """
    return next((kind for wording, kind in _WORDINGS if wording.search(message)), None)


def kind_of(error: GraphQLError) -> FailureKind | None:
    """Return what an error means, None when neither type nor wording is known.

    The wording of a limit counts more than its type: both limits come as `RATE_LIMITED`.
    """
    worded = kind_of_message(error.message)
    typed = _KINDS.get(error.type or "")
    if worded is FailureKind.SECONDARY_LIMIT or typed is None:
        return worded
    return typed


def refuse_mistakes(problems: Iterable[GraphQLError]) -> None:
    """Raise the first error that means a wrong query of ours.

    Raises:
        QueryRefused: there is one.
    """
    for error in problems:
        if error.type in MISTAKES:
            raise errors.QueryRefused(clean(f"{error.type}: {error.message}"))


def concerns_call(error: GraphQLError, *, has_data: bool) -> bool:
    """Tell whether an error at one alias speaks of the whole call, when no alias has a value.

    A limit always does. Without data at all so does everything but a verdict on that one alias.
    """
    kind = kind_of(error)
    if kind in LIMITS:
        return True
    return not has_data and kind not in (FailureKind.GONE, FailureKind.FORBIDDEN)


def judge_call(
    problems: Iterable[GraphQLError], elsewhere: Iterable[GraphQLError], retry_after: float | None
) -> Failure:
    """Return what errors mean for a call of which nothing arrived.

    Args:
        problems: every error that speaks of the call.
        elsewhere: those of them that belong to no alias.
        retry_after: in seconds, as the headers told.

    Raises:
        QueryRefused: none is known weather, and one has no type and no alias, as those of validation.
    """
    found = [(kind_of(error), error) for error in problems]
    for kind in _GRAVEST:
        for known, error in found:
            if known is kind:
                return Failure(kind, clean(error.message), retry_after)
    for error in elsewhere:
        if error.type is None:
            raise errors.QueryRefused(clean(error.message))
    return Failure(FailureKind.TRANSIENT, clean(found[0][1].message), retry_after)


def judge_selection(own: Iterable[GraphQLError], elsewhere: Iterable[GraphQLError]) -> Failure:
    """Return why one selection has no data.

    Args:
        own: the errors whose path begins with its alias. Null travels up, so
            the one with the shortest path is the one that took the most.
        elsewhere: the errors that belong to no alias: they count when there is none of its own.
    """
    for error in sorted(own, key=_depth):
        return Failure(_kind_at_path(error), clean(error.message))
    for error in elsewhere:
        kind = kind_of(error)
        if kind in (FailureKind.TIMEOUT, FailureKind.TOO_HEAVY):
            return Failure(kind, clean(error.message))
    return Failure(FailureKind.UNKNOWN, "no data, and no error of its own")


def _depth(error: GraphQLError) -> int:
    return len(error.path or ())


def _kind_at_path(error: GraphQLError) -> FailureKind:
    path = error.path or ()
    match kind_of(error):
        case FailureKind.GONE if len(path) == 1:
            return FailureKind.GONE
        case FailureKind.FORBIDDEN if "stargazers" in path:
            return FailureKind.RESTRICTED
        case FailureKind.FORBIDDEN:
            return FailureKind.HIDDEN
        case FailureKind.TIMEOUT | FailureKind.TOO_HEAVY as weather:
            return weather
        case _:
            return FailureKind.UNKNOWN
