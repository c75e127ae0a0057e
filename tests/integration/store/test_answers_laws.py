"""Whatever the world, an answer, stored or only held, is what counting by hand gives."""

from __future__ import annotations

import asyncio
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.store.answers_world import MADE_AT, SEED, SMALL, World, packed

from stargazer.neighbours import rank
from stargazer.planner.coverage import Coverage
from stargazer.store.answers import ANYBODY, Answers, StoredAnswer
from stargazer.store.answers_columns import PartSizes
from stargazer.store.answers_pages import AnswerPages
from stargazer.store.answers_slices import StoredNeighbour
from stargazer.store.database import Database
from stargazer.store.held import HeldAnswer, count_people

ENDPOINTS = count(1_000)

NAMES = st.text("aAbBcC-", min_size=1, max_size=3)
SIZES = st.builds(
    PartSizes, neighbours=st.integers(1, 5), stars=st.integers(1, 9), stars_a_reading=st.integers(1, 30)
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A few users and repositories whose names differ in case, or in little else."""
    names = draw(st.lists(NAMES, min_size=1, max_size=12, unique=True))
    logins = draw(st.lists(NAMES, max_size=8, unique=True))
    numbers = st.frozensets(st.integers(0, len(names) - 1))
    lists = draw(st.lists(st.none() | numbers, min_size=len(logins), max_size=len(logins)))
    return World(
        tuple((f"o/{name}", draw(st.sampled_from((0, 1, 9, 99)))) for name in names),
        tuple(logins),
        {user: found for user, found in enumerate(lists) if found is not None},
    )


def seen(found: tuple[StoredNeighbour, ...], sort: rank.Score) -> list[tuple[object, ...]]:
    return [(each.repo, each.shared, each.stars, getattr(each, sort), each.stargazers) for each in found]


@given(
    world=worlds(),
    sizes=SIZES,
    left_out=st.frozensets(st.integers(0, 7), max_size=3),
    sort=st.sampled_from(rank.SCORES),
    min_shared=st.integers(0, 4),
    limit=st.integers(1, 5),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_stored_answer_is_brute_force(
    database: Database,
    world: World,
    sizes: PartSizes,
    left_out: frozenset[int],
    sort: rank.Score,
    min_shared: int,
    limit: int,
) -> None:
    """Any world, cut in any way: pages put together, and the stream, are the answer counted by hand."""
    apart = Database(database.pool, next(ENDPOINTS))
    await world.write(apart)
    coverage = Coverage(stargazers_listed=7, uncounted=frozenset(f"U_{user}" for user in left_out))
    answers, pages = Answers(apart, sizes=sizes), AnswerPages(apart, shelf_bytes=100)
    answer_id = await answers.make(
        SEED, range(len(world.logins)), coverage, credential_user=1, made_at=MADE_AT
    )
    answer = await answers.find(answer_id, 1)
    assert answer is not None

    expected = world.counted(7, left_out=left_out, sort=sort, min_shared=min_shared)
    assert await paged(pages, answer, sort, min_shared, limit) == expected
    streamed = [each async for each in pages.stream(answer, sort=sort, min_shared=min_shared)]
    assert [one for each in streamed for one in seen(each, sort)] == expected


async def paged(
    pages: AnswerPages, answer: StoredAnswer, sort: rank.Score, min_shared: int, limit: int
) -> list[tuple[object, ...]]:
    """Put the pages of an answer together, to the first that is empty."""
    told: list[tuple[object, ...]] = []
    while True:
        page = await pages.page(
            answer, sort=sort, offset=len(told), limit=limit, min_shared=min_shared, names=None
        )
        assert page is not None
        told += seen(page.neighbours, sort)
        if not page.neighbours:
            assert page.total == len(told)
            return told


@given(
    world=worlds(),
    left_out=st.frozensets(st.integers(0, 7), max_size=3),
    sort=st.sampled_from(rank.SCORES),
    min_shared=st.integers(0, 4),
    limit=st.integers(1, 5),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_counted_answer_is_brute_force(
    database: Database,
    world: World,
    left_out: frozenset[int],
    sort: rank.Score,
    min_shared: int,
    limit: int,
) -> None:
    """The same of an answer that is only held: its pages, its stream, and its id, which tells it."""
    apart = Database(database.pool, next(ENDPOINTS))
    await world.write(apart)
    users = set(range(len(world.logins))) - left_out
    first, again = [await counted(apart, users) for _ in range(2)]
    pages = AnswerPages(apart)

    expected = world.counted(7, left_out=left_out, sort=sort, min_shared=min_shared)
    assert await paged(pages, first, sort, min_shared, limit) == expected
    streamed = [each async for each in pages.stream(again, sort=sort, min_shared=min_shared)]
    assert [one for each in streamed for one in seen(each, sort)] == expected
    last = await pages.page(again, sort=sort, offset=1, limit=limit, min_shared=min_shared, names=1)
    assert last is not None
    assert seen(last.neighbours, sort) == [(*row[:4], row[4][:1]) for row in expected[1 : 1 + limit]]
    assert first.id == again.id


async def counted(database: Database, users: set[int]) -> HeldAnswer:
    """Count what users starred besides the seed."""
    async with database.transaction(isolation="repeatable_read") as connection:
        found = await count_people(connection, database.endpoint, users, SEED, is_named=True)
    return HeldAnswer.of(
        found,
        Coverage(stargazers_listed=7),
        repository_number=SEED,
        credential_user=1,
        made_at=MADE_AT,
        stargazers=7,
        not_whole=None,
    )


async def everything(database: Database, answer: StoredAnswer) -> list[tuple[object, ...]]:
    """Read an answer in a process that remembers nothing."""
    page = await AnswerPages(database).page(answer, sort="relevance", names=None)
    assert page is not None
    return seen(page.neighbours, "relevance")


async def test_answer_stays_while_the_next_is_made(database: Database) -> None:
    """Whatever is written meanwhile, a pinned answer is the same, and every new one agrees with itself."""
    await SMALL.write(database)
    answers = Answers(database, sizes=PartSizes(neighbours=2, stars=3, stars_a_reading=4))
    first = await answers.find(
        await answers.make(SEED, range(5), Coverage(), credential_user=1, made_at=MADE_AT), 1
    )
    assert first is not None
    before = await everything(database, first)

    ended = asyncio.Event()

    async def rewrite() -> None:
        turn = 0
        while not ended.is_set():
            turn += 1
            async with database.transaction() as connection:
                await connection.execute(
                    "UPDATE star_list SET repositories = $1, starred_at = $1 WHERE user_number = $2",
                    packed(frozenset({SEED, *range(1 + turn % 5, 8)})),
                    turn % 4,
                )

    async def make() -> None:
        for _ in range(10):
            await answers.make(SEED, range(5), Coverage(), credential_user=1, made_at=MADE_AT)
        ended.set()

    async def look() -> None:
        for _ in range(20):
            assert await everything(database, first) == before

    await asyncio.gather(rewrite(), make(), look())

    async with database.connection() as connection:
        made = [row["id"] for row in await connection.fetch("SELECT id FROM answer")]
    assert len(made) == 11
    for answer_id in made:
        answer = await answers.find(answer_id, ANYBODY)
        assert answer is not None
        page = await AnswerPages(database).page(answer, names=None)
        assert page is not None
        assert all(len(set(each.stargazers)) == each.shared for each in page.neighbours)
    assert await everything(database, first) == before
