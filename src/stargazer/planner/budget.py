"""When a call may be sent: the allowance of the asker and the four windows of a credential.

GitHub limits a credential in four ways at once: points an hour, call time a
minute, calls a minute, and whatever a refusal tells it to wait. `Windows` keeps
all four and answers one question, *when may this call be sent?*, as a moment.
Nothing here sleeps or looks at a clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

import msgspec

from stargazer.errors import InvalidRequest
from stargazer.planner.page import Failure, FailureKind, Reading, Reply

MINUTE = timedelta(seconds=60)

CALL_SECONDS_A_MINUTE = 60.0
"""How many seconds of call time GitHub grants a credential in 60 seconds.

Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    (read 2026-11-24): at most 60 s of CPU time per 60 s of real time, roughly
    estimated by the response time.
"""

CALLS_A_MINUTE = 2000
"""How many calls a minute GitHub grants a credential; a read counts one. Source: as above."""

REFUSAL_WAIT_SECONDS = 60.0
"""The least wait after a refusal that names none; it doubles with each refusal. Source: as above."""

REFUSALS_AT_MOST = 6
"""After so many refusals in a row we give up: going on may get an integration banned. Source: as above."""

LONGEST_REFUSAL_WAIT_SECONDS = 900.0

SHARE_RECOVERY_SECONDS = 600.0
"""After a secondary refusal the share of call time is halved; it doubles again after so long without one."""

UNLIMITED_AFTER_CALLS = 3
"""After so many replies without a rate limit, and none with one, there is none."""

RESET_MARGIN_SECONDS = 1.0
"""How long after a reset we ask again, since `resetAt` has whole seconds."""

UNSETTLED_FACTOR = 2
"""A call without a reading is booked at so many times its estimate: a time-out
costs extra, and GitHub does not say how much."""

UNSETTLED_MARGIN = 10
"""They may have cost so many times more than was booked; while that could matter, GitHub is asked."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What one run may spend, and how it shares its credential with others.

    Args:
        points: at most so many points; None: as many as it takes.
        seconds: at most so many seconds of GitHub's time; None: no bound.
        concurrency: how many calls may be in flight at once. GitHub advises one;
            Enterprise Server may stand more.
        share: the part of GitHub's call time a minute that we use, over 0 to 1.
        floor: how many points of the hour are left for others.
    """

    points: int | None = None
    seconds: float | None = None
    concurrency: int = 1
    share: float = 0.8
    floor: int = 0

    def __post_init__(self) -> None:
        checks = {
            "points": (self.points is None or self.points >= 1, "a whole number of points, at least 1"),
            "seconds": (self.seconds is None or self.seconds > 0, "a time over 0 seconds"),
            "concurrency": (1 <= self.concurrency <= 100, "1 to 100 calls"),
            "share": (0 < self.share <= 1, "over 0 and at most 1"),
            "floor": (self.floor >= 0, "0 points or more"),
        }
        for name, (sound, must_be) in checks.items():
            if not sound:
                raise InvalidRequest(name, must_be, got=str(getattr(self, name)))

    @property
    def bounded(self) -> bool:
        """Whether there is anything that may not be exceeded."""
        return self.points is not None or self.seconds is not None


def join(known: Reading | None, told: Reading | None) -> Reading | None:
    """Join two readings of one credential's rate limit, whichever came first.

    Resets within a minute of each other are one window, in which the smaller
    of `remaining` and `limit - used` wins; else the later window wins. So
    replies may come late, twice or out of order.

    Example:
        >>> from datetime import datetime, UTC
        >>> at = datetime(2026, 11, 24, 11, tzinfo=UTC)
        >>> join(Reading(5000, 4000, 1000, at), Reading(5000, 4100, 900, at)).remaining
        4000
    """
    if known is None or told is None:
        return known or told
    if abs(known.reset_at - told.reset_at) > MINUTE:
        return max(known, told, key=lambda reading: reading.reset_at)
    used = max(known.used, told.used)
    limit = min(known.limit, told.limit)
    return Reading(
        limit=limit,
        remaining=max(0, min(known.remaining, told.remaining, limit - used)),
        used=used,
        reset_at=max(known.reset_at, told.reset_at),
    )


class Spell(msgspec.Struct, frozen=True):
    """Call time that was used: `seconds` of it, ending at `ended_at`."""

    ended_at: datetime
    seconds: float


class Reservation(msgspec.Struct, frozen=True):
    """What a call in flight may cost, in points and GitHub seconds."""

    points: int
    seconds: float


class Windows(msgspec.Struct):
    """What is known of one credential's limits.

    One object belongs to one credential: plans that share a credential share
    it. It can be encoded, kept and taken up again.

    Attributes:
        reading: GitHub's own word on the points of this hour, joined.
        unsettled: points of calls that came back without a reading.
        in_doubt: whether GitHub says that the points are used up, and not until when.
        ahead_seconds: how far GitHub's clock is ahead of ours.
    """

    reading: Reading | None = None
    unsettled: int = 0
    in_doubt: bool = False
    reserved: dict[str, Reservation] = msgspec.field(default_factory=dict)
    spells: list[Spell] = msgspec.field(default_factory=list)
    blocked_until: datetime | None = None
    refusals: int = 0
    shares_lost: int = 0
    refused_at: datetime | None = None
    ahead_seconds: float = 0.0

    def available(self, now: datetime) -> int | None:
        """How many points of this hour are neither spent nor reserved; None: no reading yet."""
        if self.reading is None:
            return None
        pending = sum(reservation.points for reservation in self.reserved.values())
        if self._reset_at(self.reading) <= now:
            return self.reading.limit - pending - self.unsettled
        return self.reading.remaining - pending - self.unsettled

    def earliest(self, now: datetime, *, points: int, seconds: float, budget: Budget) -> datetime:
        """When a call of so many *points* and GitHub *seconds* may be sent: *now* or a later moment."""
        self._forget(now)
        at = max(now, self.blocked_until or now)
        share = self.share(at, budget.share)
        if self.tells_no_limit:
            share *= budget.concurrency
        at = max(at, self._minute_allows(at, seconds, share))
        available = self.available(at)
        if points and available is not None and self.reading and available - budget.floor < points:
            at = max(at, self._reset_at(self.reading))
        return at

    @property
    def tells_no_limit(self) -> bool:
        """Whether replies come without a rate limit, as from an Enterprise Server that has none.

        Then the calls that a budget allows at once may fill a minute each.
        """
        return self.reading is None and len(self.spells) >= UNLIMITED_AFTER_CALLS and not self.refusals

    def needs_reading(self, now: datetime, *, points: int, floor: int) -> bool:
        """Whether calls without a reading, or refused, leave it open if the next can be paid.

        `rateLimit` asked alone is free, so that is how to find out; it still
        takes GitHub's time, so it is asked only when the answer matters.
        """
        if self.in_doubt:
            return True
        if not self.unsettled:
            return False
        available = self.available(now)
        if available is None:
            return False
        left = available - floor
        return left - UNSETTLED_MARGIN * self.unsettled < points <= left + self.unsettled

    def share(self, now: datetime, share: float) -> float:
        """The share of call time that we use now: less for a while after each secondary refusal."""
        if self.refused_at is None:
            return share
        recovered = int((now - self.refused_at).total_seconds() / SHARE_RECOVERY_SECONDS)
        return share * 0.5 ** max(0, self.shares_lost - max(0, recovered))

    @property
    def given_up(self) -> bool:
        """Whether so many refusals followed each other that going on would be abuse."""
        return self.refusals >= REFUSALS_AT_MOST

    def reserve(self, key: str, *, points: int, seconds: float) -> None:
        """Book a call that is about to be sent, under a *key* of its own."""
        self.reserved[key] = Reservation(points, seconds)

    def settle(self, key: str, reply: Reply, now: datetime) -> None:
        """Replace a reservation by what the *reply* says; a second time changes nothing."""
        reservation = self.reserved.pop(key, None)
        if reply.server_at is not None:
            self.ahead_seconds = (reply.server_at - now).total_seconds()
        if reservation is not None:
            self.spells.append(Spell(now, reply.seconds))
        if reply.reading is not None:
            self._read(reply.reading)
        elif reservation is not None:
            self.unsettled += UNSETTLED_FACTOR * reservation.points
        if reservation is not None and reply.failure is not None:
            self._refused(reply.failure, now, told=reply.reading is not None)
        elif reservation is not None and reply.call.selections:
            # The rate limit alone is answered even while everything else is refused.
            self.refusals = 0

    def _read(self, reading: Reading) -> None:
        self.reading = join(self.reading, reading)
        self.unsettled = 0
        self.in_doubt = False

    def _refused(self, failure: Failure, now: datetime, *, told: bool) -> None:
        if failure.kind in (FailureKind.PRIMARY_LIMIT, FailureKind.SECONDARY_LIMIT):
            self.refusals += 1
            self.in_doubt = failure.kind is FailureKind.PRIMARY_LIMIT and not told
            if failure.kind is FailureKind.SECONDARY_LIMIT:
                self.shares_lost = min(3, self.shares_lost + 1)
                self.refused_at = now
            self.blocked_until = max(self.blocked_until or now, self._wait_after(failure, now))

    def _wait_after(self, failure: Failure, now: datetime) -> datetime:
        if failure.retry_after is not None:
            return now + timedelta(seconds=failure.retry_after + RESET_MARGIN_SECONDS)
        if self.reading is not None and self.reading.remaining == 0 and self._reset_at(self.reading) > now:
            return self._reset_at(self.reading)
        wait = min(REFUSAL_WAIT_SECONDS * 2 ** (self.refusals - 1), LONGEST_REFUSAL_WAIT_SECONDS)
        return now + timedelta(seconds=wait + RESET_MARGIN_SECONDS)

    def _reset_at(self, reading: Reading) -> datetime:
        """When, by our clock, GitHub grants new points."""
        return reading.reset_at + timedelta(seconds=RESET_MARGIN_SECONDS - self.ahead_seconds)

    def _forget(self, now: datetime) -> None:
        while self.spells and self.spells[0].ended_at <= now - MINUTE:
            del self.spells[0]

    def _minute_allows(self, at: datetime, seconds: float, share: float) -> datetime:
        """When the last minute of call time, with this call in it, is within our share."""
        allowed = CALL_SECONDS_A_MINUTE * share
        pending = sum(reservation.seconds for reservation in self.reserved.values())
        excess = sum(spell.seconds for spell in self.spells) + pending + seconds - allowed
        crowd = len(self.spells) + len(self.reserved) + 1 - CALLS_A_MINUTE
        for spell in self.spells:
            if excess <= 0 and crowd <= 0:
                break
            excess -= spell.seconds
            crowd -= 1
            at = max(at, spell.ended_at + MINUTE)
        return at


class Spent(msgspec.Struct, frozen=True):
    """What a run has cost so far.

    `points` are those GitHub said a call cost, and the estimate where it said
    nothing; `github_seconds` the call time; `waited_seconds` the time that the
    windows made us wait; `timeouts` the calls that GitHub's clock ended;
    `retries` the selections that had to be asked again.
    """

    calls: int = 0
    points: int = 0
    pages: int = 0
    nodes: int = 0
    github_seconds: float = 0.0
    timeouts: int = 0
    retries: int = 0
    waited_seconds: float = 0.0

    def __add__(self, more: Self) -> Spent:
        """The sum of two runs, member by member."""
        fields = self.__struct_fields__
        return Spent(*(getattr(self, name) + getattr(more, name) for name in fields))
