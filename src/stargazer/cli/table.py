"""Tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stargazer.cli.answer import Row
from stargazer.neighbours.rank import Score
from stargazer.neighbours.why import percent
from stargazer.planner.page import Details


def neighbours_table(
    neighbours: Iterable[Row], sort: Score, about: Mapping[str, Details] | None = None
) -> Table:
    """Lay out neighbours that stand in the order of *sort*, which an arrow marks.

    Where counts are not certain, a column says what they may be. The last column is the score of the order,
    or relevance; after it stands the language, where it is known what neighbours are about.
    """
    rows = list(neighbours)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("repository", no_wrap=True)
    score: Score = "relevance" if sort == "shared" else sort
    interval = _interval(rows)
    for title in ("shared", *([interval] if interval else []), "of its stars", "stars", score):
        table.add_column(f"{title} ↓" if title == sort else title, justify="right")
    if about:
        table.add_column("language")
    for one in rows:
        table.add_row(
            Text(one.repo),
            f"{one.shared:,}",
            *([_ends(one)] if interval else []),
            percent(one.shared / max(one.stars, one.shared)),
            f"{one.stars:,}",
            f"{getattr(one, score):.3f}",
            *([_language(about.get(one.repo))] if about else []),
        )
    return table


def _language(details: Details | None) -> Text:
    return Text(details.language or "" if details else "")


def _interval(rows: list[Row]) -> str | None:
    """The title of what counts may be; None where all of them are certain."""
    if any(one.shared_low is not None for one in rows):
        return "95 % interval"
    return "at most" if any(one.shared_high is not None for one in rows) else None


def _ends(row: Row) -> str:
    high = row.shared if row.shared_high is None else row.shared_high
    return f"{high:,}" if row.shared_low is None else f"{row.shared_low:,} to {high:,}"


def reasons_table(neighbours: Iterable[tuple[Row, str]]) -> Table:
    """Lay out neighbours with what makes each of them one."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("repository", no_wrap=True)
    table.add_column("why")
    for one, reason in neighbours:
        table.add_row(Text(one.repo), Text(reason))
    return table


def facts_table(rows: Iterable[tuple[str, str]]) -> Table:
    """Lay out facts, each with its name."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows:
        table.add_row(name, value)
    return table
