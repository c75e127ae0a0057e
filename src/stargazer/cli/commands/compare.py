"""`stargazer compare`: several repositories side by side."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import rich_click as click
from rich.text import Text

from stargazer.cli.answer import Choice, Rows, stored_rows
from stargazer.cli.answering import Asked
from stargazer.cli.comparing import (
    Read,
    describe_counted,
    describe_people,
    pairs_table,
    read_all,
    repositories_table,
)
from stargazer.cli.options import (
    age_option,
    budget_options,
    choice_options,
    filter_options,
    format_option,
    sample_options,
    sandbox_options,
)
from stargazer.cli.output import is_quiet, print_for_people, print_json, standard_output
from stargazer.cli.problems import PARTIAL, say
from stargazer.cli.render import WRITERS, write_rows
from stargazer.cli.session import Session, connect, read_settings
from stargazer.cli.stargazer_file import read_given
from stargazer.cli.storage import open_store
from stargazer.cli.summary import describe_cost, describe_order
from stargazer.cli.table import neighbours_table
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.neighbours.filter import ALL, Filter
from stargazer.neighbours.rank import Score
from stargazer.neighbours.sampling import Sampling
from stargazer.neighbours.stop import Until
from stargazer.planner.budget import Budget
from stargazer.planner.name import parse_name
from stargazer.planner.sample import SampleSize
from stargazer.service import Service
from stargazer.service.comparing import Comparison, Of, check_repositories, compare
from stargazer.service.items import item
from stargazer.store.database import Database

EXAMPLES = """
Examples:
  stargazer compare pallets/flask django/django
  stargazer compare pallets/flask django/django bottlepy/bottle --intersection --format csv
  stargazer compare rails/rails mojombo/jekyll --sandbox
"""


class Wish(msgspec.Struct, frozen=True):
    """What is to be compared, whose neighbours are wanted, which of them, and how they are printed."""

    asked: list[Asked]
    of: Of
    form: str
    choice: Choice


@click.command("compare", cls=VerbatimCommand, epilog=EXAMPLES)
@click.argument("repositories", metavar="OWNER/NAME...", nargs=-1, required=True)
@click.option(
    "--union/--intersection",
    "is_union",
    default=True,
    help="Whose neighbours: of those who starred any of them, or all of them.  [default: union]",
)
@choice_options
@format_option("table", "json", "ndjson", "csv")
@budget_options
@age_option
@sandbox_options
@sample_options
@filter_options
def command(
    repositories: tuple[str, ...],
    is_union: bool,
    sort: Score | None,
    top: int | None,
    min_shared: int,
    form: str,
    budget: int | None,
    seconds: float | None,
    max_age: timedelta,
    speed: float | None,
    sample: SampleSize | None,
    until: Until | None,
    seed: int | None,
    only: Filter,
) -> int:
    """Compare how far the stargazers of several repositories are the same people.

    Tells how many starred each of 2 to 10 repositories, both of each pair, any and all of them; and the
    neighbours of those who starred any of them, or with --intersection all of them. What is not stored is
    read first, as by neighbours; --budget and --time are for all of it.

    json prints one object with everything, ndjson and csv print the neighbours alone.
    """
    if seed is not None and sample is None and until is None:
        raise click.UsageError("--seed goes with --sample or --until")
    if only.needs_details:
        raise click.UsageError("--language, --archived and --forks go with neighbours, not with compare")
    names = ["/".join(parse_name(name)) for name in repositories]
    check_repositories("OWNER/NAME", names)
    allowed = Budget(points=budget, seconds=seconds, concurrency=read_settings(speed).github_concurrency)
    sampling = Sampling(sample, until, seed or 0) if sample or until else None
    asked = [
        Asked(repository=name, budget=allowed, given=read_given(None), max_age=max_age, sampling=sampling)
        for name in names
    ]
    for one in asked:
        one.plan()
    choice = Choice.for_form(form, sort=sort, top=top, min_shared=min_shared, only=only)
    return asyncio.run(_run(Wish(asked, "union" if is_union else "intersection", form, choice), speed))


async def _run(wish: Wish, speed: float | None) -> int:
    """Read, compare and print; returns the exit code."""
    async with connect(speed) as session, open_store(session) as database:
        read = await read_all(session, database, wish.asked)
        if len(read.answers) < len(wish.asked):
            say("interrupted: what was read is kept; ask again to go on from there")
            return read.interrupted or PARTIAL
        return await _show(session, database, wish, read)


async def _show(session: Session, database: Database, wish: Wish, read: Read) -> int:
    """Compare what was read and print it; returns the exit code."""
    service = Service(database, session.clock)
    found = await compare(service, read.answers, wish.of, is_named=wish.choice.is_named)
    rows = stored_rows(service.pages, found.neighbours)(wish.choice)
    kind, cost = describe_counted(found), describe_cost(read.spent)
    if wish.form == "table":
        await _print_tables(found, wish.choice, rows, [kind, cost])
    elif wish.form == "json":
        items = [item(row) async for some in rows for row in some]
        print_json({**found.public(is_named=True), "neighbours": items})
    else:
        with standard_output() as file:
            await write_rows(rows, WRITERS[wish.form](file))
    if wish.form != "table" and (not found.complete or not is_quiet()):
        say(f"{kind}; {cost}")
    if read.interrupted is not None:
        say("interrupted: what was read is compared")
        return read.interrupted
    if read.error is not None:
        say(read.error.message)
        return read.error.exit_code
    return 0 if found.complete else PARTIAL


async def _print_tables(found: Comparison, choice: Choice, rows: Rows, lines: list[str]) -> None:
    shown = [row async for some in rows for row in some]
    tables = [repositories_table(found.repositories), pairs_table(found)]
    said = [describe_people(found)]
    if shown:
        tables.append(neighbours_table(shown, choice.sort))
        said.append(describe_order(choice.sort, found.neighbours.kind))
    if choice.only == ALL and (more := found.neighbours.neighbours - len(shown)):
        said.append(f"{more:,} more neighbours: --top 0 prints all, --format csv all with their stargazers")
    print_for_people(*tables, *(Text(line[:1].upper() + line[1:] + ".") for line in [*said, *lines]))
