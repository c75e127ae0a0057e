"""What surrounds the data of an answer: its errors, its headers, its rate limit.

Source: GitHub's documentation, its public schema, and payloads that users
    pasted into public issues (read 2026-11-24).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated

import msgspec

from stargazer.planner import page

MESSAGE_LENGTH = 200
"""How much of a message is kept: enough for a person, too little for a page of HTML."""

_SECRET = re.compile(r"\b(?:gh[a-z]_|github_pat_|sgz_)\w+|\b[0-9a-f]{40}\b|(?<=bearer )\S+", re.IGNORECASE)
"""GitHub's token formats, the old one too, our keys, and whatever follows the word of the header.

Source: https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/ (read 2026-11-24).
"""


class GraphQLError(msgspec.Struct, frozen=True):
    """One entry of `errors`. `type` is GitHub's own addition; validation errors lack it."""

    message: str = ""
    type: str | None = None
    path: tuple[str | int, ...] | None = None


class Envelope(msgspec.Struct, frozen=True):
    """The body of an answer, its data still undecoded.

    `message` stands there instead of both when GitHub refuses before it reads the query.
    """

    data: dict[str, msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    errors: tuple[GraphQLError, ...] | None = None
    message: str | None = None


class RateLimit(msgspec.Struct, frozen=True, rename="camel"):
    """The `rateLimit` of a call, decoded as GitHub sends it."""

    cost: int
    limit: int
    remaining: int
    used: int
    reset_at: Annotated[datetime, msgspec.Meta(tz=True)]


def clean(message: str) -> str:
    """Make a foreign message fit for people: one line, printable, short, without secrets.

    Example:
        >>> clean("Bad   credentials ghp_abc123")
        'Bad credentials ***'
    """
    line = " ".join(message[: 20 * MESSAGE_LENGTH].split())
    printable = "".join(letter if letter.isprintable() else "?" for letter in line)
    return _SECRET.sub("***", printable)[:MESSAGE_LENGTH]


def hide_tokens(text: str) -> str:
    """Blot out what looks like a token or a key.

    Example:
        >>> hide_tokens("/repos/ghp_abc123/flask")
        '/repos/***/flask'
    """
    return _SECRET.sub("***", text)


def read_date(headers: Mapping[str, str]) -> datetime | None:
    """Return the moment of the `date` header, None when it is absent or no date."""
    return parse_date(headers.get("date", ""))


def parse_date(text: str) -> datetime | None:
    """Parse an HTTP date.

    Example:
        >>> parse_date("Tue, 24 Nov 2026 10:00:00 GMT")
        datetime.datetime(2026, 11, 24, 10, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `retry-after` asks for, given as seconds or as a date.

    A date is measured from the answer's own `date`, so that no clock of ours
    is asked; without that the wait is unknown.

    Source: RFC 9110, section 10.2.3.

    Example:
        >>> read_retry_after({"retry-after": "60"})
        60.0
    """
    text = headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        until, now = parse_date(text), read_date(headers)
        return None if until is None or now is None else max(0.0, (until - now).total_seconds())
    return max(0.0, seconds) if math.isfinite(seconds) else None


def read_limit(headers: Mapping[str, str]) -> page.Reading | None:
    """Return the rate limit that the headers tell, None when they tell none of GraphQL's.

    Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
        (read 2026-11-24): `x-ratelimit-reset` is in UTC epoch seconds.
    """
    if headers.get("x-ratelimit-resource", "graphql") != "graphql":
        return None
    try:
        limit, remaining, used, reset = (
            int(headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "used", "reset")
        )
        return page.Reading(limit, remaining, used, datetime.fromtimestamp(reset, UTC))
    except (KeyError, ValueError, OverflowError, OSError):
        return None
