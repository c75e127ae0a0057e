"""What a server decides about a key's quotas, without asking anybody: plain values.

Servers share the requests of a minute through one row. A server takes them from
there a block at a time, and lets one block in on credit: so that nobody waits for
the row, and the quota holds to within a block for each server. Which minute it is
the database tells; between two leases a server's clock goes on from there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum

import msgspec

from stargazer.store.keys import Key
from stargazer.store.usage import Spent

MINUTE_SECONDS = 60
DAY_SECONDS = 86_400

BLOCKS_PER_QUOTA = 20
"""A server takes a twentieth of a quota at a time."""


class Admission(Enum):
    """What becomes of a request."""

    IN = "in"
    AFTER_LEASE = "after lease"
    REFUSED = "refused"


class Standing(msgspec.Struct, frozen=True):
    """Where a key stands with one of its quotas, as the RateLimit fields tell it.

    Attributes:
        policy: what is limited.
        quota: how much of it there is in a window.
        window_seconds: how long the window is.
        remaining: how much is left.
        reset_seconds: when the window ends.
    """

    policy: str
    quota: int
    window_seconds: int
    remaining: int
    reset_seconds: int


class RequestWindow(msgspec.Struct):
    """The requests of one minute, as one server knows them.

    Attributes:
        quota: how many all servers together may let in.
        minute: which minute it is, counted since 1970.
        used: how many this server let in.
        granted: how many it has taken from the row.
        taken: how many all have taken, when we last looked.
        is_dry: nothing is left to take.
    """

    quota: int
    minute: int = -1
    used: int = 0
    granted: int = 0
    taken: int = 0
    is_dry: bool = False

    @property
    def block(self) -> int:
        """How many are taken ahead, and let in on credit."""
        return math.ceil(self.quota / BLOCKS_PER_QUOTA)

    def move_to(self, now: datetime) -> None:
        """Begin anew when another minute has begun; a clock that is put back a little begins none."""
        minute = minute_of(now)
        if minute > self.minute or minute < self.minute - 1:
            self.minute, self.used, self.granted, self.taken, self.is_dry = minute, 0, 0, 0, False

    def admit(self) -> Admission:
        """Let a request in, if it may be."""
        credit = 0 if self.is_dry else min(self.block, self.quota)
        if self.used < self.granted + credit:
            self.used += 1
            return Admission.IN
        return Admission.REFUSED if self.is_dry else Admission.AFTER_LEASE

    def wanted(self) -> int:
        """How many to take from the row now; 0: enough are there, or none are left."""
        ahead = self.granted - self.used
        if self.is_dry or ahead > self.block // 2:
            return 0
        return self.block - ahead

    def lease(self, asked: int, minute: int, taken: int) -> None:
        """Take note of what the row gave.

        Args:
            asked: how many were asked for.
            minute: for which minute.
            taken: how many all have asked for since, these included.
        """
        if minute != self.minute:
            return
        given = min(max(self.quota - (taken - asked), 0), asked)
        self.granted += given
        self.taken = min(taken, self.quota)
        self.is_dry = given < asked

    @property
    def left(self) -> int:
        """How many requests are left, as far as this server knows."""
        return max(0, self.quota - max(self.taken, self.granted) + self.granted - self.used)

    def standing(self, now: datetime) -> Standing:
        """Say how many requests are left, and for how long."""
        reset = (self.minute + 1) * MINUTE_SECONDS - int(now.timestamp())
        return Standing("requests", self.quota, MINUTE_SECONDS, self.left, min(max(reset, 1), MINUTE_SECONDS))


def minute_of(now: datetime) -> int:
    """Which minute it is, counted since 1970."""
    return int(now.timestamp()) // MINUTE_SECONDS


def daily_standings(key: Key, spent: Spent, now: datetime) -> list[Standing]:
    """Where a key stands with what its jobs may cost in a day; without a limit it stands nowhere."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    reset = max(1, math.ceil((midnight - now).total_seconds()))
    limits = (
        ("points", key.points_per_day, spent.points),
        ("github-seconds", key.github_seconds_per_day, spent.github_seconds),
    )
    return [
        Standing(policy, quota, DAY_SECONDS, max(0, math.floor(quota - used)), reset)
        for policy, quota, used in limits
        if quota is not None
    ]


def policy_field(standings: Sequence[Standing]) -> bytes:
    """Write `RateLimit-Policy`.

    Source: draft-ietf-httpapi-ratelimit-headers-10 § 3 (read 2026-11-24): a list of strings
        with the parameters q, the quota, and w, the window in seconds.

    Example:
        >>> policy_field([Standing("requests", 60, 60, 12, 33)])
        b'"requests";q=60;w=60'
    """
    return ", ".join(f'"{one.policy}";q={one.quota};w={one.window_seconds}' for one in standings).encode()


def limit_field(standings: Sequence[Standing]) -> bytes:
    """Write `RateLimit`.

    Source: draft-ietf-httpapi-ratelimit-headers-10 § 4 (read 2026-11-24): r is what
        remains, t the seconds until the window ends.

    Example:
        >>> limit_field([Standing("requests", 60, 60, 12, 33)])
        b'"requests";r=12;t=33'
    """
    return ", ".join(f'"{one.policy}";r={one.remaining};t={one.reset_seconds}' for one in standings).encode()
