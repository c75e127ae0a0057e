"""`stargazer plan`: the price before it is spent."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import timedelta

import rich_click as click

from stargazer.cli.answering import Asked, latest, user_of
from stargazer.cli.options import (
    format_option,
    max_age_option,
    repository_argument,
    sandbox_options,
    stargazers_option,
)
from stargazer.cli.output import print_for_people, print_json
from stargazer.cli.session import Session, connect
from stargazer.cli.stargazer_file import read_given
from stargazer.cli.storage import open_store_if_any, shared_ledger
from stargazer.cli.table import facts_table
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.cli.words import span
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import Run
from stargazer.service import Service
from stargazer.service.pricing import Price, SamplePrice, price, price_samples, price_stored
from stargazer.store.database import Database

EXAMPLES = """
Examples:
  stargazer plan pallets/flask
  stargazer plan rails/rails --sandbox --format json
"""


@click.command("plan", cls=VerbatimCommand, epilog=EXAMPLES)
@repository_argument()
@format_option("table", "json")
@stargazers_option
@max_age_option
@sandbox_options
def command(
    repository: str,
    form: str,
    file: str | None,
    max_age: timedelta,
    is_stored: bool,
    speed: float | None,
) -> int:
    """Tell what the neighbours of OWNER/NAME would cost, for one small question.

    The question asks for the repository and the ends of its list of stargazers, so it also tells
    whether this token may list them. What is stored costs nothing; what the other star lists hold is
    not known before they are read: the price is a guess from what others saw, and gets better while
    `neighbours` reads.
    """
    Plan.neighbours(repository)
    asked = Asked(repository=repository, given=read_given(file), max_age=max_age)
    priced = asyncio.run(_price(asked, is_stored, speed))
    if form == "json":
        print_json(priced.public())
    else:
        print_for_people(facts_table(_rows(priced)))
    return 0


async def _price(asked: Asked, is_stored: bool, speed: float | None) -> Price:
    async with (
        connect(speed) as session,
        open_store_if_any(session) if is_stored else nullcontext() as database,
    ):
        if database is None:
            return await _ask(asked, session)
        return await _ask_both(asked, session, database)


async def _ask(asked: Asked, session: Session) -> Price:
    """Drive a plan until it knows the repository; that is one call, if the network is well.

    Raises:
        StargazerError: what ended it before.
    """
    plan = asked.plan()

    def look(_: Progress) -> None:
        if plan.facts is not None:
            run.stop()

    run = Run(plan, session.github, session.clock, on_pages=lambda _: None, on_progress=look)
    finish = await run.finish()
    if finish.error is not None:
        raise finish.error
    return _priced(plan, asked, session)


async def _ask_both(asked: Asked, session: Session, database: Database) -> Price:
    """Ask the store, and GitHub for what the store lacks; that is stored.

    Raises:
        StargazerError: what ended it before the repository was known.
    """
    service = Service(database, session.clock)
    wanted = asked.wanted(await user_of(session, service))
    stored = await latest(service, wanted)
    if stored is not None:
        return await price_stored(service, stored)
    async with shared_ledger(session, service.database, wanted.credential_user) as ledger:
        return await price(service, wanted, session.github, ledger)


def _priced(plan: Plan, asked: Asked, session: Session) -> Price:
    estimate = plan.estimate(session.clock.now())
    # A run that ended without an error has got its first reply.
    assert estimate is not None  # noqa: S101
    assert plan.facts is not None  # noqa: S101
    is_listed = asked.given.logins is None
    listed = plan.facts.stargazer_count if is_listed else plan.coverage.stargazers_listed
    samples = price_samples(plan, listed, session.clock.now())
    return Price(plan.repository, listed, estimate, samples=samples)


def _rows(price: Price) -> list[tuple[str, str]]:
    estimate = price.estimate
    return [
        ("repository", price.repository),
        ("stargazers", f"{price.stargazers:,}"),
        ("calls", f"{estimate.calls:,}"),
        ("points", f"{estimate.points:,}"),
        ("pages", f"{estimate.pages:,}"),
        ("nodes", f"{estimate.nodes:,}"),
        ("GitHub's time", span(estimate.github_seconds)),
        ("time, at the present budget", span(estimate.seconds)),
        *(_sample_row(one) for one in price.samples),
    ]


def _sample_row(one: SamplePrice) -> tuple[str, str]:
    """The choice of a sample: it tells a neighbour that a tenth of the stargazers share to so much."""
    return f"or ± {one.width:.0%}, with --sample {one.users}", span(one.estimate.seconds)
