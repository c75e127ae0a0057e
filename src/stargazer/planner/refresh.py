"""Refresh a list that was whole once: read its new head, keep what lies below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

HEAD_NODES = 4
"""How much of the newest end is asked for at first: most users star little in a week."""

MARGIN_NODES = 2


class Refresh:
    """An old list, and how much of it still holds.

    The list is read newest first until an edge is known, with the same moment.
    What the old list has below that edge still stands if the counts say so:
    what was read and what is kept must add up to `totalCount`. If they do not,
    something below was taken back, and reading goes on until they do: the last
    edge read is then past the gap.

    Args:
        edges: the old list, newest first: id and whole seconds since 1970 (UTC).
        unseen: how many of its edges were counted and not shown.
    """

    __slots__ = ("_edges", "_pages", "_places", "_reached", "_read", "_unseen")

    def __init__(self, edges: Sequence[tuple[int | str, int]], unseen: int = 0) -> None:
        self._edges = edges
        self._places = {edge: place for place, edge in enumerate(edges)}
        self._unseen = unseen
        self._read: set[int | str] = set()
        self._reached: int | None = None
        self._pages = 0

    def nodes_wanted(self, total_count: int | None) -> int:
        """How much the next page should ask for.

        While nothing known has been met, the growth of the count tells how much
        is new. After that something was taken back further below, nobody knows
        how far: each page asks for twice as much.
        """
        if total_count is None:
            return HEAD_NODES
        new = total_count - len(self._edges) - self._unseen - len(self._read)
        if self._reached is None and new > 0:
            return new + MARGIN_NODES
        return HEAD_NODES << min(self._pages, 5)

    def see(self, edges: Mapping[int | str, datetime]) -> None:
        """Take in the next page, newest first."""
        self._read.update(edges)
        self._pages += 1
        for one, at in edges.items():
            place = self._places.get((one, int(at.timestamp())))
            if place is not None:
                self._reached = place

    @property
    def kept(self) -> int:
        """How many of the oldest edges of the old list still stand."""
        return 0 if self._reached is None else len(self._edges) - self._reached - 1

    def holds(self, one: int | str) -> bool:
        """Whether *one* is among the edges that are kept."""
        return any(edge[0] == one for edge in self._edges[len(self._edges) - self.kept :])

    def adds_up(self, low: int, high: int, hidden: int) -> bool:
        """Whether what was read and what is kept make up a count between *low* and *high*.

        The old edges that were not shown are taken to lie below. Where one of
        them was read again the counts do not agree, and reading goes on: else
        it could stand in for an edge that was taken back.
        """
        if self._reached is None:
            return False
        return low <= len(self._read) + hidden + self.kept + self._unseen <= high
