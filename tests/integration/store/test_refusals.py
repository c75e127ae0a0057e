"""Refusals: remembered by repository and token, for as long as whoever asks allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stargazer.errors import StargazersRestricted, StarListsRestricted
from stargazer.planner.page import Facts
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database
from stargazer.store.refusals import Refusals
from stargazer.store.repositories import Repositories

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
DAY = timedelta(days=1)
MINE, OTHER = fingerprint("mine"), fingerprint("other")


async def repository(database: Database, name: str = "o/r") -> int:
    facts = Facts(id="R_1", database_id=1, name_with_owner=name, stargazer_count=40, is_private=False)
    return await Repositories(database).ask(facts, NOW)


async def test_a_refusal_is_remembered_for_its_token(database: Database) -> None:
    """Whoever asks with the same token within the day is told the same; another token asks anew."""
    refusals, number = Refusals(database), await repository(database)
    await refusals.remember(number, MINE, StargazersRestricted("o/r", 40), NOW)

    found = await refusals.find(number, MINE, newer_than=NOW - DAY)
    assert isinstance(found, StargazersRestricted)
    assert found.facts["stargazers_total"] == 40
    assert found.facts["repository"] == "o/r"
    assert await refusals.find(number, OTHER, newer_than=NOW - DAY) is None
    assert await refusals.find(number + 1, MINE, newer_than=NOW - DAY) is None
    assert await refusals.find(number, MINE, newer_than=NOW + DAY) is None


async def test_both_refusals_come_back_whole(database: Database) -> None:
    """Closed star lists are another refusal, with figures of their own; the later one counts."""
    refusals, number = Refusals(database), await repository(database)
    await refusals.remember(number, MINE, StargazersRestricted("o/r", 40), NOW)
    closed = StarListsRestricted("o/r", 40, read=30, without_seed=29)
    await refusals.remember(number, MINE, closed, NOW + DAY)

    found = await refusals.find(number, MINE, newer_than=NOW)
    assert isinstance(found, StarListsRestricted)
    assert found.message == closed.message
    assert found.facts == closed.facts


async def test_refusals_are_forgotten(database: Database) -> None:
    """What is granted again, or was long ago, is not refused."""
    refusals, number = Refusals(database), await repository(database)
    await refusals.remember(number, MINE, StargazersRestricted("o/r", 40), NOW)
    await refusals.remember(number, OTHER, StargazersRestricted("o/r", 40), NOW)
    await refusals.forget(number, MINE)

    assert await refusals.find(number, MINE, newer_than=NOW - DAY) is None
    assert await refusals.clean(NOW) == 0
    assert await refusals.clean(NOW + DAY) == 1
