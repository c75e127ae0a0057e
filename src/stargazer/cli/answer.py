"""An answer as it is shown, wherever its neighbours are: in memory, or in the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

import msgspec

from stargazer.cli.options import TABLE_ROWS, TABLE_SORT
from stargazer.errors import StargazerError, StoreUnavailable
from stargazer.find import Found
from stargazer.neighbours.answer import Neighbour
from stargazer.neighbours.filter import ALL, Filter
from stargazer.neighbours.rank import Score
from stargazer.planner.budget import Spent
from stargazer.planner.coverage import Coverage, Kind
from stargazer.planner.page import Details
from stargazer.planner.sample import Sample
from stargazer.service.imported import ImportedCoverage
from stargazer.store.answers import StoredAnswer
from stargazer.store.answers_pages import AnswerPages
from stargazer.store.answers_slices import StoredNeighbour

PAGE = 1_000
"""So many neighbours are read at once; of more, a part after the other."""

Row: TypeAlias = Neighbour | StoredNeighbour
"""One neighbour, as it is printed."""

Rows: TypeAlias = AsyncGenerator[Iterable[Row], None]
"""Neighbours, some at a time."""


class Choice(msgspec.Struct, frozen=True):
    """What of an answer is printed, and in which order; `top` 0: all.

    Without `is_named` nobody needs to know who shares them. A filter by details
    finds those whose details are `said`, by our number of the repository.
    """

    sort: Score = "shared"
    top: int = 0
    min_shared: int = 1
    is_named: bool = True
    only: Filter = ALL
    said: Mapping[int, Details] = {}

    @classmethod
    def for_form(
        cls, form: str, *, sort: Score | None, top: int | None, min_shared: int, only: Filter = ALL
    ) -> Choice:
        """Choose what *form* prints unless told otherwise.

        People see first what is close, programs what the contract says.
        """
        is_table = form == "table"
        sort = sort or (TABLE_SORT if is_table else "shared")
        if top is None:
            top = TABLE_ROWS if is_table else 0
        return cls(sort, top, min_shared, not is_table, only)


class Shown(msgspec.Struct, frozen=True, eq=False):
    """An answer to be printed.

    `neighbours` is how many there are, `rows` gives those that are chosen, `chance` which share of the
    stars of all of them chance would give.
    `made_at` is when a stored answer was made for which GitHub was not asked
    now; None if it was.
    """

    repository: str
    coverage: Coverage
    spent: Spent
    seconds: float
    neighbours: int
    rows: Callable[[Choice], Rows]
    chance: Callable[[], Awaitable[float]]
    error: StargazerError | None = None
    made_at: datetime | None = None

    @property
    def kind(self) -> Kind:
        """What the answer may be called."""
        return self.coverage.kind

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was done."""
        return self.coverage.complete and self.error is None

    def report(self, warnings: Iterable[str]) -> dict[str, Any]:
        """The published report, without the neighbours."""
        return {
            "repository": self.repository,
            "kind": self.kind,
            "complete": self.complete,
            "coverage": self.coverage.public(),
            "spent": self.spent,
            "seconds": self.seconds,
            "neighbours": self.neighbours,
            "warnings": [*warnings, *([self.error.message] if self.error else [])],
        }


def in_memory(found: Found) -> Shown:
    """Show what was found without a store."""

    async def rows(choice: Choice) -> Rows:
        chosen = found.neighbours.at_least(choice.min_shared).sorted_by(choice.sort)
        if choice.only == ALL:
            yield chosen.top(choice.top) if choice.top else chosen
        else:
            fitting = (row for row in chosen if choice.only.fits(row.repo, row.stars))
            yield islice(fitting, choice.top or None)

    async def chance() -> float:
        return found.neighbours.counts.chance

    return Shown(
        repository=found.repository,
        coverage=found.coverage,
        spent=found.spent,
        seconds=found.seconds,
        neighbours=len(found.neighbours),
        rows=rows,
        chance=chance,
        error=found.error,
    )


async def no_rows(_: Choice) -> Rows:
    """Give nothing."""
    none: tuple[Iterable[Row], ...] = ()
    for rows in none:
        yield rows


async def no_chance() -> float:
    """Say what chance would give among no neighbours: nothing."""
    return 0.0


def stored_chance(pages: AnswerPages, answer: StoredAnswer) -> Callable[[], Awaitable[float]]:
    """Tell what chance would give in a stored answer."""

    async def chance() -> float:
        found = await pages.chance(answer)
        if found is None:
            raise StoreUnavailable("the answer was cleaned before it was read", do="ask for it again")
        return found

    return chance


def stored_rows(pages: AnswerPages, answer: StoredAnswer) -> Callable[[Choice], Rows]:
    """Give the neighbours of a stored answer."""

    async def rows(choice: Choice) -> Rows:
        names = None if choice.is_named else 0
        if 0 < choice.top <= PAGE:
            page = await pages.page(
                answer,
                sort=choice.sort,
                limit=choice.top,
                min_shared=choice.min_shared,
                names=names,
                only=choice.only,
                said=choice.said,
            )
            if page is None:
                raise StoreUnavailable("the answer was cleaned before it was read", do="ask for it again")
            yield page.neighbours
            return
        left = choice.top or answer.neighbours
        streamed = pages.stream(
            answer,
            sort=choice.sort,
            min_shared=choice.min_shared,
            names=names,
            only=choice.only,
            said=choice.said,
        )
        async for some in streamed:
            yield some[:left]
            left -= len(some)
            if left <= 0:
                break

    return rows


def stored_coverage(answer: StoredAnswer) -> Coverage:
    """Read the coverage that was stored with an answer.

    Whether the list of stargazers was whole is not among the published members:
    it was not if nothing else keeps the answer from being exact.
    """
    kind = ImportedCoverage if "imported" in answer.coverage else Coverage
    coverage = msgspec.convert({**answer.coverage, "list_whole": True}, kind)
    if answer.kind is Kind.ESTIMATE:
        is_reached = answer.complete or coverage.users_failed > 0
        sample = Sample(coverage.stargazers_listed, coverage.sample, is_reached=is_reached)
        return msgspec.structs.replace(coverage, sampled=sample)
    if coverage.kind is answer.kind:
        return coverage
    return msgspec.structs.replace(coverage, list_whole=False)
