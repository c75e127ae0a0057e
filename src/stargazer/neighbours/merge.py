"""Count, over the star lists of A's stargazers, what they starred besides A."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours.answer import Counts, Neighbours
from stargazer.neighbours.batch import Batch
from stargazer.neighbours.columns import Repositories
from stargazer.neighbours.estimate import Intervals, estimate
from stargazer.neighbours.star_lists import Settled, StarLists
from stargazer.planner.coverage import Coverage, Kind
from stargazer.planner.page import Page, StargazersPage, StarListPage, User
from stargazer.planner.sample import Sample

_BATCH_STARS = 12_000
"""How many stars wait at least before they are packed; they take some 3 MB, and
packing them some milliseconds."""

_REPOSITORIES_A_BATCH_STAR = 50
"""Packing also touches every known repository, so that with many of them more stars wait."""


class Merge:
    """Takes in pages, in any order and any number of times, and counts.

    A star that was seen twice counts once. Repositories are told apart by
    `databaseId`, users by node id; names, logins and counts of stars follow
    the page that was added last.

    Needs about nine bytes a star and 130 bytes a repository at the most, and
    some hundreds of bytes a user.
    """

    def __init__(self) -> None:
        self._repositories = Repositories()
        self._star_lists = StarLists()
        self._users: dict[str, int] = {}
        self._logins: list[str] = []
        self._seeds: set[int] = set()
        self._waiting = Batch()

    def add(self, accepted: Iterable[Page | User]) -> None:
        """Take in what a plan accepted: star lists to be counted, users for their logins."""
        for page in accepted:
            match page:
                case StarListPage():
                    self._add_star_list(page)
                case StargazersPage():
                    self.name(stargazer.user for stargazer in page.stargazers)
                case User():
                    self.name((page,))
                case never:
                    assert_never(never)

    def name(self, users: Iterable[User]) -> None:
        """Take in the logins of users; the last one given to a node id counts."""
        for user in users:
            self._logins[self._number(user.id)] = user.login

    def neighbours(self, coverage: Coverage) -> Neighbours:
        """Return what is known so far; pages may be added after it.

        Users in `coverage.uncounted` are not counted. With a sample in the
        coverage the counts are estimates.
        """
        self._pack()
        settled = self._star_lists.settle(len(self._repositories))
        ids, names, stars = self._repositories.snapshot()
        left_out = self._left_out(coverage.uncounted)
        shared = _shared(settled, left_out)
        seeds = self._repositories.numbers(np.array(sorted(self._seeds), dtype=np.int64))
        shared[seeds[seeds >= 0]] = 0
        estimated = self._estimated(coverage, settled, shared)
        counts = Counts(
            ids=ids,
            names=names,
            stars=stars,
            shared=shared if estimated is None else estimated.shared,
            settled=settled,
            left_out=left_out,
            logins=tuple(self._logins),
            stargazers=max(coverage.stargazers_total, coverage.stargazers_listed),
            not_whole=coverage.users_not_whole if coverage.kind is Kind.PARTIAL else None,
            estimated=estimated,
            stands_for=1.0 if coverage.sampled is None else coverage.sampled.stands_for,
        )
        return Neighbours(counts, np.flatnonzero(shared).astype(np.int32))

    def _estimated(self, coverage: Coverage, settled: Settled, seen: NDArray[np.int32]) -> Intervals | None:
        """Scale up what the sample shares; what was seen behind it bounds the intervals only."""
        sample = coverage.sampled
        if sample is None:
            return None
        counted = _shared(settled, self._left_out(coverage.uncounted | sample.beyond))
        counted = np.where(seen > 0, counted, 0)
        finished = _shared(settled, self._left_out(coverage.uncounted | sample.beyond | sample.unfinished))
        estimated = estimate(
            sample,
            counted,
            seen,
            unfinished=counted - np.minimum(finished, counted),
            standing_in=self._standing_in(sample, coverage, settled),
        )
        return Intervals(*(np.where(seen > 0, column, 0) for column in msgspec.structs.astuple(estimated)))

    def _standing_in(
        self, sample: Sample, coverage: Coverage, settled: Settled
    ) -> NDArray[np.float64] | None:
        """What those add to the counts who stand in for unfinished lists; None when nobody does."""
        if not sample.stand_ins:
            return None
        more = np.zeros(len(self._logins))
        for user_id, weight in sample.stand_ins.items():
            if user_id in self._users and user_id not in coverage.uncounted:
                more[self._users[user_id]] = weight
        sums = np.concatenate([[0.0], np.cumsum(more[settled.users])])
        added: NDArray[np.float64] = np.diff(sums[settled.starts])
        return added

    def _add_star_list(self, page: StarListPage) -> None:
        if page.request.seed:
            self._seeds.add(page.request.seed)
        self._waiting.add(self._number(page.request.user_id), page.stars)
        if len(self._waiting) >= max(_BATCH_STARS, len(self._repositories) // _REPOSITORIES_A_BATCH_STAR):
            self._pack()

    def _number(self, user_id: str) -> int:
        number = self._users.setdefault(user_id, len(self._logins))
        if number == len(self._logins):
            # Until a login is known, the node id stands for it.
            self._logins.append(user_id)
        return number

    def _pack(self) -> None:
        """Turn what waits into one chunk."""
        if len(self._waiting):
            self._star_lists.add(self._waiting.chunk(self._repositories))
            self._waiting = Batch()

    def _left_out(self, user_ids: Iterable[str]) -> NDArray[np.bool_] | None:
        numbers = [self._users[user_id] for user_id in user_ids if user_id in self._users]
        if not numbers:
            return None
        left_out = np.zeros(len(self._logins), dtype=np.bool_)
        left_out[numbers] = True
        return left_out


def _shared(settled: Settled, left_out: NDArray[np.bool_] | None) -> NDArray[np.int32]:
    shared = np.diff(settled.starts).astype(np.int32)
    if left_out is not None:
        places = np.flatnonzero(left_out[settled.users])
        np.subtract.at(shared, np.searchsorted(settled.starts, places, side="right") - 1, 1)
    return shared
