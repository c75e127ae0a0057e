"""Asking the stored lists the other way round tells nobody what another one's lists revealed."""

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.store.answers_world import MADE_AT, SMALL, World, packed

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


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, Lists, Lists]:
    """Star lists, and what two users know: whose stargazers some of these people are."""
    numbers = range(draw(st.integers(1, 6)))
    people = range(draw(st.integers(1, 6)))
    some = st.frozensets(st.sampled_from(numbers))
    stars = draw(st.lists(st.none() | some, min_size=len(people), max_size=len(people)))
    world = World(
        tuple((f"o/{number}", 9) for number in numbers),
        tuple(f"p{person}" for person in people),
        {person: found for person, found in enumerate(stars) if found is not None},
    )
    lists = st.dictionaries(st.sampled_from(numbers), st.frozensets(st.sampled_from(people)), max_size=3)
    return world, draw(lists), draw(lists)


@given(known=worlds())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_others_lists_change_nothing(database: Database, known: tuple[World, Lists, Lists]) -> None:
    """Whatever others read: only people on one's own lists count, and nothing else is told."""
    world, my_lists, their_lists = known
    apart = await _apart(database)
    await world.write(apart)
    mine = await owner(apart, my_lists)
    names = [name for name, _ in world.repositories] + ["o/unknown"]
    before = [await ask(apart, name, [mine]) for name in names]

    await owner(apart, their_lists)

    people = frozenset[int]().union(*my_lists.values())
    for number, (name, (found, neighbours)) in enumerate(zip(names, before, strict=True)):
        after, told = await ask(apart, name, [mine])
        assert (after.coverage, told) == (found.coverage, neighbours)
        counted = [who for who in people if number in world.lists.get(who, ())]
        assert after.coverage.stargazers_listed == len(counted)
        assert set(after.coverage.lists_of) == {world.repositories[each][0] for each in my_lists}
        expected = {
            other: {world.logins[who] for who in counted if place in world.lists[who]}
            for place, (other, _) in enumerate(world.repositories)
            if place != number
        }
        assert {each.repo: set(each.stargazers) for each in told} == {
            other: who for other, who in expected.items() if who
        }
