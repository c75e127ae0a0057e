"""A sample of the stargazers: how many are read, and what an estimate knows of them.

The list of stargazers is read first, alone: before it is whole no sample of it
is random. Then users are read in hash order, so that the first n of them are a
random sample for every n. How far that goes is the *aim*: so many users, as many
as the budget pays for, or until somebody who looks on is satisfied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

import msgspec

from stargazer.errors import InvalidRequest

FIRST_LOOK_USERS = 50
LOOK_GROWTH = 1.25
"""Whoever decides by what was read until now looks after so many users, and each time a quarter more have
been read: seldom enough to be sure of all looks together, often enough to read a quarter too much at most."""

SampleSize: TypeAlias = "int | Literal['max']"
"""So many users, or as many as the budget pays for."""


class Sample(msgspec.Struct, frozen=True):
    """Whose star lists an estimate is made from.

    Attributes:
        listed: how many stargazers the sample was drawn from.
        drawn: how many of them, the first in hash order, are in it.
        missing: how many of those were not read to their end.
        unfinished: the node ids of those missing of whose lists something was read.
        unknown: how many more stargazers there are of whom nothing is known but their name.
        beyond: the node ids of those behind the sample of whose lists something was read.
        stand_ins: how much more than one some of those drawn count in an estimate, by node id, since
            they stand in for what was not read.
        stood_in_for: how many of those missing all others stand in for: they were not cut because that
            was asked for.
        is_reached: whether it is as large as was asked for.
    """

    listed: int
    drawn: int
    missing: int = 0
    unknown: int = 0
    unfinished: frozenset[str] = frozenset()
    beyond: frozenset[str] = frozenset()
    stand_ins: Mapping[str, float] = msgspec.field(default_factory=dict)
    stood_in_for: int = 0
    is_reached: bool = True

    def stored(self, lost: Collection[str]) -> Sample:
        """The same where only lists are counted that were read to their end, or as far as they are shown.

        Of a list that is half read nothing counts then; all others of the sample stand in for it.

        Args:
            lost: the node ids of those whose list is not there although it was read.
        """
        drawn = [user_id for user_id in lost if user_id not in self.beyond]
        missing = sum(user_id not in self.unfinished for user_id in drawn)
        return msgspec.structs.replace(
            self,
            missing=self.missing + missing,
            stood_in_for=self.stood_in_for + len(drawn),
            stand_ins={},
        )

    @property
    def stand_in(self) -> float:
        """How much more than one everybody counts who was read, where all stand in for what was not."""
        return self.stood_in_for / max(1, self.drawn - self.stood_in_for)

    @property
    def stands_for(self) -> float:
        """How many stargazers each of those drawn stands for."""
        return self.listed / max(1, self.drawn)


class Aim:
    """How large a sample is wanted, and whether that has been reached.

    Args:
        users: so many; None: everybody, or until `is_reached` is set.
        is_most: whether it ends where the budget does.
        is_watched: whether somebody looks on and decides when it is enough.
    """

    def __init__(self, users: int | None, *, is_most: bool = False, is_watched: bool = False) -> None:
        self.users = users
        self.is_most = is_most
        self.is_watched = is_watched
        self.is_reached = False

    @classmethod
    def of(cls, sample: SampleSize | None, *, is_watched: bool, is_bounded: bool) -> Aim | None:
        """Read what was asked for; None: no sample is wanted.

        Raises:
            InvalidRequest: it is no size of a sample, or `max` without a budget.
        """
        if sample == "max":
            if not is_bounded:
                raise InvalidRequest("sample", "a number of users, or max together with a budget", got="max")
            return cls(None, is_most=True, is_watched=is_watched)
        if sample is None:
            return cls(None, is_watched=True) if is_watched else None
        if sample < 1:
            raise InvalidRequest("sample", "1 user or more, or max", got=str(sample))
        return cls(sample, is_watched=is_watched)

    @property
    def is_open(self) -> bool:
        """Whether only whoever looks on can say how many it takes."""
        return self.is_watched and self.users is None

    def users_wanted(self, settled: int) -> int | None:
        """How many users are to be asked about when so many are settled; None: everybody.

        While somebody looks on, not many more are asked than the next look but one needs.
        """
        if not self.is_watched:
            return self.users
        ahead = next_look(next_look(settled))
        return ahead if self.users is None else min(self.users, ahead)

    def is_met(self, settled: int) -> bool:
        """Whether a sample of so many is what was asked for."""
        return self.is_reached or (self.users is not None and settled >= self.users)


def next_look(settled: int) -> int:
    """After how many users the next look is due, when so many are settled.

    Example:
        >>> [next_look(0), next_look(49), next_look(50), next_look(70)]
        [50, 50, 63, 79]
    """
    look = FIRST_LOOK_USERS
    while look <= settled:
        look = int(look * LOOK_GROWTH) + 1
    return look


def looks_until(settled: int) -> int:
    """How many looks were due until so many users were settled.

    Example:
        >>> [looks_until(0), looks_until(50), looks_until(62), looks_until(63)]
        [0, 1, 1, 2]
    """
    looks, look = 0, FIRST_LOOK_USERS
    while look <= settled:
        looks, look = looks + 1, int(look * LOOK_GROWTH) + 1
    return looks
