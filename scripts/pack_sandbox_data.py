"""Pack the stars of the GitHub Contest of 2009 into the sandbox's package data.

Usage: pack_sandbox_data.py FOLDER

FOLDER holds `stars.jsonl.gz` (one user a line: `{"user": 4711, "starred": ["rails/rails", …]}`)
and `repositories.tsv.gz` (`name, created, language, stars_in_this_set`). The users' numbers are
left behind; their order is kept.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import sys
from pathlib import Path

import msgspec
import numpy as np

PACKED = Path(__file__).resolve().parents[1] / "src" / "stargazer" / "sandbox" / "packed"
FIRST_DAY = dt.date(1970, 1, 1)


def main(folder: Path) -> None:
    """Read both files of *folder* and write `stars.msgpack.gz`."""
    rows = list(csv.DictReader(_open(folder / "repositories.tsv.gz"), delimiter="\t"))
    numbers = {row["name"]: number for number, row in enumerate(rows)}
    languages = sorted({row["language"] for row in rows if row["language"]})
    starred = [
        [numbers[name] for name in json.loads(line)["starred"]] for line in _open(folder / "stars.jsonl.gz")
    ]
    packed = {
        "names": [row["name"] for row in rows],
        "languages": languages,
        "language": bytes(languages.index(row["language"]) + 1 if row["language"] else 0 for row in rows),
        "created_days": _pack([_day(row["created"]) for row in rows]),
        "lengths": _pack([len(one) for one in starred]),
        "starred": _pack([number for one in starred for number in one]),
    }
    raw = msgspec.msgpack.encode(packed)
    PACKED.mkdir(exist_ok=True)
    (PACKED / "stars.msgpack.gz").write_bytes(gzip.compress(raw, 9, mtime=0))


def _open(path: Path) -> io.TextIOWrapper:
    return gzip.open(path, "rt", encoding="utf-8", newline="")


def _day(text: str) -> int:
    return (dt.date.fromisoformat(text) - FIRST_DAY).days if text else 0


def _pack(values: list[int]) -> bytes:
    return np.array(values, "<u2").tobytes()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
