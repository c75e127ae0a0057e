"""A list of stargazers from elsewhere is read, and kept in the name of a GitHub user."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from stargazer.errors import CredentialsRefused, GitHubUnreachable, InvalidRequest, RepositoryNotFound
from stargazer.planner.name import parse_name
from stargazer.planner.page import Call, Facts, FactsRequest, Failure, FailureKind
from stargazer.runner import Clock, Transport
from stargazer.service.stores import Stores
from stargazer.sources.entry import FileStargazer, Malformed
from stargazer.sources.file import opened_entries
from stargazer.sources.lines import ACCEPTED, WARNINGS_AT_MOST, Line
from stargazer.store.forgotten import Forgotten
from stargazer.store.imported_lists import ENTRIES_A_PART, ImportedList, ImportKey, pack_entries

ENTRIES_AT_MOST = 10_000_000
SOURCE_LENGTH_AT_MOST = 100
SOURCE = "file"
"""What a list's source is called unless somebody names it."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an import.

    `entries` counts people, `duplicates` the lines that name somebody again,
    `skipped` those that name nobody; `warnings` name the first of them by number.
    `share` is entries by GitHub's public count, and None where nobody is counted.
    """

    repository: str
    source: str
    imported_at: datetime
    entries: int
    duplicates: int
    skipped: int
    warnings: tuple[str, ...]
    first_starred_at: datetime | None
    last_starred_at: datetime | None
    stargazers_total: int
    share: float | None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be imported, and what it is called in errors; `source` is where it comes from, in words."""

    path: str | Path
    source: str = SOURCE
    parameter: str = "FILE"
    stdin: BinaryIO | None = None


class Gatherer:
    """Packs the entries of a file as they come: of a line only who it names is kept.

    Args:
        parameter: what the file is called in errors.
        forgotten: whoever is kept out is left out of it.
    """

    def __init__(self, parameter: str, forgotten: Forgotten) -> None:
        self.parts: list[bytes] = []
        self.warnings: list[str] = []
        self.skipped = 0
        self.kept_out = 0
        self._forgotten = forgotten
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None
        self._parameter = parameter
        self._pending: list[FileStargazer] = []
        self._hashes = array("q")

    def gather(self, lines: Iterable[Line]) -> None:
        """Take in a file.

        Raises:
            InvalidRequest: it names nobody, or more people than there are.
        """
        for begin, end, found in lines:
            if isinstance(found, Malformed):
                self._skip(begin, end, found)
            elif self._forgotten.has_entry(found.login, found.id, found.database_id):
                self.kept_out += 1
            else:
                self._add(found)
        self._pack()
        if not self._hashes and not self.kept_out:
            why = f" ({self.warnings[0]})" if self.warnings else " (it is empty)"
            raise InvalidRequest(self._parameter, ACCEPTED + why)

    def people(self) -> int:
        """How many different people are named."""
        return len(np.unique(np.frombuffer(self._hashes, dtype=np.int64)))

    @property
    def lines(self) -> int:
        """How many lines name somebody."""
        return len(self._hashes)

    def _skip(self, begin: int, end: int, malformed: Malformed) -> None:
        self.skipped += 1
        if self.skipped <= WARNINGS_AT_MOST:
            place = f"line {end}" if begin == end else f"lines {begin} to {end}"
            self.warnings.append(f"{place}: {malformed.reason}")

    def _add(self, entry: FileStargazer) -> None:
        self._hashes.append(hash(entry.id or entry.key.lower()))
        at = entry.starred_at
        if at is not None:
            if self.first_at is None or at < self.first_at:
                self.first_at = at
            if self.last_at is None or at > self.last_at:
                self.last_at = at
        self._pending.append(entry)
        if len(self._pending) == ENTRIES_A_PART:
            self._pack()

    def _pack(self) -> None:
        if self._pending:
            self.parts.append(pack_entries(self._pending))
            self._pending.clear()
        if len(self._hashes) > ENTRIES_AT_MOST:
            raise InvalidRequest(self._parameter, f"a list of at most {ENTRIES_AT_MOST:,} people")


async def import_stargazers(
    stores: Stores, github: Transport, repository: str, credential_user: int, given: Given
) -> Imported:
    """Keep a list of a repository's stargazers in place of an older one; GitHub is asked one free question.

    Args:
        stores: where it is kept.
        github: tells what the repository is.
        repository: `owner/name`.
        credential_user: in whose name: nobody else sees it.
        given: the file.

    Raises:
        InvalidRequest: the file cannot be read, or names nobody; or it is no repository's name.
        RepositoryNotFound: there is no such repository, or it is private.
        CredentialsRefused: GitHub does not know the token.
        GitHubUnreachable: GitHub could not be asked.
        StoreUnavailable: the database cannot be used; the older list stays.
    """
    _check_source(given.source)
    facts = await ask_facts(github, stores.clock, repository)
    await stores.forgotten.look()
    gatherer, known = Gatherer(given.parameter, stores.forgotten), stores.forgotten.version
    await asyncio.to_thread(_gather, gatherer, given)
    people = await asyncio.to_thread(gatherer.people)
    now = stores.clock.now()
    listed = ImportedList(
        source=given.source,
        imported_at=now,
        entries=people,
        first_starred_at=gatherer.first_at,
        last_starred_at=gatherer.last_at,
    )
    number = await stores.repositories.ask(facts, now)
    await stores.imported_lists.put(ImportKey(number, credential_user), listed, gatherer.parts, sifted=known)
    return _report(facts, listed, gatherer)


async def ask_facts(github: Transport, clock: Clock, repository: str) -> Facts:
    """Ask GitHub what a public repository is.

    Raises:
        InvalidRequest: it is no `owner/name`.
        RepositoryNotFound: there is none, or it is private.
        CredentialsRefused: GitHub does not know the token.
        GitHubUnreachable: GitHub could not be asked.
    """
    request = FactsRequest(*parse_name(repository))
    reply = await github.send(Call(1, (request,), 1, 0, 0, 1.0))
    clock.passed(reply.seconds)
    failure = reply.failure or next((one for one in reply.outcomes if isinstance(one, Failure)), None)
    if failure is not None:
        match failure.kind:
            case FailureKind.GONE | FailureKind.HIDDEN:
                raise RepositoryNotFound(repository)
            case FailureKind.CREDENTIALS | FailureKind.FORBIDDEN:
                raise CredentialsRefused(failure.message)
            case _:
                raise GitHubUnreachable(failure.message)
    [facts] = reply.outcomes
    if not isinstance(facts, Facts) or facts.is_private or facts.database_id is None:
        raise RepositoryNotFound(repository)
    return facts


def _gather(gatherer: Gatherer, given: Given) -> None:
    with opened_entries(given.path, parameter=given.parameter, stdin=given.stdin) as lines:
        gatherer.gather(lines)


def _check_source(source: str) -> None:
    if not 0 < len(source) <= SOURCE_LENGTH_AT_MOST or not source.isprintable():
        raise InvalidRequest("source", f"1 to {SOURCE_LENGTH_AT_MOST} printable characters")


def _report(facts: Facts, listed: ImportedList, gatherer: Gatherer) -> Imported:
    total, duplicates = facts.stargazer_count, gatherer.lines - listed.entries
    warnings = list(gatherer.warnings)
    if gatherer.skipped > WARNINGS_AT_MOST:
        warnings.append(f"{gatherer.skipped - WARNINGS_AT_MOST:,} more lines were skipped")
    if gatherer.kept_out:
        who = "people who were removed from this store, and are left out"
        warnings.append(f"{gatherer.kept_out:,} lines name {who}")
    if duplicates:
        warnings.append(f"{duplicates:,} lines name somebody again, and count once")
    return Imported(
        repository=facts.name_with_owner,
        source=listed.source,
        imported_at=listed.imported_at,
        entries=listed.entries,
        duplicates=duplicates,
        skipped=gatherer.skipped,
        warnings=tuple(warnings),
        first_starred_at=listed.first_starred_at,
        last_starred_at=listed.last_starred_at,
        stargazers_total=total,
        share=share_of(listed.entries, total),
    )


def share_of(entries: int, total: int) -> float | None:
    """How many of those whom GitHub counts a list names, to three decimals; it may be more than all."""
    return round(entries / total, 3) if total else None
