"""The order of users: a keyed hash of their id, so that every prefix is a random sample."""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Iterable, Iterator
from enum import StrEnum
from hashlib import blake2b
from itertools import islice, takewhile

from stargazer.planner.connection import Connection


class State(StrEnum):
    """Where the reading of one user's star list stands."""

    UNKNOWN = "unknown"
    FRESH = "fresh"
    OPEN = "open"
    READ = "read"
    GONE = "gone"
    FAILED = "failed"
    TRUNCATED = "truncated"


SETTLED = frozenset({State.READ, State.GONE, State.FAILED, State.TRUNCATED})
"""The states that nothing more will change."""


def place_of(user_id: str, seed: int) -> int:
    """The place of a user in the order: the same for the same *seed*, and random otherwise.

    Example:
        >>> place_of("U_1", 0) == place_of("U_1", 0) != place_of("U_1", 1)
        True
    """
    key = seed.to_bytes(16, "little", signed=True)
    return int.from_bytes(blake2b(user_id.encode(), digest_size=8, key=key).digest())


class StarList:
    """One stargazer and the state of reading what they starred."""

    __slots__ = ("apart", "connection", "had_seed", "has_seed", "login", "place", "state", "user_id")

    def __init__(self, user_id: str, login: str, place: int, *, nodes_at_most: int | None = None) -> None:
        self.user_id = user_id
        self.login = login
        self.place = place
        self.state = State.FRESH
        self.connection = Connection(nodes_at_most=nodes_at_most)
        self.has_seed = False
        self.had_seed = False
        self.apart = False

    def __lt__(self, other: StarList) -> bool:
        return (self.place, self.user_id) < (other.place, other.user_id)


class Order:
    """All listed users, in hash order, and those that can be asked for now.

    For a sample it can be told to offer only the first so many: see `limit_to`.
    """

    def __init__(self) -> None:
        self.by_id: dict[str, StarList] = {}
        self._sorted: list[StarList] = []
        self._fresh: list[StarList] = []
        self._fresh_count = 0
        self._open: dict[str, StarList] = {}
        self._settled_prefix = 0
        self._limit: int | None = None
        self._last: StarList | None = None

    def __len__(self) -> int:
        return len(self._sorted)

    def __iter__(self) -> Iterator[StarList]:
        return iter(self._sorted)

    def behind(self, users: int) -> Iterator[StarList]:
        """Those behind the first so many of whom something was read."""
        return (one for one in islice(self._sorted, users, None) if one.state is not State.FRESH)

    def limit_to(self, users: int | None) -> None:
        """Offer only the first so many to be asked for; None: everybody."""
        self._limit = users
        limited = users is not None and users < len(self._sorted)
        last = self._sorted[users - 1] if limited and users else None
        if last is not self._last:
            self._last = last
            self._fresh_count = sum(
                one.state is State.FRESH for one in self._sorted[: users if last else None]
            )

    def add(self, star_list: StarList) -> bool:
        """Add a user; False when they are there already."""
        if star_list.user_id in self.by_id:
            return False
        self.by_id[star_list.user_id] = star_list
        insort(self._sorted, star_list)
        heapq.heappush(self._fresh, star_list)
        self._fresh_count += self._offers(star_list)
        self._settled_prefix = 0
        if self._limit is not None:
            self.limit_to(self._limit)
        return True

    def move(self, star_list: StarList, state: State) -> None:
        """Note where the reading of a list stands now."""
        if star_list.state is State.FRESH and state is not State.FRESH:
            self._fresh_count -= self._offers(star_list)
        if state is State.OPEN:
            self._open[star_list.user_id] = star_list
        else:
            self._open.pop(star_list.user_id, None)
        star_list.state = state

    def _offers(self, star_list: StarList) -> bool:
        return self._last is None or not self._last < star_list

    @property
    def fresh_count(self) -> int:
        """How many users' lists no page has arrived of."""
        return self._fresh_count

    def fresh(self) -> Iterator[StarList]:
        """The users that nothing was asked of yet, in order, without taking them."""
        while self._fresh and self._fresh[0].state is not State.FRESH:
            heapq.heappop(self._fresh)
        return takewhile(self._offers, _ascending(self._fresh))

    def open(self) -> Iterable[StarList]:
        """The users whose lists are half read."""
        if self._last is None:
            return self._open.values()
        return [one for one in self._open.values() if self._offers(one)]

    def holding_fresh(self, count: int) -> int:
        """How many users, the first in the order, hold so many of whom nothing is known; at least 1."""
        places = (place for place, one in enumerate(self._sorted, 1) if one.state is State.FRESH)
        return next(islice(places, count, None), len(self._sorted) + 1) - 1 or 1

    def settled_prefix(self) -> int:
        """How many users, from the first in the order, are settled without a gap."""
        while self._settled_prefix < len(self._sorted):
            if self._sorted[self._settled_prefix].state not in SETTLED:
                break
            self._settled_prefix += 1
        return self._settled_prefix


def _ascending(heap: list[StarList]) -> Iterator[StarList]:
    """Walk a heap in order, a few at a time, without changing it."""
    frontier = [(heap[0], 0)] if heap else []
    while frontier:
        star_list, at = heapq.heappop(frontier)
        if star_list.state is State.FRESH and not star_list.apart and not star_list.connection.busy:
            yield star_list
        for child in (2 * at + 1, 2 * at + 2):
            if child < len(heap):
                heapq.heappush(frontier, (heap[child], child))
