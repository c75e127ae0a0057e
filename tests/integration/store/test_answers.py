from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import pytest
from tests.integration.store.answers_world import MADE_AT, SEED, SMALL, World

from stargazer.errors import AnswerGone
from stargazer.neighbours import rank
from stargazer.planner.coverage import Coverage, Kind
from stargazer.store.answers import ANYBODY, USUAL, Answers, StoredAnswer, Terms
from stargazer.store.answers_pages import AnswerPage, AnswerPages
from stargazer.store.database import Database

MINE, THEIRS = 1, 2
EXACT = Coverage(stargazers_total=4, stargazers_listed=4, users_read=4, list_whole=True)
BY_SHARED = ["C/three", "Owner/A", "owner/b", "a/two", "A/one", "b/one"]


async def made(
    database: Database,
    *,
    coverage: Coverage = EXACT,
    credential_user: int = MINE,
    age: timedelta = timedelta(),
    as_of: datetime | None = None,
    source: Literal["github", "file"] = "github",
    terms: Terms = USUAL,
) -> StoredAnswer:
    """Make an answer of all users, and find it."""
    answers = Answers(database)
    coverage = msgspec.structs.replace(coverage, as_of=as_of, source=source)
    answer_id = await answers.make(
        SEED, range(5), coverage, credential_user=credential_user, made_at=MADE_AT - age, terms=terms
    )
    found = await answers.find(answer_id, credential_user)
    assert found is not None
    return found


async def read(database: Database, answer: StoredAnswer, *, sort: rank.Score = "shared") -> AnswerPage:
    """Read everything, with all names, in a process that remembers nothing."""
    page = await AnswerPages(database).page(answer, sort=sort, names=None)
    assert page is not None
    return page


async def test_answer_says_how_it_was_come_by(database: Database) -> None:
    """What is known of an answer is stored with it."""
    await SMALL.write(database)

    answer = await made(database)

    assert (answer.kind, answer.complete, answer.neighbours) == (Kind.EXACT, True, 6)
    assert (answer.stargazers, answer.not_whole, answer.made_at) == (4, None, MADE_AT)
    assert answer.coverage["users_read"] == 4
    assert "uncounted" not in answer.coverage


async def test_page_has_everything(database: Database) -> None:
    """A page holds names, counts, scores and who shares, in the published order."""
    await SMALL.write(database)

    page = await read(database, await made(database))

    assert [each.repo for each in page.neighbours] == BY_SHARED
    first = page.neighbours[0]
    assert (first.shared, first.stars, first.shared_high) == (4, 3_000, None)
    assert first.stargazers == ("Alice", "bob", "carol", "Dave")
    assert first.relevance == rank.relevance(4.0, 3_000.0, 4)
    assert (first.database_id, first.number) == (1004, 4)
    assert page.total == 6


async def test_partial_answer_is_an_interval(database: Database) -> None:
    """Where lists are not whole, each count says how much more it may be."""
    await SMALL.write(database)
    coverage = Coverage(stargazers_total=5, stargazers_listed=5, users_read=4, users_failed=1)

    answer = await made(database, coverage=coverage)

    assert (answer.kind, answer.complete) == (Kind.PARTIAL, False)
    page = await read(database, answer)
    assert [each.shared_high for each in page.neighbours[:4]] == [5, 4, 4, 3]


async def test_answer_without_neighbours(database: Database) -> None:
    """Users who starred the seed alone, or nobody at all, make an answer with nothing in it."""
    await World((("acme/seed", 1),), ("bob",), {0: frozenset({0})}).write(database)

    answer = await made(database)

    assert await read(database, answer) == AnswerPage((), 0)
    assert await read(database, answer, sort="cosine") == AnswerPage((), 0)
    assert [each async for each in AnswerPages(database).stream(answer)] == []


async def test_names_are_cut_to_the_first_logins(database: Database) -> None:
    """So many names as were asked for are shown, the first by login; the count stays."""
    await SMALL.write(database)
    answer = await made(database)
    pages = AnswerPages(database)

    for names, expected in ((0, ()), (2, ("Alice", "bob")), (99, ("Alice", "bob", "carol", "Dave"))):
        page = await pages.page(answer, limit=1, names=names)
        assert page is not None
        assert page.neighbours[0].stargazers == expected
        assert page.neighbours[0].shared == 4


async def test_renames_show_and_counts_stay(database: Database) -> None:
    """Names and logins are those of today, everything else is of the day it was made."""
    await SMALL.write(database)
    answer = await made(database)
    async with database.transaction() as connection:
        await connection.execute("UPDATE repository SET name = 'aaa/new', stars = 7 WHERE number = 1")
        await connection.execute("UPDATE github_user SET login = 'zoe' WHERE number = 1")
        await connection.execute("DELETE FROM star_list WHERE user_number = 2")

    page = await read(database, answer)

    assert [each.repo for each in page.neighbours] == [*BY_SHARED[:-1], "aaa/new"]
    assert page.neighbours[-1].stars == 1
    assert page.neighbours[0].stargazers == ("bob", "carol", "Dave", "zoe")


async def test_who_was_forgotten_is_not_named(database: Database) -> None:
    """A user whose row is gone is in no page; the counts, which name nobody, stay."""
    await SMALL.write(database)
    answer = await made(database)
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM github_user WHERE login = 'Alice'")

    page = await read(database, answer)

    assert page.neighbours[0].stargazers == ("bob", "carol", "Dave")
    assert page.neighbours[0].shared == 4
    assert page.neighbours[4].stargazers == ()


async def test_answers_belong_to_their_reader(database: Database) -> None:
    """Another credential's user finds nothing; who may see all finds it."""
    await SMALL.write(database)
    answer = await made(database)
    answers = Answers(database)

    assert await answers.find(answer.id, THEIRS) is None
    assert await answers.latest(SEED, THEIRS) is None
    assert await answers.find(answer.id, ANYBODY) == answer
    assert await answers.latest(SEED, ANYBODY) == answer


async def test_answers_belong_to_their_endpoint(database_url: str) -> None:
    """What was read at one GitHub is not found at another."""
    async with Database.open(database_url, "https://one.example/api/graphql") as one:
        await SMALL.write(one)
        answer = await made(one)
    async with Database.open(database_url, "https://two.example/api/graphql") as two:
        assert await Answers(two).find(answer.id, ANYBODY) is None
        assert await Answers(two).latest(SEED, ANYBODY) is None
        assert await Answers(two).clean(MADE_AT + timedelta(days=1), keep_latest=False) == 0


async def test_latest_is_the_last_that_was_made(database: Database) -> None:
    """The newest answer is found, whatever it was asked with."""
    await SMALL.write(database)
    new = await made(database)
    await made(database, age=timedelta(days=1))
    await made(database, credential_user=THEIRS, age=timedelta(days=-1))
    answers = Answers(database)

    assert await answers.latest(SEED, MINE) == new
    assert await answers.latest(1, MINE) is None


HOUR = timedelta(hours=1)
DAYS = timedelta(days=1)


@pytest.mark.parametrize(
    ("terms", "oldest", "fits"),
    [
        (Terms(7 * DAYS), 9 * DAYS, True),  # made a minute ago, with the same terms
        (Terms(9 * DAYS), 9 * DAYS, True),  # with stricter ones
        (Terms(HOUR), 9 * DAYS, False),  # its lists might be, and are, too old
        (Terms(HOUR), HOUR / 2, True),  # they might be, and are not
        (Terms(timedelta(seconds=60)), HOUR / 2, False),
        (Terms(7 * DAYS, 100), HOUR, True),  # all is more than some
    ],
)
async def test_an_answer_fits_whoever_allows_what_it_was_made_with(
    database: Database, terms: Terms, oldest: timedelta, *, fits: bool
) -> None:
    """It is as old as its oldest list, unless such age was allowed then and is now."""
    await SMALL.write(database)
    now = MADE_AT + timedelta(minutes=1)
    answer = await made(database, as_of=now - oldest)

    assert await Answers(database).fitting(SEED, MINE, terms, now) == (answer if fits else None)


async def test_an_answer_under_a_cap_fits_the_same_cap(database: Database) -> None:
    """Whoever sets no cap, or another, asks another question."""
    await SMALL.write(database)
    capped = await made(database, terms=Terms(max_stars_per_user=100))
    answers = Answers(database)

    found = [
        await answers.fitting(SEED, MINE, Terms(max_stars_per_user=cap), MADE_AT) for cap in (100, 99, None)
    ]
    assert found == [capped, None, None]


async def test_an_answer_from_a_file_fits_nobody(database: Database) -> None:
    """What GitHub's own list gave is found behind it."""
    await SMALL.write(database)
    ours = await made(database)
    await made(database, age=-timedelta(minutes=1), source="file")

    assert await Answers(database).fitting(SEED, MINE, USUAL, MADE_AT) == ours


async def test_cleaning_keeps_the_latest(database: Database) -> None:
    """Old answers go, with all their parts, but not the last of a repository and a reader."""
    await SMALL.write(database)
    older = await made(database, age=timedelta(days=9))
    old = await made(database, age=timedelta(days=8))
    their = await made(database, credential_user=THEIRS, age=timedelta(days=9))
    answers = Answers(database)

    assert await answers.clean(MADE_AT - timedelta(days=1)) == 1
    assert await answers.find(older.id, MINE) is None
    assert await answers.find(old.id, MINE) == old
    assert await answers.find(their.id, THEIRS) == their

    assert await answers.clean(MADE_AT - timedelta(days=1), keep_latest=False) == 2
    assert await answers.find(old.id, MINE) is None
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM answer_part") == 0


@pytest.mark.parametrize("sort", rank.SCORES)
async def test_cleaned_answer_is_gone(database: Database, sort: rank.Score) -> None:
    """A page of a cleaned answer is no page, whatever a process remembers; a stream says so."""
    await SMALL.write(database)
    answer = await made(database)
    fresh, warm = AnswerPages(database), AnswerPages(database)
    await warm.page(answer, sort=sort)
    await Answers(database).clean(MADE_AT + timedelta(days=1), keep_latest=False)

    for pages in (fresh, warm):
        assert await pages.page(answer, sort=sort) is None
        with pytest.raises(AnswerGone, match=str(answer.id)):
            [each async for each in pages.stream(answer, sort=sort)]


async def test_failed_making_leaves_nothing(database: Database) -> None:
    """Where the last write fails, no part of the answer is there."""
    await SMALL.write(database)
    async with database.transaction() as connection:
        await connection.execute("ALTER TABLE answer_part ADD CHECK (lowest > 1) NOT VALID")

    with pytest.raises(Exception, match="check constraint"):
        await made(database)

    assert await Answers(database).latest(SEED, ANYBODY) is None


async def test_unknown_answer_is_none(database: Database) -> None:
    """An id that never was is like one that was cleaned."""
    assert await Answers(database).find(uuid.uuid4(), ANYBODY) is None
