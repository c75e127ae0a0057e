"""A place to ask a simulation questions without a network."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.clock import Clock
from stargazer.sandbox.graph import Graph
from stargazer.sandbox.outcome import Outcome
from stargazer.sandbox.simulation import Simulation

HEADERS = {"user-agent": "desk", "authorization": "bearer token-of-ada"}


class Desk:
    """Asks one call after another, each when the one before is over.

    `outcome` is the last answer; `now` is the time in seconds, and may be set.
    """

    def __init__(self, graph: Graph, behaviour: Behaviour | None = None) -> None:
        self.simulation = Simulation(graph, behaviour or Behaviour(), tolerance_seconds=0.001)
        self.now = Clock().seconds()
        self.outcome = Outcome(name="none")

    def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a query and return the payload, which must be JSON."""
        self.send({"query": query, "variables": variables or {}}, headers=headers)
        payload: dict[str, Any] = json.loads(self.outcome.body)
        return payload

    def send(self, body: object, *, headers: dict[str, str] | None = None) -> Outcome:
        """Send a body and return what comes back."""
        sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.outcome = self.simulation.answer(HEADERS if headers is None else headers, sent, self.now)
        self.now += self.outcome.seconds
        return self.outcome

    @property
    def rules_broken(self) -> list[str]:
        """The rules that were broken so far."""
        return [violation.rule for violation in self.simulation.violations]


def star_list(first: int = 100, *, after: str | None = None, direction: str = "ASC", more: str = "") -> str:
    """Return a selection of one page of a star list."""
    place = "" if after is None else f', after: "{after}"'
    order = f"orderBy: {{field: STARRED_AT, direction: {direction}}}"
    return (
        f"starredRepositories(first: {first}{place}, {order}) {{ totalCount isOverLimit "
        "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } "
        f"edges {{ starredAt cursor node {{ nameWithOwner {more} }} }} }}"
    )


def names(connection: dict[str, Any]) -> list[str]:
    """Return the names on a page of a star list, null edges left out."""
    return [edge["node"]["nameWithOwner"] for edge in connection["edges"] if edge is not None]
