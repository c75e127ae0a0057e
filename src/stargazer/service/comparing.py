"""Several repositories side by side: how far their stargazers are the same people, and what these starred."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args
from uuid import UUID

import msgspec
import numpy as np

from stargazer.errors import InvalidRequest
from stargazer.neighbours.estimate import best_sample
from stargazer.neighbours.overlap import (
    Count,
    Overlap,
    People,
    common,
    count_common,
    count_everybody,
    everybody,
    overlap,
)
from stargazer.neighbours.sampling import Sampling
from stargazer.planner.coverage import Coverage, Kind
from stargazer.planner.sample import Sample
from stargazer.service.look import ordered
from stargazer.service.stores import Stores
from stargazer.store.answers import StoredAnswer
from stargazer.store.held import HeldAnswer, count_people
from stargazer.store.listed_people import ListedPeople, listed_people, with_whole_lists
from stargazer.store.packed import Int32s

if TYPE_CHECKING:
    from stargazer.store.database import Connection

REPOSITORIES_AT_LEAST = 2
REPOSITORIES_AT_MOST = 10

DECIMALS = 6

Of = Literal["union", "intersection"]
"""Whose neighbours: of those who starred any of the repositories, or of those who starred each."""

OF: tuple[Of, ...] = get_args(Of)


class Compared(msgspec.Struct, frozen=True, eq=False):
    """One of the repositories: its name today, the answer it was taken from, and how many starred it."""

    repository: str
    answer: StoredAnswer
    stargazers: Count


class Comparison(msgspec.Struct, frozen=True, eq=False):
    """What was found: the repositories as they were asked for, each with each, and all together.

    `neighbours` are those of the people that were asked for, whose coverage says how
    many of them were counted.
    """

    repositories: tuple[Compared, ...]
    pairs: tuple[tuple[str, str, Overlap], ...]
    union: Count
    intersection: Count
    of: Of
    neighbours: HeldAnswer

    @property
    def id(self) -> UUID:
        """The id of the neighbours: what was counted from the same has the same."""
        return self.neighbours.id

    @property
    def size_bytes(self) -> int:
        """What it takes to hold it."""
        return self.neighbours.count.size_bytes

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was done, of each repository and of all together."""
        return self.neighbours.complete and all(one.answer.complete for one in self.repositories)

    def public(self, *, is_named: bool) -> dict[str, Any]:
        """The published object, without the neighbours themselves.

        Args:
            is_named: whether it may be told of whom the list could not be read.
        """
        return {
            "repositories": [_public(one, is_named=is_named) for one in self.repositories],
            "pairs": [
                {"repositories": [one, other], **_told("shared", found.shared), **_jaccard(found)}
                for one, other, found in self.pairs
            ],
            "union": _told("stargazers", self.union),
            "intersection": _told("stargazers", self.intersection),
            "of": self.of,
            "kind": self.neighbours.kind,
            "complete": self.complete,
            "coverage": self.neighbours.coverage,
            "neighbours_total": self.neighbours.neighbours,
        }


def check_repositories(parameter: str, repositories: Sequence[str]) -> None:
    """See that there is something to compare.

    Raises:
        InvalidRequest: they are too few, too many, or one of them comes twice.
    """
    different = len({name.lower() for name in repositories})
    if different != len(repositories) or not REPOSITORIES_AT_LEAST <= different <= REPOSITORIES_AT_MOST:
        must_be = f"{REPOSITORIES_AT_LEAST} to {REPOSITORIES_AT_MOST} different repositories"
        raise InvalidRequest(parameter, must_be, got=" ".join(repositories)[:200])


async def compare(stores: Stores, answers: Sequence[StoredAnswer], of: Of, *, is_named: bool) -> Comparison:
    """Compare the repositories of stored answers that whoever asks may see.

    Args:
        stores: where they are.
        answers: one of each repository, in the order in which they are shown.
        of: whose neighbours are counted.
        is_named: whether it is to be told who shares them.

    Raises:
        AnswerGone: an answer was cleaned meanwhile.
        InvalidRequest: two of the answers are about the same repository, under two of its names.
        StoreUnavailable: the database cannot be used.
    """
    numbers = [answer.repository_number for answer in answers]
    names = {one.number: one.name for one in await stores.repositories.of(numbers)}
    called = [names[number] for number in numbers]
    check_repositories("repo", called)
    async with stores.database.transaction(isolation="repeatable_read") as connection:
        listed = [await listed_people(connection, answer) for answer in answers]
        sides = [People(one.numbers, one.missing) for one in listed]
        pairs, union, intersection = await asyncio.to_thread(_counts, called, sides)
        counting = _Counting(
            connection, stores, answers, listed, of, union if of == "union" else intersection
        )
        neighbours = await counting.neighbours(is_named=is_named)
    return Comparison(
        tuple(
            Compared(name, answer, Count(len(side.numbers), len(side.numbers) + side.missing))
            for name, answer, side in zip(called, answers, sides, strict=True)
        ),
        pairs,
        union,
        intersection,
        of,
        neighbours,
    )


def _counts(
    names: Sequence[str], sides: Sequence[People]
) -> tuple[tuple[tuple[str, str, Overlap], ...], Count, Count]:
    """Count each with each, and all together."""
    pairs = tuple(
        (names[one], names[other], overlap(sides[one], sides[other]))
        for one in range(len(sides))
        for other in range(one + 1, len(sides))
    )
    return pairs, count_everybody(sides), count_common(sides)


class _Counting:
    """The counting of what some people starred besides the repositories, inside one transaction."""

    def __init__(
        self,
        connection: Connection,
        stores: Stores,
        answers: Sequence[StoredAnswer],
        listed: Sequence[ListedPeople],
        of: Of,
        meant: Count,
    ) -> None:
        self._connection = connection
        self._endpoint = stores.database.endpoint
        self._now = stores.clock.now()
        self._answers = answers
        self._listed = listed
        self._of = of
        self._meant = meant

    async def neighbours(self, *, is_named: bool) -> HeldAnswer:
        """Count, and say of how many people."""
        put_together = everybody if self._of == "union" else common
        people = put_together([People(one.numbers) for one in self._listed])
        counted = put_together([People(one.counted) for one in self._listed])
        whole = await with_whole_lists(self._connection, self._endpoint, counted)
        is_exact = self._is_exact(people, counted, whole)
        sample, drawn_people = (None, people) if is_exact else await self._sample(people, whole)
        if sample is not None:
            counted = whole = np.intersect1d(whole, drawn_people)
        held = await count_people(
            self._connection,
            self._endpoint,
            counted.tolist(),
            *(answer.repository_number for answer in self._answers),
            is_named=is_named,
            sample=sample,
        )
        coverage = Coverage(
            as_of=self._as_of(),
            stargazers_total=self._meant.high,
            stargazers_listed=len(people),
            users_read=len(whole),
            # Whoever an exact answer does not count is gone, or shows the star no more.
            users_gone=len(people) - len(whole) if is_exact else 0,
            users_truncated=len(held.people) - len(whole),
            users_unread=0 if is_exact else len(people) - len(held.people),
            users_from_store=len(whole),
            sample=len(people) if sample is None else sample.drawn,
            list_whole=is_exact,
            sampled=sample,
        )
        return HeldAnswer.of(
            held,
            coverage,
            repository_number=self._answers[0].repository_number,
            credential_user=self._answers[0].credential_user,
            made_at=self._now,
            stargazers=len(people),
            not_whole=self._meant.high - len(whole) if coverage.kind is Kind.PARTIAL else None,
        )

    def _is_exact(self, people: Int32s, counted: Int32s, whole: Int32s) -> bool:
        """Whether all are known, and the whole list of each who has one."""
        are_exact = all(
            answer.kind is Kind.EXACT and not one.is_newer
            for answer, one in zip(self._answers, self._listed, strict=True)
        )
        return self._meant.is_sure and len(whole) == len(counted if are_exact else people)

    async def _sample(self, people: Int32s, whole: Int32s) -> tuple[Sample | None, Int32s]:
        """Which random sample of the people was read, and who is in it; None: no estimate is made."""
        seeds = {
            Sampling.read(one.sampling).seed
            for one, answer in zip(self._listed, self._answers, strict=True)
            if answer.kind is Kind.ESTIMATE
        }
        if len(seeds) != 1 or not len(people):
            return None, people
        users = await ordered(self._connection, self._endpoint, people, seeds.pop())
        found = best_sample(~np.isin(users, whole))
        unknown = self._meant.high - len(people)
        return msgspec.structs.replace(found, unknown=unknown), users[: found.drawn]

    def _as_of(self) -> datetime | None:
        """The age of the oldest list."""
        moments = [answer.coverage["as_of"] for answer in self._answers]
        return min((datetime.fromisoformat(one) for one in moments if one is not None), default=None)


def _public(one: Compared, *, is_named: bool) -> dict[str, Any]:
    coverage = dict(one.answer.coverage)
    if not is_named:
        coverage["failed"] = []
    return {
        "repository": one.repository,
        **_told("stargazers", one.stargazers),
        "kind": one.answer.kind,
        "complete": one.answer.complete,
        "made_at": one.answer.made_at,
        "coverage": coverage,
    }


def _told(name: str, count: Count) -> dict[str, int]:
    """A count, and what it is at most where that is not certain."""
    return {name: count.low} | ({} if count.is_sure else {f"{name}_high": count.high})


def _jaccard(found: Overlap) -> dict[str, float]:
    """How alike two are, and within which bounds where that is not certain."""
    told = {"jaccard": found.jaccard}
    if found.jaccard_low != found.jaccard_high:
        told |= {"jaccard_low": found.jaccard_low, "jaccard_high": found.jaccard_high}
    return {name: round(value, DECIMALS) for name, value in told.items()}
