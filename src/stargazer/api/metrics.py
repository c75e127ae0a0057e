"""What the service counts, in the form of Prometheus.

Counters are those of this process. What concerns all processes, the jobs, is
read from the store when somebody asks.
"""

from __future__ import annotations

from typing import Any, ClassVar

from litestar import Controller, Litestar, Request, Response, get
from litestar.di import NamedDependency
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from stargazer.api.backend import Backend
from stargazer.api.frame import Seen
from stargazer.errors import ScopeMissing, StoreUnavailable
from stargazer.planner.page import Call, Reply
from stargazer.runner import Transport
from stargazer.store.database import Database
from stargazer.store.figures import figures

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""The bounds of what requests are sorted into by their seconds; a client may ask to wait for 60."""

NEIGHBOURS = "/repos/{owner}/{name}/starneighbours"

_RESULTS = {200: "served", 304: "unchanged", 202: "job"}


class Metrics:
    """The numbers of one process."""

    LABELS: ClassVar[dict[str, tuple[str, ...]]] = {
        "stargazer_requests": ("method", "route", "status"),
        "stargazer_request_seconds": ("route",),
        "stargazer_answers": ("result",),
        "stargazer_github_calls": ("result",),
        "stargazer_github_refusals": ("limit",),
        "stargazer_jobs": ("state",),
    }
    """What each metric is told apart by; those that are not here are one number."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter("stargazer_requests", "Requests that were answered.")
        self._seconds = Histogram(
            "stargazer_request_seconds",
            "How long requests took, to their last byte.",
            self.LABELS["stargazer_request_seconds"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._answers = self._counter(
            "stargazer_answers",
            "What requests for neighbours met: served (a stored answer), unchanged (the client has it), "
            "job (not stored yet), problem.",
        )
        self._calls = self._counter(
            "stargazer_github_calls",
            "Calls that were sent to GitHub, by what came back: answered, or the kind of failure.",
        )
        self._points = self._counter("stargazer_github_points", "Points that GitHub charged.")
        self._github_seconds = self._counter(
            "stargazer_github_seconds", "Seconds that GitHub worked on our calls."
        )
        self._refusals = self._counter(
            "stargazer_github_refusals", "Calls that GitHub refused for going too fast, by which limit."
        )
        self._jobs = self._gauge("stargazer_jobs", "Jobs in the store, by their state.")
        self._queued = self._gauge(
            "stargazer_jobs_queued_seconds",
            "How long the job that has waited longest has waited for a worker.",
        )
        self._store = self._gauge("stargazer_store_up", "1 if the database answered just now, else 0.")
        # Finding the number of some labels costs more than counting; there are a few dozen.
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def _counter(self, name: str, words: str) -> Counter:
        return Counter(name, words, self.LABELS.get(name, ()), registry=self.registry)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(name, words, self.LABELS.get(name, ()), registry=self.registry)

    def observe(self, seen: Seen) -> None:
        """Count a request."""
        told = (seen.method, seen.route or "none", seen.status)
        counted = self._counted.get(told)
        if counted is None:
            method, route, status = told
            counted = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._counted[told] = counted
        counted[0].inc()
        counted[1].observe(seen.seconds)
        if seen.route == NEIGHBOURS:
            self._answers.labels(_RESULTS.get(seen.status, "problem")).inc()

    def count(self, reply: Reply) -> None:
        """Count what came back for a call to GitHub."""
        failure = reply.failure
        self._calls.labels("answered" if failure is None else failure.kind.value).inc()
        self._github_seconds.inc(max(reply.seconds, 0))
        if reply.reading is not None and reply.reading.cost is not None:
            self._points.inc(reply.reading.cost)
        if failure is not None and failure.kind.value.endswith("-limit"):
            self._refusals.labels(failure.kind.value.removesuffix("-limit")).inc()

    async def exposition(self, database: Database) -> bytes:
        """Write all numbers; without a database those of the store are left as they were."""
        try:
            now = await figures(database)
        except StoreUnavailable:
            self._store.set(0)
        else:
            self._store.set(1)
            self._queued.set(now.queued_seconds)
            for state, jobs in now.jobs.items():
                self._jobs.labels(state).set(jobs)
        return generate_latest(self.registry)


class Counted:
    """A transport whose replies are counted."""

    def __init__(self, transport: Transport, metrics: Metrics) -> None:
        self._transport = transport
        self._metrics = metrics
        # What others read off a transport is that of the one behind it.
        self.fingerprint: bytes | None = getattr(transport, "fingerprint", None)
        self.credential: str = getattr(transport, "credential", "")
        self.concurrency: int = getattr(transport, "concurrency", 1)

    async def send(self, call: Call) -> Reply:
        """Send *call*, and count what comes back."""
        reply = await self._transport.send(call)
        self._metrics.count(reply)
        return reply


def metrics_app(metrics: Metrics, database: Database) -> Litestar:
    """Give the numbers on a port of their own, to whoever reaches it.

    Args:
        metrics: the numbers.
        database: where those of the store are.
    """

    @get("/metrics", media_type="text/plain")
    async def read() -> Response[bytes]:
        return Response(await metrics.exposition(database), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Litestar([read], openapi_config=None, logging_config=None)


class MetricsController(Controller):
    """The numbers, for those who may see them."""

    path = "/metrics"
    tags = ["Operation"]  # noqa: RUF012 (Litestar's own way)

    @get("/", summary="Numbers for Prometheus", media_type="text/plain")
    async def metrics(
        self,
        request: Request[Any, Any, Any],
        backend: NamedDependency[Backend],
        metrics: NamedDependency[Metrics],
    ) -> Response[bytes]:
        """Give the numbers of this process and of the store, in the text format of Prometheus.

        Raises:
            ScopeMissing: the key has not the scope `admin`.
        """
        if "admin" not in request.user.scopes:
            raise ScopeMissing("admin")
        return Response(
            await metrics.exposition(backend.service.database), media_type=CONTENT_TYPE_PLAIN_0_0_4
        )
