"""`/jobs`: what a key has asked for, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath
from litestar.types import ASGIApp
from msgspec import UNSET, UnsetType

from stargazer.api.asked_sampling import SAMPLING, read_sampling
from stargazer.api.backend import Backend, Given, KeyRequest
from stargazer.api.events import LAST_ID, Events
from stargazer.api.job_views import JobView, retry_seconds, view
from stargazer.api.parameters import Identity, read_query
from stargazer.api.replies import Reply, json_reply
from stargazer.errors import InvalidRequest, JobNotFound, QuotaExceeded
from stargazer.neighbours.sampling import Sampling
from stargazer.planner.budget import Budget
from stargazer.planner.name import parse_name
from stargazer.planner.sample import SampleSize
from stargazer.service.wanted import terms_of
from stargazer.store.jobs_states import Job
from stargazer.store.keys import Key

REPOSITORIES_AT_MOST = 100
LISTED_AT_MOST = 100

POINTS_AT_MOST = 1_000_000_000
SECONDS_AT_MOST = 31_536_000

_ID = Identity(name="job", text="The id of a job.", example="7d3ab0f0-52a5-4a35-9a0e-3c6d2a6f0c55")


class Allowed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a job may spend: points, and seconds of GitHub's time.

    To JSON Schema 7.0 is an integer, and so it is to us.
    """

    points: int | float | UnsetType = UNSET
    github_seconds: float | UnsetType = UNSET

    def budget(self) -> Budget:
        """Check it.

        Raises:
            InvalidRequest: a number is out of range, or there is none.
        """
        if self.points is UNSET and self.github_seconds is UNSET:
            raise InvalidRequest("budget", "an object with points, github_seconds, or both")
        return Budget(points=self._points(), seconds=self._seconds())

    def _points(self) -> int | None:
        points = self.points
        if points is UNSET:
            return None
        if not (1 <= points <= POINTS_AT_MOST and points == int(points)):
            raise InvalidRequest("budget.points", f"a whole number from 1 to {POINTS_AT_MOST:,}")
        return int(points)

    def _seconds(self) -> float | None:
        seconds = self.github_seconds
        if seconds is UNSET:
            return None
        if not 0 < seconds <= SECONDS_AT_MOST:
            raise InvalidRequest("budget.github_seconds", f"a number over 0 and up to {SECONDS_AT_MOST:,}")
        return seconds


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /jobs` takes."""

    repositories: list[str]
    budget: Allowed | UnsetType = UNSET
    mode: Literal["exact", "estimate"] | UnsetType = UNSET
    sample: int | float | Literal["max"] | UnsetType = UNSET
    until: str | UnsetType = UNSET
    seed: int | float | UnsetType = UNSET

    @property
    def sampling(self) -> Sampling | None:
        """Which sample will do, in the words of a GET; `max` is as many as the budget pays for.

        Raises:
            InvalidRequest: a member is not what it must be.
        """
        given = {name: getattr(self, name) for name in ("mode", "sample", "until", "seed")}
        read = {
            parameter.name: parameter.read(_written(given[parameter.name]))
            for parameter in SAMPLING
            if given[parameter.name] not in (UNSET, "max")
        }
        sample: SampleSize | None = "max" if self.sample == "max" else read.get("sample")
        return read_sampling(read.get("mode"), sample, read.get("until"), read.get("seed"))


class JobsController(Controller):
    """The jobs of a key."""

    path = "/jobs"
    opt = {"scope": "neighbours"}  # noqa: RUF012 - Litestar's

    @get(include_in_schema=False)
    async def listed(self, request: KeyRequest, backend: Given) -> Reply:
        """List what the key has asked for and has not withdrawn."""
        read_query(request.scope["query_string"], ())
        credential = await backend.credentials.of(request.user)
        jobs = await backend.jobs.subscribed(request.user.name, limit=LISTED_AT_MOST)
        return json_reply(200, [view(job) for job in jobs if job.credential_user == credential.user])

    @post(include_in_schema=False, opt={"scope": "jobs"})
    async def start(self, request: KeyRequest, backend: Given) -> Reply:
        """Ask for the reading of some repositories."""
        read_query(request.scope["query_string"], ())
        order = _read_order(await request.body())
        names = ["/".join(parse_name(name)) for name in order.repositories]
        budget = backend.answering.budget if order.budget is UNSET else order.budget.budget()
        sampling = terms_of(order.sampling)
        credential = await backend.credentials.of(request.user)
        whose = [(name, credential.user) for name in names]
        await _check_quota(backend, request.user, whose, budget, sampling)
        now = backend.clock.now()
        jobs: dict[UUID, JobView] = {}
        for name in names:
            job = await backend.jobs.ask(
                name, credential.user, request.user.name, budget=budget, sampling=sampling, now=now
            )
            jobs[job.id] = view(job)
        return json_reply(202, list(jobs.values()))

    @get("/{job:str}", include_in_schema=False)
    async def one(self, request: KeyRequest, backend: Given, job: FromPath[str]) -> Reply:
        """Show a job."""
        read_query(request.scope["query_string"], ())
        found = await _find(request, backend, job)
        more = [] if found.finished else [("Retry-After", str(retry_seconds(found)))]
        return json_reply(200, view(found), *more)

    @delete("/{job:str}", include_in_schema=False, status_code=200, opt={"scope": "jobs"})
    async def withdraw(self, request: KeyRequest, backend: Given, job: FromPath[str]) -> Reply:
        """Take the key's wish for a job back; the work stops when nobody is left."""
        read_query(request.scope["query_string"], ())
        found = await _find(request, backend, job)
        withdrawn = await backend.jobs.withdraw(found.id, request.user.name)
        return json_reply(200, view(withdrawn or found))

    @get("/{job:str}/events", include_in_schema=False)
    async def events(self, request: KeyRequest, backend: Given, job: FromPath[str]) -> ASGIApp:
        """Follow a job."""
        read_query(request.scope["query_string"], ())
        found = await _find(request, backend, job)
        if found.finished and request.headers.get("Last-Event-ID") == LAST_ID:
            return Reply(204, [(b"cache-control", b"private, no-store")])
        return Events(backend, found)


async def _check_quota(
    backend: Backend, key: Key, wanted: Sequence[tuple[str, int]], budget: Budget, sampling: str
) -> None:
    """See that a key has something left of its day, unless all that it wants is under way already."""
    try:
        await backend.quotas.check_job(key)
    except QuotaExceeded:
        for repository, user in wanted:
            if await backend.jobs.pending(repository, user, budget=budget, sampling=sampling) is None:
                raise


async def _find(request: KeyRequest, backend: Backend, job: str) -> Job:
    """Find a job of the credential's.

    Raises:
        JobNotFound: there is none with this id, or it is somebody else's.
    """
    try:
        number: UUID = _ID.read(job)
    except InvalidRequest:
        raise JobNotFound(job[:80]) from None
    credential = await backend.credentials.of(request.user)
    found = await backend.jobs.find(number)
    if found is None or found.credential_user != credential.user:
        raise JobNotFound(str(number))
    return found


def _written(value: object) -> str:
    """Write a member as a query has it: to JSON Schema 7.0 is an integer."""
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _read_order(body: bytes) -> Order:
    try:
        order = msgspec.json.decode(body, type=Order)
    except msgspec.DecodeError as wrong:
        message = str(wrong).replace("`", "")
        raise InvalidRequest("the body", f"a JSON object with repositories ({message})") from wrong
    if not 1 <= len(order.repositories) <= REPOSITORIES_AT_MOST:
        raise InvalidRequest("repositories", f"1 to {REPOSITORIES_AT_MOST} names")
    return order
