"""Details are told of the public repository that was meant, and of no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stargazer.github.decode import decode
from stargazer.planner import page
from stargazer.planner.page import FailureKind

JINJA = page.DetailsRequest("pallets", "jinja", 7)
SENT = {
    "databaseId": 7,
    "isPrivate": False,
    "description": "A template engine",
    "primaryLanguage": {"name": "Python"},
    "isArchived": False,
    "isFork": True,
}


def outcome_of(sent: dict[str, Any] | None, *problems: dict[str, Any]) -> page.Outcome:
    """Decode an answer to one question, beside one that always arrives."""
    call = page.Call(1, (JINJA, page.DetailsRequest("o", "other", 8)), 1, 0, 0, 1.0)
    body: dict[str, Any] = {"data": {"d0": sent, "d1": SENT | {"databaseId": 8}}}
    if problems:
        body["errors"] = problems
    reply = decode(call, 200, {}, json.dumps(body).encode(), 0.5)
    first, beside = reply.outcomes
    assert isinstance(beside, page.Details)
    return first


def error(type_: str | None, *path: str) -> dict[str, Any]:
    return {"type": type_, "path": list(path), "message": "m"}


def test_details_are_told_as_sent() -> None:
    """Where there is no description and no language, none is told."""
    assert outcome_of(SENT) == page.Details("A template engine", "Python", is_archived=False, is_fork=True)
    bare = SENT | {"description": None, "primaryLanguage": None, "isArchived": True}
    assert outcome_of(bare) == page.Details(None, None, is_archived=True, is_fork=True)


def test_no_null_character_reaches_the_store() -> None:
    """No database keeps one in a text; everything else of a description stays."""
    said = outcome_of(SENT | {"description": "a\0b \u2603"})
    assert isinstance(said, page.Details)
    assert said.description == "ab \u2603"


@pytest.mark.parametrize(
    "changed",
    [{"isPrivate": True}, {"databaseId": 9}, {"databaseId": None}],
    ids=["private", "another bears the name", "without a number"],
)
def test_of_what_was_not_meant_nothing_is_told(changed: dict[str, Any]) -> None:
    """A private repository stops here, and so does whoever has got the name since."""
    said = outcome_of(SENT | changed)
    assert isinstance(said, page.Failure)
    assert said.kind is FailureKind.GONE
    assert "template" not in repr(said)


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (error("NOT_FOUND", "d0"), FailureKind.GONE),
        (error("NOT_FOUND", "d0", "primaryLanguage"), FailureKind.UNKNOWN),
        (error("FORBIDDEN", "d0"), FailureKind.HIDDEN),
        (error("RESOURCE_LIMITS_EXCEEDED", "d0"), FailureKind.TOO_HEAVY),
    ],
)
def test_a_null_is_judged_by_its_error(problem: dict[str, Any], kind: FailureKind) -> None:
    """Only GitHub's word at exactly the alias says that there is no such repository."""
    said = outcome_of(None, problem)
    assert isinstance(said, page.Failure)
    assert said.kind is kind
