"""What a ledger decides: which run may send its call now, and what a lost call counts for.

Runs that share a credential take turns call by call. Whoever has the least left
goes first, so that a small repository does not wait behind a large one; each
second of waiting counts for `AGEING` seconds less, so that the large one is not
starved by small ones that keep coming. A run that has just had its call settled
keeps its place for `GRACE_SECONDS`: else a run with more left would take every
second turn in the moment that the other one needs to think.

A call in flight holds a lease. Its holder renews it, and a holder that was
killed does not: when the lease ends the call counts as spent at its estimate,
until GitHub's next reading tells the truth.

Nothing here looks at a clock. Two moments are given: `at`, by the clock of the
database, for leases and turns; and `now`, for GitHub's windows, which is the
same except in a simulation.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from stargazer.planner.budget import Budget, Spell, Windows
from stargazer.planner.page import Reply
from stargazer.planner.step import Reason, Wait
from stargazer.runner import Granted

LEASE_SECONDS = 12.0
"""How long a call may hold its place without being renewed: GitHub ends a call after ten seconds,
so one whose sender was killed is over by then."""

RENEWAL_SECONDS = 4.0
"""A call that is still in flight renews its lease so often."""

AGEING = 10.0
"""Each second of waiting weighs as much as so many GitHub seconds less to do."""

GRACE_SECONDS = 1.0
"""So long a run keeps its place after its call was settled."""

PRESENCE_SECONDS = 3.0
"""Whoever waits asks again before so long; a run that does not is taken for dead."""

BACKWARD_SECONDS = 5.0
"""A clock that goes back by less is taken for standing still: requests may overtake each other."""


class Ask(msgspec.Struct, frozen=True):
    """What a run asks for.

    Attributes:
        run: who asks.
        key: names the reservation, if it is granted.
        points: what the call should cost.
        seconds: what GitHub should need for it.
        remaining_seconds: what is left of the run in GitHub seconds; 0 while that is not known.
        budget: how the run shares its credential.
    """

    run: str
    key: str
    points: int
    seconds: float
    remaining_seconds: float
    budget: Budget


class Turn(msgspec.Struct, frozen=True):
    """A run that waits for its next call.

    It stands in line between `claims_at` and `expires_at`.
    """

    remaining_seconds: float
    since: datetime
    claims_at: datetime
    expires_at: datetime

    def rank(self, at: datetime) -> float:
        """What the turns are ordered by, the least first."""
        return self.remaining_seconds - AGEING * (at - self.since).total_seconds()


class Charged(msgspec.Struct, frozen=True):
    """What calls should have cost and what GitHub charged for them, in points."""

    calls: int = 0
    estimated: int = 0
    charged: int = 0


class LedgerState(msgspec.Struct):
    """One credential's ledger as a value.

    Attributes:
        windows: what is known of GitHub's limits.
        leases: when the lease of each call in flight ends.
        turns: the runs that wait.
        charged: how good our estimates have been.
        seen_at: the latest moment of the database's clock.
        seen_now: the latest moment of the windows' clock.
    """

    windows: Windows = msgspec.field(default_factory=Windows)
    leases: dict[str, datetime] = msgspec.field(default_factory=dict)
    turns: dict[str, Turn] = msgspec.field(default_factory=dict)
    charged: Charged = Charged()
    seen_at: datetime | None = None
    seen_now: datetime | None = None

    def advance(self, at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """Let time pass until the two moments; returns them, never earlier than those seen before.

        When a clock was put back, everything that was noted by it goes back with
        it. What has ended is dropped.
        """
        if (back := _back(self.seen_at, at)) > timedelta(0):
            self._put_leases_back(back)
        if (back := _back(self.seen_now, now)) > timedelta(0):
            self.seen_now = None
            put_back(self.windows, back)
        at = self.seen_at = max(at, self.seen_at or at)
        now = self.seen_now = max(now, self.seen_now or now)
        for key in [key for key, expires_at in self.leases.items() if expires_at <= at]:
            self._lose(key, now)
        self.turns = {run: turn for run, turn in self.turns.items() if turn.expires_at > at}
        return at, now

    def reserve(self, ask: Ask, at: datetime, now: datetime, *, lease_seconds: float) -> Granted | Wait:
        """Book the call if it may be sent now; else say when to ask again, and why."""
        at, now = self.advance(at, now)
        wait = self._wait(ask, at, now)
        if wait is not None:
            return wait
        self.turns.pop(ask.run, None)
        self.leases[ask.key] = at + timedelta(seconds=lease_seconds)
        self.windows.reserve(ask.key, points=ask.points, seconds=ask.seconds)
        return Granted(ask.key)

    def renew(self, key: str, at: datetime, now: datetime, *, seconds: float) -> None:
        """Note that a call is still in flight."""
        at, _ = self.advance(at, now)
        if key in self.leases:
            self.leases[key] = max(self.leases[key], at + timedelta(seconds=seconds))

    def settle(self, ask: Ask, reply: Reply, at: datetime, now: datetime) -> None:
        """Replace what was booked by what the reply says; the run keeps its place for a moment."""
        at, now = self.advance(at, now)
        self.leases.pop(ask.key, None)
        self.windows.settle(ask.key, reply, now)
        if reply.reading is not None and reply.reading.cost is not None:
            before = self.charged
            self.charged = Charged(
                calls=before.calls + 1,
                estimated=before.estimated + reply.call.points,
                charged=before.charged + reply.reading.cost,
            )
        if ask.remaining_seconds == 0 or ask.remaining_seconds > ask.seconds:
            left = max(0.0, ask.remaining_seconds - ask.seconds)
            grace = Turn(left, at, at, at + timedelta(seconds=GRACE_SECONDS))
            self.turns.setdefault(ask.run, grace)

    # Why a call has to wait.

    def _wait(self, ask: Ask, at: datetime, now: datetime) -> Wait | None:
        earliest = self.windows.earliest(now, points=ask.points, seconds=ask.seconds, budget=ask.budget)
        reason = self._why(ask, now) if earliest > now else None
        in_line = reason in (None, Reason.CALL_TIME)
        self._stand(ask, at, in_line=in_line)
        if reason is not None and not in_line:
            return Wait(earliest, reason)
        if self.leases and len(self.leases) >= self._at_once(ask.budget):
            return Wait(now + (min(self.leases.values()) - at), Reason.IN_FLIGHT)
        if (before := self._first(at)) != ask.run:
            return Wait(now + (self.turns[before].expires_at - at), Reason.IN_FLIGHT)
        return Wait(earliest, reason) if reason is not None else None

    def _stand(self, ask: Ask, at: datetime, *, in_line: bool) -> None:
        waiting = self.turns.get(ask.run)
        until = at + timedelta(seconds=PRESENCE_SECONDS)
        self.turns[ask.run] = Turn(
            ask.remaining_seconds, waiting.since if waiting else at, at if in_line else until, until
        )

    def _first(self, at: datetime) -> str:
        """The run whose turn it is."""
        standing = {run: turn for run, turn in self.turns.items() if turn.claims_at <= at}
        return min(standing, key=lambda run: (standing[run].rank(at), standing[run].since, run))

    def _at_once(self, budget: Budget) -> int:
        """How many calls may be in flight: one until a reply has told how many points there are."""
        fresh = self.windows.reading is None and not self.windows.spells
        return 1 if fresh else budget.concurrency

    def _why(self, ask: Ask, now: datetime) -> Reason:
        blocked = self.windows.blocked_until
        if blocked is not None and blocked > now:
            return Reason.REFUSAL
        available = self.windows.available(now)
        short = ask.points and available is not None and available - ask.budget.floor < ask.points
        return Reason.POINTS if short else Reason.CALL_TIME

    # What happens to calls of which nothing is heard, and when a clock is put back.

    def _lose(self, key: str, now: datetime) -> None:
        """Count a call whose lease has ended as spent at its estimate."""
        del self.leases[key]
        lost = self.windows.reserved.pop(key, None)
        if lost is not None:
            self.windows.unsettled += lost.points
            self.windows.spells.append(Spell(now, lost.seconds))

    def _put_leases_back(self, back: timedelta) -> None:
        self.seen_at = None
        self.leases = {key: expires_at - back for key, expires_at in self.leases.items()}
        self.turns = {
            run: Turn(
                turn.remaining_seconds, turn.since - back, turn.claims_at - back, turn.expires_at - back
            )
            for run, turn in self.turns.items()
        }


def put_back(windows: Windows, back: timedelta) -> None:
    """Move what was noted by a clock that has been put *back*; GitHub's own moments stay."""
    windows.ahead_seconds += back.total_seconds()
    windows.spells = [Spell(spell.ended_at - back, spell.seconds) for spell in windows.spells]
    windows.blocked_until = windows.blocked_until and windows.blocked_until - back
    windows.refused_at = windows.refused_at and windows.refused_at - back


def _back(seen: datetime | None, moment: datetime) -> timedelta:
    """By how much a clock was put back."""
    if seen is None or (seen - moment).total_seconds() < BACKWARD_SECONDS:
        return timedelta(0)
    return seen - moment
