"""`stargazer migrate`: the schema of the database."""

from __future__ import annotations

import asyncio

import rich_click as click

from stargazer.cli.options import format_option, sandbox_options
from stargazer.cli.output import print_json, print_words
from stargazer.cli.schema import bring_up_to_date, missing
from stargazer.cli.session import read_settings
from stargazer.cli.storage import find_server
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.cli.words import count
from stargazer.errors import exit_code_of
from stargazer.settings import Settings

EXAMPLES = """
Examples:
  stargazer migrate
  stargazer migrate --check
"""

NOT_DONE = exit_code_of("store-unavailable")


@click.command("migrate", cls=VerbatimCommand, epilog=EXAMPLES)
@click.option("--check", is_flag=True, help="Change nothing; the exit code is 1 if there is something to do.")
@format_option("table", "json")
@sandbox_options
def command(check: bool, form: str, speed: float | None) -> int:
    """Bring the schema of the database up to date, and say what was done.

    Every command that opens the database does that by itself. This one is for those who want to see it
    done, for example before many workers start. A schema that is newer than this version of stargazer
    is an error.
    """
    names = asyncio.run(_migrate(read_settings(speed), check=check))
    if form == "json":
        print_json({"missing" if check else "applied": names})
    else:
        print_words(_lines(names, check=check))
    return NOT_DONE if check and names else 0


async def _migrate(settings: Settings, *, check: bool) -> list[str]:
    """Return the names of what is missing, or was applied."""
    async with find_server(settings) as dsn:
        migrations = await (missing if check else bring_up_to_date)(dsn)
    return [migration.name for migration in migrations]


def _lines(names: list[str], *, check: bool) -> list[str]:
    if not names:
        return ["The schema is up to date."]
    if check:
        done = f"{count(len(names), 'migration is', 'migrations are')} missing; `stargazer migrate` applies"
        return [f"{done} {'it' if len(names) == 1 else 'them'}:", *names]
    return [f"Applied {count(len(names), 'migration')}:", *names]
