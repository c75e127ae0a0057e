"""`stargazer tokens`: the GitHub tokens of API keys."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import rich_click as click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stargazer.cli.options import format_option
from stargazer.cli.output import print_for_people, print_json, print_words
from stargazer.cli.problems import say
from stargazer.cli.session import read_settings
from stargazer.cli.storage import find_server
from stargazer.cli.verbatim import VerbatimCommand, VerbatimGroup
from stargazer.cli.words import count
from stargazer.errors import InvalidRequest
from stargazer.github.address import check_url, is_token
from stargazer.github.transport import GitHub
from stargazer.runner import SystemClock
from stargazer.service.stores import Stores
from stargazer.service.token_check import CheckedToken, add_token
from stargazer.settings import Settings
from stargazer.store.database import Database
from stargazer.store.keys import Keys, check_name
from stargazer.store.tokens import TokenRecord, Tokens, sealer_of

F = TypeVar("F", bound=Callable[..., Any])

EXAMPLES = """
Examples:
  gh auth token | stargazer tokens add ci
  stargazer tokens add ci < token.txt
  stargazer tokens list
  stargazer tokens remove ci
  STARGAZER_SECRET_KEY_PREVIOUS=$OLD stargazer tokens reseal
"""

TOKEN_BYTES_AT_MOST = 1_024
"""More than that on standard input is no token."""

NOT_AN_ARGUMENT = (
    "empty: the token comes from standard input, never as an argument. If that was one, it now stands in "
    "the history of your shell: revoke it"
)


@click.group(
    "tokens",
    cls=VerbatimGroup,
    epilog=EXAMPLES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.pass_context
def command(context: click.RichContext, /) -> int:
    """Give API keys a GitHub token of their own, and take it from them.

    The jobs of such a key run with its token, on the rate limit of that token's GitHub user, and what they
    read is seen by keys of that user only. Tokens are kept sealed under STARGAZER_SECRET_KEY. They are
    never pooled: GitHub forbids sharing them to get around its limits.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 0


def _key_argument(function: F) -> F:
    """Add KEYNAME, and refuse whatever follows it without showing it: it may be a token."""

    def check(_context: click.Context, _argument: click.Parameter, name: str) -> str:
        if is_token(name):
            raise InvalidRequest("KEYNAME", f"the name of a key; {NOT_AN_ARGUMENT.partition(': ')[2]}")
        check_name(name)
        return name

    def refuse(_context: click.Context, _argument: click.Parameter, more: Sequence[str]) -> None:
        if more:
            raise InvalidRequest("what follows KEYNAME", NOT_AN_ARGUMENT)

    rest = click.argument("more", nargs=-1, callback=refuse, expose_value=False, metavar="")
    return click.argument("name", metavar="KEYNAME", callback=check)(rest(function))


@command.command("add", cls=VerbatimCommand)
@_key_argument
@format_option("table", "json")
def add(name: str, form: str) -> int:
    """Keep a GitHub token for a key, in place of an older one.

    The token is read from standard input. GitHub is asked whose it is, and a token that GitHub does not
    know is refused.
    """
    settings = read_settings()
    sealer_of(settings)
    token = _read_token()

    async def keep() -> tuple[TokenRecord, CheckedToken] | None:
        async with _opened(settings) as (database, tokens):
            number = await _number_of(database, name)
            github = GitHub(token, settings.github_url, ca=settings.github_ca)
            return await add_token(Stores(database, SystemClock()), tokens, github, number, token)

    kept = asyncio.run(keep())
    if kept is None:
        raise InvalidRequest("KEYNAME", f"a key that is not revoked, as {name} is")
    record, checked = kept
    if form == "json":
        told = msgspec.structs.asdict(checked)
        points = {one: told[one] for one in ("points_an_hour", "points_remaining")}
        print_json({**_public(record), **points})
    else:
        print_words([_describe(record, checked)])
    return 0


@command.command("list", cls=VerbatimCommand)
@format_option("table", "json")
def list_tokens(form: str) -> int:
    """List which key has a token, and whose it is; of the token its last four letters are shown."""

    async def read() -> list[TokenRecord]:
        async with _opened(read_settings()) as (_, tokens):
            return await tokens.records()

    records = asyncio.run(read())
    if form == "json":
        print_json([_public(record) for record in records])
    elif records:
        print_for_people(_table(records))
    else:
        print_words(["No key has a GitHub token of its own: `stargazer tokens add KEYNAME` gives it one."])
    return 0


@command.command("remove", cls=VerbatimCommand)
@_key_argument
@format_option("table", "json")
def remove(name: str, form: str) -> int:
    """Forget the token of a key. Its jobs that are under way end with the call in flight."""

    async def forget() -> bool:
        async with _opened(read_settings()) as (database, tokens):
            return await tokens.remove(await _number_of(database, name))

    had_one = asyncio.run(forget())
    if form == "json":
        print_json({"key": name, "removed": had_one})
    else:
        print_words([f"The token of {name} is removed." if had_one else f"{name} has no token."])
    return 0


@command.command("reseal", cls=VerbatimCommand)
@format_option("table", "json")
def reseal(form: str) -> int:
    """Seal all tokens with the present STARGAZER_SECRET_KEY.

    Run it after the secret was replaced, with the old one in STARGAZER_SECRET_KEY_PREVIOUS; afterwards that
    is not needed any more. A token that no secret opens is named, and has to be added again.
    """

    async def again() -> tuple[int, list[str]]:
        async with _opened(read_settings()) as (_, tokens):
            return await tokens.reseal()

    resealed, closed = asyncio.run(again())
    if form == "json":
        print_json({"resealed": resealed, "closed": closed})
    else:
        print_words([f"{count(resealed, 'token was', 'tokens were')} sealed anew."])
    if closed:
        say(f"no secret opens the token of {', '.join(closed)}: add it again")
        return 1
    return 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[tuple[Database, Tokens]]:
    """Open the store; the environment's own GitHub token is not needed."""
    endpoint = str(check_url(settings.github_url))
    async with find_server(settings) as dsn, Database.open(dsn, endpoint) as database:
        yield database, Tokens(database, sealer_of(settings))


async def _number_of(database: Database, name: str) -> int:
    [record] = await Keys(database).records(name)
    return record.number


def _read_token() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("GitHub token (it is not shown)", hide_input=True, err=True)).strip()
    token = sys.stdin.buffer.read(TOKEN_BYTES_AT_MOST + 1)
    if len(token) > TOKEN_BYTES_AT_MOST or not token.strip():
        raise InvalidRequest("standard input", "one GitHub token, for example `gh auth token | …`")
    return token.decode(errors="replace").strip()


def _public(record: TokenRecord) -> dict[str, Any]:
    facts = {one: getattr(record, one) for one in record.__struct_fields__ if one != "key_number"}
    return {"key": record.key, **facts}


def _describe(record: TokenRecord, checked: CheckedToken) -> str:
    scopes = "its rights are not told" if record.scopes is None else _scopes(record)
    points = checked.points_an_hour
    budget = "no rate limit" if points is None else f"{checked.points_remaining:,} of {points:,} points left"
    return (
        f"The key {record.key} has {record.kind} of {record.login} (…{record.last_four}): {scopes}; {budget}."
    )


def _scopes(record: TokenRecord) -> str:
    return f"scopes {' '.join(record.scopes)}" if record.scopes else "no scopes"


def _table(records: Sequence[TokenRecord]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("key", "GitHub user", "token", "kind", "scopes", "added"):
        table.add_column(title)
    for one in records:
        scopes = "" if one.scopes is None else _scopes(one).removeprefix("scopes ")
        row = (one.key, one.login, f"…{one.last_four}", one.kind, scopes, f"{one.added_at:%Y-%m-%d %H:%M}Z")
        table.add_row(*map(Text, row))
    return table
