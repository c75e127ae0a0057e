"""What repositories are about: asked late, once, and again when it is old."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np

from stargazer.planner.page import Details
from stargazer.store.answers_slices import StoredNeighbour
from stargazer.store.database import Database

MAX_AGE = timedelta(days=30)
"""What is older is asked again; until then it is still shown."""

_READ = """
SELECT repository_number, (extract(epoch FROM fetched_at) * 1000000)::bigint AS fetched,
       description, language, is_archived, is_fork
FROM repository_details
WHERE endpoint = $1 AND repository_number = ANY($2::int[])
"""
"""What is known of some repositories."""

_WANTED = """
SELECT wanted.number
FROM unnest($2::int[]) WITH ORDINALITY AS wanted (number, place)
LEFT JOIN repository_details AS known ON known.endpoint = $1 AND known.repository_number = wanted.number
WHERE known.fetched_at IS NULL OR known.fetched_at < $3
ORDER BY wanted.place
"""
"""Which of some repositories are to be asked, in the order given."""

_WRITE = """
INSERT INTO repository_details
    (endpoint, repository_number, description, language, is_archived, is_fork, fetched_at)
SELECT $1, said.number, said.description, said.language, said.is_archived, said.is_fork, $7
FROM unnest($2::int[], $3::text[], $4::text[], $5::boolean[], $6::boolean[])
     AS said (number, description, language, is_archived, is_fork)
ORDER BY said.number
ON CONFLICT (endpoint, repository_number) DO UPDATE SET
    description = excluded.description, language = excluded.language, is_archived = excluded.is_archived,
    is_fork = excluded.is_fork, fetched_at = excluded.fetched_at
WHERE repository_details.fetched_at <= excluded.fetched_at
"""
"""Keep what GitHub said, unless somebody asked later; sorted, so that two writers cannot deadlock."""


class KnownDetails(msgspec.Struct, frozen=True):
    """What is known of some repositories.

    `said` is by our number of the repository. `wanted` is how many could be
    known: all but those that GitHub does not show. `mark` is another text when
    anything of it has changed.
    """

    said: dict[int, Details]
    wanted: int
    mark: str

    @property
    def unknown(self) -> int:
        """Of how many nothing is known yet."""
        return self.wanted - len(self.said)

    def of(self, neighbours: Iterable[StoredNeighbour]) -> dict[str, Details]:
        """The same of some neighbours, by the names they have today."""
        said = self.said
        return {one.repo: said[one.number] for one in neighbours if one.number in said}


class RepositoryDetails:
    """The details of the repositories of one GitHub endpoint, by our number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, repositories: Sequence[int]) -> KnownDetails:
        """What is known, however old.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(_READ, self._database.endpoint, list(repositories))
        said, fetched = {}, []
        for number, at, *about in map(tuple, rows):
            fetched.append((number, at))
            if about[-1] is not None:
                said[number] = Details(*about)
        marked = hashlib.blake2b(np.array(sorted(fetched), dtype=np.int64).tobytes(), digest_size=12)
        return KnownDetails(said, len(repositories) - (len(fetched) - len(said)), marked.hexdigest())

    async def wanted(self, repositories: Sequence[int], now: datetime) -> list[int]:
        """Those that were not asked about within `MAX_AGE`, in the order given.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(_WANTED, self._database.endpoint, list(repositories), now - MAX_AGE)
        return [row["number"] for row in rows]

    async def write(self, said: Mapping[int, Details | None], now: datetime) -> None:
        """Keep what GitHub said.

        Args:
            said: by our number of the repository; None where GitHub showed no such public repository, which
                is kept too, so that nobody asks again at once.
            now: when it was asked.

        Raises:
            StoreUnavailable: the database cannot be used; nothing was written.
        """
        columns = [
            [None if one is None else getattr(one, field) for one in said.values()]
            for field in Details.__struct_fields__
        ]
        async with self._database.transaction() as connection:
            await connection.execute(_WRITE, self._database.endpoint, list(said), *columns, now)
