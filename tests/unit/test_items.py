"""Neighbours as they are published: the contract first, then intervals where there are any."""

from __future__ import annotations

import msgspec
import pytest

from stargazer.service.items import COLUMNS, INTERVAL, csv_lines, item
from stargazer.store.answers_slices import StoredNeighbour

EXACT = StoredNeighbour(
    repo="o/near",
    stargazers=("ada", "bob"),
    shared=40,
    stars=400,
    relevance=0.095,
    jaccard=0.087,
    cosine=0.2,
    shared_low=None,
    shared_high=None,
    database_id=7,
    number=3,
    seed_stargazers=100,
)
PARTIAL = msgspec.structs.replace(EXACT, shared_high=45)
ESTIMATE = msgspec.structs.replace(EXACT, shared_low=30, shared_high=60)


@pytest.mark.parametrize(
    ("row", "more"),
    [
        (EXACT, []),
        (PARTIAL, ["shared_high"]),
        (
            ESTIMATE,
            [
                *("shared_low", "shared_high", "relevance_low", "relevance_high"),
                *("jaccard_low", "jaccard_high", "cosine_low", "cosine_high"),
            ],
        ),
    ],
)
def test_an_item_tells_the_ends_that_are_known(row: StoredNeighbour, more: list[str]) -> None:
    """The published members come first; scores have ends where a count has both."""
    told = item(row)

    assert list(told)[:7] == ["repo", "stargazers", "shared", "stars", "relevance", "jaccard", "cosine"]
    assert list(told)[7:] == more
    if row is ESTIMATE:
        assert (told["cosine_low"], told["cosine_high"]) == (0.15, 0.3)


@pytest.mark.parametrize(
    ("row", "columns", "ends"),
    [(EXACT, COLUMNS, ""), (PARTIAL, COLUMNS + INTERVAL, ",,45"), (ESTIMATE, COLUMNS + INTERVAL, ",30,60")],
)
def test_csv_has_the_ends_behind_the_published_columns(
    row: StoredNeighbour, columns: tuple[str, ...], ends: str
) -> None:
    """An end that is not known is empty; without an interval there are the seven columns alone."""
    header, line = csv_lines([row], header=True)

    assert header.decode() == ",".join(columns) + "\n"
    assert line.decode() == f"o/near,40,400,0.095,0.087,0.2,ada bob{ends}\n"
    assert b"".join(csv_lines([], header=True)).decode() == ",".join(COLUMNS) + "\n"
