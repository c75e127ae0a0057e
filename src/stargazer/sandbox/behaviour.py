"""How the sandbox behaves: everything about it that a test or a user may choose."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from stargazer.sandbox.faults import Faults
from stargazer.sandbox.server import DEFAULT, Server


class Stargazers(StrEnum):
    """How lists of stargazers are answered.

    Source: GitHub changelog 2026-06-30 (read 2026-11-24); both refusals were seen.
    """

    OPEN = "open"
    FORBIDDEN = "forbidden"
    EMPTY = "empty"


class StarLists(StrEnum):
    """How star lists are answered; `WITHOUT_SEED` leaves out repositories asked for by name."""

    OPEN = "open"
    FORBIDDEN = "forbidden"
    EMPTY = "empty"
    WITHOUT_SEED = "without-seed"


class TimeoutAnswer(StrEnum):
    """How a call ends at the wall: nginx's 502 or 504, or JSON that says something went wrong."""

    BAD_GATEWAY = "bad-gateway"
    GATEWAY_TIMEOUT = "gateway-timeout"
    WENT_WRONG = "went-wrong"


class ResourceAnswer(StrEnum):
    """How too much work ends: the whole call null, the rest of it null, or like a time-out."""

    WHOLE = "whole"
    PER_ALIAS = "per-alias"
    TIMEOUT = "timeout"


class Secondary(msgspec.Struct, frozen=True, kw_only=True):
    """The secondary limits of one user.

    Attributes:
        seconds_per_minute: of call time in any 60 s.
        calls_per_minute: in any 60 s.
        concurrent: calls at once.
        retry_after_seconds: what a refusal says; None: nothing, and 60 s are meant.
        status: 403 or 429.

    Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
        (read 2026-11-24).
    """

    seconds_per_minute: float = 60.0
    calls_per_minute: int = 2_000
    concurrent: int = 100
    retry_after_seconds: int | None = 60
    status: int = 403


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is: whose it is, and what it may do.

    All tokens of one user share one budget.

    Attributes:
        user: the login behind it.
        dead: answered with `Bad credentials`.
        stargazers: how lists of stargazers are answered to it; None: as to everybody.
        points_per_hour: of its user; None: as for everybody.
        scopes: what GitHub says in `x-oauth-scopes` that it may do; None: it says nothing.
    """

    user: str
    dead: bool = False
    stargazers: Stargazers | None = None
    points_per_hour: int | None = None
    scopes: tuple[str, ...] | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A star that is given, or taken back, before the n-th call is answered (counted from 1)."""

    login: str
    repository: str
    starred: bool
    before_call: int


class Churn(msgspec.Struct, frozen=True, kw_only=True):
    """Stars that come and go by chance around one repository while it is being read.

    Attributes:
        around: the repository. Half of the changes are stars of it; the others are
            stars that its stargazers give to, or take from, other repositories.
        changes_per_call: on average; may be less than 1.
    """

    around: str
    changes_per_call: float = 1.0


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that may be chosen about a sandbox.

    Attributes:
        seed: of all that happens by chance.
        speed: GitHub seconds that pass in a real second; None for a virtual clock,
            which never sleeps.
        started_at: what the clock shows at first.
        server: how fast it is, and what is too much for it.
        points_per_hour: of one user.
        points_used: that are already gone when the first window begins.
        window_seconds: the length of a window of points.
        timeout_points: what a time-out costs beside the price of the call; GitHub's
            amount is unknown.
        rate_limit_spelling: `RATE_LIMITED` or `RATE_LIMIT`.
        enterprise: no limits, no headers of limits, and `rateLimit` is null.
        one_in_flight: whether a second call in flight counts as overspending.
        break_off: answer the first page of stargazers before restricting the list.
        tokens: the tokens that are known, and then no others; empty: every token is
            good, and each has a user of its own.
        gzip: compress answers for callers that accept it.
    """

    seed: int = 1
    speed: float | None = None
    started_at: datetime | None = None
    server: Server = DEFAULT
    timeout_answer: TimeoutAnswer = TimeoutAnswer.BAD_GATEWAY
    timeout_points: int = 3
    resource_answer: ResourceAnswer = ResourceAnswer.WHOLE
    points_per_hour: int = 5_000
    points_used: int = 0
    window_seconds: float = 3_600.0
    rate_limit_spelling: str = "RATE_LIMITED"
    secondary: Secondary = Secondary()
    stargazers: Stargazers = Stargazers.OPEN
    break_off: bool = False
    star_lists: StarLists = StarLists.OPEN
    faults: Faults = Faults()
    changes: tuple[Change, ...] = ()
    churn: Churn | None = None
    tokens: dict[str, Token] = {}
    one_in_flight: bool = True
    enterprise: bool = False
    node_limit: int = 500_000
    alias_limit: int = 992
    gzip: bool = False
