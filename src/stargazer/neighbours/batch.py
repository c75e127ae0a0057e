"""Stars on their way from pages to columns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from stargazer.neighbours.columns import Repositories, Seen
from stargazer.neighbours.star_lists import Chunk
from stargazer.planner.page import Star


class Batch:
    """Collects stars, to be numbered many at once.

    Each is taken apart when it comes: its objects are in the processor's cache
    then, and need not be kept.
    """

    def __init__(self) -> None:
        self._ids: list[int | None] = []
        self._names: list[str] = []
        self._hashes: list[int] = []
        self._stars: list[int] = []
        self._users: list[int] = []
        self._lengths: list[int] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, user: int, stars: Iterable[Star]) -> None:
        """Take in stars of one user; what has no id cannot be counted."""
        seen = [star.repository for star in stars if star.repository.database_id is not None]
        names = [repository.name_with_owner for repository in seen]
        self._ids += [repository.database_id for repository in seen]
        self._stars += [repository.stargazer_count for repository in seen]
        self._names += names
        self._hashes += map(hash, names)
        self._users.append(user)
        self._lengths.append(len(seen))

    def chunk(self, repositories: Repositories) -> Chunk:
        """Number the repositories, and tell *repositories* what the last star of each says."""
        ids = np.array(self._ids, dtype=np.int64)
        order = np.argsort(ids, kind="stable")
        ranked = ids[order]
        last = np.append(ranked[1:] != ranked[:-1], True)
        places = order[last]
        seen = Seen(
            ids=ranked[last],
            hashes=np.array(self._hashes, dtype=np.int64)[places],
            stars=np.array(self._stars, dtype=np.int64)[places],
            names=self._names,
            places=places,
        )
        numbers = np.empty(len(ids), dtype=np.int32)
        numbers[order] = np.repeat(repositories.update(seen), np.diff(np.flatnonzero(last), prepend=-1))
        users = np.array(self._users, dtype=np.int32)
        return Chunk(numbers, users, np.array(self._lengths, dtype=np.int32))
