"""What has been read of one connection from each end, and what becomes of it.

Pages of one end form a chain: each was asked with the cursor that the one
before it ended with. So a page that comes twice is recognised, and one that
follows nothing we have is left out. When the reading is over, the parts are
folded into a list, which counts as whole only if it agrees with the counts that
its own pages told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np

from stargazer.planner.connection import Ending
from stargazer.planner.page import Direction
from stargazer.store.packed import NOTHING, Int32s, newest_first

NO_STARS: tuple[Int32s, Int32s] = (NOTHING, NOTHING)


class NumberedPage(msgspec.Struct, frozen=True, eq=False):
    """A page whose nodes have numbers: what was asked, and what it showed."""

    direction: Direction
    after: str | None
    cursor: str | None
    has_next_page: bool
    total_count: int
    unseen: int
    numbers: Int32s
    starred_at: Int32s


class Part(msgspec.Struct, eq=False):
    """What was read from one end.

    If it `is_stored`, so many nodes as `stored_length` are in the database already,
    and `stored` holds them if they were loaded. `pages` came since.
    """

    begun_at: datetime
    cursor: str | None
    low: int
    high: int
    unseen: int
    is_stored: bool = False
    stored_length: int = 0
    stored: tuple[Int32s, Int32s] | None = None
    pages: list[NumberedPage] = msgspec.field(default_factory=list)

    @classmethod
    def begin(cls, page: NumberedPage, now: datetime) -> Part:
        """Start with the first page from an end."""
        part = cls(now, page.cursor, page.total_count, page.total_count, 0)
        part.append(page)
        return part

    @property
    def length(self) -> int:
        """How many nodes it holds."""
        return self.stored_length + sum(len(page.numbers) for page in self.pages)

    def append(self, page: NumberedPage) -> None:
        """Take in the next page."""
        self.pages.append(page)
        # The cursor of a page without edges is null.
        self.cursor = page.cursor or self.cursor
        self.low = min(self.low, page.total_count)
        self.high = max(self.high, page.total_count)
        self.unseen += page.unseen

    def added(self) -> tuple[Int32s, Int32s]:
        """What came since it was stored, in the order read."""
        numbers = [page.numbers for page in self.pages]
        starred_at = [page.starred_at for page in self.pages]
        return np.concatenate([NOTHING, *numbers]), np.concatenate([NOTHING, *starred_at])

    def nodes(self) -> tuple[Int32s, Int32s]:
        """All of it, in the order read."""
        numbers, starred_at = self.added()
        if self.stored is None:
            return numbers, starred_at
        return np.concatenate([self.stored[0], numbers]), np.concatenate([self.stored[1], starred_at])

    def begins_with(self, page: NumberedPage) -> bool:
        """Whether this first page is what we began with, so that it tells nothing new.

        Readers of one list at the same time share its parts: the second must
        not throw away what the first has read.
        """
        length = len(page.numbers)
        return length <= self.length and self._agrees(page, length) and (length > 0 or self.length == 0)

    def is_within(self, page: NumberedPage) -> bool:
        """Whether this first page begins with all that we have."""
        return self.length <= len(page.numbers) and self._agrees(page, self.length)

    def _agrees(self, page: NumberedPage, length: int) -> bool:
        numbers, starred_at = self.nodes()
        return np.array_equal(numbers[:length], page.numbers[:length]) and np.array_equal(
            starred_at[:length], page.starred_at[:length]
        )


class WholeList(msgspec.Struct, frozen=True, eq=False):
    """A list in the database, to be refreshed."""

    unseen: int
    numbers: Int32s
    starred_at: Int32s

    def oldest(self, kept: int) -> tuple[Int32s, Int32s]:
        """The *kept* oldest stars."""
        places = newest_first(self.numbers, self.starred_at)[max(0, len(self.numbers) - kept) :]
        return self.numbers[places], self.starred_at[places]


class Folded(msgspec.Struct, frozen=True, eq=False):
    """A list that is over: sorted by number, each once."""

    fetched_at: datetime
    total_count: int
    unseen: int
    ending: Ending
    numbers: Int32s
    starred_at: Int32s


class Reading:
    """The reading of one connection.

    Args:
        parts: what is in the database of it.
        now: when the pages came that will be taken.
        shared_since: what was begun before is of no use to whoever reads now.
    """

    def __init__(self, parts: dict[Direction, Part], now: datetime, shared_since: datetime) -> None:
        self.parts = parts
        self._shared_since = shared_since
        self._stored = frozenset(parts)
        self._now = now
        self._begun: set[Direction] = set()

    @property
    def dropped(self) -> set[Direction]:
        """The parts that are in the database and should not be."""
        return set(self._stored - self.parts.keys())

    def take(self, page: NumberedPage) -> None:
        """Take in a page, unless we have it, or what should stand before it is missing."""
        part = self.parts.get(page.direction)
        if page.after is not None:
            if part is not None and part.cursor == page.after:
                part.append(page)
        elif part is None or not self._has(part, page):
            self._begin(page, anew=part is not None and not part.is_within(page))

    def _has(self, part: Part, page: NumberedPage) -> bool:
        """Whether a first page is here already: the same reply again, or that of who reads with us."""
        again = (part.cursor, part.length) == (page.cursor, len(page.numbers))
        return again or (part.begun_at >= self._shared_since and part.begins_with(page))

    def _begin(self, page: NumberedPage, *, anew: bool) -> None:
        """Start an end. A list that is read anew, or is one page, makes the other end stale."""
        other = Direction.DESC if page.direction is Direction.ASC else Direction.ASC
        stale = not page.has_next_page or (anew and page.direction is Direction.ASC)
        if stale and other not in self._begun:
            self.parts.pop(other, None)
        self.parts[page.direction] = Part.begin(page, self._now)
        self._begun.add(page.direction)

    def fold(
        self, ending: Ending, kept: tuple[Int32s, Int32s] = NO_STARS, kept_unseen: int = 0
    ) -> Folded | None:
        """Join the parts and the *kept* stars of an older list; None when that cannot be whole."""
        parts = list(self.parts.values())
        if not parts:
            return None
        numbers, starred_at = _joined([*(part.nodes() for part in parts), kept])
        low, high = min(part.low for part in parts), max(part.high for part in parts)
        unseen = sum(part.unseen for part in parts) + kept_unseen
        if ending is Ending.WHOLE and not low - unseen <= len(numbers) <= high:
            return None
        total_count = next((part.pages[-1].total_count for part in parts if part.pages), high)
        return Folded(
            fetched_at=min(part.begun_at for part in parts),
            total_count=total_count,
            unseen=min(unseen, max(0, total_count - len(numbers))),
            ending=ending,
            numbers=numbers,
            starred_at=starred_at,
        )


def _joined(lists: Sequence[tuple[Int32s, Int32s]]) -> tuple[Int32s, Int32s]:
    """Sort by number, each once; of two stars for one repository the newer counts."""
    numbers = np.concatenate([one[0] for one in lists])
    starred_at = np.concatenate([one[1] for one in lists])
    order = np.lexsort((-starred_at, numbers))
    numbers, starred_at = numbers[order], starred_at[order]
    first = np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]
    return numbers[first], starred_at[first]
