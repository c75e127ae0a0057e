"""Stargazers from a file, and to one."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import msgspec

from stargazer.errors import InvalidRequest
from stargazer.planner.page import Stargazer
from stargazer.sources.lines import Line, StargazerFile, parse_stargazers, read_entries

LINE_BYTES_AT_MOST = 1 << 20
"""A longer line is cut: no file makes us hold more of it at once."""

UNPACKED_BYTES_AT_MOST = 1 << 30
"""A list that is kept may unpack to so many bytes: some ten million lines."""

_GZIP_MAGIC = b"\x1f\x8b"


def read_stargazers(
    path: str | Path, *, parameter: str = "--stargazers", stdin: BinaryIO | None = None
) -> StargazerFile:
    """Read a list of stargazers from a file, plain or gzipped; `-` is standard input.

    The errors call the file by *parameter*. Standard input is *stdin*, or else
    the program's own.

    Raises:
        InvalidRequest: the file cannot be read, or no line of it names a stargazer.
    """
    with _told(path, parameter), _opened(path, stdin) as file:
        return parse_stargazers(_lines(_unpacked(file)), parameter)


@contextmanager
def opened_entries(
    path: str | Path, *, parameter: str, stdin: BinaryIO | None = None
) -> Generator[Iterator[Line]]:
    """Read a file entry by entry; it may be far larger than what fits into memory.

    The arguments and errors are those of `read_stargazers`, but nobody has to be named.

    Raises:
        InvalidRequest: the file cannot be read, or unpacks to more than anybody lists.
    """
    with _told(path, parameter), _opened(path, stdin) as file:
        yield read_entries(_lines(_Bounded(_unpacked(file), parameter)))


class _Bounded:
    """A stream that ends with an error when too much has come of it: gzip may hide anything."""

    def __init__(self, stream: io.BufferedIOBase, parameter: str) -> None:
        self._stream = stream
        self._parameter = parameter
        self._left = UNPACKED_BYTES_AT_MOST

    def readline(self, limit: int) -> bytes:
        """Read a line, or as much of it as the limit allows."""
        line = self._stream.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise InvalidRequest(self._parameter, f"at most {UNPACKED_BYTES_AT_MOST:,} bytes when unpacked")
        return line


def write_stargazers(stargazers: Iterable[Stargazer], file: BinaryIO) -> None:
    """Write stargazers as NDJSON, in the form that `read_stargazers` reads."""
    encoder = msgspec.json.Encoder()
    for stargazer in stargazers:
        user = stargazer.user
        line = {
            "login": user.login,
            "id": user.id,
            "database_id": user.database_id,
            "starred_at": stargazer.starred_at,
        }
        file.write(encoder.encode(line) + b"\n")


@contextmanager
def _told(path: str | Path, parameter: str) -> Generator[None]:
    """Say in our words why a file cannot be read."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidRequest(parameter, "a file whose gzip is whole", got=str(path)) from error
    except OSError as error:
        must_be = f"a file that can be read ({error.strerror})"
        raise InvalidRequest(parameter, must_be, got=str(path)) from error


@contextmanager
def _opened(path: str | Path, stdin: BinaryIO | None) -> Generator[io.BufferedReader, None, None]:
    if str(path) == "-":
        buffered: io.BufferedReader = io.BufferedReader(cast("io.RawIOBase", stdin or sys.stdin.buffer))
        try:
            yield buffered
        finally:
            # Else standard input would be closed with the reader around it.
            buffered.detach()
    else:
        with Path(path).open("rb") as file:
            yield file


def _unpacked(file: io.BufferedReader) -> io.BufferedIOBase:
    """Unpack *file* if it is gzip; it may be a pipe, which cannot be rewound."""
    packed = file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
    return gzip.GzipFile(fileobj=file) if packed else file


class _Lined(Protocol):
    """Whatever gives lines."""

    def readline(self, limit: int, /) -> bytes:
        """Read a line, or as much of it as the limit allows."""
        ...


def _lines(stream: _Lined) -> Iterator[bytes]:
    """Split into lines, none longer than the limit."""
    while line := stream.readline(LINE_BYTES_AT_MOST):
        yield line
        while len(line) == LINE_BYTES_AT_MOST and not line.endswith(b"\n"):
            line = stream.readline(LINE_BYTES_AT_MOST)
