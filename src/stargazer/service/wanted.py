"""What somebody asks for, and what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from stargazer.errors import StargazerError
from stargazer.neighbours.sampling import Sampling
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import User
from stargazer.store.answers import StoredAnswer, Terms
from stargazer.store.imported_lists import ImportedList

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
"""Star lists count as fresh for a week, lists of stargazers for a day."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for: which repository, with whose credential, and what it may cost.

    `logins` and `users` are who the stargazers are, where they come from elsewhere;
    `imported` is the list of the store that they come from, if they come from one.
    With `newer_than`, whatever was fetched since counts: a reading that is begun
    anew later is not stricter with what the first one brought. With a `sampling`
    an estimate from such a sample will do.
    """

    repository: str
    credential_user: int
    budget: Budget = Budget()
    logins: tuple[str, ...] | None = None
    users: tuple[User, ...] = ()
    max_stars_per_user: int | None = None
    max_age: timedelta = WEEK
    newer_than: datetime | None = None
    imported: ImportedList | None = None
    sampling: Sampling | None = None

    @property
    def terms(self) -> Terms:
        """What the answer is made with, and has to fit."""
        return Terms(self.max_age, self.max_stars_per_user, terms_of(self.sampling))

    def oldest(self, now: datetime) -> datetime:
        """The moment before which a list was fetched too long ago."""
        return now - self.max_age if self.newer_than is None else self.newer_than


def terms_of(sampling: Sampling | None) -> str:
    """Write a sampling as the terms of an answer have it."""
    return "" if sampling is None else str(sampling)


class Outcome(msgspec.Struct, frozen=True):
    """What came of a reading.

    `answer` is None for a private repository, which no store may know. `error`
    is what ended the reading early, and None if nothing did.
    """

    repository: str
    answer: StoredAnswer | None
    coverage: Coverage
    spent: Spent
    seconds: float
    error: StargazerError | None = None
