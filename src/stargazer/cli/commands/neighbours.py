"""`stargazer neighbours`: the main job."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import msgspec
import rich_click as click
from rich.table import Table
from rich.text import Text

from stargazer.cli.about import NEEDS_STORE
from stargazer.cli.answer import Choice, Row, Shown
from stargazer.cli.answering import Answered, Asked, answer, find
from stargazer.cli.inverted import among, check_inverted
from stargazer.cli.options import (
    budget_options,
    choice_options,
    filter_options,
    format_option,
    max_age_option,
    repository_argument,
    sample_options,
    sandbox_options,
    stargazers_option,
)
from stargazer.cli.output import is_quiet, print_for_people, standard_output
from stargazer.cli.problems import PARTIAL, say
from stargazer.cli.render import WRITERS, write_rows
from stargazer.cli.report import check_report, write_report
from stargazer.cli.session import Session, connect, read_settings
from stargazer.cli.stargazer_file import Given, read_given
from stargazer.cli.storage import open_store, open_store_if_any
from stargazer.cli.summary import describe_age, describe_cost, describe_kind, describe_order, describe_pace
from stargazer.cli.table import neighbours_table, reasons_table
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.neighbours.filter import ALL, Filter
from stargazer.neighbours.rank import Score
from stargazer.neighbours.sampling import Sampling
from stargazer.neighbours.stop import Until
from stargazer.neighbours.why import reason
from stargazer.planner.budget import Budget
from stargazer.planner.page import Details
from stargazer.planner.plan import Plan
from stargazer.planner.sample import SampleSize


class Printing(msgspec.Struct, frozen=True):
    """How the answer is printed, what of it, and where its report goes."""

    form: str
    choice: Choice
    is_why: bool
    report: Path | None


EXAMPLES = """
Examples:
  stargazer neighbours pallets/flask
  stargazer neighbours pallets/flask --format csv --report report.json > flask.csv
  stargazer neighbours pallets/flask --stargazers flask.ndjson --sort relevance
  stargazer neighbours rails/rails --sandbox
  stargazer neighbours rails/rails --sandbox --sample 300
  stargazer neighbours pallets/jinja --from store
"""


@click.command("neighbours", cls=VerbatimCommand, epilog=EXAMPLES)
@repository_argument()
@choice_options
@click.option(
    "--why",
    "is_why",
    is_flag=True,
    help="In a table: say of each what makes it a neighbour, and what chance would give.",
)
@format_option("table", "json", "ndjson", "csv")
@click.option("--report", metavar="FILE", help="Write how the answer was come by, as JSON.")
@budget_options
@click.option(
    "--max-stars-per-user",
    type=click.IntRange(min=1),
    metavar="N",
    help="Read so many stars of a user at most; who has more counts as truncated.",
)
@click.option(
    "--from",
    "origin",
    type=click.Choice(("github", "store")),
    default="github",
    show_default=True,
    help="With store GitHub is not asked: those on your stored lists who starred OWNER/NAME are counted.",
)
@stargazers_option
@max_age_option
@sandbox_options
@sample_options
@filter_options
def command(
    repository: str,
    sort: Score | None,
    top: int | None,
    min_shared: int,
    is_why: bool,
    form: str,
    report: str | None,
    budget: int | None,
    seconds: float | None,
    max_stars_per_user: int | None,
    origin: str,
    file: str | None,
    max_age: timedelta,
    is_stored: bool,
    speed: float | None,
    sample: SampleSize | None,
    until: Until | None,
    seed: int | None,
    only: Filter,
) -> int:
    """Find the repositories that the stargazers of OWNER/NAME starred too.

    The answer says whether it is exact. What is read is stored: asking again is answered at once, and
    what others' stargazers share is not read twice. Ctrl-C ends the reading, and prints what was read;
    asking again goes on from there.

    With --sample or --until it is an estimate: a random part of the stargazers is read.

    With --from store it is what the people on your stored lists starred besides OWNER/NAME, for no points:
    not its own neighbours, and always partial.
    """
    if seed is not None and sample is None and until is None:
        raise click.UsageError("--seed goes with --sample or --until")
    if is_why and form != "table":
        raise click.UsageError("--why goes with --format table; the figures are in every format")
    path = check_report(report)
    # A name that is none is told before a long file is read.
    Plan.neighbours(repository)
    asked = Asked(
        repository=repository,
        budget=Budget(points=budget, seconds=seconds, concurrency=read_settings(speed).github_concurrency),
        given=read_given(file),
        max_stars_per_user=max_stars_per_user,
        max_age=max_age,
        sampling=Sampling(sample, until, seed or 0) if sample or until else None,
    )
    asked.plan()
    is_inverted = origin == "store"
    if is_inverted:
        check_inverted(asked, is_stored=is_stored)
    if only.needs_details and not is_stored:
        raise click.UsageError(NEEDS_STORE)
    if until is not None:
        # What a rule is about is what is shown: the first by what they share.
        sort = sort or "shared"
    choice = Choice.for_form(form, sort=sort, top=top, min_shared=min_shared, only=only)
    printing = Printing(form, choice, is_why, path)
    if is_inverted:
        return asyncio.run(_run_inverted(asked, printing, speed))
    return asyncio.run(_run(asked, printing, is_stored, speed))


async def _run_inverted(asked: Asked, printing: Printing, speed: float | None) -> int:
    """Answer from the stored lists alone and print; returns the exit code."""
    async with connect(speed) as session, open_store(session) as database:
        answered = await among(session, database, asked, is_named=printing.choice.is_named)
        return await _show(answered, asked.given, printing, session)


async def _run(asked: Asked, printing: Printing, is_stored: bool, speed: float | None) -> int:
    """Answer and print while the store is open; returns the exit code."""
    async with (
        connect(speed) as session,
        open_store_if_any(session) if is_stored else nullcontext() as database,
    ):
        if database is None:
            answered = await find(session, asked)
        else:
            answered = await answer(session, database, asked)
        return await _show(answered, asked.given, printing, session)


async def _show(answered: Answered, given: Given, printing: Printing, session: Session) -> int:
    """Print the answer and write its report; returns the exit code."""
    choice = await answered.choose(printing.choice)
    rows: list[Row] = []
    told: dict[str, Details] = {}
    if printing.form == "table":
        rows = [row async for some in answered.shown.rows(choice) for row in some]
        told = {} if printing.is_why else await answered.told_of(rows)
    answered = answered.paid()
    shown = answered.shown
    write_report(printing.report, shown, given.warnings)
    kind, cost = describe_kind(shown), describe_cost(shown.spent)
    if shown.made_at is not None:
        cost = describe_age(shown.made_at, session.clock.now(), shown.spent)
    if printing.form == "table":
        lines = [kind, cost, describe_pace(shown, session.speed)]
        await _print_table(shown, printing, rows, told, lines)
    else:
        with standard_output() as file:
            await write_rows(shown.rows(choice), WRITERS[printing.form](file))
        if not shown.complete or not is_quiet():
            say(f"{kind}; {cost}")
    if answered.interrupted is not None:
        say("interrupted: what was read is printed")
        return answered.interrupted
    if shown.error is not None:
        say(shown.error.message)
        return shown.error.exit_code
    return 0 if shown.complete else PARTIAL


async def _print_table(
    shown: Shown, printing: Printing, rows: list[Row], told: dict[str, Details], lines: list[str]
) -> None:
    choice = printing.choice
    body: list[Table] = []
    rest: list[str] = []
    if rows and printing.is_why:
        chance = await shown.chance()
        body = [reasons_table((row, reason(row, shown.repository, chance)) for row in rows)]
    elif rows:
        body = [neighbours_table(rows, choice.sort, told)]
    if rows:
        rest.append(describe_order(choice.sort, shown.kind))
    if choice.only != ALL:
        rest.append("--top 0 prints all that pass") if len(rows) == choice.top else None
    elif more := shown.neighbours - len(rows):
        rest.append(f"{more:,} more: --top 0 prints all, --format csv all with their stargazers")
    print_for_people(*body, *(Text(line[:1].upper() + line[1:] + ".") for line in [*rest, *lines]))
