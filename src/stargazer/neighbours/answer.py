"""The neighbours of a repository: a sequence that makes its items on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours import rank
from stargazer.neighbours.columns import Names
from stargazer.neighbours.estimate import Intervals
from stargazer.neighbours.order import first_places
from stargazer.neighbours.star_lists import Settled
from stargazer.neighbours.why import chance, reason

_BLOCK = 1_000
"""How many items an iteration makes at once."""


class Counts(msgspec.Struct, frozen=True, eq=False, dict=True):
    """Everything that was counted, by the numbers of repositories and users.

    `left_out` marks users who are not counted. `not_whole` is how many users
    may share more than we know; None when nobody does. In an estimate `shared`
    is scaled: each who was read stands for `stands_for` stargazers, and `estimated`
    holds the ends of the intervals.
    """

    ids: NDArray[np.int64]
    names: Names
    stars: NDArray[np.int32]
    shared: NDArray[np.int32]
    settled: Settled
    left_out: NDArray[np.bool_] | None
    logins: tuple[str, ...]
    stargazers: int
    not_whole: int | None
    estimated: Intervals | None = None
    stands_for: float = 1.0

    @cached_property
    def chance(self) -> float:
        """Which share of the stars of all neighbours stargazers of A gave."""
        shares = self.shared > 0
        return chance(self.shared[shares], self.stars[shares])

    @cached_property
    def _alphabet(self) -> tuple[list[str], list[int]]:
        """The logins in their order, and each user's place in it."""
        order = sorted(
            range(len(self.logins)), key=lambda user: (self.logins[user].casefold(), self.logins[user])
        )
        places = np.empty(len(order), dtype=np.int64)
        places[order] = np.arange(len(order))
        return [self.logins[user] for user in order], places.tolist()

    @cached_property
    def _missing(self) -> frozenset[int]:
        left_out = self.left_out
        return frozenset() if left_out is None else frozenset(np.flatnonzero(left_out).tolist())

    def stargazers_of(self, begin: int, end: int) -> tuple[str, ...]:
        """List who is counted at these places of `settled.users`, sorted."""
        users = self.settled.users[begin:end].tolist()
        if self._missing:
            users = [user for user in users if user not in self._missing]
        if len(users) == 1:
            # Most neighbours share one stargazer, so this saves most of the work.
            return (self.logins[users[0]],)
        logins, places = self._alphabet
        return tuple([logins[place] for place in sorted([places[user] for user in users])])

    def score(self, name: rank.Score, numbers: NDArray[np.int32]) -> NDArray[np.float64]:
        """Compute one score of many repositories."""
        return self._scored(rank.FORMULAS[name], numbers)

    def standing(self, name: rank.Score, numbers: NDArray[np.int32]) -> NDArray[np.float64]:
        """Compute what many repositories are ordered by."""
        return self._scored(partial(rank.standing, name, stands_for=self.stands_for), numbers)

    def _scored(self, formula: rank.Formula, numbers: NDArray[np.int32]) -> NDArray[np.float64]:
        scores = np.empty(len(numbers), dtype=np.float64)
        for begin in range(0, len(numbers), 1 << 16):
            block = numbers[begin : begin + (1 << 16)]
            shared = self.shared[block].astype(np.float64)
            stars = self.stars[block].astype(np.float64)
            scores[begin : begin + len(block)] = formula(shared, stars, self.stargazers)
        return scores


class Neighbour(msgspec.Struct, frozen=True, eq=False):
    """A repository that stargazers of A starred too.

    `stars` is GitHub's count of all who starred it, and may be older or newer
    than `shared`. `shared_low` and `shared_high` bound what `shared` may
    really be, where that is not certain. In an estimate `shared` is the scaled
    count, and `stargazers` are those that were seen.
    """

    repo: str
    shared: int
    stars: int
    relevance: float
    jaccard: float
    cosine: float
    shared_low: int | None
    shared_high: int | None
    database_id: int
    _counts: Counts
    _begin: int
    _end: int

    @property
    def stargazers(self) -> tuple[str, ...]:
        """The logins of those who share it, sorted; made when asked for."""
        return self._counts.stargazers_of(self._begin, self._end)

    def bounds(self, score: rank.Score) -> tuple[float, float]:
        """Bound a score, where `shared` is not certain: every score grows with it.

        Without an interval both ends are the score itself.
        """
        low = self.shared if self.shared_low is None else self.shared_low
        high = self.shared if self.shared_high is None else self.shared_high
        return rank.bounds(score, low, high, self.stars, self._counts.stargazers)

    def why(self, repository: str) -> str:
        """Say what makes it a neighbour of *repository*, in figures; an estimate gives the interval.

        Chance is how often the stargazers of all neighbours, taken together, starred *repository*.

        Example: "31 % of its stargazers also starred pallets/flask; chance would be 0.40 %".
        """
        return reason(self, repository, self._counts.chance)

    def __repr__(self) -> str:
        return f"Neighbour({self.repo!r}, shared={self.shared}, stars={self.stars})"


class Neighbours(Sequence[Neighbour]):
    """The neighbours, the closest first.

    Nothing in it changes, whatever is merged later. Items are made when they
    are looked at, and no more are sorted than that needs: the first twenty of
    five million cost little.

    The default order is `shared`, the largest first, then `repo`, case-folded. In an
    estimate other orders are steadier than the scores themselves: `rank.standing`.
    """

    __slots__ = ("_counts", "_numbers", "_ranked", "_score")

    def __init__(
        self,
        counts: Counts,
        numbers: NDArray[np.int32],
        *,
        score: rank.Score = "shared",
        ranked: NDArray[np.int32] | None = None,
    ) -> None:
        self._counts = counts
        self._numbers = numbers
        self._score: rank.Score = score
        self._ranked = numbers[:0] if ranked is None else ranked

    @property
    def counts(self) -> Counts:
        """Everything that was counted."""
        return self._counts

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"<{len(self):,} neighbours by {self._score}>"

    @overload
    def __getitem__(self, index: int) -> Neighbour: ...
    @overload
    def __getitem__(self, index: slice) -> Neighbours: ...
    def __getitem__(self, index: int | slice) -> Neighbour | Neighbours:
        """Return one item, or a part as a sequence of its own."""
        places = range(len(self))[index]
        if isinstance(places, int):
            return next(self._made(self._first(places + 1)[places:][:1]))
        ranked = self._first(max(places, default=-1) + 1)[np.array(places, dtype=np.int64)]
        return Neighbours(self._counts, ranked, score=self._score, ranked=ranked)

    def __iter__(self) -> Iterator[Neighbour]:
        ranked = self._first(len(self))
        for begin in range(0, len(ranked), _BLOCK):
            yield from self._made(ranked[begin : begin + _BLOCK])

    def top(self, count: int) -> Neighbours:
        """Return the first *count*, or all if there are fewer."""
        return self[: max(count, 0)]

    def at_least(self, min_shared: int) -> Neighbours:
        """Return those that share so many, in the same order."""
        enough = self._counts.shared[self._numbers] >= min_shared
        return Neighbours(self._counts, self._numbers[enough], score=self._score)

    def sorted_by(self, score: str) -> Neighbours:
        """Return the same by another score; ties by `shared`, then by name.

        Raises:
            InvalidRequest: there is no such score.
        """
        return Neighbours(self._counts, self._numbers, score=rank.score(score))

    def _first(self, count: int) -> NDArray[np.int32]:
        """Return the numbers of at least the first *count*, in order."""
        if count > len(self._ranked):
            # Twice as many as last time, so that paging through sorts seldom.
            count = min(len(self), max(count, 2 * len(self._ranked)))
            scores = self._counts.standing(self._score, self._numbers)
            counts = self._counts
            self._ranked = first_places(
                count, self._numbers, scores, shared=counts.shared, names=counts.names, ids=counts.ids
            )
        return self._ranked

    def _made(self, numbers: NDArray[np.int32]) -> Iterator[Neighbour]:
        counts = self._counts
        shared = counts.shared[numbers].tolist()
        names = map(counts.names.name, numbers.tolist())
        scores = [counts.score(name, numbers).tolist() for name in ("relevance", "jaccard", "cosine")]
        columns = (
            names,
            shared,
            counts.stars[numbers].tolist(),
            *scores,
            *self._ends(numbers),
            counts.ids[numbers].tolist(),
            counts.settled.starts[numbers].tolist(),
            counts.settled.starts[numbers + 1].tolist(),
        )
        for row in zip(*columns, strict=True):
            repo, count, stars, relevance, jaccard, cosine, low, high, number, begin, end = row
            yield Neighbour(
                repo, count, stars, relevance, jaccard, cosine, low, high, number, counts, begin, end
            )

    def _ends(self, numbers: NDArray[np.int32]) -> tuple[list[int | None], list[int | None]]:
        """The ends of the intervals of `shared`, where there are any."""
        counts, nothing = self._counts, [None] * len(numbers)
        if counts.estimated is not None:
            return counts.estimated.low[numbers].tolist(), counts.estimated.high[numbers].tolist()
        if counts.not_whole is None:
            return [*nothing], [*nothing]
        return [*nothing], (counts.shared[numbers] + counts.not_whole).tolist()
