"""Read a list of stargazers from its lines: pure, whatever they came from."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from stargazer.errors import InvalidRequest
from stargazer.sources.entry import FileStargazer, Malformed, stargazer

WARNINGS_AT_MOST = 20
"""How many lines that were skipped are named; the others are counted."""

ACCEPTED = (
    "a list of stargazers: CSV whose header has a column `login` or `id` (a node id such as U_…), "
    "NDJSON with those members, or one login a line"
)

DIGITS_AT_MOST = 18
"""The longest number that is read as one: what fits 64 bits."""

_BOM = b"\xef\xbb\xbf"

Line = tuple[int, int, FileStargazer | Malformed]
"""The first and the last line of an entry, and what it says."""


class StargazerFile(msgspec.Struct, frozen=True):
    """What a file holds: who is listed, each once, in the order of the file.

    `duplicates` counts the lines that name somebody again, `skipped` those that
    name nobody. `warnings` tell of both.
    """

    stargazers: tuple[FileStargazer, ...]
    warnings: tuple[str, ...] = ()
    duplicates: int = 0
    skipped: int = 0


class _JsonLine(msgspec.Struct, gc=False):
    login: str | None = None
    id: str | int | None = None
    database_id: int | None = None
    starred_at: str | None = None


_json_decoder = msgspec.json.Decoder(_JsonLine)


def parse_stargazers(lines: Iterable[bytes], name: str = "--stargazers") -> StargazerFile:
    """Read a list of stargazers from the lines of a file.

    The form is told by the first line that is not blank: `{` begins NDJSON,
    a column `login` or `id` a CSV file with a header, and anything else is one
    login a line.
    The error calls the file by *name*.

    Raises:
        InvalidRequest: no line names a stargazer.

    Example:
        >>> parse_stargazers([b"login,starred_at", b"octocat,2026-11-24T10:00:00Z"]).stargazers[0].login
        'octocat'
    """
    collected = _Collected()
    for begin, end, found in _read(iter(lines)):
        collected.add(begin, end, found)
    if not collected.stargazers:
        why = f" ({collected.warnings[0]})" if collected.warnings else " (it is empty)"
        raise InvalidRequest(name, ACCEPTED + why)
    return collected.result()


def read_entries(lines: Iterable[bytes]) -> Iterator[Line]:
    """Read a list of stargazers as `parse_stargazers` does, one entry at a time, whoever is named again.

    Example:
        >>> [entry.login for _, _, entry in read_entries([b"octocat", b"mona"])]
        ['octocat', 'mona']
    """
    return _read(iter(lines))


class _Collected:
    """Folds duplicates and bounds the warnings."""

    def __init__(self) -> None:
        self.stargazers: list[FileStargazer] = []
        self.warnings: list[str] = []
        self._skipped = 0
        self._duplicates = 0
        self._logins: set[str] = set()
        self._ids: set[str] = set()

    def add(self, begin: int, end: int, found: FileStargazer | Malformed) -> None:
        if isinstance(found, Malformed):
            self._skipped += 1
            if self._skipped <= WARNINGS_AT_MOST:
                place = f"line {end}" if begin == end else f"lines {begin} to {end}"
                self.warnings.append(f"{place}: {found.reason}")
        elif self._is_new(found):
            self.stargazers.append(found)
        else:
            self._duplicates += 1

    def result(self) -> StargazerFile:
        warnings = list(self.warnings)
        if self._skipped > WARNINGS_AT_MOST:
            warnings.append(f"{self._skipped - WARNINGS_AT_MOST:,} more lines were skipped")
        if self._duplicates:
            warnings.append(f"{self._duplicates:,} lines name somebody again, and count once")
        return StargazerFile(tuple(self.stargazers), tuple(warnings), self._duplicates, self._skipped)

    def _is_new(self, found: FileStargazer) -> bool:
        login = found.login.lower() if found.login else None
        new = login not in self._logins and found.id not in self._ids
        if login:
            self._logins.add(login)
        if found.id:
            self._ids.add(found.id)
        return new


def _read(lines: Iterator[bytes]) -> Iterator[Line]:
    number = 0
    for number, first in enumerate(lines, start=1):
        first = first.removeprefix(_BOM) if number == 1 else first
        if first.strip():
            break
    else:
        return iter(())
    rest = enumerate(lines, start=number + 1)
    if first.lstrip().startswith(b"{"):
        return _json_lines(chain([(number, first)], rest))
    header = _header(first)
    if header:
        return _csv_rows(header, lines, number)
    return _login_lines(chain([(number, first)], rest))


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _header(line: bytes) -> list[str]:
    try:
        cells = next(csv.reader([_text(line)]), [])
    except csv.Error:
        return []
    names = [cell.strip().lower() for cell in cells]
    return names if "login" in names or "id" in names else []


def _json_lines(lines: Iterable[tuple[int, bytes]]) -> Iterator[Line]:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            read = _json_decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield number, number, Malformed(f"not a stargazer as JSON ({error})")
        else:
            node_id = "" if read.id is None else str(read.id)
            found = stargazer(read.login or "", node_id, read.database_id, read.starred_at or "")
            yield number, number, found


def _login_lines(lines: Iterable[tuple[int, bytes]]) -> Iterator[Line]:
    for number, line in lines:
        text = _text(line).strip().strip('"')
        if text:
            yield number, number, stargazer(text, "", None, "")


def _csv_rows(header: list[str], lines: Iterable[bytes], offset: int) -> Iterator[Line]:
    reader = csv.reader(map(_text, lines), strict=True)
    columns = [header.index(name) if name in header else len(header) for name in _JsonLine.__struct_fields__]
    while True:
        begin = offset + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield begin, offset + reader.line_num, Malformed(f"not CSV ({error})")
        else:
            if row:
                yield begin, offset + reader.line_num, _from_row(row, columns)


def _from_row(row: list[str], columns: list[int]) -> FileStargazer | Malformed:
    width = len(row)
    login, node_id, database_id, starred_at = [row[at].strip() if at < width else "" for at in columns]
    return stargazer(login, node_id, _number(database_id), starred_at)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= DIGITS_AT_MOST else None
