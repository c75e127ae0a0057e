"""`GET /repos/{owner}/{name}/starneighbours`: the neighbours of a repository."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable
from datetime import timedelta

from litestar import Controller, get
from litestar.params import FromPath
from litestar.types import ASGIApp, Scope

from stargazer.api.answering import Asked, Found
from stargazer.api.asked import Query, read
from stargazer.api.backend import Backend, Given, KeyRequest
from stargazer.api.bodies import Front
from stargazer.api.credentials import Credential
from stargazer.api.fields import WAIT_SECONDS, choose, field, matches, takes_gzip, wait_seconds
from stargazer.api.job_views import path_of, retry_seconds, view
from stargazer.api.neighbours_headers import answer_headers, etag, link
from stargazer.api.replies import Headers, Reply, StreamReply, json_reply
from stargazer.planner.name import parse_name
from stargazer.service.details import known_details
from stargazer.service.items import csv_lines, ndjson_lines
from stargazer.store.details import KnownDetails
from stargazer.store.jobs_states import Job
from stargazer.store.keys import Key

ARRAY = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
FORMS = (ARRAY, NDJSON, CSV)
"""What neighbours come as; the first unless a client says otherwise."""

_CONTENT_TYPES = {NDJSON: b"application/x-ndjson", CSV: b"text/csv; charset=utf-8; header=present"}

SCOPE = "neighbours"
NAMES = "names"
"""The scope of keys that may ask, and of those that are told who shares a neighbour."""

TEMPLATE = "/repos/{owner}/{name}/starneighbours"
"""The path, as logs and metrics have it."""


def front_key(credential: Credential, key: Key, scope: Scope) -> Hashable:
    """What requests have in common that are answered by the same page."""
    return credential.user, NAMES in key.scopes, scope["path"], scope["query_string"]


class NeighboursController(Controller):
    """The main job."""

    path = "/repos/{owner:str}/{name:str}/starneighbours"
    opt = {"scope": SCOPE}  # noqa: RUF012 - Litestar's

    @get(include_in_schema=False)
    async def neighbours(
        self,
        request: KeyRequest,
        backend: Given,
        owner: FromPath[str],
        name: FromPath[str],
    ) -> ASGIApp:
        """Answer from the store, or start the job that can, and wait for it a while."""
        scope, key = request.scope, request.user
        credential = await backend.credentials.of(key)
        form = choose(field(scope, b"accept"), FORMS)
        is_named = NAMES in key.scopes
        like, era = front_key(credential, key, scope), backend.bodies.era
        query = read(scope["query_string"])
        asked = Asked(
            repository="/".join(parse_name(f"{owner}/{name}")),
            credential=credential,
            key=key,
            max_age=None if query.max_age is None else timedelta(seconds=query.max_age),
            sampling=query.sampling,
        )
        found = await _stored(backend, asked, query, is_named=is_named)
        waited = None
        if found is None:
            waited = wait_seconds(field(scope, b"prefer"))
            read_now = await backend.answering.read(asked, WAIT_SECONDS if waited is None else waited)
            if isinstance(read_now, Job):
                return _accepted(read_now, waited)
            found = read_now
        known = await known_details(backend.service, found.stored) if query.needs_details else None
        serving = _Serving(backend, asked, query, found, known, is_named=is_named)
        if form != ARRAY:
            return await serving.stream(form, scope)
        front = await serving.front(scope["query_string"])
        if waited is None:
            backend.bodies.keep(like, front, era)
            return front.reply(scope)
        return _applied(front.reply(scope), waited)


async def _stored(backend: Backend, asked: Asked, query: Query, *, is_named: bool) -> Found | None:
    if query.origin == "store":
        return await backend.from_store.find(asked, query.answer, is_named=is_named)
    if query.answer is not None:
        return await backend.answering.pinned(asked, query.answer)
    return await backend.answering.stored(asked)


def _accepted(job: Job, waited: int | None) -> Reply:
    """Say that a job is at work, and when to ask again."""
    headers = [("Location", path_of(job.id)), ("Retry-After", str(retry_seconds(job)))]
    if waited is not None:
        headers.append(("Preference-Applied", f"wait={waited}"))
    return json_reply(202, view(job), *headers)


def _applied(reply: Reply, waited: int) -> Reply:
    return Reply(reply.status, [*reply.headers, (b"preference-applied", b"wait=%d" % waited)], reply.body)


class _Serving:
    """One answer being sent."""

    def __init__(
        self,
        backend: Backend,
        asked: Asked,
        query: Query,
        found: Found,
        known: KnownDetails | None,
        *,
        is_named: bool,
    ) -> None:
        self._backend = backend
        self._asked = asked
        self._query = query
        self._found = found
        self._known = known
        self._is_named = is_named
        self._names = query.names if is_named else 0

    async def front(self, query_string: bytes) -> Front:
        """Make the replies of one page."""
        tag, told = self._headers(ARRAY, query_string)
        body = await self._backend.bodies.page(
            self._found.stored, self._query, names=self._names, known=self._known
        )
        told_whole = [
            *told,
            (b"link", link(self._found, self._query, body.total)),
            (b"x-total-count", b"%d" % body.total),
        ]

        def whole(content: bytes, *more: tuple[bytes, bytes]) -> Reply:
            length = (b"content-length", b"%d" % len(content))
            return Reply(200, [*told_whole, (b"content-type", ARRAY.encode()), length, *more], content)

        gzipped = body.squeezed
        squeezed = None if gzipped is None else whole(gzipped, (b"content-encoding", b"gzip"))
        return Front(tag, whole(body.plain), squeezed, Reply(304, told))

    async def stream(self, form: str, scope: Scope) -> Reply | StreamReply:
        """Send all neighbours, some at a time, however many there are."""
        tag, told = self._headers(form, scope["query_string"])
        if matches(field(scope, b"if-none-match"), tag):
            return Reply(304, told)
        total = await self._backend.bodies.total(self._found.stored, self._query, self._known)
        headers = [*told, (b"x-total-count", b"%d" % total), (b"content-type", _CONTENT_TYPES[form])]
        return StreamReply(
            headers, self._chunks(form), is_gzipped=takes_gzip(field(scope, b"accept-encoding"))
        )

    def _headers(self, form: str, query_string: bytes) -> tuple[bytes, Headers]:
        """Make the tag of what is sent in this form, and the header fields of every reply."""
        found, known = self._found, self._known
        tag = etag(found, self._query, form, is_named=self._is_named, known=known)
        return tag, answer_headers(found, self._asked.repository, tag, query_string, known)

    async def _chunks(self, form: str) -> AsyncGenerator[bytes, None]:
        query, known = self._query, self._known
        rows = self._backend.service.pages.stream(
            self._found.stored,
            sort=query.sort,
            min_shared=query.min_shared,
            names=self._names,
            only=query.only,
            said={} if known is None else known.said,
        )
        is_first = True
        async for some in rows:
            about = known.of(some) if known and query.details else None
            lines = csv_lines(some, about, header=is_first) if form == CSV else ndjson_lines(some, about)
            yield b"".join(lines)
            is_first = False
        if form == CSV and is_first:
            yield b"".join(csv_lines((), {} if query.details else None, header=True))
