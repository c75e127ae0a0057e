"""The star lists of one reply, taken apart into columns."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.planner.page import Facts, StarListPage
from stargazer.store.packed import Int32s, Int64s, seconds
from stargazer.store.parts import NumberedPage


class Sighting(msgspec.Struct, frozen=True, eq=False):
    """Repositories as pages showed them: sorted by `databaseId`, each once.

    `prints` are hashes of name and stars, good within this program only.
    """

    ids: Int64s
    names: list[str]
    stars: Int32s
    prints: Int64s

    @classmethod
    def make(cls, ids: Int64s, names: list[str], stars: Int32s) -> Sighting:
        """Put columns together."""
        hashes = np.fromiter(map(hash, names), dtype=np.int64, count=len(names))
        return cls(ids, names, stars, hashes ^ (stars.astype(np.int64) << 24))

    @classmethod
    def of(cls, facts: Facts) -> Sighting:
        """See one repository, which must have a `databaseId`."""
        ids = np.array([facts.database_id], dtype=np.int64)
        return cls.make(ids, [facts.name_with_owner], np.array([facts.stargazer_count], dtype=np.int32))

    def at(self, places: NDArray[np.intp]) -> tuple[list[int], list[str], list[int]]:
        """The ids, names and counts at some places, as statements want them."""
        names = [self.names[place] for place in places.tolist()]
        return self.ids[places].tolist(), names, self.stars[places].tolist()


class StarColumns:
    """Every public star of some pages, page after page."""

    def __init__(self, pages: Sequence[StarListPage]) -> None:
        self.pages = pages
        self._ids: list[int | None] = []
        self._names: list[str] = []
        self._stars: list[int] = []
        self._starred_at = [self._take(page) for page in pages]

    def _take(self, page: StarListPage) -> Int32s:
        stars = [
            star
            for star in page.stars
            if not star.repository.is_private and star.repository.database_id is not None
        ]
        repositories = [star.repository for star in stars]
        self._ids += [repository.database_id for repository in repositories]
        self._names += [repository.name_with_owner for repository in repositories]
        self._stars += [repository.stargazer_count for repository in repositories]
        return seconds([star.starred_at for star in stars])

    def sighting(self) -> tuple[Sighting, Int64s]:
        """The repositories, and for each star the place of its repository among them."""
        ids, first, places = np.unique(
            np.array(self._ids, dtype=np.int64), return_index=True, return_inverse=True
        )
        names = [self._names[place] for place in first.tolist()]
        stars = np.array(self._stars, dtype=np.int32)[first]
        return Sighting.make(ids, names, stars), places

    def numbered(self, numbers: Int32s) -> list[NumberedPage]:
        """The pages, given the *number* of each star's repository."""
        ends = np.cumsum([len(times) for times in self._starred_at]).tolist()
        return [
            NumberedPage(
                direction=page.request.direction,
                after=page.request.after,
                cursor=page.end_cursor,
                has_next_page=page.has_next_page,
                total_count=page.total_count,
                unseen=page.hidden + page.private + len(page.stars) - len(times),
                numbers=numbers[end - len(times) : end],
                starred_at=times,
            )
            for page, times, end in zip(self.pages, self._starred_at, ends, strict=True)
        ]
