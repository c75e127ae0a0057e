"""What a memory may tell a plan, and what the plan tells it back.

A memory is whatever keeps lists between runs. It can spare a plan three things:
a whole list that is fresh (`KnownList`, `KnownStargazers`), the old part of a
list that has to be refreshed (`StoredList`, `StoredStargazers`), and the
beginning of one that was half read (`HalfRead`, `HalfListed`). `Ended` is what
the plan says when the reading of a list is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from stargazer.planner.connection import Ending, Side
from stargazer.planner.page import Direction, User


class KnownList(msgspec.Struct, frozen=True):
    """A star list that is whole and fresh, and so costs nothing.

    `has_seed` tells whether the repository whose stargazers are read is on it.
    """

    user_id: str
    has_seed: bool
    fetched_at: datetime


class StoredList(msgspec.Struct, frozen=True):
    """A star list that was whole once and is too old now.

    `stars` holds, newest first, the `databaseId` of each repository and the
    moment of its star in whole seconds since 1970 (UTC). `unseen` is how many
    of its stars were counted and not shown (hidden or private).
    """

    user_id: str
    stars: Sequence[tuple[int | str, int]]
    has_seed: bool
    unseen: int = 0


class HalfRead(msgspec.Struct, frozen=True):
    """A list whose reading broke off: what was read from each end, by `databaseId`.

    `low` and `high` are the smallest and the largest `totalCount` that its
    pages told; `unseen` is how many edges on them showed no repository of use;
    `begun_at` is when the first of them was read.
    """

    user_id: str
    sides: Mapping[Direction, Side]
    low: int
    high: int
    unseen: int
    has_seed: bool
    begun_at: datetime | None = None


class Ended(msgspec.Struct, frozen=True):
    """The reading of a user's list is over.

    `kept` is how many of the oldest stars of its `StoredList` are still on it,
    below those that were read now; 0 when the list was read from its beginning.
    """

    user_id: str
    ending: Ending
    kept: int = 0


class KnownStargazers(msgspec.Struct, frozen=True):
    """A list of stargazers that is whole and fresh. `hidden` counts edges that showed nobody."""

    users: Sequence[User]
    hidden: int
    fetched_at: datetime


class StoredStargazers(msgspec.Struct, frozen=True):
    """A list of stargazers that was whole once and is too old now.

    `edges` holds, newest first, each user and the moment of their star in whole
    seconds since 1970 (UTC).
    """

    edges: Sequence[tuple[User, int]]
    hidden: int = 0


class HalfListed(msgspec.Struct, frozen=True):
    """A list of stargazers whose reading broke off: what was read from each end, by node id.

    `users` are those on both sides; the other members are those of `HalfRead`.
    """

    users: Sequence[User]
    sides: Mapping[Direction, Side]
    low: int
    high: int
    hidden: int
    begun_at: datetime | None = None


Listed = KnownStargazers | StoredStargazers | HalfListed
