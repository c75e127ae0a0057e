"""Neighbours in the forms that programs read, written as they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import Any, BinaryIO, Protocol

import msgspec

from stargazer.cli.answer import Row, Rows
from stargazer.service.items import csv_lines, item, ndjson_lines


class Writer(Protocol):
    """Writes one form; `close` writes what ends it, and leaves the file open."""

    def write(self, rows: Iterable[Row]) -> None:
        """Write some more neighbours."""
        ...

    def close(self) -> None:
        """Write the end."""
        ...


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

    def write(self, rows: Iterable[Row]) -> None:
        """Write some more neighbours."""
        self._file.writelines(ndjson_lines(rows))

    def close(self) -> None:
        """Do nothing: every line is whole."""


class CsvWriter:
    """Writes CSV with a header; logins are separated by spaces."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._has_header = False

    def write(self, rows: Iterable[Row]) -> None:
        """Write some more neighbours."""
        self._file.writelines(csv_lines(rows, header=not self._has_header))
        self._has_header = True

    def close(self) -> None:
        """Write the header if nothing followed it."""
        if not self._has_header:
            self.write(())


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
