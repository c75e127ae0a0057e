"""Filters of stored answers: whose neighbours are, how well known, and what they are about."""

from __future__ import annotations

import pytest
from tests.integration.store.answers_world import MADE_AT, SEED, SMALL, World

from stargazer.neighbours import rank
from stargazer.neighbours.filter import Filter
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Details
from stargazer.store import answers_slices
from stargazer.store.answers import Answers, StoredAnswer
from stargazer.store.answers_columns import PartSizes
from stargazer.store.answers_pages import AnswerPages
from stargazer.store.database import Database
from stargazer.store.details import KnownDetails, RepositoryDetails

USER = 1
EXACT = Coverage(stargazers_total=4, stargazers_listed=4, users_read=4, list_whole=True)
ABOUT = {
    4: Details("Three", "Python", is_archived=False, is_fork=False),
    6: Details(None, "python", is_archived=True, is_fork=False),
    5: Details(None, "C++", is_archived=False, is_fork=True),
    3: Details(None, None, is_archived=False, is_fork=False),
    2: None,
}
"""By number: of `b/one`, 1, nobody has asked, and `A/one`, 2, is not shown."""


async def made(database: Database, world: World = SMALL) -> StoredAnswer:
    """Write a world and an answer that is cut into parts of two neighbours."""
    await world.write(database)
    answers = Answers(database, sizes=PartSizes(neighbours=2))
    answer_id = await answers.make(SEED, range(5), EXACT, credential_user=USER, made_at=MADE_AT)
    found = await answers.find(answer_id, USER)
    assert found is not None
    return found


@pytest.fixture
async def answer(database: Database) -> StoredAnswer:
    """An answer of whose neighbours some are known."""
    answer = await made(database)
    await RepositoryDetails(database).write(ABOUT, MADE_AT)
    return answer


async def known_of(database: Database, answer: StoredAnswer) -> KnownDetails:
    numbers = await AnswerPages(database).closest(answer)
    assert numbers is not None
    return await RepositoryDetails(database).known(numbers)


FILTERED = [
    (Filter(owner="OWNER"), ["Owner/A", "owner/b"]),
    (Filter(owner="own"), []),
    (Filter(owner="z"), []),
    (Filter(min_stars=10), ["C/three", "Owner/A", "owner/b"]),
    (Filter(min_stars=9, max_stars=30), ["Owner/A", "owner/b", "A/one"]),
    (Filter(max_stars=1), ["b/one"]),
    (Filter(language="PYTHON"), ["C/three", "Owner/A"]),
    (Filter(language="c++"), ["owner/b"]),
    (Filter(language="C"), []),
    (Filter(archived=True), ["Owner/A"]),
    (Filter(archived=False), ["C/three", "owner/b", "a/two"]),
    (Filter(forks=True), ["owner/b"]),
    (Filter(forks=False), ["C/three", "Owner/A", "a/two"]),
    (Filter(forks=False, archived=False, language="python", owner="c", min_stars=3_000), ["C/three"]),
]


async def test_a_filter_leaves_the_order(database: Database, answer: StoredAnswer) -> None:
    """Page and stream give the same; the total counts what passes; what is unknown passes no such filter."""
    said = (await known_of(database, answer)).said
    pages = AnswerPages(database)
    for only, expected in FILTERED:
        page = await pages.page(answer, only=only, said=said)
        assert page is not None
        assert [one.repo for one in page.neighbours] == expected, only
        assert page.total == len(expected)
        streamed = [one.repo async for some in pages.stream(answer, only=only, said=said) for one in some]
        assert streamed == expected


async def test_filter_sort_and_paging_go_together(database: Database, answer: StoredAnswer) -> None:
    """Pages of one are what all of it is, less what has too few stars, whatever the order."""
    pages, only = AnswerPages(database), Filter(min_stars=9)
    for sort in rank.SCORES:
        whole = await pages.page(answer, sort=sort, min_shared=2)
        assert whole is not None
        expected = [one.repo for one in whole.neighbours if one.stars >= 9]
        read = []
        for offset in range(len(expected)):
            page = await pages.page(answer, sort=sort, offset=offset, limit=1, min_shared=2, only=only)
            assert page is not None
            assert page.total == len(expected)
            read += [one.repo for one in page.neighbours]
        assert read == expected


async def test_how_much_is_known(database: Database, answer: StoredAnswer) -> None:
    """One was not asked about; one that GitHub does not show cannot be known."""
    known = await known_of(database, answer)
    assert (len(known.said), known.wanted, known.unknown) == (4, 5, 1)


async def test_the_closest_come_first_by_either_score(database: Database) -> None:
    """The first by what is shared and the first by relevance take turns, each once."""
    answer = await made(database)
    assert await AnswerPages(database).closest(answer) == [4, 3, 6, 1, 5, 2]
    assert await AnswerPages(database, closest=1).closest(answer) == [4, 3]


async def test_nothing_is_close_to_nothing(database: Database) -> None:
    """An answer without neighbours has none to ask about, and none pass."""
    answer = await made(database, World((("acme/seed", 1),), ("bob",), {0: frozenset({0})}))
    pages = AnswerPages(database)
    assert await pages.closest(answer) == []
    for only in (Filter(min_stars=1), Filter(owner="acme"), Filter(archived=False)):
        page = await pages.page(answer, only=only)
        assert page is not None
        assert page.total == 0


async def test_a_cleaned_answer_has_no_closest(database: Database, answer: StoredAnswer) -> None:
    """Whoever asks for the details of an answer that is gone gets none."""
    await Answers(database).clean(MADE_AT.replace(year=2030), keep_latest=False)
    assert await AnswerPages(database).closest(answer) is None


async def test_an_owner_is_found_by_index(database: Database) -> None:
    """No filter walks through all repositories."""
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO repository
            SELECT $1::int, number, number, 'owner' || number % 700 || '/name', 1, now()
            FROM generate_series(1, 5000) AS number
            """,
            database.endpoint,
        )
        await connection.execute("ANALYZE repository")
        rows = await connection.fetch(f"EXPLAIN {answers_slices.OWNED}", database.endpoint, "Owner7")
    assert "repository_owner" in "\n".join(row[0] for row in rows)
