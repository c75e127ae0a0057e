"""Find the one page that GitHub cannot serve without letting it spoil the others.

Star lists that were in a call which failed are asked apart from the rest; a
group that fails again is split until the bad one is alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from stargazer.planner.order import StarList

LONG_LIST_NODES = 5000
"""Lists longer than this are suspected first when a call runs out of time.

Source: public reports of star lists of over 10,000 that end in 504 (read 2026-11-24).
"""


class Group(msgspec.Struct, frozen=True):
    """Star lists to be asked in a call of their own."""

    star_lists: tuple[StarList, ...]


def suspected(star_list: StarList) -> bool:
    """Whether a list is among the first suspects: one not known yet, or a very long one."""
    connection = star_list.connection
    unknown = not connection.begun
    return unknown or (connection.total_count or 0) > LONG_LIST_NODES or connection.strikes > 1


class Suspects:
    """The groups that are waiting to be asked apart, oldest first."""

    def __init__(self) -> None:
        self._groups: deque[Group] = deque()

    def __bool__(self) -> bool:
        return bool(self._groups)

    def first(self) -> Group:
        """The group whose turn it is, without taking it."""
        return self._groups[0]

    def sent(self, star_lists: Sequence[StarList]) -> None:
        """Take from the first group those that are being asked now."""
        asked = {id(one) for one in star_lists}
        rest = tuple(one for one in self._groups.popleft().star_lists if id(one) not in asked)
        if rest:
            self._groups.appendleft(Group(rest))

    def ask_apart(self, star_lists: Sequence[StarList]) -> None:
        """Put *star_lists* into one group."""
        if star_lists:
            for one in star_lists:
                one.apart = True
            self._groups.append(Group(tuple(star_lists)))

    def split(self, star_lists: Sequence[StarList]) -> None:
        """Put *star_lists* into two groups of half the size."""
        middle = len(star_lists) // 2
        self.ask_apart(star_lists[:middle])
        self.ask_apart(star_lists[middle:])

    def accuse(self, star_lists: Sequence[StarList]) -> None:
        """Ask the suspects among *star_lists* apart; when all or none are suspect, split them."""
        accused = [one for one in star_lists if suspected(one)]
        if 0 < len(accused) < len(star_lists):
            self.ask_apart(accused)
        else:
            self.split(star_lists)
