"""What a request for neighbours asks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from stargazer.api.asked_sampling import SAMPLING, read_sampling
from stargazer.api.parameters import Choice, Flag, Identity, Number, Parameter, Text, read_query
from stargazer.errors import InvalidRequest
from stargazer.neighbours.filter import Filter
from stargazer.neighbours.rank import SCORES, Score
from stargazer.neighbours.sampling import Sampling
from stargazer.neighbours.stop import Until
from stargazer.planner.name import OWNER

EXAMPLE_ANSWER = "0b0c1f5e-6f0c-4f5e-9d5c-2f6c1f8b7a11"

STARS_AT_MOST = 1_000_000_000

LONGEST_AGE_SECONDS = 10 * 366 * 86_400

_CLOSEST = (
    "Found among the first 1,000 by `shared` and by `relevance`, as far as their details are known: "
    "`Stargazer-Details` tells how far that is."
)

Origin = Literal["github", "store"]

ORIGINS: tuple[Origin, ...] = get_args(Origin)

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
    Text(
        name="owner",
        text="Only neighbours that belong to this login, in any case.",
        pattern=OWNER,
        must_be="a login of GitHub's",
        example="pallets",
    ),
    Number(
        name="min_stars",
        text="Only neighbours with at least so many stars.",
        least=0,
        most=STARS_AT_MOST,
        default=None,
        example=100,
    ),
    Number(
        name="max_stars",
        text="Only neighbours with at most so many stars; none where that is less than `min_stars`.",
        least=0,
        most=STARS_AT_MOST,
        default=None,
        example=50_000,
    ),
    Text(
        name="language",
        text=f"Only neighbours written mostly in this language, in any case. {_CLOSEST}",
        pattern="[^\\u0000-\\u001f\\u007f]{1,100}",
        must_be="the name of a language, 1 to 100 characters",
        example="Python",
    ),
    Flag(
        name="archived",
        text=f"Only neighbours that are archived, or with `false` only those that are not. {_CLOSEST}",
        example=False,
    ),
    Flag(
        name="forks",
        text=f"Only neighbours that are forks, or with `false` only those that are not. {_CLOSEST}",
        example=False,
    ),
    Flag(
        name="details",
        text="Tell of each neighbour `language`, `description`, `archived` and `fork`, as far as known.",
        default=False,
        example=True,
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
    Choice(
        name="from",
        text="With `store` GitHub is not asked and no job is started: those on your stored lists of "
        "stargazers who starred the repository are counted, for any repository. Always partial.",
        words=ORIGINS,
        default="github",
        example="store",
    ),
    Identity(
        name="answer",
        text="The id of one stored answer, as `Link` has it: its pages never shift.",
        example=EXAMPLE_ANSWER,
    ),
    *SAMPLING,
)
"""What may be asked."""


class Query(msgspec.Struct, frozen=True):
    """What of an answer is wanted, and of which: `origin` is the parameter `from`, `names` None means all."""

    sort: Score = "shared"
    min_shared: int = 1
    page: int = 1
    per_page: int = 100
    names: int | None = 1_000
    max_age: int | None = None
    answer: UUID | None = None
    origin: Origin = "github"
    owner: str | None = None
    min_stars: int | None = None
    max_stars: int | None = None
    language: str | None = None
    archived: bool | None = None
    forks: bool | None = None
    details: bool = False
    mode: str | None = None
    sample: int | None = None
    until: Until | None = None
    seed: int | None = None

    @property
    def only(self) -> Filter:
        """Which neighbours are wanted of those that share enough."""
        return Filter(**{name: getattr(self, name) for name in Filter.__struct_fields__})

    @property
    def needs_details(self) -> bool:
        """Whether it takes what is known of the closest neighbours."""
        return self.details or self.only.needs_details

    @property
    def sampling(self) -> Sampling | None:
        """Which sample will do; None: everybody is to be read."""
        return read_sampling(self.mode, self.sample, self.until, self.seed)

    @property
    def offset(self) -> int:
        """How many neighbours stand on earlier pages."""
        return (self.page - 1) * self.per_page

    def pinned(self, answer: UUID, page: int | None) -> str:
        """Write a query for a page of one stored answer; page None: for all of it."""
        written: dict[str, Any] = {"answer": answer}
        for name in _PINNED:
            value = getattr(self, name)
            if value != getattr(_DEFAULT, name):
                written[name] = str(value).lower() if isinstance(value, bool) else value
        if self.origin != _DEFAULT.origin:
            written["from"] = self.origin
        if self.names is None:
            written["names"] = "all"
        if page is not None:
            written |= {"per_page": self.per_page, "page": page}
        return urlencode(written)


_DEFAULT = Query()
_PINNED = ("sort", "min_shared", "names", *Filter.__struct_fields__, "details")


@lru_cache(4_096)
def read(raw: bytes) -> Query:
    """Read the query of a request.

    Raises:
        InvalidRequest: a parameter is not what it must be.
    """
    values = read_query(raw, QUERY)
    # The word of the contract is one of Python's own.
    values["origin"] = values.pop("from", _DEFAULT.origin)
    if values["origin"] == "store":
        _check_inverted(values)
    return Query(**values)


def _check_inverted(values: dict[str, Any]) -> None:
    """Refuse what makes no sense where nothing is read."""
    if "max_age" in values:
        raise InvalidRequest("max_age", "left out with from=store: stored lists count however old they are")
    for parameter in SAMPLING:
        if parameter.name in values:
            raise InvalidRequest(parameter.name, "left out with from=store: all stored lists are counted")
