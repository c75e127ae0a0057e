"""`stargazer neighbours`: the main job."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import rich_click as click
from rich.text import Text

from stargazer.cli.options import (
    Span,
    format_option,
    later_option,
    repository_argument,
    sandbox_options,
    stargazers_option,
)
from stargazer.cli.output import is_quiet, print_for_people, standard_output
from stargazer.cli.problems import PARTIAL, say
from stargazer.cli.progress import watched
from stargazer.cli.render import WRITERS
from stargazer.cli.report import check_report, write_report
from stargazer.cli.session import connect
from stargazer.cli.signals import stop_on_signal
from stargazer.cli.stargazer_file import Given, read_given
from stargazer.cli.summary import describe_cost, describe_kind, describe_pace
from stargazer.cli.table import neighbours_table
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.find import Finding, Found
from stargazer.neighbours.answer import Neighbours
from stargazer.neighbours.rank import SCORES
from stargazer.planner.budget import Budget
from stargazer.planner.plan import Plan

TABLE_ROWS = 20
"""How many rows a table has unless told otherwise."""


class Shown(msgspec.Struct, frozen=True):
    """What of the answer is printed, and how."""

    form: str
    sort: str
    top: int | None
    min_shared: int

    def choose(self, neighbours: Neighbours) -> Neighbours:
        """Choose and order what is printed."""
        chosen = neighbours.at_least(self.min_shared).sorted_by(self.sort)
        default = TABLE_ROWS if self.form == "table" else 0
        top = default if self.top is None else self.top
        return chosen.top(top) if top else chosen


EXAMPLES = """
Examples:
  stargazer neighbours pallets/flask
  stargazer neighbours pallets/flask --format csv --report report.json > flask.csv
  stargazer neighbours pallets/flask --stargazers flask.ndjson --sort relevance
  stargazer neighbours rails/rails --sandbox
"""


@click.command("neighbours", cls=VerbatimCommand, epilog=EXAMPLES)
@repository_argument()
@click.option(
    "--sort", type=click.Choice(SCORES), default="shared", show_default=True, help="Which come first."
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Print so many; 0: all.  [default: {TABLE_ROWS} in a table, else 0]",
)
@click.option(
    "--min-shared",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Print those that share so many stargazers.",
)
@format_option("table", "json", "ndjson", "csv")
@click.option("--report", metavar="FILE", help="Write how the answer was come by, as JSON.")
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    metavar="POINTS",
    help="Spend so many of GitHub's points at most, or fail with the price.",
)
@click.option(
    "--time",
    "seconds",
    type=Span(positive=True),
    help="Spend so much of GitHub's time at most: 90s, 5m, 2h, 7d.",
)
@click.option(
    "--max-stars-per-user",
    type=click.IntRange(min=1),
    metavar="N",
    help="Read so many stars of a user at most; who has more counts as truncated.",
)
@stargazers_option
@click.option(
    "--max-age",
    type=Span(),
    default="7d",
    show_default=True,
    expose_value=False,
    help="Use what is stored and not older. There is no store yet: everything is read anew.",
)
@click.option(
    "--no-store",
    is_flag=True,
    expose_value=False,
    help="Store nothing. There is no store yet, so that is how it always runs.",
)
@sandbox_options
@later_option("--sample", "USERS")
@later_option("--until", "…")
@later_option("--seed", "N")
def command(
    repository: str,
    sort: str,
    top: int | None,
    min_shared: int,
    form: str,
    report: str | None,
    budget: int | None,
    seconds: float | None,
    max_stars_per_user: int | None,
    file: str | None,
    speed: float | None,
) -> int:
    """Find the repositories that the stargazers of OWNER/NAME starred too.

    The answer says whether it is exact. Ctrl-C ends the reading, and prints what was read.
    """
    allowed = Budget(points=budget, seconds=seconds)
    path = check_report(report)
    given = _given(repository, file)
    plan = Plan.neighbours(
        repository,
        budget=allowed,
        logins=given.logins,
        users=given.users,
        max_stars_per_user=max_stars_per_user,
    )
    found, interrupted = asyncio.run(_find(plan, given, speed))
    return _show(found, interrupted, Shown(form, sort, top, min_shared), given, path, speed)


def _given(repository: str, file: str | None) -> Given:
    # A name that is none is told before a long file is read.
    Plan.neighbours(repository)
    return read_given(file)


async def _find(plan: Plan, given: Given, speed: float | None) -> tuple[Found, int | None]:
    """Read what is to be read; returns the exit code of a signal beside it, if one came."""
    async with connect(speed) as session:
        with watched(session.clock, speed) as on_progress:
            finding = Finding(
                plan, session.github, clock=session.clock, users=given.users, on_progress=on_progress
            )
            with stop_on_signal(finding.stop) as caught:
                found = await finding.answer()
    return found, caught.exit_code


def _show(
    found: Found, interrupted: int | None, shown: Shown, given: Given, path: Path | None, speed: float | None
) -> int:
    """Print the answer and write its report; returns the exit code."""
    write_report(path, found, given.warnings)
    chosen = shown.choose(found.neighbours)
    kind, cost = describe_kind(found), describe_cost(found.spent)
    if shown.form == "table":
        _print_table(found, chosen, [kind, cost, describe_pace(found, speed)])
    else:
        with standard_output() as file:
            WRITERS[shown.form](chosen, file)
        if not found.complete or not is_quiet():
            say(f"{kind}; {cost}")
    if interrupted is not None:
        say("interrupted: what was read is printed")
        return interrupted
    if found.error is not None:
        say(found.error.message)
        return found.error.problem.exit_code
    return 0 if found.complete else PARTIAL


def _print_table(found: Found, chosen: Neighbours, lines: list[str]) -> None:
    table = neighbours_table(chosen, found.coverage.stargazers_listed)
    more = len(found.neighbours) - len(chosen)
    rest = [f"{more:,} more: --top 0 prints all, --format csv all with their stargazers"] if more else []
    body = [table] if len(chosen) else []
    print_for_people(*body, *(Text(line[:1].upper() + line[1:] + ".") for line in [*rest, *lines]))
