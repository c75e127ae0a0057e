"""`stargazer forget`: removes a person from the store, and keeps them out."""

from __future__ import annotations

import asyncio

import msgspec
import rich_click as click

from stargazer.cli.keys import open_keys_store
from stargazer.cli.options import format_option
from stargazer.cli.output import print_json, print_words
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.cli.words import count
from stargazer.errors import InvalidRequest
from stargazer.runner import SystemClock
from stargazer.sources.entry import is_login
from stargazer.store.forgetting import Removed, Whom, forget

EXAMPLES = """
Examples:
  stargazer forget octocat
  stargazer forget octocat --id 583231
  stargazer forget --id "$(gh api users/octocat --jq .id)"
"""

LARGEST_ID = 2**63 - 1

OUT_OF_REACH = "Logs, printed answers and backups of before are out of reach: after a restore, do it again."


@click.command("forget", cls=VerbatimCommand, epilog=EXAMPLES)
@click.argument("login", metavar="[LOGIN]", required=False)
@click.option(
    "--id",
    "database_id",
    type=click.IntRange(1, LARGEST_ID),
    metavar="DATABASE_ID",
    help="GitHub's number of the user, which survives renames; LOGIN, if given too, is an older name.",
)
@format_option("table", "json")
@click.option("--sandbox", is_flag=True, help="From the store of the sandbox.")
def command(login: str | None, database_id: int | None, form: str, *, sandbox: bool) -> int:
    """Remove a person from everything that is kept, and keep them out.

    Their star list goes, and they are taken out of lists of stargazers and of stored answers, whose counts
    stay as they were counted. If a GitHub token of theirs was used here, what it read goes too. Later
    readings leave them out and count them as hidden. Nothing stays of them but keyed hashes.
    """
    if login is None and database_id is None:
        raise click.UsageError("Give a LOGIN, or --id DATABASE_ID")
    if login is not None and not is_login(login):
        raise InvalidRequest("LOGIN", "the login of a GitHub user", got=login)
    whom = Whom(login, database_id)

    async def remove() -> Removed:
        async with open_keys_store(sandbox=sandbox) as database:
            return await forget(database, whom, SystemClock().now())

    removed = asyncio.run(remove())
    if form == "json":
        print_json({"login": login, "database_id": database_id, **msgspec.structs.asdict(removed)})
    else:
        print_words([*describe(removed), OUT_OF_REACH])
    return 0


def describe(removed: Removed) -> list[str]:
    """Say what was removed.

    Example:
        >>> describe(Removed(star_lists=1, answers=2))
        ['Removed: 1 star list; taken out of 2 answers.', 'They are kept out from now on.']
        >>> describe(Removed())
        ['Nothing is kept of them.', 'They are kept out from now on.']
    """
    theirs = (
        count(removed.star_lists, "star list"),
        count(removed.tokens, "fingerprint of a token", "fingerprints of tokens"),
        count(removed.jobs, "job"),
        count(removed.own_lists, "list that their token brought", "lists that their token brought"),
        count(removed.own_answers, "answer that it read", "answers that it read"),
    )
    others = (
        count(removed.stargazer_lists, "list of stargazers", "lists of stargazers"),
        count(removed.imported_lists, "imported list"),
        count(removed.answers, "answer"),
    )
    said = [
        f"{what} {', '.join(some)}"
        for what, told in (("removed:", theirs), ("taken out of", others))
        if (some := [one for one in told if not one.startswith("0 ")])
    ]
    what = "; ".join(said) or "nothing is kept of them"
    return [f"{what[0].upper()}{what[1:]}.", "They are kept out from now on."]
