"""What goes wrong by chance or by script."""

from __future__ import annotations

import random
from enum import StrEnum

import msgspec


class Fault(StrEnum):
    """One way in which a call goes wrong.

    `RATE_LIMIT` and `RATE_LIMITED` are both spellings of the primary limit, with
    points remaining. `WENT_WRONG` nulls the whole call, `WENT_WRONG_AT_ALIAS`
    its last root field.
    """

    BAD_GATEWAY = "bad-gateway"
    GATEWAY_TIMEOUT = "gateway-timeout"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server-error"
    RESET = "reset"
    TRUNCATED = "truncated"
    GARBLED = "garbled"
    SLOW = "slow"
    WENT_WRONG = "went-wrong"
    WENT_WRONG_AT_ALIAS = "went-wrong-at-alias"
    RATE_LIMIT = "rate-limit"
    RATE_LIMITED = "rate-limited"
    SECONDARY_LIMIT = "secondary-limit"
    SECONDARY_LIMIT_UNTIMED = "secondary-limit-untimed"
    BAD_CREDENTIALS = "bad-credentials"
    FORBIDDEN = "forbidden"


class Answer(msgspec.Struct, frozen=True):
    """An answer given word for word, in place of GitHub's."""

    status: int
    body: str = ""
    headers: dict[str, str] = {}


class Redirect(msgspec.Struct, frozen=True, tag="redirect"):
    """A redirect. `location` may be a path of the sandbox or a whole URL."""

    status: int
    location: str


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How often what goes wrong, each a share of calls between 0 and 1, and by script.

    Attributes:
        slow_seconds: by how much a slow call is slower.
        script: what the n-th call meets, counted from 1; it comes before chance.
        answers: likewise, an answer word for word.
        redirects: likewise, a redirect.
    """

    bad_gateway: float = 0.0
    gateway_timeout: float = 0.0
    unavailable: float = 0.0
    server_error: float = 0.0
    reset: float = 0.0
    truncated: float = 0.0
    garbled: float = 0.0
    slow: float = 0.0
    went_wrong: float = 0.0
    went_wrong_at_alias: float = 0.0
    rate_limit: float = 0.0
    rate_limited: float = 0.0
    secondary_limit: float = 0.0
    secondary_limit_untimed: float = 0.0
    slow_seconds: float = 4.0
    script: dict[int, Fault] = {}
    answers: dict[int, Answer] = {}
    redirects: dict[int, Redirect] = {}

    def draw(self, number: int, randomness: random.Random) -> Fault | None:
        """Return what the call with this number meets, or None."""
        chance = randomness.random()
        scripted = self.script.get(number)
        if scripted is not None:
            return scripted
        for fault, rate in self.rates():
            chance -= rate
            if chance < 0.0:
                return fault
        return None

    def rates(self) -> list[tuple[Fault, float]]:
        """Return every fault that comes by chance, with its share of calls."""
        rates = [(fault, getattr(self, fault.replace("-", "_"), 0.0)) for fault in Fault]
        return [(fault, rate) for fault, rate in rates if rate > 0.0]
