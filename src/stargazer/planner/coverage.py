"""How an answer was come by: what was read, what was not, and what that makes it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from stargazer.planner.sample import Sample

EXACT_TOLERANCE = 0.02
"""The share by which GitHub's public count may differ from its list, and the
share of users whose whole list may lack the seed, in an answer called exact.

People unstar while we read, suspended accounts are counted and not listed; more
than that means that we are shown something else than what was counted.
"""

FAILED_NAMED_AT_MOST = 100
"""How many of the users that failed an answer names."""


class Kind(StrEnum):
    """What an answer may be called."""

    EXACT = "exact"
    PARTIAL = "partial"
    ESTIMATE = "estimate"


class Coverage(msgspec.Struct, frozen=True):
    """How an answer was come by.

    `stargazers_listed = users_read + users_gone + users_failed +
    users_truncated + users_unread`; `users_from_store` is part of
    `users_read`. `stargazers_total` is GitHub's public count, and
    `stargazers_hidden` what it counts and does not list. `failed` names at most
    100 logins.

    `list_whole` and `uncounted` (node ids of users who are gone, or whose whole list lacks the
    seed) serve those who build the answer, as does `sampled` (the sample that was read, when one was asked
    for and not everybody was read); `public` leaves them out.
    """

    source: str = "github"
    as_of: datetime | None = None
    stargazers_total: int = 0
    stargazers_listed: int = 0
    users_read: int = 0
    users_gone: int = 0
    users_failed: int = 0
    users_truncated: int = 0
    users_unread: int = 0
    users_without_seed: int = 0
    stargazers_hidden: int = 0
    users_from_store: int = 0
    items_hidden: int = 0
    items_private: int = 0
    sample: int = 0
    failed: tuple[str, ...] = ()
    list_whole: bool = False
    uncounted: frozenset[str] = frozenset()
    sampled: Sample | None = None

    @property
    def users_not_whole(self) -> int:
        """How many listed users may have starred more than we know."""
        return self.users_failed + self.users_truncated + self.users_unread

    @property
    def about_all(self) -> bool:
        """Whether every stargazer was asked about, whatever sample would have done."""
        return self.sampled is None and self.users_unread == 0

    @property
    def kind(self) -> Kind:
        """What the answer may be called: exact means exact."""
        if self.sampled is not None:
            return Kind.ESTIMATE
        near = abs(self.stargazers_total - self.stargazers_listed) <= EXACT_TOLERANCE * self.stargazers_total
        seeded = self.users_without_seed <= EXACT_TOLERANCE * self.users_read
        proved = self.source == "github" and self.list_whole and self.users_not_whole == 0
        return Kind.EXACT if proved and near and seeded else Kind.PARTIAL

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was done."""
        sampled = self.sampled
        if sampled is None:
            return self.kind is Kind.EXACT
        return sampled.is_reached and self.users_failed == 0

    def stored(self, lost: Collection[str]) -> Coverage:
        """The same where what was read is counted from a memory that holds no list that is half read.

        Args:
            lost: the node ids of users whose lists it does not hold although they were read: they
                count as unread.
        """
        lists = len(lost)
        read = max(0, self.users_read - lists)
        truncated = self.users_truncated - (lists - (self.users_read - read))
        return msgspec.structs.replace(
            self,
            users_read=read,
            users_truncated=truncated,
            users_unread=self.users_unread + lists,
            sampled=None if self.sampled is None else self.sampled.stored(lost),
        )

    def public(self) -> dict[str, Any]:
        """The members of the published `coverage` object."""
        hidden = ("list_whole", "uncounted", "sampled")
        return {name: getattr(self, name) for name in self.__struct_fields__ if name not in hidden}
