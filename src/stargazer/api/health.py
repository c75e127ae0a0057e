"""Whether the service is alive and ready, for whoever restarts it and sends it requests."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from stargazer.api.backend import Backend
from stargazer.errors import StoreUnavailable

READY_SECONDS = 3.0
"""So long the database may take to answer; probes commonly give up after five seconds."""


class Health(msgspec.Struct, frozen=True):
    """That all is well; what is not is a problem."""

    status: str


class HealthController(Controller):
    """The probes of an orchestrator."""

    path = "/health"
    opt = {"exclude_from_auth": True}  # noqa: RUF012 (Litestar's own way)
    tags = ["Operation"]  # noqa: RUF012

    @get("/live", summary="Whether the process answers")
    async def live(self) -> Health:
        """Tell that the process answers: if it does not, restart it."""
        return Health("live")

    @get("/ready", summary="Whether requests can be answered")
    async def ready(self, backend: NamedDependency[Backend]) -> Health:
        """Tell that requests can be answered: the database is there, and the service is not stopping.

        Raises:
            StoreUnavailable: send requests elsewhere, or wait.
        """
        if backend.stopping.is_set():
            raise StoreUnavailable("the service is stopping", do="ask another one", retryable=True)
        try:
            async with asyncio.timeout(READY_SECONDS), backend.service.database.connection() as connection:
                await connection.fetchval("SELECT 1")
        except TimeoutError:
            raise StoreUnavailable(
                "the database does not answer in time", do="wait", retryable=True
            ) from None
        return Health("ready")
