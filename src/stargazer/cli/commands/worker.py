"""`stargazer worker`: carries out the jobs of the store."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from functools import partial

import rich_click as click

from stargazer.api.metrics import Counted, Metrics
from stargazer.cli.answering import user_of
from stargazer.cli.options import LONGEST_AGE, Span
from stargazer.cli.output import is_quiet
from stargazer.cli.problems import say, secrets_of
from stargazer.cli.serving import metrics_at
from stargazer.cli.session import connect
from stargazer.cli.signals import stop_on_signal
from stargazer.cli.storage import open_store
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.cli.working import Shift, work_until
from stargazer.logs import Log
from stargazer.service import Service

EXAMPLES = """
Examples:
  stargazer worker
  stargazer worker --concurrency 8 --keep 30d
"""


@click.command("worker", cls=VerbatimCommand, epilog=EXAMPLES)
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
def command(concurrency: int, keep: float) -> int:
    """Carry out the jobs of the store until Ctrl-C or SIGTERM.

    Any number of workers share one database. This one takes the jobs of the GitHub user whose token is in
    its environment and, where STARGAZER_SECRET_KEY is set, of those whose tokens API keys have brought:
    each is read with the token of its own user. Told to stop, it ends the calls in flight, keeps what they
    brought, and hands its jobs back, within five seconds. The log goes to standard error, a line a job, as
    JSON unless that is a terminal.
    """
    kept = timedelta(seconds=min(keep, LONGEST_AGE.total_seconds()))
    asyncio.run(_work(Shift(concurrency=concurrency, kept=kept)))
    return 0


async def _work(shift: Shift) -> None:
    log = Log(sys.stderr, secrets=secrets_of(os.environ))
    async with connect(is_service=True) as session, open_store(session) as database:
        if session.github.has_token:
            await user_of(session, Service(database, session.clock))
        stop, metrics, settings = asyncio.Event(), Metrics(), session.settings
        log.take_over()
        async with metrics_at(settings.host, settings.metrics_port, metrics, database):
            with stop_on_signal(stop.set):
                if not is_quiet():
                    say("takes jobs until Ctrl-C")
                through = partial(Counted, metrics=metrics)
                await work_until(stop, session, database, shift, through=through)
