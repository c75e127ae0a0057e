"""Answers as they are stored: made once, found, cleaned, and never changed."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import asyncpg
import msgspec
import numpy as np

from stargazer.neighbours.count import Ranking, Sharers
from stargazer.neighbours.estimate import Intervals
from stargazer.planner.coverage import Coverage, Kind
from stargazer.store import counting
from stargazer.store.answers_columns import PartSizes, column, place_type
from stargazer.store.database import Database
from stargazer.store.forgotten import Forgotten

if TYPE_CHECKING:
    from stargazer.store.database import Connection

ANYBODY: Literal["anybody"] = "anybody"
"""Whose answers are meant where the operator shares those of all."""

Owner = int | Literal["anybody"]
"""The number of the GitHub user whose credential read an answer, or `ANYBODY`."""

_MAKE = """
INSERT INTO answer (id, endpoint, repository_number, credential_user, made_at, kind, complete, coverage,
                    stargazers, not_whole, neighbours, stars, roster, max_age_seconds, max_stars_per_user,
                    sampling)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10, $11, $12, $13, $14, $15, $16)
"""

_PART_COLUMNS = (
    "answer",
    "first_place",
    "lowest",
    "repositories",
    "shared",
    "stars",
    "stargazers",
    "seen",
    "shared_low",
    "shared_high",
)

_STORED = """
SELECT id, repository_number, credential_user, made_at, kind, complete, coverage::text AS coverage,
       stargazers, not_whole, neighbours, revision, sampling
FROM answer
WHERE endpoint = $1
"""

LATEST = f"""{_STORED}
  AND repository_number = $2 AND ($3::int IS NULL OR credential_user = $3)
ORDER BY made_at DESC, id DESC
LIMIT 1
"""

FITTING = f"""{_STORED}
  AND repository_number = $2 AND ($3::int IS NULL OR credential_user = $3)
  AND (made_at > $4 AND max_age_seconds <= $5 OR (coverage->>'as_of')::timestamptz > $4)
  AND (max_stars_per_user IS NULL OR max_stars_per_user = $6)
  AND sampling = $7
  AND (coverage->>'source' = 'github' OR coverage ? 'imported' AND made_at >= (
    SELECT imported_at FROM imported_list AS list
    WHERE list.endpoint = answer.endpoint AND list.repository_number = answer.repository_number
      AND list.credential_user = answer.credential_user))
ORDER BY made_at DESC, id DESC
LIMIT 1
"""  # noqa: S608 - of words of ours
"""The last answer that is no older than asked for, whether by its terms or by its oldest list."""

_BY_ID = f"{_STORED} AND id = $2 AND ($3::int IS NULL OR credential_user = $3)"

_CLEAN = """
DELETE FROM answer AS old
WHERE endpoint = $1 AND made_at < $2
  AND NOT ($3 AND sampling = '' AND NOT EXISTS (
    SELECT FROM answer AS newer
    WHERE newer.endpoint = old.endpoint AND newer.repository_number = old.repository_number
      AND newer.credential_user = old.credential_user AND newer.sampling = ''
      AND (newer.made_at, newer.id) > (old.made_at, old.id)))
"""


class Terms(msgspec.Struct, frozen=True):
    """What somebody asks for beside the repository.

    `max_age` is how old star lists may be. Of no user more than
    `max_stars_per_user` are read; None: all. `sampling` is which sample of the
    stargazers will do, in the words of `Sampling`; empty: everybody is asked about.
    """

    max_age: timedelta = timedelta(days=7)
    max_stars_per_user: int | None = None
    sampling: str = ""


USUAL = Terms()


class StoredAnswer(msgspec.Struct, frozen=True):
    """One answer without its neighbours.

    `stargazers` is how many starred the repository, as the scores take it.
    `not_whole` is how many users may share more than is known; None when
    nobody does. `revision` is how often people were taken out of it, and
    `sampling` which sample it was asked with. Whoever
    holds one has been found to be allowed to see it.
    """

    id: uuid.UUID
    repository_number: int
    credential_user: int
    made_at: datetime
    kind: Kind
    complete: bool
    coverage: dict[str, Any]
    stargazers: int
    not_whole: int | None
    neighbours: int
    revision: int = 0
    sampling: str = ""

    @property
    def stands_for(self) -> float:
        """How many stargazers each one that was read stands for: more than one in an estimate."""
        if self.kind is not Kind.ESTIMATE:
            return 1.0
        listed, sample = int(self.coverage["stargazers_listed"]), int(self.coverage["sample"])
        return listed / max(1, sample)


class Answers:
    """The answers of one GitHub endpoint."""

    def __init__(
        self, database: Database, *, sizes: PartSizes | None = None, forgotten: Forgotten | None = None
    ) -> None:
        self._database = database
        self._forgotten = Forgotten(database) if forgotten is None else forgotten
        self._sizes = sizes or PartSizes()

    async def make(
        self,
        repository_number: int,
        user_numbers: Iterable[int],
        coverage: Coverage,
        *,
        credential_user: int,
        made_at: datetime,
        terms: Terms = USUAL,
    ) -> uuid.UUID:
        """Count the stored lists of the users, and store what comes of it.

        Users without a stored list share nothing; those in
        `coverage.uncounted` are left out, and so is whoever was forgotten.
        Everything is read from one snapshot and written in one transaction, so
        that nobody sees half an answer.

        Raises:
            StoreUnavailable: the database failed; nothing was stored.
        """
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            await self._forgotten.hold(connection, one_snapshot=True)
            failed = self._forgotten.sift_logins(coverage.failed)
            coverage = msgspec.structs.replace(coverage, failed=failed)
            return await _Making(connection, self._database.endpoint, self._sizes).make(
                repository_number,
                user_numbers,
                coverage,
                credential_user=credential_user,
                made_at=made_at,
                terms=terms,
            )

    async def estimated(
        self, repository_number: int, user_numbers: Iterable[int], coverage: Coverage
    ) -> Intervals | None:
        """Estimate from the stored lists of a sample what all share; None when they are everybody.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            counted = await counting.count_covered(
                connection, self._database.endpoint, user_numbers, coverage, seed=repository_number
            )
        return counted.estimated

    async def latest(self, repository_number: int, credential_user: Owner) -> StoredAnswer | None:
        """Find the answer that was made last, whatever it was asked with.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                LATEST, self._database.endpoint, repository_number, _owner(credential_user)
            )
        return None if row is None else _stored(row)

    async def fitting(
        self, repository_number: int, credential_user: Owner, terms: Terms, now: datetime
    ) -> StoredAnswer | None:
        """Find the last answer that fits the *terms* at *now*: from GitHub's own list, or the imported one.

        It was made within `max_age` from lists that were allowed to be no
        older than that, or none of its lists is older. An answer under a cap
        fits only whoever asks with the same cap, and an estimate only whoever
        asks for the same sample; an answer about everybody is better still.

        Raises:
            StoreUnavailable: the database failed.
        """
        row = None
        async with self._database.connection() as connection:
            for sampling in dict.fromkeys(("", terms.sampling)):
                row = row or await connection.fetchrow(
                    FITTING,
                    self._database.endpoint,
                    repository_number,
                    _owner(credential_user),
                    now - terms.max_age,
                    int(terms.max_age.total_seconds()),
                    terms.max_stars_per_user,
                    sampling,
                )
        return None if row is None else _stored(row)

    async def find(self, answer_id: uuid.UUID, credential_user: Owner) -> StoredAnswer | None:
        """Find an answer by its id; None when it was cleaned, or belongs to somebody else.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                _BY_ID, self._database.endpoint, answer_id, _owner(credential_user)
            )
        return None if row is None else _stored(row)

    async def clean(self, older_than: datetime, *, keep_latest: bool = True) -> int:
        """Remove the answers made before a moment, and return how many.

        With *keep_latest* the last one of each repository and credential stays, estimates left out:
        they are made again from the lists that are kept.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            status = await connection.execute(_CLEAN, self._database.endpoint, older_than, keep_latest)
        return int(status.split()[-1])


class _Making:
    """The making of one answer inside one transaction."""

    def __init__(self, connection: Connection, endpoint: int, sizes: PartSizes) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._sizes = sizes
        self._id = uuid.uuid4()

    async def make(
        self,
        repository_number: int,
        user_numbers: Iterable[int],
        coverage: Coverage,
        *,
        credential_user: int,
        made_at: datetime,
        terms: Terms,
    ) -> uuid.UUID:
        counted = await counting.count_covered(
            self._connection, self._endpoint, user_numbers, coverage, seed=repository_number
        )
        roster = counted.roster
        ranking = await counting.rank(
            self._connection, self._endpoint, counted.tally, estimated=counted.estimated
        )
        del counted
        await self._connection.execute(
            _MAKE,
            self._id,
            self._endpoint,
            repository_number,
            credential_user,
            made_at,
            coverage.kind.value,
            coverage.complete,
            msgspec.json.encode(coverage.public()).decode(),
            max(coverage.stargazers_total, coverage.stargazers_listed),
            coverage.users_not_whole if coverage.kind is Kind.PARTIAL else None,
            len(ranking),
            int(ranking.seen.sum(dtype=np.int64)),
            column(roster.numbers),
            int(terms.max_age.total_seconds()),
            terms.max_stars_per_user,
            "" if coverage.about_all else terms.sampling,
        )
        await self._write_parts(ranking, roster)
        return self._id

    async def _write_parts(self, ranking: Ranking, roster: counting.Roster) -> None:
        places = ranking.places()
        for parts in _readings(ranking, self._sizes):
            sharers = Sharers(ranking, parts[0][0], parts[-1][1], places=places)
            async for chunk in roster.lists(self._connection, self._endpoint):
                sharers.add(chunk)
            await self._connection.copy_records_to_table(
                "answer_part",
                columns=_PART_COLUMNS,
                records=self._records(parts, ranking, sharers, place_type(len(roster))),
            )

    async def _records(
        self, parts: list[tuple[int, int]], ranking: Ranking, sharers: Sharers, kept_as: str
    ) -> AsyncIterator[tuple[Any, ...]]:
        for low, high in parts:
            part = slice(low, high)
            ends = None if ranking.ends is None else (ranking.ends.low[part], ranking.ends.high[part])
            yield (
                self._id,
                low,
                int(ranking.shared[high - 1]),
                column(ranking.numbers[part]),
                column(ranking.shared[part]),
                column(ranking.stars[part]),
                sharers.between(low, high).astype(kept_as).tobytes(),
                *((None, None, None) if ends is None else (column(ranking.seen[part]), *map(column, ends))),
            )


def _readings(ranking: Ranking, sizes: PartSizes) -> Iterator[list[tuple[int, int]]]:
    """Tell which parts are gathered in each reading of the lists, at least one."""
    gathered: list[tuple[int, int]] = []
    stars = 0
    for low, high in ranking.parts(neighbours=sizes.neighbours, stars=sizes.stars):
        more = int(ranking.seen[low:high].sum(dtype=np.int64))
        if gathered and stars + more > sizes.stars_a_reading:
            yield gathered
            gathered, stars = [], 0
        gathered.append((low, high))
        stars += more
    if gathered:
        yield gathered


def _owner(credential_user: Owner) -> int | None:
    return None if credential_user == ANYBODY else credential_user


def _stored(row: asyncpg.Record) -> StoredAnswer:
    values: dict[str, Any] = dict(row)
    values["coverage"] = msgspec.json.decode(values["coverage"])
    values["kind"] = Kind(values["kind"])
    return StoredAnswer(**values)
