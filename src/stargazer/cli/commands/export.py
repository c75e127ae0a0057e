"""`stargazer export`: the stored answer, without asking anybody."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import BinaryIO

import rich_click as click

from stargazer.cli.answer import Choice, Shown
from stargazer.cli.answering import from_store, user_of
from stargazer.cli.options import format_option, repository_argument, sandbox_options
from stargazer.cli.output import is_quiet, standard_output
from stargazer.cli.parquet import ParquetWriter, check_parquet
from stargazer.cli.problems import PARTIAL, say
from stargazer.cli.render import WRITERS, Writer, write_rows
from stargazer.cli.session import Session, connect
from stargazer.cli.storage import open_store
from stargazer.cli.summary import describe_kind
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.cli.words import span
from stargazer.errors import InvalidRequest, exit_code_of
from stargazer.planner.name import parse_name
from stargazer.service import Service
from stargazer.store.database import Database

EXAMPLES = """
Examples:
  stargazer export pallets/flask > flask.csv
  stargazer export pallets/flask --format parquet > flask.parquet
"""

FORMS: dict[str, Callable[[BinaryIO], Writer]] = {
    "csv": WRITERS["csv"],
    "ndjson": WRITERS["ndjson"],
    "json": WRITERS["json"],
    "parquet": ParquetWriter,
}


@click.command("export", cls=VerbatimCommand, epilog=EXAMPLES)
@repository_argument()
@format_option(*FORMS)
@sandbox_options
def command(repository: str, form: str, speed: float | None) -> int:
    """Print the stored answer for OWNER/NAME, all of it, however old.

    It is the answer that was made last with this token, as `neighbours` prints it, and GitHub is not
    asked, except once whose a new token is. Parquet needs pyarrow.
    """
    name = "/".join(parse_name(repository))
    if form == "parquet":
        check_parquet()
        if sys.stdout.isatty():
            raise InvalidRequest("standard output", "a file or a pipe for --format parquet")
    return asyncio.run(_export(name, form, speed))


async def _export(name: str, form: str, speed: float | None) -> int:
    async with connect(speed) as session, open_store(session) as database:
        shown = await _stored(name, session, database)
        if shown is None:
            say(f"nothing is stored about {name}: read it with `stargazer neighbours {name}`")
            return exit_code_of("repository-not-found")
        with standard_output() as file:
            await write_rows(shown.rows(Choice()), FORMS[form](file))
        if not shown.complete or not is_quiet():
            say(f"{describe_kind(shown)}; made {_age(shown, session)} ago")
    return 0 if shown.complete else PARTIAL


async def _stored(name: str, session: Session, database: Database) -> Shown | None:
    service = Service(database, session.clock)
    user = await user_of(session, service)
    known = await service.repositories.named(name)
    if known is None:
        return None
    stored = await service.answers.latest(known.number, user)
    return None if stored is None else await from_store(service, stored, 0.0)


def _age(shown: Shown, session: Session) -> str:
    age = session.clock.now() - (shown.made_at or session.clock.now())
    return span(max(age, timedelta(0)).total_seconds())
