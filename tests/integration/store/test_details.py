"""Details of repositories: kept as GitHub said them, and asked again when they are old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stargazer.planner.page import Details, Facts
from stargazer.store.database import Database
from stargazer.store.details import MAX_AGE, RepositoryDetails
from stargazer.store.repositories import Repositories

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
FLASK = Details("A framework", "Python", is_archived=False, is_fork=False)
PLAIN = Details(None, None, is_archived=True, is_fork=True)


async def three(database: Database) -> list[int]:
    repositories = Repositories(database)
    return [
        await repositories.ask(Facts(f"R_{n}", n, f"o/r{n}", stargazer_count=40, is_private=False), NOW)
        for n in (1, 2, 3)
    ]


async def test_details_come_back_as_said(database: Database) -> None:
    """What is known comes back whole; what GitHub did not show, and what nobody asked about, is left out."""
    details, (first, second, third) = RepositoryDetails(database), await three(database)
    await details.write({second: PLAIN, first: FLASK, third: None}, NOW)
    known = await details.known([first, second, third, 99])
    assert known.said == {first: FLASK, second: PLAIN}
    # The third cannot be known, of the last nobody has asked.
    assert (known.wanted, known.unknown) == (3, 1)


async def test_what_is_old_or_unknown_is_wanted(database: Database) -> None:
    """Each is asked once in 30 days, whether GitHub showed it or not; what is old is still shown."""
    details, (first, second, third) = RepositoryDetails(database), await three(database)
    await details.write({first: FLASK, second: None}, NOW)
    assert await details.wanted([third, second, first], NOW + MAX_AGE) == [third]
    late = NOW + MAX_AGE + timedelta(seconds=1)
    assert await details.wanted([third, second, first], late) == [third, second, first]
    assert (await details.known([first])).said == {first: FLASK}


async def test_the_later_word_counts(database: Database) -> None:
    """Whoever asked earlier and writes later changes nothing."""
    details, (first, _, _) = RepositoryDetails(database), await three(database)
    await details.write({first: PLAIN}, NOW)
    await details.write({first: FLASK}, NOW - timedelta(seconds=1))
    assert (await details.known([first])).said == {first: PLAIN}
    await details.write({first: None}, NOW + timedelta(seconds=1))
    assert (await details.known([first])).said == {}


async def test_the_mark_tells_every_change(database: Database) -> None:
    """It stays while nothing changes, and is another one when anything does, in whichever order it came."""
    details, numbers = RepositoryDetails(database), await three(database)
    marks = [(await details.known(numbers)).mark]
    for said, at in (
        ({numbers[1]: FLASK}, NOW),
        ({numbers[0]: None}, NOW - MAX_AGE),
        ({numbers[1]: PLAIN}, NOW),
    ):
        await details.write(said, at + timedelta(seconds=len(marks)))
        marks.append((await details.known(numbers)).mark)
    assert len(set(marks)) == 4
    assert (await details.known(numbers)).mark == marks[-1]
