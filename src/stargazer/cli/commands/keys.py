"""`stargazer keys`: the API keys of the HTTP service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import rich_click as click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stargazer.cli.keys import (
    NEVER,
    NONE,
    Life,
    Limit,
    facts_of,
    keys_sandbox_option,
    name_argument,
    open_keys_store,
)
from stargazer.cli.options import Span, format_option
from stargazer.cli.output import print_for_people, print_json, print_words
from stargazer.cli.problems import say
from stargazer.cli.table import facts_table
from stargazer.cli.verbatim import VerbatimCommand, VerbatimGroup
from stargazer.cli.words import span
from stargazer.errors import InvalidRequest
from stargazer.runner import SystemClock
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import (
    DEFAULT_SCOPES,
    GITHUB_SECONDS_PER_DAY,
    POINTS_PER_DAY,
    REQUESTS_PER_MINUTE,
    SCOPES,
    Key,
    KeyRecord,
    Keys,
    NewKey,
)
from stargazer.store.usage import Day, Usage

EXAMPLES = """
Examples:
  stargazer keys create ci ada@example.org
  stargazer keys create dashboard --scope neighbours --expires never --points-per-day none
  stargazer keys list
  stargazer keys rotate ci --overlap 1d
  stargazer keys revoke ci
  stargazer keys usage ci
"""

EXPIRES = "90d"


@click.group(
    "keys",
    cls=VerbatimGroup,
    epilog=EXAMPLES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.pass_context
def command(context: click.RichContext, /) -> int:
    """Create, list, rotate and revoke the API keys of the HTTP service.

    Keys are named here, never typed: the text of a key is shown once, when it is made, and the database
    has only its SHA-256. A key is for one GitHub: that of STARGAZER_GITHUB_URL.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 0


def _expires_option(function: Any) -> Any:
    return click.option(
        "--expires",
        type=Life(),
        default=EXPIRES,
        show_default=True,
        help=f"How long its text works: a span, or `{NEVER}` for one that never expires.",
    )(function)


@command.command("create", cls=VerbatimCommand)
@name_argument()
@click.argument("email", metavar="[EMAIL]", required=False)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=DEFAULT_SCOPES,
    show_default=True,
    help="What it may do: read counts (neighbours), see who shares (names), order jobs (jobs), bring lists "
    "of stargazers (import), read the service's own numbers (admin). May be given several times.",
)
@_expires_option
@click.option(
    "--requests-per-minute",
    type=Limit(),
    default=REQUESTS_PER_MINUTE,
    show_default=True,
    metavar="N",
    help=f"How many requests it may make in a minute, or `{NONE}` for no limit.",
)
@click.option(
    "--points-per-day",
    type=Limit(),
    default=POINTS_PER_DAY,
    show_default=True,
    metavar="N",
    help="How many of GitHub's points its jobs may spend in a day, likewise.",
)
@click.option(
    "--github-seconds-per-day",
    type=Limit(),
    default=GITHUB_SECONDS_PER_DAY,
    show_default=True,
    metavar="N",
    help="How many seconds of GitHub's time they may take in a day, likewise.",
)
@format_option("table", "json")
@keys_sandbox_option
def create(
    name: str,
    email: str | None,
    scopes: Sequence[str],
    expires: timedelta | str,
    form: str,
    *,
    sandbox: bool,
    **limits: int | str,
) -> int:
    """Make a key that works at once, and print it: it is shown this once.

    EMAIL is a note of yours, whom to ask about the key.
    """
    now, text = SystemClock().now(), make_key_text()
    wanted = NewKey(
        name=name,
        email=email,
        scopes=[scope for scope in SCOPES if scope in scopes],
        expires_at=_expiry(expires, now),
        **{limit: None if number == NONE else int(number) for limit, number in limits.items()},
    )

    async def make() -> Key:
        async with open_keys_store(sandbox=sandbox) as database:
            return await Keys(database).create(wanted, text, now)

    _show_new(asyncio.run(make()), text, form)
    return 0


@command.command("list", cls=VerbatimCommand)
@format_option("table", "json")
@keys_sandbox_option
def list_keys(form: str, *, sandbox: bool) -> int:
    """List all keys, those included that expired or were revoked."""
    records, now = asyncio.run(_records(None, sandbox=sandbox)), SystemClock().now()
    if form == "json":
        print_json([facts_of(record, now) for record in records])
    elif records:
        print_for_people(_table(records, now))
    else:
        print_words(["There are no keys: make one with `stargazer keys create NAME`."])
    return 0


@command.command("show", cls=VerbatimCommand)
@name_argument()
@format_option("table", "json")
@keys_sandbox_option
def show(name: str, form: str, *, sandbox: bool) -> int:
    """Show all that is known of a key; its text is not."""
    (record,), now = asyncio.run(_records(name, sandbox=sandbox)), SystemClock().now()
    if form == "json":
        print_json(facts_of(record, now))
    else:
        print_for_people(facts_table(_facts(record, now)))
    return 0


@command.command("revoke", cls=VerbatimCommand)
@name_argument()
@format_option("table", "json")
@keys_sandbox_option
def revoke(name: str, form: str, *, sandbox: bool) -> int:
    """Let a key open nothing any more, from this second on, for good."""

    async def end() -> bool:
        async with open_keys_store(sandbox=sandbox) as database:
            return await Keys(database).revoke(name, SystemClock().now())

    is_new = asyncio.run(end())
    if form == "json":
        print_json({"name": name, "revoked": True})
    else:
        print_words([f"{name} is revoked." if is_new else f"{name} was revoked before."])
    return 0


@command.command("rotate", cls=VerbatimCommand)
@name_argument()
@click.option(
    "--overlap",
    type=Span(),
    default="1h",
    show_default=True,
    help="How long the old text works yet; 0: no longer.",
)
@_expires_option
@format_option("table", "json")
@keys_sandbox_option
def rotate(name: str, overlap: float, expires: timedelta | str, form: str, *, sandbox: bool) -> int:
    """Give a key a new text, and print it: it is shown this once.

    The key keeps its rights, its quotas and its jobs.
    """
    now, text = SystemClock().now(), make_key_text()
    lap = timedelta(seconds=min(overlap, timedelta(days=36_500).total_seconds()))

    async def renew() -> Key:
        async with open_keys_store(sandbox=sandbox) as database:
            return await Keys(database).rotate(name, text, now, overlap=lap, expires_at=_expiry(expires, now))

    _show_new(asyncio.run(renew()), text, form)
    if form != "json":
        say(f"the old key works for {span(overlap)} yet" if overlap else "the old key works no more")
    return 0


@command.command("usage", cls=VerbatimCommand)
@name_argument(required=False)
@click.option(
    "--days",
    type=click.IntRange(1, 3_660),
    default=30,
    show_default=True,
    metavar="N",
    help="Of the last N days, today included, in UTC.",
)
@format_option("table", "json")
@keys_sandbox_option
def usage(name: str | None, days: int, form: str, *, sandbox: bool) -> int:
    """Show what keys used, day by day: requests, and what their jobs cost.

    A job is charged to whoever, of all who want it, has wanted it longest.
    """

    async def read() -> list[Day]:
        async with open_keys_store(sandbox=sandbox) as database:
            if name is not None:
                await Keys(database).records(name)
            since = SystemClock().now().date() - timedelta(days=days - 1)
            return await Usage(database).days(name, since)

    used = asyncio.run(read())
    if form == "json":
        print_json(used)
    elif used:
        print_for_people(_usage_table(used))
    else:
        print_words(["Nothing was used."])
    return 0


async def _records(name: str | None, *, sandbox: bool) -> list[KeyRecord]:
    async with open_keys_store(sandbox=sandbox) as database:
        return await Keys(database).records(name)


def _expiry(expires: timedelta | str, now: datetime) -> datetime | None:
    if isinstance(expires, timedelta):
        return now + expires
    if expires != NEVER:
        raise InvalidRequest("--expires", f"a span of time, or {NEVER}")
    return None


def _show_new(key: Key, text: str, form: str) -> None:
    """Print the text of a key alone, so that it can be piped; what else there is to say goes beside it."""
    scopes = [scope for scope in SCOPES if scope in key.scopes]
    if form == "json":
        print_json({"key": text, "name": key.name, "expires_at": key.expires_at, "scopes": scopes})
        return
    print_words([text])
    ends = "never expires" if key.expires_at is None else f"expires {_moment(key.expires_at)}"
    say(f"keep the key {key.name} now: it is not shown again ({', '.join(scopes)}; {ends})")


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z" if at is not None else NEVER


def _limit(number: int | None) -> str:
    return NONE if number is None else f"{number:,}"


def _table(records: Sequence[KeyRecord], now: datetime) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("name", "state", "scopes", "expires", "last used", "whom to ask"):
        table.add_column(title)
    for one in records:
        expiry = _moment(one.secrets[0].expires_at) if one.secrets else ""
        row = (one.name, one.state(now), " ".join(one.scopes), expiry, _moment(one.last_used_at), one.email)
        table.add_row(*(Text(cell or "") for cell in row))
    return table


def _facts(record: KeyRecord, now: datetime) -> list[tuple[str, str]]:
    secrets = [
        (f"text {one.hint}…", f"{_moment(one.created_at)} to {_moment(one.expires_at)}")
        for one in record.secrets
    ]
    return [
        ("name", record.name),
        ("state", record.state(now)),
        ("whom to ask", record.email or ""),
        ("scopes", " ".join(record.scopes)),
        ("requests a minute", _limit(record.requests_per_minute)),
        ("points a day", _limit(record.points_per_day)),
        ("GitHub seconds a day", _limit(record.github_seconds_per_day)),
        ("created", _moment(record.created_at)),
        ("last used", _moment(record.last_used_at)),
        *([("revoked", _moment(record.revoked_at))] if record.revoked_at is not None else []),
        *secrets,
    ]


def _usage_table(used: Sequence[Day]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("day")
    table.add_column("key")
    for title in ("requests", "304", "jobs", "points", "GitHub seconds"):
        table.add_column(title, justify="right")
    for one in used:
        numbers = (one.requests, one.not_modified, one.jobs, one.points, one.github_seconds)
        table.add_row(str(one.day), Text(one.key), *(f"{number:,.0f}" for number in numbers))
    return table
