"""What the sandbox was asked and what it charged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call.

    Attributes:
        number: counted from 1.
        at: when it arrived, by the sandbox's clock.
        user: the login behind its token; None if there was none.
        points: charged, with what a time-out costs extra.
        requests: by GitHub's formula.
        possible_nodes: by GitHub's formula.
        connections: that were read.
        nodes: that were returned.
        seconds: that GitHub took, from the call's arrival to the answer's first byte.
        status: of HTTP; 0 where the connection was reset.
        aliases: fields in the document's root, `rateLimit` apart.
        in_flight: calls of this user in flight when it arrived, itself included.
        kinds: the names of the root fields, each with how often it was selected.
        sent_bytes: of the answer's body.
        outcome: `answered`, or what went wrong.
    """

    number: int
    at: datetime
    user: str | None
    points: int
    requests: int
    possible_nodes: int
    connections: int
    nodes: int
    seconds: float
    status: int
    aliases: int
    in_flight: int
    kinds: dict[str, int]
    sent_bytes: int
    outcome: str


class Violation(msgspec.Struct, frozen=True):
    """A rule that a caller broke: with which call, when, which rule, and how."""

    call: int
    at: datetime
    rule: str
    detail: str


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The sums over all calls. `timeouts` are calls that ended at the wall."""

    calls: int
    points: int
    requests: int
    possible_nodes: int
    connections: int
    nodes: int
    seconds: float
    timeouts: int
    refused: int
    sent_bytes: int


ANSWERED = "answered"
TIMED_OUT = "timed-out"

REFUSALS = frozenset(
    {
        "primary-limit",
        "secondary-limit",
        "node-limit",
        "alias-limit",
        "resource-limits",
        "invalid",
        "credentials",
        "forbidden",
    }
)
"""Outcomes in which GitHub did none of the work."""


def total(calls: Sequence[CallRecord]) -> Totals:
    """Add up many calls."""
    return Totals(
        calls=len(calls),
        points=sum(call.points for call in calls),
        requests=sum(call.requests for call in calls),
        possible_nodes=sum(call.possible_nodes for call in calls),
        connections=sum(call.connections for call in calls),
        nodes=sum(call.nodes for call in calls),
        seconds=sum(call.seconds for call in calls),
        timeouts=sum(call.outcome == TIMED_OUT for call in calls),
        refused=sum(call.outcome in REFUSALS for call in calls),
        sent_bytes=sum(call.sent_bytes for call in calls),
    )
