"""The report about an answer, as a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from stargazer.cli.answer import Shown
from stargazer.errors import InvalidRequest

DECIMALS = 3
"""To how many decimals seconds are written."""


def check_report(path: str | None) -> Path | None:
    """Return the path if a report can be written there: better known before points are spent.

    Raises:
        InvalidRequest: it cannot.
    """
    if path is None:
        return None
    file = Path(path)
    if path == "-":
        raise InvalidRequest("--report", "a file, since standard output has the answer", got=path)
    parent = file.parent
    if file.is_dir() or not parent.is_dir():
        raise InvalidRequest("--report", "a file in a directory that exists", got=path)
    if not os.access(file if file.exists() else parent, os.W_OK):
        raise InvalidRequest("--report", "a file that may be written", got=path)
    return file


def write_report(path: Path | None, shown: Shown, warnings: Sequence[str]) -> None:
    """Write the report about an answer, if there is to be one.

    Raises:
        OSError: it cannot be written after all.
    """
    if path is None:
        return
    report = rounded(msgspec.to_builtins(shown.report(warnings)))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def rounded(value: Any) -> Any:
    """Round every number inside that has decimals."""
    match value:
        case float():
            return round(value, DECIMALS)
        case dict():
            return {name: rounded(one) for name, one in value.items()}
        case list():
            return [rounded(one) for one in value]
        case _:
            return value
