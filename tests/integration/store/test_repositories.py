"""Repositories and users: one dense number each, whoever brings them; names follow by id."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.integration.store.pages import NOW, star, star_list_page, user

from stargazer.planner.connection import Ending
from stargazer.planner.known import Ended
from stargazer.planner.page import Facts, User
from stargazer.store.database import Database
from stargazer.store.recent import RecentRepositories
from stargazer.store.repositories import Repositories, StoredRepository
from stargazer.store.star_lists import StarLists
from stargazer.store.users import Users

SECOND = timedelta(seconds=1)


@pytest.fixture
def repositories(database: Database) -> Repositories:
    return Repositories(database)


@pytest.fixture
def star_lists(database: Database, repositories: Repositories) -> StarLists:
    return StarLists(database, repositories)


def facts(database_id: int, name: str, stars: int = 5) -> Facts:
    return Facts(f"R_{database_id}", database_id, name, stars, is_private=False)


async def test_numbers_are_dense(star_lists: StarLists, database: Database) -> None:
    """They are 0, 1, 2 and so on, within the endpoint, however many replies bring them."""
    for reply in range(3):
        pages = [star_list_page(f"U_{reply}", [star(one) for one in range(reply, reply + 5)])]
        await star_lists.write(pages, now=NOW + reply * SECOND)

    numbers = await database.pool.fetch("SELECT number FROM repository ORDER BY number")
    assert [row["number"] for row in numbers] == list(range(7))


async def test_names_and_counts_follow_the_newest_sighting(
    star_lists: StarLists, repositories: Repositories
) -> None:
    """A later reply renames by id; one that came earlier and was written late does not."""
    for seconds, name, stars in ((1, "old/name", 1), (3, "new/name", 3), (2, "odd/name", 2)):
        page = star_list_page("U_1", [star(7, stars=stars, name=name)])
        await star_lists.write([page], now=NOW + seconds * SECOND)

    assert await repositories.of([0]) == [StoredRepository(0, 7, "new/name", 3)]


async def test_what_another_worker_wrote_is_corrected(database: Database) -> None:
    """Each remembers what it wrote itself, and compares the rest with the database."""
    first, second = StarLists(database), StarLists(database)
    for number, (writer, name) in enumerate(((first, "a/a"), (second, "b/b"), (first, "c/c"))):
        page = star_list_page("U_1", [star(7, name=name)])
        await writer.write([page], now=NOW + number * SECOND)

    assert [one.name for one in await Repositories(database).of([0])] == ["c/c"]


async def test_what_is_forgotten_is_looked_up(database: Database) -> None:
    """The memory is bounded; the numbers stay the same beyond it."""
    star_lists = StarLists(database, Repositories(database, RecentRepositories(at_most=10)))
    for reply in range(6):
        stars = [star(one) for one in range(4 * (reply % 3), 4 * (reply % 3) + 8)]
        page = star_list_page(f"U_{reply}", stars)
        await star_lists.write([page], [Ended(f"U_{reply}", Ending.WHOLE)], now=NOW + reply * SECOND)

    assert await database.pool.fetchval("SELECT count(*) FROM repository") == 16
    for reply in range(6):
        (stored,) = await star_lists.stored([f"U_{reply}"], seed=0, older_than=NOW + timedelta(days=1))
        begin = 4 * (reply % 3)
        assert [one for one, _ in stored.stars] == list(range(begin + 7, begin - 1, -1))


async def test_only_repositories_asked_about_are_found_by_name(
    star_lists: StarLists, repositories: Repositories
) -> None:
    """Whatever the case; asking again gives the same number."""
    await star_lists.write([star_list_page("U_1", [star(7, name="Old/Name"), star(8)])], now=NOW)
    assert await repositories.named("old/name") is None

    assert await repositories.ask(facts(7, "Old/Name"), NOW) == await repositories.ask(
        facts(7, "Old/Name"), NOW
    )
    number = await repositories.ask(facts(99, "brand/new", 3), NOW)

    assert await repositories.named("oLD/nAME") == StoredRepository(0, 7, "Old/Name", 5)
    assert await repositories.named("brand/new") == StoredRepository(number, 99, "brand/new", 3)
    assert await repositories.number_of(8) == 1
    assert await repositories.number_of(9) is None


async def test_a_name_that_was_passed_on_belongs_to_its_last_bearer(repositories: Repositories) -> None:
    """After a rename somebody else may take the old name."""
    await repositories.ask(facts(1, "a/a"), NOW)
    second = await repositories.ask(facts(2, "a/a"), NOW + SECOND)

    found = await repositories.named("a/a")
    assert found is not None
    assert found.number == second


async def test_logins_follow_the_newest_sighting(star_lists: StarLists, database: Database) -> None:
    """A login is that of the newest reply; a user without one has their node id until it comes."""
    await star_lists.write([star_list_page("U_1", [star(1)])], now=NOW)
    users = Users(database)
    assert await users.who([0]) == {0: User("U_1", None, "U_1")}

    for seconds, login in ((1, "first"), (3, "third"), (2, "second")):
        await star_lists.write([user(1, login), user(2)], now=NOW + seconds * SECOND)

    assert await users.who([0, 1, 2]) == {0: user(1, "third"), 1: user(2)}
    assert await users.numbers(["U_1", "U_2", "U_3"]) == {"U_1": 0, "U_2": 1}


async def test_endpoints_do_not_meet(database: Database) -> None:
    """The same ids at another endpoint are other repositories and other users."""
    other = Database(
        database.pool, await database.pool.fetchval("INSERT INTO endpoint (url) VALUES ('x') RETURNING id")
    )
    page = star_list_page("U_1", [star(1)])
    await StarLists(database).write([page], [Ended("U_1", Ending.WHOLE)], now=NOW)

    assert await StarLists(other).known(["U_1"], seed=0, newer_than=NOW) == []
    await StarLists(other).write([star_list_page("U_1", [star(2)])], now=NOW)
    assert await Repositories(other).number_of(2) == 0
    assert await Repositories(other).number_of(1) is None


async def test_writers_at_once_neither_clash_nor_wait_in_a_circle(database: Database) -> None:
    """Many workers bring the same repositories and users, renamed and in different orders."""

    async def work(worker: int) -> None:
        star_lists = StarLists(database)
        for reply in range(6):
            ids = range(40 * reply, 40 * reply + 120)
            stars = [star(one, stars=worker, name=f"w{worker}/{one}") for one in ids]
            owners = [f"U_{(reply + number) % 9}" for number in range(5)]
            pages = [star_list_page(owner, stars[:: worker % 3 + 1]) for owner in owners[:: (-1) ** worker]]
            people = [user(number, f"w{worker}-{number}") for number in range(9)][:: (-1) ** worker]
            ended = [Ended(owner, Ending.WHOLE) for owner in owners]
            await star_lists.write([*pages, *people], ended, now=NOW + (reply * 9 + worker) * SECOND)

    await asyncio.gather(*(work(worker) for worker in range(6)))

    counted = "SELECT count(*), count(DISTINCT number), min(number) FROM"
    assert tuple(await database.pool.fetchrow(f"{counted} repository") or ()) == (320, 320, 0)
    assert tuple(await database.pool.fetchrow(f"{counted} github_user") or ()) == (9, 9, 0)
    assert (
        await database.pool.fetchval("SELECT min(name) FROM repository WHERE database_id = 250") == "w5/250"
    )
