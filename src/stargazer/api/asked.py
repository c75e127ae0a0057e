"""What a request for neighbours asks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from stargazer.api.parameters import Choice, Identity, Number, Parameter, read_query
from stargazer.errors import InvalidRequest
from stargazer.neighbours.rank import SCORES, Score

EXAMPLE_ANSWER = "0b0c1f5e-6f0c-4f5e-9d5c-2f6c1f8b7a11"

LONGEST_AGE_SECONDS = 10 * 366 * 86_400

QUERY: tuple[Parameter, ...] = (
    Choice(
        name="sort",
        text="Which come first: those that share most, or those with the highest score.",
        words=SCORES,
        default="shared",
        example="relevance",
    ),
    Number(
        name="min_shared",
        text="Leave out neighbours that share fewer stargazers.",
        least=1,
        most=1_000_000_000,
        default=1,
        example=2,
    ),
    Number(
        name="page", text="Which page, counted from 1.", least=1, most=1_000_000_000, default=1, example=1
    ),
    Number(
        name="per_page", text="How many neighbours a page holds.", least=1, most=1_000, default=100, example=5
    ),
    Number(
        name="names",
        text="At most so many stargazers of each neighbour are named: 0 none, `all` every one.",
        least=0,
        most=1_000_000_000,
        default=1_000,
        example=20,
        word="all",
    ),
    Number(
        name="max_age",
        text="Serve nothing older than so many seconds: what is older is read again first.",
        least=0,
        most=LONGEST_AGE_SECONDS,
        default=None,
        example=86_400,
    ),
    Identity(
        name="answer",
        text="The id of one stored answer, as `Link` has it: its pages never shift.",
        example=EXAMPLE_ANSWER,
    ),
)
"""What may be asked."""

NOT_OFFERED = ("language", "archived", "forks")
"""Filters that need details of repositories, which are not stored."""


class Query(msgspec.Struct, frozen=True):
    """What of an answer is wanted, and of which. `names` None: all of them."""

    sort: Score = "shared"
    min_shared: int = 1
    page: int = 1
    per_page: int = 100
    names: int | None = 1_000
    max_age: int | None = None
    answer: UUID | None = None

    @property
    def offset(self) -> int:
        """How many neighbours stand on earlier pages."""
        return (self.page - 1) * self.per_page

    def pinned(self, answer: UUID, page: int | None) -> str:
        """Write a query for a page of one stored answer; page None: for all of it."""
        written: dict[str, Any] = {"answer": answer}
        for name in ("sort", "min_shared", "names"):
            if getattr(self, name) != getattr(_DEFAULT, name):
                written[name] = getattr(self, name)
        if self.names is None:
            written["names"] = "all"
        if page is not None:
            written |= {"per_page": self.per_page, "page": page}
        return urlencode(written)


_DEFAULT = Query()


@lru_cache(4_096)
def read(raw: bytes) -> Query:
    """Read the query of a request.

    Raises:
        InvalidRequest: a parameter is not what it must be.
    """
    for name in NOT_OFFERED:
        if f"{name}=".encode() in raw:
            _refuse_if_named(name, raw)
    return Query(**read_query(raw, QUERY))


def _refuse_if_named(name: str, raw: bytes) -> None:
    if any(part.split(b"=")[0] == name.encode() for part in raw.split(b"&")):
        raise InvalidRequest(name, "left out: filters by language, archive and fork are not offered yet")
