"""What a plan asks for and what it gets back, as plain values.

A *call* is one HTTP request. It packs many *selections*, each of which is one
alias in the document's root: a page request (one page of one connection), or a
scalar that costs nothing. A *reply* holds one outcome for each selection of its
call, in the same order, or one failure for the whole call.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Direction(StrEnum):
    """The order of a connection by `STARRED_AT`: GitHub's `OrderDirection`."""

    ASC = "ASC"
    DESC = "DESC"


# What is asked for.


class FactsRequest(msgspec.Struct, frozen=True):
    """The scalars of one repository: no connection, so no points."""

    owner: str
    name: str


class UserRequest(msgspec.Struct, frozen=True):
    """The node id of one login: no connection, so no points."""

    login: str


class StargazersRequest(msgspec.Struct, frozen=True):
    """One page of `Repository.stargazers`.

    `first` is 1 to 100; `after` is a cursor from an earlier page of the same
    direction, or None for that direction's beginning.
    """

    owner: str
    name: str
    first: int
    after: str | None
    direction: Direction


class StarListRequest(msgspec.Struct, frozen=True):
    """One page of `User.starredRepositories`.

    `user_id` is the user's node id; `seed` the `databaseId` of the repository
    that the list must contain (0: none is known).
    """

    user_id: str
    first: int
    after: str | None
    direction: Direction
    seed: int


class DetailsRequest(msgspec.Struct, frozen=True):
    """What one public repository is about: no connection, so no points.

    `database_id` is the repository that is meant, whoever bears its name now.
    """

    owner: str
    name: str
    database_id: int


Selection = FactsRequest | UserRequest | StargazersRequest | StarListRequest | DetailsRequest


class Call(msgspec.Struct, frozen=True):
    """One HTTP request: its selections, and what it should cost.

    `number` is unique within a plan. `points`, `requests` and `nodes` are the
    estimate by GitHub's formula; `predicted_seconds` is what GitHub should
    need for it.
    """

    number: int
    selections: tuple[Selection, ...]
    points: int
    requests: int
    nodes: int
    predicted_seconds: float


# What comes back.


class Repository(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A repository as an edge of a star list shows it; decoded as GitHub sends it.

    `database_id` is null for repositories that GitHub gives none.
    """

    database_id: int | None
    name_with_owner: str
    stargazer_count: int
    is_private: bool


class Star(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One edge of `User.starredRepositories`; decoded as GitHub sends it."""

    starred_at: Moment
    repository: Repository = msgspec.field(name="node")


class User(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A GitHub user: node id, number and login; decoded as GitHub sends it."""

    id: str
    database_id: int | None
    login: str


class Stargazer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One edge of `Repository.stargazers`; decoded as GitHub sends it."""

    starred_at: Moment
    user: User = msgspec.field(name="node")


class Facts(msgspec.Struct, frozen=True):
    """The scalars of one repository. `name_with_owner` is its name today."""

    id: str
    database_id: int | None
    name_with_owner: str
    stargazer_count: int
    is_private: bool


class Details(msgspec.Struct, frozen=True):
    """What GitHub says of one public repository beyond its facts.

    `language` is the one that most of it is written in; None where GitHub names none.
    """

    description: str | None
    language: str | None
    is_archived: bool
    is_fork: bool


class StargazersPage(msgspec.Struct, frozen=True):
    """One page of a repository's stargazers.

    `hidden` counts the edges that GitHub sent as null; `total_count` is the
    connection's own.
    """

    request: StargazersRequest
    stargazers: tuple[Stargazer, ...]
    hidden: int
    total_count: int
    has_next_page: bool
    end_cursor: str | None


class StarListPage(msgspec.Struct, frozen=True):
    """One page of a user's star list.

    Edges that GitHub sent as null, or whose repository has no `databaseId`,
    are left out and counted in `hidden`; private repositories are left out and
    counted in `private` (the seed itself is kept). `has_seed` tells whether the
    seed is on this page; `is_over_limit` is GitHub's word for a list that it
    truncates.
    """

    request: StarListRequest
    stars: tuple[Star, ...]
    hidden: int
    private: int
    total_count: int
    has_next_page: bool
    end_cursor: str | None
    is_over_limit: bool
    has_seed: bool


Page = StargazersPage | StarListPage


class FailureKind(StrEnum):
    """What a failure means, whatever its wording.

    `GONE`, `HIDDEN`, `RESTRICTED` and `UNKNOWN` belong to one selection (UNKNOWN:
    a null without a reason of its own). `TOO_HEAVY`, `TIMEOUT` belong to one selection or a whole
    call. The others belong to a whole call.
    """

    GONE = "gone"
    HIDDEN = "hidden"
    RESTRICTED = "restricted"
    UNKNOWN = "unknown"
    TOO_HEAVY = "too-heavy"
    TIMEOUT = "timeout"
    TRANSIENT = "transient"
    PRIMARY_LIMIT = "primary-limit"
    SECONDARY_LIMIT = "secondary-limit"
    CREDENTIALS = "credentials"
    FORBIDDEN = "forbidden"
    NOT_GRAPHQL = "not-graphql"


class Failure(msgspec.Struct, frozen=True):
    """Why a selection or a whole call has no result.

    `retry_after` is in seconds, and None when GitHub did not say. `message` is
    for people and holds no secret.
    """

    kind: FailureKind
    message: str
    retry_after: float | None = None


Outcome = Facts | User | Details | StargazersPage | StarListPage | Failure


class Reading(msgspec.Struct, frozen=True):
    """GitHub's rate limit as one reply told it, in points.

    `cost` is what that call cost; None when only the headers told.
    """

    limit: int
    remaining: int
    used: int
    reset_at: datetime
    cost: int | None = None


class Reply(msgspec.Struct, frozen=True):
    """What came back for a call.

    Either `outcomes` has one outcome for each selection of the call, in order,
    or `failure` says why there are none. `seconds` is the time GitHub took: from
    sending the call to the first byte of the answer. `server_at` is the
    answer's own `Date`.
    """

    call: Call
    outcomes: tuple[Outcome, ...]
    failure: Failure | None
    reading: Reading | None
    seconds: float
    server_at: datetime | None = None
