"""Asking the stored lists the other way round tells nobody what another one's lists revealed."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.store.answers_world import (
    LISTS,
    MADE_AT,
    REPOSITORIES,
    SMALL,
    USERS,
    World,
    packed,
)

from stargazer.planner.coverage import Kind
from stargazer.runner import SystemClock
from stargazer.store.among import Among, AmongLists, Owners
from stargazer.store.answers import ANYBODY
from stargazer.store.answers_pages import AnswerPages
from stargazer.store.answers_slices import StoredNeighbour
from stargazer.store.database import Database

ENDPOINTS = count(5_000)

LIST = """
INSERT INTO stargazer_list
    (endpoint, repository_number, credential_user, source, fetched_at, read_at, total_count, hidden, ending,
     starred_at, users)
VALUES ($1, $2, $3, 'github', $4, $4, 0, 0, 'whole', $5, $5)
"""
CREDENTIAL = """
INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, $2, $2) RETURNING id
"""

Lists = dict[int, frozenset[int]]


async def owner(database: Database, lists: Lists) -> int:
    """Make a GitHub user who read these lists of stargazers, by repository."""
    async with database.transaction() as connection:
        user: int = await connection.fetchval(CREDENTIAL, database.endpoint, f"U{next(ENDPOINTS)}")
        for repository, people in lists.items():
            await connection.execute(LIST, database.endpoint, repository, user, MADE_AT, packed(people))
    return user


async def _apart(database: Database) -> Database:
    """Open the same database for an endpoint that nothing is stored of."""
    endpoint = next(ENDPOINTS)
    await database.pool.execute(
        "INSERT INTO endpoint (id, url) OVERRIDING SYSTEM VALUE VALUES ($1, $2)",
        endpoint,
        f"https://{endpoint}.example/graphql",
    )
    return Database(database.pool, endpoint)


async def ask(database: Database, name: str, owners: Owners) -> tuple[Among, list[StoredNeighbour]]:
    """Ask, and read all neighbours."""
    found = await AmongLists(database, SystemClock()).answer(name, owners)
    if found.answer is None:
        return found, []
    return found, [row async for some in AnswerPages(database).stream(found.answer) for row in some]


def seen(neighbours: list[StoredNeighbour]) -> list[tuple[object, ...]]:
    return [(each.repo, each.shared, each.stars, each.stargazers) for each in neighbours]


async def test_those_who_starred_it_also_starred(database: Database) -> None:
    """Of the people on one's lists, those who starred a repository are counted, and named as partial."""
    await SMALL.write(database)
    mine = await owner(database, {0: frozenset({0, 1, 2, 4})})

    found, neighbours = await ask(database, "A/TWO", [mine])

    assert (found.repository, found.coverage.kind, found.coverage.source) == ("a/two", Kind.PARTIAL, "store")
    assert (found.coverage.lists, found.coverage.lists_of) == (3, ("acme/seed",))
    assert found.coverage.stargazers_listed == 2
    assert seen(neighbours)[:2] == [
        ("acme/seed", 2, 4, ("Alice", "bob")),
        ("C/three", 2, 3_000, ("Alice", "bob")),
    ]
    assert "a/two" not in [each.repo for each in neighbours]


async def test_lists_of_all_where_the_operator_shares_them(database: Database) -> None:
    """Whoever may see all lists of stargazers has everybody on them counted."""
    await SMALL.write(database)
    await owner(database, {0: frozenset({0, 1})})
    await owner(database, {4: frozenset({2, 3})})

    found, _ = await ask(database, "c/three", ANYBODY)

    assert (found.coverage.lists, found.coverage.stargazers_listed) == (4, 4)


class Others(msgspec.Struct, frozen=True):
    """What a second user's readings brought: repositories and people behind the first ones, and lists."""

    repositories: tuple[str, ...]
    people: int
    lists: Lists
    listed: Lists

    async def write(self, database: Database, world: World) -> None:
        """Put it beside what is there, seen later."""
        later, endpoint = MADE_AT + timedelta(days=1), database.endpoint
        first, first_user = len(world.repositories), len(world.logins)
        async with database.transaction() as connection:
            for number, name in enumerate(self.repositories, first):
                await connection.execute(REPOSITORIES, endpoint, number, 1000 + number, name, 7, later)
            for number in range(first_user, first_user + self.people):
                await connection.execute(USERS, endpoint, number, f"U_{number}", f"q{number}", later)
            for number, starred in self.lists.items():
                row = (endpoint, number, later, len(starred), packed(starred))
                await connection.execute(LISTS, *row)
        await owner(database, self.listed)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, Lists, Others]:
    """Star lists, whose stargazers some of these people are to one user, and what another one brought.

    Repositories may bear one name, and people and repositories may be on the lists of both.
    """
    names = draw(
        st.lists(st.sampled_from(["o/a", "o/b", "O/A", "p/c", "p/d", "p/e"]), min_size=1, max_size=6)
    )
    numbers, people = range(len(names)), range(draw(st.integers(1, 6)))
    some = st.frozensets(st.sampled_from(numbers))
    stars = draw(st.lists(st.none() | some, min_size=len(people), max_size=len(people)))
    world = World(
        tuple((name, 9) for name in names),
        tuple(f"p{person}" for person in people),
        {person: found for person, found in enumerate(stars) if found is not None},
    )
    mine = st.dictionaries(st.sampled_from(numbers), st.frozensets(st.sampled_from(people)), max_size=3)
    more = draw(st.lists(st.sampled_from(["o/a", "O/A", "p/c", "q/x"]), max_size=3))
    new_people = draw(st.integers(0, 3))
    all_numbers = st.sampled_from(range(len(names) + len(more)))
    new = range(len(people), len(people) + new_people)
    everybody = st.sampled_from(range(len(people) + new_people))
    return (
        world,
        draw(mine),
        Others(
            tuple(more),
            new_people,
            {number: draw(st.frozensets(all_numbers)) for number in new},
            draw(st.dictionaries(all_numbers, st.frozensets(everybody), max_size=3)),
        ),
    )


@given(known=worlds())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_others_lists_change_nothing(database: Database, known: tuple[World, Lists, Others]) -> None:
    """The answer is that of a store that others have never used: only people on one's own lists count."""
    world, my_lists, others = known
    apart = await _apart(database)
    await world.write(apart)
    mine = await owner(apart, my_lists)
    names = sorted({name for name, _ in world.repositories} | {"o/unknown", "Q/x"})
    before = [await ask(apart, name, [mine]) for name in names]

    await others.write(apart, world)

    for name, (found, neighbours) in zip(names, before, strict=True):
        after, told = await ask(apart, name, [mine])
        assert (after.repository, after.coverage, told) == (found.repository, found.coverage, neighbours)
        assert (after.answer and after.answer.id) == (found.answer and found.answer.id)
        assert_counted(world, my_lists, after, told)


def assert_counted(world: World, my_lists: Lists, found: Among, told: list[StoredNeighbour]) -> None:
    """See that it is what counting by hand gives."""
    people = frozenset[int]().union(*my_lists.values())
    assert set(found.coverage.lists_of) == {world.repositories[each][0] for each in my_lists}
    assert found.coverage.lists == len(people & world.lists.keys())
    if found.answer is None:
        bearers = [
            number
            for number, (name, _) in enumerate(world.repositories)
            if name.lower() == found.repository.lower()
        ]
        assert not any(number in world.lists.get(who, ()) for number in bearers for who in people)
        return
    number = found.answer.repository_number
    assert world.repositories[number][0].lower() == found.repository.lower()
    counted = [who for who in people if number in world.lists.get(who, ())]
    assert found.coverage.stargazers_listed == len(counted)
    expected = {
        (1000 + place, tuple(sorted(world.logins[who] for who in counted if place in world.lists[who])))
        for place in range(len(world.repositories))
        if place != number and any(place in world.lists[who] for who in counted)
    }
    assert {(each.database_id, each.stargazers) for each in told} == expected
