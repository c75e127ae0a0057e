"""Read one connection to its end, from one side or from both, and prove that it is whole.

A connection that is longer than a page is read from both ends at once: that
halves the calls that the longest list needs. It is whole when one side has
reached its end, or when an edge has been seen from both sides: the same id,
starred at the same moment, since what is starred anew moves to the new end.
Cursors are places by value, so what one side has passed stays passed while stars
come and go; the counts that GitHub told on the way must then agree with what was
seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from stargazer.planner.page import Direction
from stargazer.planner.refresh import Refresh

PAGE_NODES = 100
"""The most that `first` may ask. Source: github.md, GitHub's documentation (read 2026-11-24)."""

MARGIN_NODES = 2
"""The last page asks for so many more than are left: one to overlap, one that may have come."""

CROSSED_NODES = 10
"""What each side asks when both should have met and did not: the list moved meanwhile."""

SHRUNK_FIRSTS = (50, 25, 10, 5)
"""What a page that fails alone is asked with, one after the other, before it is given up."""

TRIES_AT_LEAST = 2
"""So many failures in a row it takes to give up a list that is asked for at its smallest already."""

READINGS_AT_MOST = 3
"""How often a list is read anew when its counts do not add up."""


class Ending(StrEnum):
    """How the reading of a connection ended."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    FAILED = "failed"


class Ask(msgspec.Struct, frozen=True):
    """The arguments of one page: `first`, `after` and the direction."""

    direction: Direction
    first: int
    after: str | None


class Seen(msgspec.Struct, frozen=True):
    """What one page showed: the ids on it, each with its `starredAt`, and how many edges showed none."""

    direction: Direction
    edges: Mapping[int | str, datetime]
    hidden: int
    total_count: int
    has_next_page: bool
    end_cursor: str | None
    is_over_limit: bool = False


class Side(msgspec.Struct, frozen=True):
    """What was read of a list from one end: its edges, and the cursor to go on from."""

    edges: Mapping[int | str, datetime]
    cursor: str | None


class Connection:
    """The state of one connection that is being read.

    Args:
        nodes_at_most: stop there, and call the list truncated; None: read it all.
        both_at_once: start at both ends instead of finding out first how long it is.
    """

    __slots__ = (
        "_after",
        "_cut",
        "_ended",
        "_high",
        "_in_flight", "_left",
        "_low",
        "_met",
        "_pages",
        "_readings",
        "_shown",
        "_sides",
        "both_ends",
        "ending",
        "first",
        "hidden",
        "nodes_at_most",
        "refresh",
        "strikes",
        "total_count",
    )  # fmt: skip

    def __init__(self, *, nodes_at_most: int | None = None, both_at_once: bool = False) -> None:
        self.nodes_at_most = nodes_at_most
        self.both_ends = both_at_once
        self.first = PAGE_NODES
        self.strikes = 0
        self.ending: Ending | None = None
        self.refresh: Refresh | None = None
        self._readings = 1
        self._begin()

    def _begin(self) -> None:
        self.total_count: int | None = None
        self.hidden = 0
        self._pages = 0
        self._low = self._high = 0
        self._met = self._ended = self._cut = False
        self._after: dict[Direction, str | None] = {}
        self._in_flight: dict[Direction, int] = {}
        self._sides: dict[Direction, dict[int | str, datetime]] = {}
        self._shown = 0
        self._left: int | None = None

    @property
    def begun(self) -> bool:
        """Whether a page of it has arrived."""
        return self.total_count is not None

    @property
    def busy(self) -> bool:
        """Whether a page of it is in flight."""
        return bool(self._in_flight)

    @property
    def nodes_left(self) -> int:
        """How many nodes are neither seen nor asked for; 0 while nothing is known."""
        if self._left is None:
            self._left = self._count_left()
        return self._left

    def _count_left(self) -> int:
        if self.total_count is None:
            return 0
        if self.refresh is not None:
            return min(self.first, self.refresh.nodes_wanted(self.total_count))
        wanted = self.total_count if self.nodes_at_most is None else min(self.total_count, self.nodes_at_most)
        return max(0, wanted - self._shown - self.hidden - sum(self._in_flight.values()))

    @property
    def share_shown(self) -> float:
        """Which part of it has been read, over 0 to 1; 0 while nothing is known."""
        if self.total_count is None or self.refresh is not None:
            return 0.0
        return min(1.0, (self._shown + self.hidden) / max(1, self.total_count))

    @property
    def steps_left(self) -> int:
        """How many calls it still takes at least, one after the other."""
        if self.ending is not None or not self.begun:
            return 0
        a_call = self.first * (2 if self._read_both() else 1)
        return max(1, -(-self.nodes_left // a_call))

    @property
    def pages_left(self) -> int:
        """How many pages are left to be asked for."""
        return 0 if self.ending is not None or not self.begun else max(1, -(-self.nodes_left // self.first))

    def wanted(self) -> list[Ask]:
        """The pages that can be asked for now: none, one, or one at each end."""
        if self.ending is not None:
            return []
        if self.refresh is not None:
            return self._wanted_head()
        if self.total_count is None:
            sides = tuple(Direction) if self.both_ends else (Direction.ASC,)
            return [
                Ask(side, self._bounded(self.first), None) for side in sides if side not in self._in_flight
            ]
        sides = tuple(Direction) if self._read_both() else (Direction.ASC,)
        idle = [side for side in sides if side not in self._in_flight]
        if not idle or (self._in_flight and self.nodes_left <= 0):
            return []
        first = self._next_first(len(idle))
        return [Ask(side, first, self._after.get(side)) for side in idle]

    def _wanted_head(self) -> list[Ask]:
        if self._in_flight or self.refresh is None:
            return []
        first = min(self.first, self.refresh.nodes_wanted(self.total_count))
        return [Ask(Direction.DESC, first, self._after.get(Direction.DESC))]

    def _read_both(self) -> bool:
        if self.refresh is not None:
            return False
        if not self.both_ends and self.nodes_at_most is None:
            self.both_ends = self.nodes_left + MARGIN_NODES > self.first
        return self.both_ends

    def _next_first(self, sides: int) -> int:
        if self.nodes_left <= 0:
            return min(self.first, CROSSED_NODES)
        share = -(-(self.nodes_left + MARGIN_NODES) // sides)
        return self._bounded(min(self.first, share))

    def _bounded(self, first: int) -> int:
        """Keep a list with a bound of its own within it."""
        if self.nodes_at_most is None:
            return first
        return max(1, min(first, self.nodes_at_most - self._shown - sum(self._in_flight.values())))

    def sent(self, ask: Ask) -> None:
        """Note that a page is in flight."""
        self._left = None
        self._in_flight[ask.direction] = ask.first

    def resume(self, sides: Mapping[Direction, Side], *, low: int, high: int, hidden: int) -> None:
        """Go on with a list whose reading broke off."""
        self._left = None
        self._low, self._high, self.total_count = low, high, high
        self.hidden = hidden
        self.both_ends = self.both_ends or len(sides) > 1
        self._after = {direction: side.cursor for direction, side in sides.items()}
        self._sides = {direction: dict(side.edges) for direction, side in sides.items()}
        self._pages = sum(max(1, -(-len(side.edges) // PAGE_NODES)) for side in sides.values())
        self._shown = sum(len(side.edges) for side in sides.values())

    @property
    def kept(self) -> int:
        """How many of the oldest edges of the list that was refreshed still stand."""
        return 0 if self.refresh is None else self.refresh.kept

    def failed(self, direction: Direction) -> None:
        """Note that a page did not arrive; it can be asked for again."""
        self._left = None
        self._in_flight.pop(direction, None)

    def shrink(self) -> bool:
        """Ask with a smaller `first` from now on; False, and the end, when it failed at its smallest."""
        smaller = [first for first in SHRUNK_FIRSTS if first < self.first]
        if smaller:
            self.first = smaller[0]
        elif self.strikes >= TRIES_AT_LEAST:
            self.give_up()
        return self.ending is None

    def give_up(self) -> None:
        """End the reading here: what is missing stays missing."""
        self.ending = Ending.FAILED

    def receive(self, seen: Seen) -> None:
        """Take in a page. `ending` tells afterwards whether it was the last."""
        self._left = None
        self._in_flight.pop(seen.direction, None)
        self.strikes = 0
        self._pages += 1
        self._count(seen.total_count)
        self.hidden += seen.hidden
        self._cut = self._cut or seen.is_over_limit
        self._ended = self._ended or not seen.has_next_page
        self._after[seen.direction] = seen.end_cursor
        if self.refresh is not None:
            self.refresh.see(seen.edges, seen.total_count)
        if self._pages == 1 and not seen.has_next_page and not self._in_flight:
            self._shown = len(seen.edges)
        else:
            self._compare(seen)
        self._conclude()

    def _count(self, total_count: int) -> None:
        known = self.total_count is not None
        self._low = min(self._low, total_count) if known else total_count
        self._high = max(self._high, total_count) if known else total_count
        self.total_count = total_count

    def _compare(self, seen: Seen) -> None:
        other = Direction.DESC if seen.direction is Direction.ASC else Direction.ASC
        mine = self._sides.setdefault(seen.direction, {})
        theirs = self._sides.get(other, {})
        mine.update(seen.edges)
        if theirs and not self._met:
            self._met = any(theirs.get(one) == at for one, at in seen.edges.items())
        self._shown = len(mine.keys() | theirs.keys()) if self._met else len(mine) + len(theirs)

    def _conclude(self) -> None:
        if self.refresh is not None and not self._ended:
            if self.refresh.adds_up(self.hidden):
                self._close(Ending.WHOLE)
            return
        self.refresh = None
        capped = self.nodes_at_most is not None and self._shown + self.hidden >= self.nodes_at_most
        if self._in_flight or not (self._met or self._ended or capped):
            return
        if self._cut or (capped and not (self._met or self._ended)):
            self._close(Ending.TRUNCATED)
        elif self._adds_up():
            self._close(Ending.WHOLE)
        elif self._readings < min(READINGS_AT_MOST, 1 + self._pages):
            self._readings += 1
            self._begin()
        else:
            self._close(Ending.TRUNCATED)

    def _adds_up(self) -> bool:
        """Whether as many were seen as GitHub counted at some moment of the reading.

        Hidden edges show no id, so where both sides met they may have been seen
        twice: then they bound the count from above only.
        """
        at_least = self._shown if len(self._sides) > 1 else self._shown + self.hidden
        return at_least <= self._high and self._shown + self.hidden >= self._low

    def _close(self, ending: Ending) -> None:
        self.ending = ending
        self._sides.clear()
