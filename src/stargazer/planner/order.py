"""The order of users: a keyed hash of their id, so that every prefix is a random sample."""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Iterable, Iterator
from enum import StrEnum
from hashlib import blake2b

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
    """All listed users, in hash order, and those that can be asked for now."""

    def __init__(self) -> None:
        self.by_id: dict[str, StarList] = {}
        self._sorted: list[StarList] = []
        self._fresh: list[StarList] = []
        self._fresh_count = 0
        self._open: dict[str, StarList] = {}
        self._settled_prefix = 0

    def __len__(self) -> int:
        return len(self._sorted)

    def __iter__(self) -> Iterator[StarList]:
        return iter(self._sorted)

    def add(self, star_list: StarList) -> bool:
        """Add a user; False when they are there already."""
        if star_list.user_id in self.by_id:
            return False
        self.by_id[star_list.user_id] = star_list
        insort(self._sorted, star_list)
        heapq.heappush(self._fresh, star_list)
        self._fresh_count += 1
        self._settled_prefix = 0
        return True

    def move(self, star_list: StarList, state: State) -> None:
        """Note where the reading of a list stands now."""
        if star_list.state is State.FRESH and state is not State.FRESH:
            self._fresh_count -= 1
        if state is State.OPEN:
            self._open[star_list.user_id] = star_list
        else:
            self._open.pop(star_list.user_id, None)
        star_list.state = state

    @property
    def fresh_count(self) -> int:
        """How many users' lists no page has arrived of."""
        return self._fresh_count

    def fresh(self) -> Iterator[StarList]:
        """The users that nothing was asked of yet, in order, without taking them."""
        while self._fresh and self._fresh[0].state is not State.FRESH:
            heapq.heappop(self._fresh)
        yield from _ascending(self._fresh)

    def open(self) -> Iterable[StarList]:
        """The users whose lists are half read."""
        return self._open.values()

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
