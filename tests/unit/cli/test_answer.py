"""Answers as they are shown, from memory and from the store."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from stargazer.cli.answer import Choice, stored_coverage
from stargazer.cli.options import TABLE_ROWS
from stargazer.planner.coverage import Coverage, Kind
from stargazer.store.answers import StoredAnswer


def stored(coverage: Coverage) -> StoredAnswer:
    public: dict[str, Any] = coverage.public()
    return StoredAnswer(
        id=uuid.uuid4(),
        repository_number=0,
        credential_user=1,
        made_at=datetime(2026, 11, 24, tzinfo=UTC),
        kind=coverage.kind,
        complete=coverage.complete,
        coverage={**public, "failed": list(coverage.failed), "as_of": "2026-11-24T10:00:00Z"},
        stargazers=coverage.stargazers_total,
        not_whole=None,
        neighbours=0,
    )


@pytest.mark.parametrize("list_whole", [True, False])
@pytest.mark.parametrize(
    "members",
    [
        {"users_read": 100},
        {"users_read": 90, "users_failed": 10, "failed": ("ada",)},
        {"users_read": 80, "users_unread": 20},
        {"users_read": 100, "source": "file"},
        {"users_read": 100, "users_without_seed": 50},
    ],
)
def test_a_stored_coverage_keeps_its_kind(members: dict[str, Any], list_whole: bool) -> None:
    """An answer is called the same when it is printed again, though not all that proved it is stored."""
    coverage = Coverage(stargazers_total=100, stargazers_listed=100, list_whole=list_whole, **members)
    read = stored_coverage(stored(coverage))
    assert read.kind is coverage.kind
    assert read.failed == coverage.failed
    assert read.as_of == datetime(2026, 11, 24, 10, tzinfo=UTC)
    if read.kind is Kind.EXACT:
        assert read.list_whole


@pytest.mark.parametrize(
    ("form", "top", "chosen"),
    [("table", None, TABLE_ROWS), ("table", 0, 0), ("csv", None, 0), ("json", 5, 5)],
)
def test_only_a_table_is_cut_unless_told(form: str, top: int | None, chosen: int) -> None:
    """A table has twenty rows and names nobody; everything else is whole, with its names."""
    choice = Choice.for_form(form, sort=None, top=top, min_shared=1)
    assert choice.top == chosen
    assert choice.sort == ("relevance" if form == "table" else "shared")
    assert choice.is_named == (form != "table")
