"""`stargazer serve`: the HTTP service, and a worker inside."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import rich_click as click
from prometheus_client import disable_created_metrics

from stargazer.api.backend import Backend
from stargazer.api.metrics import Counted, Metrics
from stargazer.app import create_app, open_backend
from stargazer.cli.options import LONGEST_AGE, SPEED, Span, format_option
from stargazer.cli.output import print_json, print_words
from stargazer.cli.problems import secrets_of
from stargazer.cli.serving import Address, Server, listening, metrics_at, url_of
from stargazer.cli.session import Session, connect, read_settings
from stargazer.cli.signals import stop_on_signal
from stargazer.cli.storage import open_store
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.cli.working import Shift, work_until
from stargazer.errors import InvalidRequest
from stargazer.logs import Log
from stargazer.runner import SystemClock
from stargazer.settings import Settings
from stargazer.store.database import Database
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import SCOPES, Keys, NewKey

EXAMPLES = """
Examples:
  stargazer serve --sandbox
  stargazer serve --host 0.0.0.0 --no-worker
"""

SANDBOX_KEY = "sandbox"
SANDBOX_EXAMPLE = "rails/rails"

_LOG = logging.getLogger(__name__)


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """How to serve."""

    address: Address
    metrics_port: int
    shift: Shift | None
    speed: float | None
    form: str


@click.command("serve", cls=VerbatimCommand, epilog=EXAMPLES)
@click.option("--host", help="Where to listen; else STARGAZER_HOST, else this machine alone (127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="0: any that is free; else STARGAZER_PORT, else 8000.",
)
@click.option("--no-worker", is_flag=True, help="Carry out no jobs: `stargazer worker` does.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    metavar="N",
    help="Carry out so many jobs at once.",
)
@click.option(
    "--keep",
    type=Span(positive=True),
    default="90d",
    show_default=True,
    help="Remove answers, lists and jobs that are older; the last answer of a repository stays.",
)
@click.option(
    "--sandbox",
    is_flag=True,
    help="Ask a simulated GitHub with real data, with a store of its own, and print a key for it.",
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 1_000),
    default=SPEED,
    show_default=True,
    metavar="N",
    help="Let the sandbox run N times faster than GitHub.",
)
@format_option("table", "json")
def command(
    host: str | None,
    port: int | None,
    no_worker: bool,
    concurrency: int,
    keep: float,
    sandbox: bool,
    speed: float,
    form: str,
) -> int:
    """Serve the HTTP API with its documentation, and carry out its jobs.

    The schema of the database is brought up to date first. The log goes to standard error, a line a
    request, as JSON unless that is a terminal. Told to stop, by Ctrl-C or SIGTERM, it answers what it has
    accepted, ends its streams, and hands its jobs back, within five seconds.
    """
    settings = read_settings()
    serving = Serving(
        address=Address(
            settings.host if host is None else host,
            settings.port if port is None else port,
            settings.trusted_proxies,
        ),
        metrics_port=settings.metrics_port,
        shift=None
        if no_worker
        else Shift(concurrency=concurrency, kept=timedelta(seconds=min(keep, LONGEST_AGE.total_seconds()))),
        speed=speed if sandbox else None,
        form=form,
    )
    _run(_serve(serving, settings))
    return 0


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Run on the fastest loop that this platform has."""
    if sys.platform == "win32":
        asyncio.run(serving)
        return
    import uvloop

    uvloop.run(serving)


async def _serve(serving: Serving, settings: Settings) -> None:
    log = Log(sys.stderr, secrets=secrets_of(os.environ))
    with listening(serving.address) as listener:
        async with (
            connect(serving.speed, is_service=True) as session,
            open_store(session) as database,
            _backend(session, database, settings) as backend,
        ):
            disable_created_metrics()  # type: ignore[no-untyped-call]
            metrics = Metrics()
            app = create_app(backend, settings=backend.settings, metrics=metrics, observers=[log.request])
            server = Server(app, listener, serving.address.trusted_proxies)
            key = await _sandbox_key(database) if serving.speed is not None else None
            log.take_over()
            _LOG.info("service.started", extra={"url": url_of(listener)})
            with stop_on_signal(backend.stopping.set):
                _tell(url_of(listener), key, serving.form)
                await _until_stopped(serving, session, backend, server, metrics)
            _LOG.info("service.stopped")


@asynccontextmanager
async def _backend(session: Session, database: Database, settings: Settings) -> AsyncGenerator[Backend]:
    """Open the backend; a sandbox has its own token and store, and all else as it is set."""
    served = msgspec.structs.replace(
        session.settings,
        host=settings.host,
        port=settings.port,
        trusted_proxies=settings.trusted_proxies,
        cors_origins=settings.cors_origins,
        secret_keys=settings.secret_keys,
        shares_token=settings.shares_token,
        shares_lists=settings.shares_lists,
        get_seconds_at_most=settings.get_seconds_at_most,
    )
    speed = 1.0 if session.speed is None else None
    async with open_backend(served, database, session.github, session.clock, speed=speed) as backend:
        yield backend


async def _until_stopped(
    serving: Serving, session: Session, backend: Backend, server: Server, metrics: Metrics
) -> None:
    """Serve and work until we are told to stop, or one of both cannot go on.

    Raises:
        StargazerError: why it cannot.
    """
    try:
        await _serve_and_work(serving, session, backend, server, metrics)
    except BaseExceptionGroup as group:
        # Whatever failed first ended the rest.
        raise next(_leaves(group)) from group


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


async def _serve_and_work(
    serving: Serving, session: Session, backend: Backend, server: Server, metrics: Metrics
) -> None:
    stop, database = backend.stopping, backend.service.database
    async with (
        metrics_at(serving.address.host, serving.metrics_port, metrics, database),
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(server.serve())
        if serving.shift is not None:
            working = work_until(
                stop,
                session,
                database,
                serving.shift,
                through=lambda transport: Counted(transport, metrics),
            )
            tasks.create_task(_stopping(stop, working))
        try:
            await stop.wait()
        finally:
            stop.set()
            await server.stop()
            await running


async def _stopping(stop: asyncio.Event, working: Coroutine[Any, Any, None]) -> None:
    """Work; when that cannot go on, end the service too, so that whoever watches it sees."""
    try:
        await working
    finally:
        stop.set()


async def _sandbox_key(database: Database) -> str:
    """Make the key of a sandbox, which may do everything; each start has a new one."""
    text, keys, now = make_key_text(), Keys(database), SystemClock().now()
    try:
        await keys.create(
            NewKey(
                name=SANDBOX_KEY,
                scopes=SCOPES,
                requests_per_minute=None,
                points_per_day=None,
                github_seconds_per_day=None,
            ),
            text,
            now,
        )
    except InvalidRequest:
        await keys.rotate(SANDBOX_KEY, text, now, overlap=timedelta(0), expires_at=None)
    return text


def _tell(url: str, key: str | None, form: str) -> None:
    if form == "json":
        print_json({"url": url, "documentation": f"{url}/docs", "key": key})
        return
    lines = [f"stargazer listens at {url} until Ctrl-C; {url}/docs has the documentation."]
    if key is not None:
        example = f"{url}/repos/{SANDBOX_EXAMPLE}/starneighbours?per_page=5"
        lines += [
            "GitHub is simulated, with real data. A key for it, which the next start replaces:",
            "",
            f"  {key}",
            "",
            "Try it in another terminal:",
            "",
            f'  curl -H "X-API-Key: {key}" "{example}"',
        ]
    print_words(lines)
