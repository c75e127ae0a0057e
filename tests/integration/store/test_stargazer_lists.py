"""Lists of stargazers: kept by repository, credential and source, and gone on from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.integration.store.pages import NOW, YEAR_2020, stargazers_page, user

from stargazer.planner.connection import Ending
from stargazer.planner.known import Ended, KnownStargazers, StoredStargazers
from stargazer.planner.page import Direction, Facts
from stargazer.store.database import Database
from stargazer.store.repositories import Repositories
from stargazer.store.star_lists import StarLists
from stargazer.store.stargazer_lists import ListKey, StargazerList, StargazerLists
from stargazer.store.users import Users

SECOND = timedelta(seconds=1)
ASC, DESC = Direction.ASC, Direction.DESC
WHOLE = Ended("owner/name", Ending.WHOLE)


@pytest.fixture
def star_lists(database: Database) -> StarLists:
    return StarLists(database)


@pytest.fixture
def lists(database: Database) -> StargazerLists:
    return StargazerLists(database)


@pytest.fixture
async def key(database: Database) -> ListKey:
    facts = Facts("R_1", 1, "owner/name", 3, is_private=False)
    make = "INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, 'U_0', 'admin') RETURNING id"
    return ListKey(
        repository=await Repositories(database).ask(facts, NOW),
        credential_user=await database.pool.fetchval(make, database.endpoint),
    )


async def test_a_list_in_two_replies_from_both_ends(
    star_lists: StarLists, lists: StargazerLists, key: ListKey
) -> None:
    """Half read it goes on from both cursors; whole it names everybody, the oldest star first."""
    ends = [
        stargazers_page([1, 2], total_count=5, cursor="a2"),
        stargazers_page([5, 4], total_count=6, direction=DESC, cursor="d4", hidden=1),
    ]
    for _ in range(2):
        await star_lists.write(ends, now=NOW, listing=key)
    half = await lists.half_read(key)
    assert half is not None
    assert {side: (list(read.edges), read.cursor) for side, read in half.sides.items()} == {
        ASC: (["U_1", "U_2"], "a2"),
        DESC: (["U_5", "U_4"], "d4"),
    }
    assert half.sides[DESC].edges["U_4"] == YEAR_2020 + 4 * SECOND
    assert sorted(half.users, key=lambda one: one.login) == [user(number) for number in (1, 2, 4, 5)]
    assert (half.low, half.high, half.hidden) == (5, 6, 1)

    last = [stargazers_page([3, 4], total_count=6, after="a2", cursor="a4")]
    for _ in range(2):
        await star_lists.write(last, now=NOW + SECOND, listing=key, listing_ended=WHOLE)

    assert await lists.half_read(key) is None
    known = await lists.known(key, newer_than=NOW)
    assert known == KnownStargazers([user(number) for number in range(1, 6)], 1, NOW)
    found = await lists.find(key)
    assert found is not None
    assert (found.ascending_cursor, found.descending_cursor) == ("a4", "d4")


async def test_an_old_list_is_refreshed_from_its_newest_end(
    star_lists: StarLists, lists: StargazerLists, key: ListKey
) -> None:
    """It is told newest first; those kept stay below those read now."""
    await star_lists.write([stargazers_page([1, 2, 3])], now=NOW, listing=key, listing_ended=WHOLE)
    later = NOW + timedelta(days=2)
    second = int(YEAR_2020.timestamp())
    assert await lists.known(key, newer_than=later) == StoredStargazers(
        [(user(number), second + number) for number in (3, 2, 1)], 0
    )

    head = [stargazers_page([4, 2], total_count=3, direction=DESC, cursor="d2")]
    ended = Ended("owner/name", Ending.WHOLE, kept=1)
    await star_lists.write(head, now=later, listing=key, listing_ended=ended)

    known = await lists.known(key, newer_than=later)
    assert known == KnownStargazers([user(1), user(2), user(4)], 0, later)


async def test_nobody_sees_what_another_credential_read(
    star_lists: StarLists, lists: StargazerLists, key: ListKey, database: Database
) -> None:
    """Lists are found by repository, credential and source only."""
    await star_lists.write([stargazers_page([1])], now=NOW, listing=key, listing_ended=WHOLE)
    make = "INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, 'U_9', 'other') RETURNING id"
    other = await database.pool.fetchval(make, database.endpoint)

    assert await lists.known(ListKey(key.repository, other), newer_than=NOW) is None
    assert await lists.known(ListKey(key.repository, key.credential_user, "file"), newer_than=NOW) is None


async def test_a_list_that_broke_off_keeps_the_older_one(
    star_lists: StarLists, lists: StargazerLists, key: ListKey
) -> None:
    """A reading that failed leaves what was known before."""
    await star_lists.write([stargazers_page([1])], now=NOW, listing=key, listing_ended=WHOLE)
    page = stargazers_page([1], total_count=2, cursor="a1")
    failed = Ended("owner/name", Ending.FAILED)
    await star_lists.write([page], now=NOW + SECOND, listing=key, listing_ended=failed)

    assert await lists.half_read(key) is None
    assert await lists.known(key, newer_than=NOW) == KnownStargazers([user(1)], 0, NOW)


async def test_pages_without_a_listing_only_tell_who_users_are(
    star_lists: StarLists, database: Database
) -> None:
    """A private or unstored list leaves its users, and nothing of the list."""
    await star_lists.write([stargazers_page([1, 2])], now=NOW)

    assert await Users(database).who([0, 1]) == {0: user(1), 1: user(2)}
    assert await database.pool.fetchval("SELECT count(*) FROM stargazer_list_part") == 0


async def test_a_list_from_a_file(
    star_lists: StarLists, lists: StargazerLists, key: ListKey, database: Database
) -> None:
    """It is put as it is, and is never whole."""
    await star_lists.write([user(1), user(2)], now=NOW)
    numbers = await Users(database).numbers(["U_2", "U_1"])
    given = ListKey(key.repository, key.credential_user, "file")
    listed = StargazerList.of(list(numbers.values()), fetched_at=NOW)
    await lists.put(given, listed)

    found = await lists.find(given)
    assert found is not None
    assert (found.users.tolist(), found.ending) == (list(numbers.values()), Ending.TRUNCATED)
    assert await lists.known(given, newer_than=NOW) is None


async def test_old_lists_are_cleaned(star_lists: StarLists, lists: StargazerLists, key: ListKey) -> None:
    """Whole and half read lists go when they are older than they may be."""
    await star_lists.write([stargazers_page([1])], now=NOW, listing=key, listing_ended=WHOLE)
    page = stargazers_page([1], total_count=2, cursor="a1")
    await star_lists.write([page], now=NOW + SECOND, listing=key)

    assert await lists.clean(NOW) == 0
    assert await lists.clean(NOW + 2 * SECOND) == 2
    assert await lists.find(key) is None
    assert await lists.half_read(key) is None
