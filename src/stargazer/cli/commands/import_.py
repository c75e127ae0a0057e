"""`stargazer import`: a list of stargazers from elsewhere."""

from __future__ import annotations

import asyncio

import rich_click as click

from stargazer.cli.answering import user_of
from stargazer.cli.options import format_option, repository_argument
from stargazer.cli.output import print_json, print_words
from stargazer.cli.problems import say
from stargazer.cli.session import connect
from stargazer.cli.storage import open_store
from stargazer.cli.verbatim import VerbatimCommand, VerbatimGroup
from stargazer.cli.words import count
from stargazer.planner.name import parse_name
from stargazer.service import Service
from stargazer.service.importing import SOURCE, Given, Imported, import_stargazers
from stargazer.store.imported_lists import ImportKey

EXAMPLES = """
Examples:
  stargazer import stargazers pallets/flask flask.ndjson
  stargazer import stargazers pallets/flask flask.csv.gz --source "GH Archive, until mid-2025"
  stargazer list pallets/flask | stargazer import stargazers pallets/flask -
  stargazer import remove pallets/flask
"""

WARNINGS_SHOWN = 5


@click.group(
    "import",
    cls=VerbatimGroup,
    epilog=EXAMPLES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.pass_context
def command(context: click.RichContext, /) -> int:
    """Keep a list of stargazers that came from elsewhere than GitHub's own list.

    Where GitHub does not list the stargazers of a repository to your token, its neighbours are found from
    the imported list: partial, and saying so.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 0


@command.command("stargazers", cls=VerbatimCommand)
@repository_argument()
@click.argument("file", metavar="FILE")
@click.option(
    "--source",
    default=SOURCE,
    show_default=True,
    metavar="NAME",
    help="Where the list comes from, in your words; answers repeat it.",
)
@format_option("table", "json")
def stargazers(repository: str, file: str, source: str, form: str) -> int:
    """Keep the stargazers of OWNER/NAME that FILE names, in place of an older list; `-` is standard input.

    FILE is CSV with a column `login` or `id`, NDJSON with those members, or one login a line; plain or
    gzipped. Lines that name nobody are skipped, and told by number. The list belongs to the GitHub user
    whose token is in the environment.
    """
    parse_name(repository)

    async def keep() -> Imported:
        async with connect() as session, open_store(session) as database:
            service = Service(database, session.clock)
            user = await user_of(session, service)
            given = Given(path=file, source=source)
            return await import_stargazers(service, session.github, repository, user, given)

    done = asyncio.run(keep())
    if form == "json":
        print_json(done)
    else:
        print_words([_describe(done)])
    for warning in done.warnings[:WARNINGS_SHOWN]:
        say(f"warning: {warning}")
    if len(done.warnings) > WARNINGS_SHOWN:
        say(f"warning: and {len(done.warnings) - WARNINGS_SHOWN} more of the kind: --format json has them")
    return 0


@command.command("remove", cls=VerbatimCommand)
@repository_argument()
@format_option("table", "json")
def remove(repository: str, form: str) -> int:
    """Forget the imported list of OWNER/NAME. Answers that were made from it are not served any more."""
    parse_name(repository)

    async def forget() -> bool:
        async with connect() as session, open_store(session) as database:
            service = Service(database, session.clock)
            user = await user_of(session, service)
            known = await service.repositories.named(repository)
            return known is not None and await service.imported_lists.remove(ImportKey(known.number, user))

    had_one = asyncio.run(forget())
    if form == "json":
        print_json({"repository": repository, "removed": had_one})
    else:
        there_was = f"The imported list of {repository} is removed."
        print_words([there_was if had_one else f"There is no imported list of {repository}."])
    return 0


def _describe(done: Imported) -> str:
    share = (
        ""
        if done.share is None
        else f", {done.share:.1%} of the {done.stargazers_total:,} that GitHub counts"
    )
    span = ""
    if done.first_starred_at is not None:
        span = f"; starred from {done.first_starred_at:%Y-%m-%d} to {done.last_starred_at:%Y-%m-%d}"
    people = count(done.entries, "stargazer")
    return f"{people} of {done.repository} kept{share}{span}; {count(done.skipped, 'line')} skipped."
