"""`stargazer doctor`: is the set-up sound?"""

from __future__ import annotations

import asyncio
from typing import Any

import rich_click as click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stargazer.cli.checks import Check, Examined, State, examine, problem
from stargazer.cli.options import format_option, repository_argument, sandbox_options
from stargazer.cli.output import print_for_people, print_json, print_words
from stargazer.cli.probe import Probe, probe
from stargazer.cli.problems import say
from stargazer.cli.session import SANDBOX_ENDPOINT, Session, connect, read_settings
from stargazer.cli.store_checks import examine_store
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.errors import CredentialsRefused, SettingError
from stargazer.planner.name import parse_name

EXAMPLES = """
Examples:
  stargazer doctor
  stargazer doctor pallets/flask
  stargazer doctor pallets/flask --probe
"""

STYLES = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "red"}


@click.command("doctor", cls=VerbatimCommand, epilog=EXAMPLES)
@repository_argument(required=False)
@click.option(
    "--probe",
    "measure",
    is_flag=True,
    help="Measure GitHub too, for about ten points, and print a report to be pasted into an issue: "
    "it holds no token, no login and no host name of yours.",
)
@format_option("table", "json")
@sandbox_options
def command(repository: str | None, measure: bool, form: str, speed: float | None) -> int:
    """Check whether the set-up is sound, and what this token may list.

    Looks at the token, whose it is, the rate limit and what is left of it, the clock and how quick
    GitHub is. With a repository: whether it exists, whether this token may list its stargazers, and
    whether their star lists can be read. Last come the database, its schema, and whether GitHub charged for
    our calls what was predicted. The exit code is that of the first problem.
    """
    if repository is not None:
        parse_name(repository)
    examined = Examined()
    measured = asyncio.run(_examine_all(repository, examined, speed, measure))
    if form == "json":
        print_json(_public(examined, measured))
    elif measured is not None:
        print_words(measured.lines())
    else:
        print_for_people(_table(examined))
    for check in examined.checks:
        if check.state is State.PROBLEM:
            say(check.advice)
    return examined.exit_code


async def _examine_all(
    repository: str | None, examined: Examined, speed: float | None, measure: bool
) -> Probe | None:
    """Look at GitHub, then at the store, whatever came of the first."""
    measured = await _examine(repository, examined, speed, measure)
    settings = read_settings(speed)
    endpoint = settings.github_url if speed is None else SANDBOX_ENDPOINT
    await examine_store(settings, endpoint, examined)
    return measured


async def _examine(
    repository: str | None, examined: Examined, speed: float | None, measure: bool
) -> Probe | None:
    """Look at everything; a set-up that cannot even ask is a finding too."""
    try:
        async with connect(speed) as session:
            await examine(session, repository, examined)
            if measure:
                return await _measure(session, examined)
    except CredentialsRefused as error:
        examined.checks.append(problem("token", str(error.facts["reason"]), error))
    except SettingError as error:
        examined.checks.append(problem("GitHub", "its URL cannot be used", error))
    return None


async def _measure(session: Session, examined: Examined) -> Probe | None:
    """Measure with the star lists of stargazers, or else with that of the token's own user."""
    viewer = [examined.viewer] if examined.viewer else []
    users = [user.id for user in examined.users or viewer]
    if users:
        return await probe(session, users, examined.checks)
    advice = "name a repository whose stargazers this token may list"
    examined.checks.append(Check("probe", State.WARNING, "there is nobody whose star list to read", advice))
    return None


def _public(examined: Examined, measured: Probe | None) -> dict[str, Any]:
    checks = [
        {"name": check.name, "state": check.state, "found": check.found, "advice": check.advice or None}
        for check in examined.checks
    ]
    probed = {} if measured is None else {"probe": measured}
    return {"sound": examined.exit_code == 0, "checks": checks, **probed}


def _table(examined: Examined) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("check", "state", "found"):
        table.add_column(title)
    for check in examined.checks:
        table.add_row(check.name, Text(check.state.value, STYLES[check.state]), Text(check.found))
        if check.state is State.WARNING:
            table.add_row("", "", Text(check.advice, "italic"))
    return table
