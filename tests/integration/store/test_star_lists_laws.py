"""However a list is read, in whatever pages, replies and ends: what was read is what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.store.pages import NOW, star, star_list_page

from stargazer.planner.connection import Ending
from stargazer.planner.known import Ended
from stargazer.planner.page import Direction, Star, StarListPage
from stargazer.store.database import Database
from stargazer.store.repositories import Repositories
from stargazer.store.star_lists import StarLists

REPOSITORIES = 60
SECOND = timedelta(seconds=1)

_ENDPOINTS = count()


class Reader:
    """Reads a made-up list of one user from either end, as GitHub would show it."""

    def __init__(self, user_id: str, ids: list[int]) -> None:
        self.user_id = user_id
        self.stars = [star(one, second) for second, one in enumerate(ids)]
        self.places = {Direction.ASC: 0, Direction.DESC: 0}

    @property
    def met(self) -> bool:
        """Whether both ends together have seen every star."""
        return sum(self.places.values()) >= len(self.stars)

    def page(self, direction: Direction, first: int) -> StarListPage:
        """The next page of an end."""
        begin = self.places[direction]
        end = min(begin + first, len(self.stars))
        self.places[direction] = end
        ordered = self.stars if direction is Direction.ASC else self.stars[::-1]
        shown: list[Star] = ordered[begin:end]
        return star_list_page(
            self.user_id,
            shown,
            total_count=len(self.stars),
            direction=direction,
            after=f"{direction}{begin}" if begin else None,
            cursor=f"{direction}{end}" if end < len(self.stars) else None,
        )


lists = st.lists(st.integers(1, REPOSITORIES), unique=True, max_size=25)
steps = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(Direction), st.integers(1, 9), st.booleans()),
    max_size=40,
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


def test_what_was_read_is_what_is_stored(database_url: str, runner: asyncio.Runner) -> None:
    """Whole lists come back whole; of the others, each end as far as it was read."""

    @settings(max_examples=60, deadline=None)
    @given(contents=st.lists(lists, min_size=3, max_size=3), steps=steps)
    def law(contents: list[list[int]], steps: list[tuple[int, Direction, int, bool]]) -> None:
        # One database for all examples, an endpoint for each.
        runner.run(_read(database_url, contents, steps))

    law()


async def _read(url: str, contents: list[list[int]], steps: list[tuple[int, Direction, int, bool]]) -> None:
    async with Database.open(url, f"https://{next(_ENDPOINTS)}.test/graphql") as database:
        star_lists = StarLists(database)
        readers = [Reader(f"U_{number}", ids) for number, ids in enumerate(contents)]
        over: set[str] = set()
        for reply, (number, direction, first, twice) in enumerate(steps):
            reader = readers[number]
            if reader.user_id in over:
                continue
            pages = [reader.page(direction, first)]
            ended = [Ended(reader.user_id, Ending.WHOLE)] if reader.met else []
            over.update(one.user_id for one in ended)
            for _ in range(1 + twice):
                await star_lists.write(pages, ended, now=NOW + reply * SECOND)
        for reader in readers:
            await _compare(database, reader, whole=reader.user_id in over)


async def _compare(database: Database, reader: Reader, *, whole: bool) -> None:
    # Another program's eyes: nothing remembered, everything looked up.
    star_lists = StarLists(database, Repositories(database))
    expected = [one.repository.database_id for one in reader.stars]
    stored = await star_lists.stored([reader.user_id], seed=0, older_than=NOW + timedelta(days=1))
    half = await star_lists.half_read([reader.user_id], seed=0)
    if whole:
        assert [[one for one, _ in listed.stars] for listed in stored] == [expected[::-1]]
        assert half == []
    else:
        ordered = {Direction.ASC: expected, Direction.DESC: expected[::-1]}
        read = {side: ordered[side][:place] for side, place in reader.places.items() if place}
        assert stored == []
        assert [{side: list(one.edges) for side, one in found.sides.items()} for found in half] == (
            [read] if read else []
        )
