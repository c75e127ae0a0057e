"""Neighbours in the forms that programs read, written as they are made."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import Any, BinaryIO, Protocol

import msgspec

from stargazer.cli.answer import Row, Rows

DECIMALS = 6
"""To how many decimals a score is printed."""

COLUMNS = ("repo", "shared", "stars", "relevance", "jaccard", "cosine", "stargazers")
"""The columns of CSV."""


class Writer(Protocol):
    """Writes one form; `close` writes what ends it, and leaves the file open."""

    def write(self, rows: Iterable[Row]) -> None:
        """Write some more neighbours."""
        ...

    def close(self) -> None:
        """Write the end."""
        ...


def item(row: Row) -> dict[str, Any]:
    """Turn a neighbour into an item of the published array."""
    bounds = {"shared_low": row.shared_low, "shared_high": row.shared_high}
    return {
        "repo": row.repo,
        "stargazers": row.stargazers,
        "shared": row.shared,
        "stars": row.stars,
        "relevance": round(row.relevance, DECIMALS),
        "jaccard": round(row.jaccard, DECIMALS),
        "cosine": round(row.cosine, DECIMALS),
        **{name: bound for name, bound in bounds.items() if bound is not None},
    }


class ArrayWriter:
    """Writes one JSON array without holding it, an item a line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._encoder = msgspec.json.Encoder()
        self._opening = b"["

    def write_items(self, items: Iterable[Any]) -> None:
        """Write some more items."""
        for one in items:
            self._file.write(self._opening + b"\n" + self._encoder.encode(one))
            self._opening = b","

    def close(self) -> None:
        """Write the end."""
        self._file.write(b"[]\n" if self._opening == b"[" else b"\n]\n")


class JsonWriter(ArrayWriter):
    """Writes neighbours as one JSON array."""

    def write(self, rows: Iterable[Row]) -> None:
        """Write some more neighbours."""
        self.write_items(map(item, rows))


class NdjsonWriter:
    """Writes one JSON object a line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._encoder = msgspec.json.Encoder()

    def write(self, rows: Iterable[Row]) -> None:
        """Write some more neighbours."""
        self._file.writelines(self._encoder.encode(item(row)) + b"\n" for row in rows)

    def close(self) -> None:
        """Do nothing: every line is whole."""


class CsvWriter:
    """Writes CSV with a header; logins are separated by spaces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._line = io.StringIO()
        self._writer = csv.writer(self._line, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def write(self, rows: Iterable[Row]) -> None:
        """Write some more neighbours."""
        for row in rows:
            cells = item(row)
            self._writer.writerow([*(cells[name] for name in COLUMNS[:-1]), " ".join(cells["stargazers"])])
            self._pass_on()

    def close(self) -> None:
        """Write the header if nothing followed it."""
        self._pass_on()

    def _pass_on(self) -> None:
        self._file.write(self._line.getvalue().encode())
        self._line.seek(0)
        self._line.truncate()


WRITERS: dict[str, Callable[[BinaryIO], Writer]] = {
    "json": JsonWriter,
    "ndjson": NdjsonWriter,
    "csv": CsvWriter,
}
"""What writes each form."""


async def write_rows(rows: Rows, writer: Writer) -> None:
    """Write neighbours as they come; nothing is written before the first have come."""
    async with aclosing(rows) as coming:
        async for some in coming:
            writer.write(some)
    writer.close()
