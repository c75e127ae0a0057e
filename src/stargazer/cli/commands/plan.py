"""`stargazer plan`: the price before it is spent."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import rich_click as click

from stargazer.cli.options import format_option, repository_argument, sandbox_options, stargazers_option
from stargazer.cli.output import print_for_people, print_json
from stargazer.cli.report import rounded
from stargazer.cli.session import Session, connect
from stargazer.cli.stargazer_file import Given, read_given
from stargazer.cli.table import facts_table
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.cli.words import span
from stargazer.planner.forecast import Estimate
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import Run

EXAMPLES = """
Examples:
  stargazer plan pallets/flask
  stargazer plan rails/rails --sandbox --format json
"""


class Price(msgspec.Struct, frozen=True):
    """What the neighbours of a repository would cost."""

    repository: str
    stargazers: int
    estimate: Estimate

    def public(self) -> dict[str, Any]:
        """The published members."""
        return {
            "repository": self.repository,
            "stargazers": self.stargazers,
            **rounded(msgspec.to_builtins(self.estimate)),
        }


@click.command("plan", cls=VerbatimCommand, epilog=EXAMPLES)
@repository_argument()
@format_option("table", "json")
@stargazers_option
@sandbox_options
def command(repository: str, form: str, file: str | None, speed: float | None) -> int:
    """Tell what the neighbours of OWNER/NAME would cost, for one small question.

    The question asks for the repository and the ends of its list of stargazers, so it also tells
    whether this token may list them. What their star lists hold is not known before they are read:
    the price is a guess from what others saw, and gets better while `neighbours` reads.
    """
    Plan.neighbours(repository)
    price = asyncio.run(_ask(repository, read_given(file), speed))
    if form == "json":
        print_json(price.public())
    else:
        print_for_people(facts_table(_rows(price)))
    return 0


async def _ask(repository: str, given: Given, speed: float | None) -> Price:
    plan = Plan.neighbours(repository, logins=given.logins, users=given.users)
    async with connect(speed) as session:
        await _drive(plan, session)
    estimate = plan.estimate(session.clock.now())
    # A run that ended without an error has got its first reply.
    assert estimate is not None  # noqa: S101
    assert plan.facts is not None  # noqa: S101
    listed = plan.facts.stargazer_count if given.logins is None else plan.coverage.stargazers_listed
    return Price(plan.repository, listed, estimate)


async def _drive(plan: Plan, session: Session) -> None:
    """Drive the plan until it knows the repository; that is one call, if the network is well.

    Raises:
        StargazerError: what ended it before.
    """

    def look(_: Progress) -> None:
        if plan.facts is not None:
            run.stop()

    run = Run(plan, session.github, session.clock, on_pages=lambda _: None, on_progress=look)
    finish = await run.finish()
    if finish.error is not None:
        raise finish.error


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
    ]
