"""What the sandbox sends back for one call."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from stargazer.sandbox import moments, refusals
from stargazer.sandbox.account import Reading

JSON = "application/json; charset=utf-8"
HTML = "text/html"

_REASONS = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}


class Delivery(StrEnum):
    """How the answer reaches the caller: whole, cut in the middle, or not at all."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    RESET = "reset"


class Outcome(msgspec.Struct, kw_only=True):
    """An answer, or the lack of one. `name` is the `outcome` of the record."""

    name: str
    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = {}
    seconds: float = 0.0
    delivery: Delivery = Delivery.WHOLE


class EndedError(Exception):
    """The call is over before its work begins."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


def reply(name: str, payload: dict[str, Any], *, status: int = 200, **headers: str) -> Outcome:
    """Make an answer from a payload; underscores in the names of headers stand for hyphens."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Outcome(name=name, status=status, body=refusals.encode(payload), headers=named)


def gateway_error(name: str, status: int) -> Outcome:
    """Make nginx's page for a 5xx."""
    page = refusals.BAD_GATEWAY_HTML.format(status=status, reason=_REASONS[status])
    return Outcome(name=name, status=status, body=page.encode(), content_type=HTML)


def write_reading(reading: Reading) -> dict[str, str]:
    """Write the rate limit as headers.

    Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
        (read 2026-11-24).
    """
    return {
        "x-ratelimit-limit": str(reading.limit),
        "x-ratelimit-remaining": str(reading.remaining),
        "x-ratelimit-used": str(reading.used),
        "x-ratelimit-reset": str(reading.reset_seconds),
        "x-ratelimit-resource": "graphql",
    }


def describe_reading(reading: Reading, *, cost: int, nodes: int) -> dict[str, Any]:
    """Write the rate limit as the field `rateLimit` holds it."""
    return {
        "cost": cost,
        "limit": reading.limit,
        "nodeCount": nodes,
        "remaining": reading.remaining,
        "used": reading.used,
        "resetAt": moments.write(reading.reset_seconds),
    }
