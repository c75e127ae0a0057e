"""Neighbours as the published contract shows them, whoever prints them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from stargazer.neighbours.rank import Score
from stargazer.planner.page import Details

DECIMALS = 6
"""To how many decimals a score is printed."""

COLUMNS = ("repo", "shared", "stars", "relevance", "jaccard", "cosine", "stargazers")
"""The columns of CSV."""

INTERVAL = ("shared_low", "shared_high")
"""The columns that follow where counts are not certain; empty is an end that is not known."""

ABOUT = ("language", "description", "archived", "fork")
"""What follows where it is asked for: what a neighbour is about. Null or empty is what is not known."""

RATIOS: tuple[Score, ...] = ("relevance", "jaccard", "cosine")
"""The scores that are no counts."""

_ENCODER = msgspec.json.Encoder()


class Row(Protocol):
    """One neighbour, from memory or from the store."""

    @property
    def repo(self) -> str: ...  # noqa: D102 - the words of the contract
    @property
    def stargazers(self) -> Iterable[str]: ...  # noqa: D102
    @property
    def shared(self) -> int: ...  # noqa: D102
    @property
    def stars(self) -> int: ...  # noqa: D102
    @property
    def relevance(self) -> float: ...  # noqa: D102
    @property
    def jaccard(self) -> float: ...  # noqa: D102
    @property
    def cosine(self) -> float: ...  # noqa: D102
    @property
    def shared_low(self) -> int | None: ...  # noqa: D102
    @property
    def shared_high(self) -> int | None: ...  # noqa: D102
    def bounds(self, score: Score) -> tuple[float, float]: ...  # noqa: D102


def item(row: Row, about: Mapping[str, Details] | None = None) -> dict[str, Any]:
    """Turn a neighbour into an item of the published array.

    Where both ends of its count are known, those of its scores are told too.
    What it is *about* is looked up by its name; None: nobody has asked for it.
    """
    bounds: dict[str, float | None] = {"shared_low": row.shared_low, "shared_high": row.shared_high}
    if row.shared_low is not None:
        for name in RATIOS:
            low, high = row.bounds(name)
            bounds |= {f"{name}_low": round(low, DECIMALS), f"{name}_high": round(high, DECIMALS)}
    return {
        "repo": row.repo,
        "stargazers": row.stargazers,
        "shared": row.shared,
        "stars": row.stars,
        "relevance": round(row.relevance, DECIMALS),
        "jaccard": round(row.jaccard, DECIMALS),
        "cosine": round(row.cosine, DECIMALS),
        **{name: bound for name, bound in bounds.items() if bound is not None},
        **({} if about is None else _told(about.get(row.repo))),
    }


def _told(details: Details | None) -> dict[str, str | bool | None]:
    if details is None:
        return dict.fromkeys(ABOUT)
    values = (details.language, details.description, details.is_archived, details.is_fork)
    return dict(zip(ABOUT, values, strict=True))


def array(rows: Iterable[Row], about: Mapping[str, Details] | None = None) -> bytes:
    """Write the published array."""
    return _ENCODER.encode([item(row, about) for row in rows])


def ndjson_lines(rows: Iterable[Row], about: Mapping[str, Details] | None = None) -> Iterator[bytes]:
    """Write one JSON object a line."""
    return (_ENCODER.encode(item(row, about)) + b"\n" for row in rows)


def csv_lines(
    rows: Iterable[Row], about: Mapping[str, Details] | None = None, *, header: bool = False
) -> Iterator[bytes]:
    """Write lines of CSV, after its *header* if that is wanted; logins are separated by spaces.

    In an answer whose counts are not certain, none is: the first row decides about the columns.
    """
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    some = list(rows)
    is_sure = not some or some[0].shared_high is None
    columns = [*COLUMNS, *(() if is_sure else INTERVAL), *(() if about is None else ABOUT)]
    if header:
        yield ",".join(columns).encode() + b"\n"
    for row in some:
        cells = {**item(row, about), "stargazers": " ".join(row.stargazers)}
        writer.writerow([_cell(cells.get(name, "")) for name in columns])
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def _cell(value: object) -> object:
    """Write truth as JSON does, and nothing for null."""
    return str(value).lower() if isinstance(value, bool) else value
