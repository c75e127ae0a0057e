"""`GET /compare`: how far the stargazers of several repositories are the same people."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.types import ASGIApp

from stargazer.api.answering import Asked, Found
from stargazer.api.asked import QUERY
from stargazer.api.asked_sampling import SAMPLING, read_sampling
from stargazer.api.backend import Backend, Given, KeyRequest
from stargazer.api.fields import WAIT_SECONDS, choose, field, matches, wait_seconds
from stargazer.api.job_views import path_of, retry_seconds, view
from stargazer.api.neighbours_headers import PRIVATE, VARY, page_links
from stargazer.api.parameters import Choice, Parameter, Repeated, Text, read_query
from stargazer.api.replies import JSON, Headers, Reply, json_reply
from stargazer.errors import AnswerGone
from stargazer.neighbours.rank import Score
from stargazer.neighbours.sampling import Sampling
from stargazer.neighbours.stop import Until
from stargazer.planner.name import OWNER
from stargazer.service.comparing import (
    OF,
    REPOSITORIES_AT_LEAST,
    REPOSITORIES_AT_MOST,
    Comparison,
    Of,
    check_repositories,
    compare,
)
from stargazer.service.items import item
from stargazer.service.wanted import terms_of
from stargazer.store.jobs_states import Job

PATH = "/compare"

NAMES = "names"
"""The scope of keys that are told who shares a neighbour."""

_LIKE_NEIGHBOURS = ("sort", "min_shared", "page", "per_page", "names", "max_age", "answer")

COMPARE_QUERY: tuple[Parameter, ...] = (
    Repeated(
        one=Text(
            name="repo",
            text="The repositories, once each.",
            pattern=rf"{OWNER}/(?!\.{{1,2}}$)[A-Za-z0-9._-]{{1,100}}",
            must_be="OWNER/NAME, for example pallets/flask",
            example="pallets/flask",
        ),
        least=REPOSITORIES_AT_LEAST,
        most=REPOSITORIES_AT_MOST,
        example=["pallets/flask", "pallets/jinja"],
    ),
    Choice(
        name="of",
        text="Whose neighbours: of those who starred any of the repositories, or of those who starred each.",
        words=OF,
        default="union",
        example="intersection",
    ),
    *(parameter for parameter in QUERY if parameter.name in _LIKE_NEIGHBOURS),
    *SAMPLING,
)
"""What may be asked."""


class Query(msgspec.Struct, frozen=True):
    """What is to be compared, and which of the neighbours are wanted. `names` None: all of them."""

    repo: list[str]
    of: Of = "union"
    sort: Score = "shared"
    min_shared: int = 1
    page: int = 1
    per_page: int = 100
    names: int | None = 1_000
    max_age: int | None = None
    answer: UUID | None = None
    mode: str | None = None
    sample: int | None = None
    until: Until | None = None
    seed: int | None = None

    @property
    def sampling(self) -> Sampling | None:
        """Which sample of each will do; None: everybody is to be read."""
        return read_sampling(self.mode, self.sample, self.until, self.seed)

    def pinned(self, answer: UUID, page: int) -> str:
        """Write a query for a page of the same neighbours."""
        names = "all" if self.names is None else self.names
        written: list[tuple[str, Any]] = [("repo", name) for name in self.repo]
        written += [("of", self.of), ("sort", self.sort), ("min_shared", self.min_shared), ("names", names)]
        sampling = {name: getattr(self, name) for name in ("mode", "sample", "until", "seed")}
        written += [(name, value) for name, value in sampling.items() if value is not None]
        return urlencode([*written, ("per_page", self.per_page), ("page", page), ("answer", answer)])


class CompareController(Controller):
    """Several repositories side by side."""

    path = PATH
    opt = {"scope": "neighbours"}  # noqa: RUF012 - Litestar's

    @get(include_in_schema=False)
    async def compare(self, request: KeyRequest, backend: Given) -> ASGIApp:
        """Compare what is stored; what is not is read by jobs first, which are waited for a while."""
        scope, key = request.scope, request.user
        choose(field(scope, b"accept"), ("application/json",))
        query = Query(**read_query(scope["query_string"], COMPARE_QUERY))
        check_repositories("repo", query.repo)
        credential = await backend.credentials.of(key)
        max_age = None if query.max_age is None else timedelta(seconds=query.max_age)
        asked = [
            Asked(repository=name, credential=credential, key=key, max_age=max_age, sampling=query.sampling)
            for name in query.repo
        ]
        comparing = _Comparing(backend, query, asked, is_named=NAMES in key.scopes)
        if query.answer is not None:
            return await comparing.reply(await comparing.pinned(query.answer), scope)
        waited = wait_seconds(field(scope, b"prefer"))
        found = await comparing.found(WAIT_SECONDS if waited is None else waited)
        pending = [one for one in found if isinstance(one, Job)]
        if pending:
            return _accepted(pending)
        answers = [one for one in found if isinstance(one, Found)]
        jobs = [one.job for one in answers if one.job is not None]
        return await comparing.reply(await comparing.compared(answers), scope, jobs=jobs)


class _Comparing:
    """One comparison for one key."""

    def __init__(self, backend: Backend, query: Query, asked: Sequence[Asked], *, is_named: bool) -> None:
        self._backend = backend
        self._query = query
        self._asked = asked
        self._is_named = is_named
        credential = asked[0].credential
        names = tuple(one.lower() for one in query.repo)
        owners = (credential.user, credential.shared)
        self._about = (names, query.of, terms_of(query.sampling), owners, is_named)

    async def found(self, seconds: float) -> list[Found | Job]:
        """Find the answers, or the jobs that read them and take longer.

        Raises:
            StargazerError: why one of them cannot be had; the others are waited for no longer.
        """

        async def find(asked: Asked) -> Found | Job:
            stored = await self._backend.answering.stored(asked)
            return await self._backend.answering.read(asked, seconds) if stored is None else stored

        try:
            async with asyncio.TaskGroup() as group:
                finding = [group.create_task(find(one)) for one in self._asked]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [one.result() for one in finding]

    async def compared(self, found: Sequence[Found]) -> Comparison:
        """Compare what was found, or find what was counted a moment ago."""
        state = tuple((one.stored.id, one.stored.revision) for one in found)
        return await self._backend.comparisons.latest(self._about, state, lambda: self._compare(found))

    async def pinned(self, answer: UUID) -> Comparison:
        """Find what a page before this one was of.

        Raises:
            AnswerGone: it is not held any more, and would not be the same today.
        """

        async def again() -> Comparison:
            found = [await self._backend.answering.stored(one) for one in self._asked]
            there = [one for one in found if one is not None]
            if len(there) < len(found):
                raise AnswerGone(str(answer))
            return await self._compare(there)

        return await self._backend.comparisons.pinned(self._about, answer, again)

    async def _compare(self, found: Sequence[Found]) -> Comparison:
        answers = [one.stored for one in found]
        return await compare(self._backend.service, answers, self._query.of, is_named=self._is_named)

    async def reply(self, found: Comparison, scope: Any, *, jobs: Sequence[UUID] = ()) -> Reply:
        """Send what was found, with one page of the neighbours, unless the client has it."""
        query, names = self._query, self._query.names if self._is_named else 0
        tag = _etag(found, query, is_named=self._is_named)
        told: Headers = [(b"etag", tag), PRIVATE, VARY]
        if jobs:
            told.append((b"stargazer-job", ", ".join(map(path_of, jobs)).encode()))
        if matches(field(scope, b"if-none-match"), tag):
            return Reply(304, told)
        page = await self._backend.service.pages.page(
            found.neighbours,
            sort=query.sort,
            offset=(query.page - 1) * query.per_page,
            limit=query.per_page,
            min_shared=query.min_shared,
            names=names,
        )
        if page is None:
            raise AnswerGone(str(found.id))
        items = [item(row) for row in page.neighbours]
        body = msgspec.json.encode({**found.public(is_named=self._is_named), "neighbours": items})
        return Reply(
            200,
            [
                *told,
                (b"link", _link(found, query, page.total)),
                (b"x-total-count", b"%d" % page.total),
                (b"content-type", JSON),
                (b"content-length", b"%d" % len(body)),
            ],
            body,
        )


def _accepted(jobs: Sequence[Job]) -> Reply:
    """Say which jobs are at work, and when to ask again."""
    where = path_of(jobs[0].id) if len(jobs) == 1 else "/jobs"
    retry = max(retry_seconds(job) for job in jobs)
    return json_reply(202, [view(job) for job in jobs], ("Location", where), ("Retry-After", str(retry)))


def _etag(found: Comparison, query: Query, *, is_named: bool) -> bytes:
    """The weak tag of what is sent: it depends on the answers, the count, the query and the scope."""
    answers = [(one.repository, str(one.answer.id), one.answer.revision) for one in found.repositories]
    said = f"{query.pinned(found.id, query.page)} {is_named} {answers}"
    return b'W/"' + hashlib.blake2b(said.encode(), digest_size=12).hexdigest().encode() + b'"'


def _link(found: Comparison, query: Query, total: int) -> bytes:
    """Where the other pages of the neighbours are."""
    return page_links(
        query.page, query.per_page, total, lambda page: f"{PATH}?{query.pinned(found.id, page)}"
    )
