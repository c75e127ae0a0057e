"""The HTTP service, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler

from stargazer.api import problems
from stargazer.api.answering import Answering
from stargazer.api.auth import Authentication
from stargazer.api.backend import Backend
from stargazer.api.bodies import Bodies
from stargazer.api.budget import BudgetController
from stargazer.api.compare import CompareController
from stargazer.api.credentials import KeyCredentials, ServerCredential
from stargazer.api.docs_page import DocsController
from stargazer.api.frame import Frame, Observer
from stargazer.api.from_store import FromStore
from stargazer.api.github_token import GitHubTokenController
from stargazer.api.health import HealthController
from stargazer.api.holding import Holding
from stargazer.api.jobs import JobsController
from stargazer.api.methods import Methods
from stargazer.api.metrics import Metrics, MetricsController
from stargazer.api.neighbours import NeighboursController
from stargazer.api.openapi import OpenapiController
from stargazer.api.pages import PagesController
from stargazer.api.plan import PlanController
from stargazer.api.quota import telling
from stargazer.api.security import Origins
from stargazer.api.shortcut import Shortcut
from stargazer.api.stargazers import StargazersController
from stargazer.api.usage import UsageController
from stargazer.api.watching import Watches
from stargazer.github.transport import GitHub
from stargazer.runner import Clock
from stargazer.service import Service
from stargazer.service.connections import Connections
from stargazer.settings import Settings
from stargazer.store.database import Database
from stargazer.store.jobs import Jobs
from stargazer.store.key_ring import KeyRing
from stargazer.store.keys import Keys
from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell
from stargazer.store.quota import Quotas
from stargazer.store.tokens import Tokens, sealer_of
from stargazer.store.usage import Usage

CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    NeighboursController,
    PlanController,
    CompareController,
    JobsController,
    BudgetController,
    UsageController,
    GitHubTokenController,
    StargazersController,
    OpenapiController,
    HealthController,
    PagesController,
    DocsController,
    MetricsController,
)
"""Everything that is served."""


@asynccontextmanager
async def open_backend(
    settings: Settings, database: Database, github: GitHub, clock: Clock, *, speed: float | None = 1.0
) -> AsyncGenerator[Backend]:
    """Open what the controllers work with, on a store and a way to GitHub that are open.

    Args:
        settings: what the environment sets.
        database: the store.
        github: the way to GitHub with the server's own token.
        clock: the time that answers are dated by.
        speed: how the ledgers' time runs, as `PostgresLedger` takes it.
    """
    async with (
        Bell.open(database) as bell,
        KeyRing.open(Keys(database), bell) as keys,
        Quotas.open(database) as quotas,
        AsyncExitStack() as stack,
    ):

        def ledger(user: int) -> PostgresLedger:
            return PostgresLedger(database, bell, user, speed=speed)

        service, jobs, stopping = Service(database, clock), Jobs(database, bell), asyncio.Event()
        watches = Watches(service, jobs, stopping)
        own = ServerCredential(service, github, settings.github_token, ledger)
        tokens = Tokens(database, sealer_of(settings))
        connections = await stack.enter_async_context(Connections.open(service, tokens, github, bell))
        yield Backend(
            service=service,
            jobs=jobs,
            watches=watches,
            answering=Answering(service, jobs, watches, quotas, limit_seconds=settings.get_seconds_at_most),
            from_store=FromStore(service, bell),
            comparisons=Holding(bell, database.endpoint),
            bodies=Bodies(service, bell),
            bell=bell,
            keys=keys,
            quotas=quotas,
            usage=Usage(database),
            credentials=KeyCredentials(
                connections,
                own if settings.shares_token else None,
                ledger,
                shares_lists=settings.shares_lists,
            ),
            tokens=tokens,
            connections=connections,
            clock=clock,
            settings=settings,
            stopping=stopping,
        )


def create_app(
    backend: Backend,
    *,
    settings: Settings,
    metrics: Metrics | None = None,
    observers: Sequence[Observer] = (),
) -> Litestar:
    """Put the service together.

    Args:
        backend: what the controllers work with.
        settings: what the environment sets.
        metrics: where requests are counted; None: the service counts for itself.
        observers: are told of each request when it has been answered.
    """
    counted, methods = metrics or Metrics(), Methods()

    def provide() -> Backend:
        return backend

    def provide_metrics() -> Metrics:
        return counted

    app = Litestar(
        route_handlers=CONTROLLERS,
        dependencies={
            "backend": Provide(provide, sync_to_thread=False, use_cache=True),
            "metrics": Provide(provide_metrics, sync_to_thread=False, use_cache=True),
        },
        middleware=[DefineMiddleware(Authentication, ring=backend.keys, quotas=backend.quotas)],
        exception_handlers={Exception: problems.respond},
        logging_config=None,
        openapi_config=None,
    )
    methods.learn(app)
    app.asgi_handler = Frame(
        Shortcut(app.asgi_handler, backend),
        origins=Origins(settings.cors_origins),
        dress=[telling(backend.quotas), methods.tell],
        observers=[counted.observe, *observers],
        stopping=backend.stopping,
    )
    return app
