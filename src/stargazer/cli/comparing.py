"""Several repositories, each read as far as it is not stored, and then compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stargazer.cli.answering import Asked, answer
from stargazer.cli.session import Session
from stargazer.cli.words import count
from stargazer.errors import InvalidRequest, StargazerError
from stargazer.neighbours.overlap import Count
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.coverage import Kind
from stargazer.service.comparing import Compared, Comparison
from stargazer.store.answers import StoredAnswer
from stargazer.store.database import Database

_LEAST_SECONDS = 0.001


class Read(msgspec.Struct):
    """What is there of the repositories, and what it took to get it.

    `error` is what ended a reading early, `interrupted` the exit code of the
    signal that ended one: nothing was read after it.
    """

    answers: list[StoredAnswer] = []
    spent: Spent = Spent()
    error: StargazerError | None = None
    interrupted: int | None = None


async def read_all(session: Session, database: Database, asked: Sequence[Asked]) -> Read:
    """Read what is not stored, one repository after the other, within one budget for all of them.

    Raises:
        InvalidRequest: one of them is private: nothing is stored of it that could be compared.
        StargazerError: one of them cannot be had.
    """
    read = Read()
    for one in asked:
        left = msgspec.structs.replace(one, budget=_left(one.budget, read.spent))
        answered = await answer(session, database, left)
        read.spent += answered.shown.spent
        read.error = read.error or answered.shown.error
        read.interrupted = answered.interrupted
        if answered.about is None and answered.interrupted is None:
            must_be = "public: nothing is stored of a private one that could be compared"
            raise InvalidRequest("the repository", must_be, got=one.repository)
        if answered.about is not None:
            read.answers.append(answered.about.answer)
        if read.interrupted is not None:
            break
    return read


def _left(budget: Budget, spent: Spent) -> Budget:
    """What the repositories before leave of a budget."""
    if budget.points is not None:
        budget = msgspec.structs.replace(budget, points=max(1, budget.points - spent.points))
    if budget.seconds is not None:
        seconds = max(_LEAST_SECONDS, budget.seconds - spent.github_seconds)
        budget = msgspec.structs.replace(budget, seconds=seconds)
    return budget


def repositories_table(compared: Iterable[Compared]) -> Table:
    """Lay out the repositories, with how many starred each."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("repository", no_wrap=True)
    table.add_column("stargazers", justify="right")
    table.add_column("kind")
    for one in compared:
        table.add_row(Text(one.repository), _bounded(one.stargazers), one.answer.kind.value)
    return table


def pairs_table(comparison: Comparison) -> Table:
    """Lay out what each two have in common."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("repository", "and"):
        table.add_column(title, no_wrap=True)
    for title in ("shared", "jaccard"):
        table.add_column(title, justify="right")
    for one, other, found in comparison.pairs:
        ends = "" if found.shared.is_sure else f" ({found.jaccard_low:.3f} to {found.jaccard_high:.3f})"
        jaccard = f"{found.jaccard:.3f}{ends}"
        table.add_row(Text(one), Text(other), _bounded(found.shared), jaccard)
    return table


def describe_people(comparison: Comparison) -> str:
    """Say how many people there are, and whose neighbours are shown."""
    any_of, all_of = _bounded(comparison.union), _bounded(comparison.intersection)
    whom = "any" if comparison.of == "union" else "all"
    people = f"{any_of} starred any of them, {all_of} all of them"
    return f"{people}; the neighbours are those of who starred {whom}"


def describe_counted(comparison: Comparison) -> str:
    """Say what the counts of the neighbours may be called, and of how many people they tell."""
    neighbours = comparison.neighbours
    people = count(neighbours.coverage["stargazers_listed"], "person", "people")
    read = f"{neighbours.coverage['users_read']:,}"
    match neighbours.kind:
        case Kind.EXACT:
            return f"exact: the star lists of all {people} were counted"
        case Kind.ESTIMATE:
            return f"estimate: from {read} of {people}, chosen at random; 95 of 100 intervals hold the truth"
        case _:
            return f"partial: the star lists of {read} of {people} were counted"


def _bounded(counted: Count) -> str:
    return f"{counted.low:,}" if counted.is_sure else f"{counted.low:,} to {counted.high:,}"
