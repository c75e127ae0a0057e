"""Refusals as they were seen: whatever the wording, the kind of token or the disguise, they mean one thing.

Source: payloads pasted into public issues, July to September 2026 (read 2026-11-24), with
    the aliases of our own document; and what GitHub's other refusals look like in this place.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stargazer.errors import (
    CredentialsRefused,
    RepositoryNotFound,
    StargazerError,
    StargazersRestricted,
)
from stargazer.find import Finding
from stargazer.github.transport import GitHub
from stargazer.planner.plan import Plan
from stargazer.runner import VirtualClock
from stargazer.sandbox import SECONDS_HEADER, Behaviour, Faults, Graph, Sandbox
from stargazer.sandbox.faults import Answer

FACTS = {
    "id": "R_kgDOAAj3GA",
    "databaseId": 596_892,
    "nameWithOwner": "pallets/flask",
    "stargazerCount": 68_000,
    "isPrivate": False,
}
EMPTY = {"stargazers": {"totalCount": 0, "pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": []}}
RATE = {"cost": 1, "limit": 5_000, "remaining": 4_999, "used": 1, "resetAt": "2026-11-24T11:00:00Z"}


def error(alias: str, kind: str | None, message: str, *, deeper: bool = True, **more: Any) -> dict[str, Any]:
    """One entry of `errors`."""
    path = [alias, "stargazers"] if deeper else [alias]
    typed = {} if kind is None else {"type": kind}
    return {**typed, "path": path, "locations": [{"line": 7, "column": 5}], "message": message, **more}


def refused(kind: str | None, message: str, **more: Any) -> dict[str, Any]:
    """Both ends of the list refused, which nulls the repository of either; the facts stand beside them."""
    errors = [error(alias, kind, message, **more) for alias in ("s0", "s1")]
    return {"data": {"f0": FACTS, "s0": None, "s1": None, "rateLimit": RATE}, "errors": errors}


SAML = {"extensions": {"saml_failure": False}}

REFUSALS = {
    "fine-grained token": refused("FORBIDDEN", "Resource not accessible by personal access token", **SAML),
    "app": refused("FORBIDDEN", "Resource not accessible by integration", **SAML),
    "another wording": refused("FORBIDDEN", "You must be an admin or collaborator of this repository."),
    "scopes": refused("INSUFFICIENT_SCOPES", "Your token has not been granted the required scopes."),
    "no error, an empty list": {"data": {"f0": FACTS, "s0": EMPTY, "s1": EMPTY, "rateLimit": RATE}},
    "no error, null": {"data": {"f0": FACTS, "s0": None, "s1": None, "rateLimit": RATE}},
    "no rate limit told": {"data": {"f0": FACTS, "s0": EMPTY, "s1": EMPTY, "rateLimit": None}},
    "one end refused, one empty": {
        **refused("FORBIDDEN", "Resource not accessible by personal access token"),
        "data": {"f0": FACTS, "s0": None, "s1": EMPTY, "rateLimit": RATE},
    },
    "one end empty, one null": {"data": {"f0": FACTS, "s0": EMPTY, "s1": None, "rateLimit": RATE}},
}
"""What GitHub answers to the first call of a run."""


async def find(*answers: Answer) -> tuple[StargazerError, int]:
    """Ask for the neighbours where GitHub answers so; returns the error and the number of calls."""
    script = Faults(answers=dict(enumerate(answers, start=1)))
    async with Sandbox(Graph.from_lists({"ada": ["pallets/flask"]}), Behaviour(faults=script)) as sandbox:
        clock = VirtualClock(sandbox.clock.now())
        token = "ghp_a-token-without-any-rights-whatsoever"
        async with GitHub(token, sandbox.url, now=clock.now, seconds_header=SECONDS_HEADER) as github:
            finding = Finding(Plan.neighbours("pallets/flask"), github, clock=clock)
            with pytest.raises(StargazerError) as caught:
                await finding.answer()
        return caught.value, len(sandbox.record)


def told(payload: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(payload).decode())


@pytest.mark.parametrize("name", REFUSALS)
async def test_every_refusal_means_restricted(name: str) -> None:
    """Never "not found", never an empty answer, never asked twice; it says who was refused and what works."""
    answer = told(REFUSALS[name])
    found, calls = await find(*[answer] * 3)

    assert isinstance(found, StargazersRestricted), found
    assert found.facts["repository"] == "pallets/flask"
    assert found.facts["stargazers_total"] == 68_000
    assert found.facts["credential"] == "a classic token"
    assert found.facts["ways"]
    assert calls <= (2 if "null" in name else 1)


async def test_what_is_no_refusal_is_none() -> None:
    """A repository that is not there and a dead token are told as what they are."""
    missing = [
        error(
            alias,
            "NOT_FOUND",
            "Could not resolve to a Repository with the name 'pallets/flask'.",
            deeper=False,
        )
        for alias in ("f0", "s0", "s1")
    ]
    found, calls = await find(told({"data": {"f0": None, "s0": None, "s1": None}, "errors": missing}))
    assert isinstance(found, RepositoryNotFound)
    assert calls == 1

    found, calls = await find(told({"message": "Bad credentials", "status": "401"}, 401))
    assert isinstance(found, CredentialsRefused)
    assert calls == 1
