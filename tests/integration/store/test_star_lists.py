"""Star lists: what was written is read back, whatever way it was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.integration.store.pages import NOW, YEAR_2020, star, star_list_page, user

from stargazer.planner.connection import Ending
from stargazer.planner.known import Ended, StoredList
from stargazer.planner.page import Direction, Repository, Star
from stargazer.store.database import Database
from stargazer.store.star_lists import StarLists
from stargazer.store.users import Users

SECOND = timedelta(seconds=1)
ASC, DESC = Direction.ASC, Direction.DESC


async def ids_of(star_lists: StarLists, user_id: str) -> list[int]:
    """The repositories on a user's list, newest first."""
    stored = await star_lists.stored([user_id], seed=0, older_than=NOW + timedelta(days=9))
    return [int(one) for listed in stored for one, _ in listed.stars]


@pytest.fixture
def star_lists(database: Database) -> StarLists:
    return StarLists(database)


async def write_whole(star_lists: StarLists, user_id: str, *ids: int, now: datetime = NOW) -> None:
    page = star_list_page(user_id, [star(one) for one in ids])
    await star_lists.write([page], [Ended(user_id, Ending.WHOLE)], now=now)


async def test_a_list_of_one_page_is_whole_at_once(star_lists: StarLists) -> None:
    """It is known from then on, with the time when it was read, and nothing is half read."""
    await write_whole(star_lists, "U_1", 3, 1, 2)

    known = await star_lists.known(["U_1", "U_2"], seed=2, newer_than=NOW)
    assert [(one.user_id, one.has_seed, one.fetched_at) for one in known] == [("U_1", True, NOW)]
    assert await ids_of(star_lists, "U_1") == [3, 2, 1]
    assert await star_lists.half_read(["U_1"], seed=0) == []


async def test_a_seed_that_is_not_on_the_list(star_lists: StarLists) -> None:
    """The list is known all the same: the plan counts those who lack the seed."""
    await write_whole(star_lists, "U_1", 1)
    await write_whole(star_lists, "U_2", 2)

    known = await star_lists.known(["U_1", "U_2"], seed=2, newer_than=NOW)
    assert sorted((one.user_id, one.has_seed) for one in known) == [("U_1", False), ("U_2", True)]
    assert not any(one.has_seed for one in await star_lists.known(["U_1"], seed=99, newer_than=NOW))


async def test_an_old_list_is_not_known_but_stored(star_lists: StarLists) -> None:
    """`known` and `stored` part the lists by age."""
    await write_whole(star_lists, "U_1", 1, 2)
    later = NOW + SECOND

    assert await star_lists.known(["U_1"], seed=0, newer_than=later) == []
    assert await star_lists.stored(["U_1"], seed=0, older_than=NOW) == []
    (stored,) = await star_lists.stored(["U_1"], seed=1, older_than=later)
    second = int(YEAR_2020.timestamp())
    assert (list(stored.stars), stored.has_seed, stored.unseen) == (
        [(2, second + 2), (1, second + 1)],
        True,
        0,
    )


async def test_an_empty_list(star_lists: StarLists) -> None:
    """A user who starred nothing has a whole list of nothing."""
    await write_whole(star_lists, "U_1")

    assert len(await star_lists.known(["U_1"], seed=1, newer_than=NOW)) == 1
    assert await ids_of(star_lists, "U_1") == []


async def test_a_list_half_read_goes_on_from_its_cursors(star_lists: StarLists) -> None:
    """Each end comes back in the order read, with its cursor and the counts told."""
    first = star_list_page("U_1", [star(1), star(2)], total_count=9, cursor="a2")
    ends = [
        star_list_page("U_1", [star(3)], total_count=10, after="a2", cursor="a3"),
        star_list_page("U_1", [star(9), star(8)], total_count=10, direction=DESC, cursor="d8", hidden=1),
    ]
    await star_lists.write([first], now=NOW)
    await star_lists.write(ends, now=NOW + SECOND)

    (half,) = await star_lists.half_read(["U_1"], seed=8)
    assert {side: (list(read.edges), read.cursor) for side, read in half.sides.items()} == {
        ASC: ([1, 2, 3], "a3"),
        DESC: ([9, 8], "d8"),
    }
    assert half.sides[ASC].edges[3] == YEAR_2020 + 3 * SECOND
    assert (half.low, half.high, half.unseen, half.has_seed) == (9, 10, 1, True)
    assert await star_lists.known(["U_1"], seed=0, newer_than=NOW) == []


async def test_parts_are_folded_when_the_reading_is_over(star_lists: StarLists) -> None:
    """The list is both ends together, each star once, and begins when its first page came."""
    await star_lists.write([star_list_page("U_1", [star(1), star(2)], total_count=4, cursor="a2")], now=NOW)
    last = [
        star_list_page("U_1", [star(3)], total_count=4, after="a2", cursor="a3"),
        star_list_page("U_1", [star(4), star(3)], total_count=4, direction=DESC, cursor="d3"),
    ]
    await star_lists.write(last, [Ended("U_1", Ending.WHOLE)], now=NOW + SECOND)

    assert await ids_of(star_lists, "U_1") == [4, 3, 2, 1]
    assert [one.fetched_at for one in await star_lists.known(["U_1"], seed=0, newer_than=NOW)] == [NOW]
    assert await star_lists.half_read(["U_1"], seed=0) == []


async def test_two_who_read_one_list_at_the_same_time_do_not_undo_each_other(star_lists: StarLists) -> None:
    """The second to come finds its first page here already, and the first goes on where it was."""
    first = star_list_page("U_1", [star(1), star(2)], total_count=4, cursor="a2")
    shorter = star_list_page("U_1", [star(1)], total_count=4, cursor="a1")
    for number, page in enumerate(
        [
            first,
            star_list_page("U_1", [star(3)], total_count=4, after="a2", cursor="a3"),
            first,
            shorter,
            star_list_page("U_1", [star(2), star(3)], total_count=4, after="a1", cursor="a3"),
        ]
    ):
        await star_lists.write([page], now=NOW + number * SECOND, shared_since=NOW)
    last = star_list_page("U_1", [star(4)], total_count=4, after="a3")
    await star_lists.write([last], [Ended("U_1", Ending.WHOLE)], now=NOW + 9 * SECOND, shared_since=NOW)

    assert await ids_of(star_lists, "U_1") == [4, 3, 2, 1]


async def test_a_longer_first_page_takes_the_place_of_a_shorter_one(star_lists: StarLists) -> None:
    """And the other end stays: it is the same list."""
    desc = star_list_page("U_1", [star(4)], total_count=4, direction=DESC, cursor="d4")
    await star_lists.write([star_list_page("U_1", [star(1)], total_count=4, cursor="a1"), desc], now=NOW)
    longer = star_list_page("U_1", [star(1), star(2), star(3)], total_count=4, cursor="a3")
    await star_lists.write([longer], [Ended("U_1", Ending.WHOLE)], now=NOW + SECOND, shared_since=NOW)

    assert await ids_of(star_lists, "U_1") == [4, 3, 2, 1]


async def test_what_was_begun_too_long_ago_is_begun_anew(star_lists: StarLists) -> None:
    """Or its age would be that of the list, and whoever wants a young one would never have it."""
    first = star_list_page("U_1", [star(1), star(2)], total_count=4, cursor="a2")
    await star_lists.write([first], now=NOW)
    more = star_list_page("U_1", [star(3)], total_count=4, after="a2", cursor="a3")
    await star_lists.write([more], now=NOW + SECOND)

    later = NOW + timedelta(days=8)
    await star_lists.write([first], now=later, shared_since=later - timedelta(days=7))
    (half,) = await star_lists.half_read(["U_1"], seed=0)
    assert (half.begun_at, list(half.sides[ASC].edges)) == (later, [1, 2])


async def test_a_reply_written_twice_changes_nothing(star_lists: StarLists) -> None:
    """Whoever does not know whether a reply was written may write it again."""
    one = [star_list_page("U_1", [star(1), star(2)], total_count=4, cursor="a2")]
    two = [
        star_list_page("U_1", [star(3)], total_count=4, after="a2", cursor="a3"),
        star_list_page("U_1", [star(4), star(3)], total_count=4, direction=DESC, cursor="d3"),
    ]
    for _ in range(2):
        await star_lists.write(one, now=NOW)
    (half,) = await star_lists.half_read(["U_1"], seed=0)
    assert list(half.sides[ASC].edges) == [1, 2]

    for ending in (Ending.TRUNCATED, Ending.TRUNCATED):
        await star_lists.write(two, [Ended("U_1", ending)], now=NOW + SECOND)
    assert await star_lists.half_read(["U_1"], seed=0) == []
    assert [len(chunk.repositories) async for chunk in star_lists.lists([0])] == [4]


async def test_a_page_that_follows_nothing_we_have_is_left_out(star_lists: StarLists) -> None:
    """A list with a hole never passes as whole; what was read of it stays, to be gone on from."""
    await star_lists.write([star_list_page("U_1", [star(1)], total_count=3, cursor="a1")], now=NOW)
    last = star_list_page("U_1", [star(3)], total_count=3, after="a2")
    await star_lists.write([last], [Ended("U_1", Ending.WHOLE)], now=NOW + SECOND)

    assert await star_lists.known(["U_1"], seed=0, newer_than=NOW) == []
    (half,) = await star_lists.half_read(["U_1"], seed=0)
    assert list(half.sides[ASC].edges) == [1]


async def test_a_list_that_is_read_anew_forgets_both_ends(star_lists: StarLists) -> None:
    """What the first reading saw may have been taken back since."""
    old = [
        star_list_page("U_1", [star(1)], total_count=9, cursor="a1"),
        star_list_page("U_1", [star(9)], total_count=9, direction=DESC, cursor="d9"),
    ]
    await star_lists.write(old, now=NOW)
    await star_lists.write([star_list_page("U_1", [star(2)], total_count=8, cursor="a2")], now=NOW + SECOND)

    (half,) = await star_lists.half_read(["U_1"], seed=0)
    assert {side: list(read.edges) for side, read in half.sides.items()} == {ASC: [2]}
    assert (half.low, half.high) == (8, 8)


async def test_a_refresh_keeps_the_oldest_stars(star_lists: StarLists) -> None:
    """What was read now and the kept stars of the old list make the new one; what lies between is gone."""
    await write_whole(star_lists, "U_1", 1, 2, 3, 4)
    head = star_list_page("U_1", [star(5), star(3)], total_count=4, direction=DESC, cursor="d3")
    for _ in range(2):
        await star_lists.write([head], [Ended("U_1", Ending.WHOLE, kept=2)], now=NOW + SECOND)

    assert await ids_of(star_lists, "U_1") == [5, 3, 2, 1]
    assert len(await star_lists.known(["U_1"], seed=0, newer_than=NOW + SECOND)) == 1
    assert await star_lists.half_read(["U_1"], seed=0) == []


async def test_a_failed_reading_keeps_the_older_list(star_lists: StarLists) -> None:
    """Its parts are dropped; the whole list of before is better than none."""
    await write_whole(star_lists, "U_1", 1, 2)
    page = star_list_page("U_1", [star(1)], total_count=3, cursor="a1")
    await star_lists.write([page], now=NOW + SECOND)
    await star_lists.write([], [Ended("U_1", Ending.FAILED)], now=NOW + 2 * SECOND)

    assert await star_lists.half_read(["U_1"], seed=0) == []
    assert await ids_of(star_lists, "U_1") == [2, 1]


async def test_a_truncated_list_is_counted_but_not_known(star_lists: StarLists) -> None:
    """It may serve a partial answer, and never spares a reading."""
    page = star_list_page("U_1", [star(1), star(2)], total_count=9, cursor="a2")
    await star_lists.write([page], [Ended("U_1", Ending.TRUNCATED)], now=NOW)

    assert await star_lists.known(["U_1"], seed=0, newer_than=NOW) == []
    assert await star_lists.stored(["U_1"], seed=0, older_than=NOW + SECOND) == []
    assert [len(chunk.repositories) async for chunk in star_lists.lists([0])] == [2]


async def test_private_and_numberless_repositories_are_never_written(
    star_lists: StarLists, database: Database
) -> None:
    """They count as unseen and leave no other trace."""
    moment = datetime(2021, 1, 1, tzinfo=UTC)
    stars = [
        star(1),
        Star(moment, Repository(77, "secret/thing", 1, is_private=True)),
        Star(moment, Repository(None, "odd/thing", 1, is_private=False)),
    ]
    await star_lists.write([star_list_page("U_1", stars)], [Ended("U_1", Ending.WHOLE)], now=NOW)

    (stored,) = await star_lists.stored(["U_1"], seed=0, older_than=NOW + SECOND)
    assert ([one for one, _ in stored.stars], stored.unseen) == ([1], 2)
    assert await database.pool.fetchval("SELECT count(*) FROM repository") == 1


async def test_lists_are_read_for_counting(star_lists: StarLists, database: Database) -> None:
    """Numbers are sorted within each list, lists by user; users without a list are left out."""
    await star_lists.write([user(9)], now=NOW)
    await write_whole(star_lists, "U_1", 30, 10)
    await write_whole(star_lists, "U_2", 20, 10, 30)
    numbers = await Users(database).numbers(["U_9", "U_1", "U_2"])

    (chunk,) = [chunk async for chunk in star_lists.lists([numbers["U_2"], numbers["U_9"], numbers["U_1"]])]

    assert chunk.users.tolist() == [numbers["U_1"], numbers["U_2"]]
    assert chunk.offsets.tolist() == [0, 2, 5]
    assert all(np.all(np.diff(one) > 0) for one in np.split(chunk.repositories, chunk.offsets[1:-1]))


async def test_stars_are_a_sequence(star_lists: StarLists) -> None:
    """The stars of a stored list can be walked, counted and sliced."""
    await write_whole(star_lists, "U_1", 1, 2, 3)
    stored: list[StoredList] = await star_lists.stored(["U_1"], seed=0, older_than=NOW + SECOND)
    stars = stored[0].stars

    assert (len(stars), stars[0][0], stars[-1][0]) == (3, 3, 1)
    assert [one for one, _ in stars[1:]] == [2, 1]
    with pytest.raises(IndexError):
        stars[3]


async def test_old_lists_are_cleaned(star_lists: StarLists) -> None:
    """What was read before a moment goes, whole or half; what was read since stays."""
    await write_whole(star_lists, "U_1", 1)
    await write_whole(star_lists, "U_2", 1, now=NOW + SECOND)
    await star_lists.write([star_list_page("U_3", [star(1)], total_count=3, cursor="a1")], now=NOW)

    assert await star_lists.clean(NOW + SECOND) == 2
    assert [one.user_id for one in await star_lists.known(["U_1", "U_2"], seed=0, newer_than=NOW)] == ["U_2"]
    assert await star_lists.half_read(["U_3"], seed=0) == []
