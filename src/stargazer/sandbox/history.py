"""What changed in a graph, so that a test can ask what a list was at any time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import msgspec


class Change(msgspec.Struct, frozen=True):
    """A star that was given, or taken back."""

    at: datetime
    user: int
    repository: int
    starred: bool


class History:
    """All changes, in the order they happened."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._of_user: dict[int, list[Change]] = defaultdict(list)
        self._of_repository: dict[int, list[Change]] = defaultdict(list)

    def add(self, change: Change) -> None:
        """Remember a change that has just happened."""
        self.changes.append(change)
        self._of_user[change.user].append(change)
        self._of_repository[change.repository].append(change)

    def span_of_user(
        self, user: int, present: Iterable[int], since: datetime, until: datetime
    ) -> tuple[set[int], set[int]]:
        """Return what a user starred always and ever in an interval; *present* is what they star now."""
        changes = [(c.at, c.repository, c.starred) for c in self._of_user.get(user, ())]
        return _span(changes, set(present), since, until)

    def span_of_repository(
        self, repository: int, present: Iterable[int], since: datetime, until: datetime
    ) -> tuple[set[int], set[int]]:
        """Return who starred a repository always and ever in an interval; *present* is who does now."""
        changes = [(c.at, c.user, c.starred) for c in self._of_repository.get(repository, ())]
        return _span(changes, set(present), since, until)


def _span(
    changes: list[tuple[datetime, int, bool]], state: set[int], since: datetime, until: datetime
) -> tuple[set[int], set[int]]:
    """Walk back from the present, undoing change after change."""
    changes = sorted(changes, key=lambda change: change[0])
    while changes and changes[-1][0] > until:
        _undo(changes.pop(), state)
    always, ever = set(state), set(state)
    while changes and changes[-1][0] >= since:
        _undo(changes.pop(), state)
        always &= state
        ever |= state
    return always, ever


def _undo(change: tuple[datetime, int, bool], state: set[int]) -> None:
    _, number, starred = change
    if starred:
        state.discard(number)
    else:
        state.add(number)
