"""Neighbours in the forms that programs read, written as they are made."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import msgspec

from stargazer.neighbours.answer import Neighbour

DECIMALS = 6
"""To how many decimals a score is printed."""

COLUMNS = ("repo", "shared", "stars", "relevance", "jaccard", "cosine", "stargazers")
"""The columns of CSV."""


def item(neighbour: Neighbour) -> dict[str, Any]:
    """Turn a neighbour into an item of the published array."""
    bounds = {"shared_low": neighbour.shared_low, "shared_high": neighbour.shared_high}
    return {
        "repo": neighbour.repo,
        "stargazers": neighbour.stargazers,
        "shared": neighbour.shared,
        "stars": neighbour.stars,
        "relevance": round(neighbour.relevance, DECIMALS),
        "jaccard": round(neighbour.jaccard, DECIMALS),
        "cosine": round(neighbour.cosine, DECIMALS),
        **{name: bound for name, bound in bounds.items() if bound is not None},
    }


def write_json(neighbours: Iterable[Neighbour], file: BinaryIO) -> None:
    """Write one JSON array, an item a line."""
    write_array(map(item, neighbours), file)


def write_ndjson(neighbours: Iterable[Neighbour], file: BinaryIO) -> None:
    """Write one JSON object a line."""
    encoder = msgspec.json.Encoder()
    file.writelines(encoder.encode(item(neighbour)) + b"\n" for neighbour in neighbours)


def write_csv(neighbours: Iterable[Neighbour], file: BinaryIO) -> None:
    """Write CSV with a header; logins are separated by spaces."""
    row = io.StringIO()
    writer = csv.writer(row, lineterminator="\n")
    writer.writerow(COLUMNS)
    for neighbour in neighbours:
        cells = item(neighbour)
        writer.writerow([*(cells[name] for name in COLUMNS[:-1]), " ".join(cells["stargazers"])])
        file.write(row.getvalue().encode())
        row.seek(0)
        row.truncate()
    file.write(row.getvalue().encode())


def write_array(items: Iterable[Any], file: BinaryIO) -> None:
    """Write one JSON array without holding it, an item a line."""
    encoder = msgspec.json.Encoder()
    opening = b"["
    for one in items:
        file.write(opening + b"\n" + encoder.encode(one))
        opening = b","
    file.write(b"[]\n" if opening == b"[" else b"\n]\n")


WRITERS: dict[str, Callable[[Iterable[Neighbour], BinaryIO], None]] = {
    "json": write_json,
    "ndjson": write_ndjson,
    "csv": write_csv,
}
"""What writes each form."""
