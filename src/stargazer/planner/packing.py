"""Fill one call: which pages it takes, in which order, until it is full."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import msgspec

from stargazer.planner.connection import Ask
from stargazer.planner.order import Order, StarList
from stargazer.planner.sizing import Load, Sizes

LOOKUP_PAGES = 0.1
"""The work of finding a user by login, in pages: it is one object and no connection."""

DECIDING_SHARE = 0.8
"""A chain that needs this share of the calls that are left decides when we finish."""

VERY_LONG_CHAIN_CALLS = 100
"""A list of 20,000 stars takes so many calls, one after the other, from both ends.

Source: accounts with 39,000 and more stars exist and are in every big
repository's list; under 1 % have more than 500 (read 2026-11-24).
"""


class Item(msgspec.Struct, frozen=True):
    """One page that a call takes: of a star list, or of the stargazers (None)."""

    star_list: StarList | None
    ask: Ask
    nodes: float


class Packing:
    """A call that is being filled, up to a cap on pages and a target of seconds."""

    def __init__(self, sizes: Sizes, *, first_nodes: float) -> None:
        self._sizes = sizes
        self._first_nodes = first_nodes
        self.items: list[Item] = []
        self.lookups: list[str] = []
        self.nodes = 0.0

    @property
    def load(self) -> Load:
        """The work that has been packed."""
        return Load(len(self.items) + LOOKUP_PAGES * len(self.lookups), self.nodes)

    def find(self, logins: Iterable[str]) -> None:
        """Take logins whose node ids are wanted."""
        self.lookups.extend(logins)

    def take(self, star_list: StarList | None, ask: Ask, *, nodes: float | None = None) -> bool:
        """Take a page if it fits; the first always does."""
        nodes = nodes if nodes is not None else self._expected(star_list, ask)
        load = Load(self.load.pages + 1, self.nodes + nodes)
        full = len(self.items) >= self._sizes.cap
        if self.items and (full or self._sizes.predict(load) > self._sizes.target_seconds):
            return False
        self.items.append(Item(star_list, ask, nodes))
        self.nodes += nodes
        return True

    def take_all(self, star_lists: Iterable[StarList], *, share: float = 1.0) -> bool:
        """Take the next pages of *star_lists* until a *share* of the call is filled.

        Returns:
            False when nothing more fits.
        """
        for star_list in star_lists:
            if share < 1.0 and self._filled() >= share:
                return True
            for ask in star_list.connection.wanted():
                if not self.take(star_list, ask):
                    return False
        return True

    def _filled(self) -> float:
        by_pages = len(self.items) / self._sizes.cap
        return max(by_pages, self._sizes.predict(self.load) / self._sizes.target_seconds)

    def _expected(self, star_list: StarList | None, ask: Ask) -> float:
        if star_list is None or star_list.connection.begun:
            return float(ask.first)
        return min(float(ask.first), self._first_nodes)


def pack_star_lists(packing: Packing, order: Order, *, calls_left: float) -> None:
    """Fill the rest of a call with pages of star lists.

    First come the chains long enough to decide when we finish, the longest
    first. Then users of whom nothing is known: only their first pages reveal
    who has a long list. They get up to half of the call, and all of it when the
    run is so short that a very long list found late would prolong it. Then
    everybody in hash order. No place is left empty.
    """
    ready = [star_list for star_list in order.open() if not star_list.apart]
    deciding = [one for one in ready if one.connection.steps_left >= DECIDING_SHARE * calls_left]
    deciding.sort(key=lambda one: (-one.connection.steps_left, one.place))
    if not packing.take_all(deciding):
        return
    taken = {id(item.star_list) for item in packing.items}
    fresh = order.fresh()
    share = 1.0 if calls_left < VERY_LONG_CHAIN_CALLS else 0.5
    if not packing.take_all(fresh, share=share):
        return
    taken |= {id(item.star_list) for item in packing.items}
    rest = heapq.merge(sorted(ready), order.fresh())
    packing.take_all(one for one in rest if id(one) not in taken)
