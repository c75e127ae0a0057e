"""Refresh a list that was whole once: read its new head, keep what lies below."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime

HEAD_NODES = 4
"""How much of the newest end is asked for at first: most users star little in a week."""

MARGIN_NODES = 2


class Refresh:
    """An old list, and how much of it still holds.

    The list is read newest first until an edge is known, with the same moment.
    What the old list has before the last second that was read still stands if
    the counts say so: what was read and what is kept must add up to
    `totalCount`. If they do not, something below was taken back, and reading
    goes on until they do: the last edge read is then past the gap. Edges of one
    second have no order that we know: they are read all, or kept all.

    Args:
        edges: the old list, newest first: id and whole seconds since 1970 (UTC).
        unseen: how many of its edges were counted and not shown.
    """

    __slots__ = (
        "_at_first",
        "_edges",
        "_known",
        "_least",
        "_oldest",
        "_pages",
        "_reached",
        "_read",
        "_unseen",
    )

    def __init__(self, edges: Sequence[tuple[int | str, int]], unseen: int = 0) -> None:
        self._edges = edges
        self._known = frozenset(edges)
        self._unseen = unseen
        self._read: set[int | str] = set()
        self._reached = False
        self._oldest = 0
        self._pages = 0
        self._at_first = self._least = 0

    def nodes_wanted(self, total_count: int | None) -> int:
        """How much the next page should ask for.

        While nothing known has been met, the growth of the count tells how much
        is new. After that something was taken back further below, nobody knows
        how far: each page asks for twice as much.
        """
        if total_count is None:
            return HEAD_NODES
        new = total_count - len(self._edges) - self._unseen - len(self._read)
        if not self._reached and new > 0:
            return new + MARGIN_NODES
        return HEAD_NODES << min(self._pages, 5)

    def see(self, edges: Mapping[int | str, datetime], total_count: int) -> None:
        """Take in the next page, newest first, and the count that it told."""
        if self._pages == 0:
            self._at_first = self._least = total_count
        self._least = min(self._least, total_count)
        self._read.update(edges)
        self._pages += 1
        for one, at in edges.items():
            self._oldest = int(at.timestamp())
            self._reached = self._reached or (one, self._oldest) in self._known

    @property
    def kept(self) -> int:
        """How many of the oldest edges of the old list still stand."""
        if not self._reached:
            return 0
        return len(self._edges) - bisect_right(self._edges, -self._oldest, key=_age)

    def holds(self, one: int | str) -> bool:
        """Whether *one* is among the edges that are kept."""
        return any(edge[0] == one for edge in self._edges[len(self._edges) - self.kept :])

    def adds_up(self, hidden: int) -> bool:
        """Whether what was read and what is kept make up what was counted.

        The first page was asked for at the new end, so of what came later nothing was
        read: the sum must not exceed the first count. The old edges that were not shown
        are taken to lie below. Where one of them was read again the counts do not agree,
        and reading goes on: else it could stand in for an edge that was taken back.
        """
        if not self._reached or not self._is_between_seconds():
            return False
        return self._least <= len(self._read) + hidden + self.kept + self._unseen <= self._at_first

    def _is_between_seconds(self) -> bool:
        """Whether all old edges of the last second that was read have been read.

        Else one of them, not read and not kept, could make up for one that was taken back.
        """
        begin = bisect_left(self._edges, -self._oldest, key=_age)
        end = len(self._edges) - self.kept
        return all(one in self._read for one, _ in self._edges[begin:end])


def _age(edge: tuple[int | str, int]) -> int:
    return -edge[1]
