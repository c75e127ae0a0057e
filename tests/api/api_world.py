"""The HTTP service on a real database, with a simulated GitHub and a worker, all in the test's loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import uvicorn
from litestar import Litestar

from stargazer.api.backend import Backend
from stargazer.app import create_app, open_backend
from stargazer.github.transport import GitHub
from stargazer.planner.page import User
from stargazer.runner import SystemClock, VirtualClock
from stargazer.sandbox import SECONDS_HEADER, Behaviour, Graph, Sandbox, synthetic_graph
from stargazer.service import JobReader
from stargazer.settings import Settings
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import DEFAULT_SCOPES, SCOPES, Keys, NewKey
from stargazer.store.ledger import PostgresLedger
from stargazer.worker import work

ONE = "synthetic/one"
TWO = "synthetic/two"
TOKEN = "ada"
KEY, COUNTS_KEY, ADMIN_KEY = (make_key_text(bytes([number]) * 32) for number in range(3))
"""A key with the usual scopes, one that may not see names, and one that may do everything."""


def small_graph() -> Graph:
    """Make a graph of few stars: a job takes a moment."""
    return synthetic_graph(users=400, stars=8_000, repositories=2_000, subjects={ONE: 60, TWO: 40})


class Served:
    """A running service and a client that shows a key.

    Attributes:
        sandbox: the GitHub that is asked.
        backend: what the controllers work with.
        app: the application.
        github: the way to GitHub with the service's own token.
        http: an HTTP client whose requests carry a key.
        url: where the service listens, without a slash at its end.
        clock: the time that all of them go by; tests move it.
    """

    def __init__(self, sandbox: Sandbox, backend: Backend, github: GitHub, clock: VirtualClock) -> None:
        self.sandbox = sandbox
        self.backend = backend
        self.clock = clock
        self.github = github
        self.app: Litestar
        self.http: aiohttp.ClientSession
        self.url = ""

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[Served]:
        """Serve on a port of the loopback until the end of the block."""
        self.app = create_app(self.backend, settings=self.backend.settings)
        config = uvicorn.Config(
            self.app,
            loop="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0), backlog=1_024) as listener:
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                async with aiohttp.ClientSession(
                    self.url,
                    headers={"X-API-Key": KEY},
                    connector=aiohttp.TCPConnector(limit=0),
                    timeout=aiohttp.ClientTimeout(total=90),
                ) as self.http:
                    yield self
            finally:
                self.backend.stopping.set()
                server.should_exit = True
                await serving

    @asynccontextmanager
    async def twin(self) -> AsyncGenerator[Served]:
        """Start another server on the same store, with connections of its own."""
        settings = self.backend.settings
        async with (
            Database.open(settings.database_url, self.sandbox.url) as database,
            open_backend(settings, database, self.github, self.clock, speed=None) as backend,
            Served(self.sandbox, backend, self.github, self.clock).listening() as twin,
        ):
            yield twin

    async def stranger(self) -> int:
        """The number of another GitHub user, whose token was used some time."""
        remember = self.backend.service.credentials.remember
        return await remember(fingerprint("other"), User("U_other", 7, "other"), self.clock.now())

    @asynccontextmanager
    async def working(self, concurrency: int = 2) -> AsyncGenerator[None]:
        """Carry out jobs until the end of the block."""
        stop = asyncio.Event()
        database, bell = self.backend.service.database, self.backend.bell
        reader = JobReader(
            self.backend.service,
            self.backend.connections.of_user,
            lambda user: PostgresLedger(database, bell, user, speed=None),
        )
        worker = asyncio.create_task(
            work(database, reader, clock=self.clock, concurrency=concurrency, stop=stop)
        )
        try:
            yield
        finally:
            stop.set()
            with suppress(asyncio.CancelledError):
                await worker


async def make_keys(database: Database) -> None:
    """Make the keys of the tests, which have no quotas."""
    keys, now = Keys(database), SystemClock().now()
    wanted = (
        ("key", KEY, DEFAULT_SCOPES),
        ("counts", COUNTS_KEY, ("neighbours", "jobs")),
        ("admin", ADMIN_KEY, SCOPES),
    )
    for name, text, scopes in wanted:
        key = NewKey(
            name=name,
            scopes=scopes,
            requests_per_minute=None,
            points_per_day=None,
            github_seconds_per_day=None,
        )
        await keys.create(key, text, now)


@asynccontextmanager
async def serving(
    database_url: str,
    graph: Graph,
    behaviour: Behaviour | None = None,
    *,
    is_working: bool = True,
    **settings_more: Any,
) -> AsyncGenerator[Served]:
    """Start everything: sandbox, store, service, and a worker unless told otherwise."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(graph, behaviour))
        database = await stack.enter_async_context(Database.open(database_url, sandbox.url))
        await make_keys(database)
        clock = VirtualClock(sandbox.clock.now())
        github = await stack.enter_async_context(
            GitHub(TOKEN, sandbox.url, now=clock.now, seconds_header=SECONDS_HEADER)
        )
        settings = Settings(
            github_token=TOKEN,
            github_url=sandbox.url,
            database_url=database_url,
            **{"secret_keys": ("what seals the tokens of keys in a test",), **settings_more},
        )
        backend = await stack.enter_async_context(open_backend(settings, database, github, clock, speed=None))
        served = Served(sandbox, backend, github, clock)
        await stack.enter_async_context(served.listening())
        if is_working:
            await stack.enter_async_context(served.working())
        yield served
