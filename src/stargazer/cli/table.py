"""Tables for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stargazer.cli.answer import Row


def neighbours_table(neighbours: Iterable[Row], stargazers: int) -> Table:
    """Lay out neighbours; the share is that of *stargazers*. Those of an estimate have their intervals."""
    rows = list(neighbours)
    is_estimate = any(one.shared_low is not None for one in rows)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("repository", no_wrap=True)
    interval = ("95 % interval",) if is_estimate else ()
    for title in ("shared", *interval, "share", "stars", "relevance"):
        table.add_column(title, justify="right")
    for one in rows:
        ends = (f"{one.shared_low:,} to {one.shared_high:,}",) if is_estimate else ()
        table.add_row(
            Text(one.repo),
            f"{one.shared:,}",
            *ends,
            f"{one.shared / max(stargazers, 1):.1%}",
            f"{one.stars:,}",
            f"{one.relevance:.3f}",
        )
    return table


def facts_table(rows: Iterable[tuple[str, str]]) -> Table:
    """Lay out facts, each with its name."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, value in rows:
        table.add_row(name, value)
    return table
