"""The API keys that a command is about: those of the environment's GitHub, or of the sandbox."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import rich_click as click

from stargazer.cli.options import Span
from stargazer.cli.session import SANDBOX_ENDPOINT, read_settings
from stargazer.cli.storage import find_server
from stargazer.github.address import check_url
from stargazer.store.database import Database
from stargazer.store.keys import KeyRecord, check_name

F = TypeVar("F", bound=Callable[..., Any])

NEVER = "never"
NONE = "none"

_LONGEST_LIFE = timedelta(days=36_500)


class Life(click.ParamType[Any]):
    """How long a key works: a span, or `never`, which becomes None."""

    name = "span"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | str:
        """Read a span."""
        if isinstance(value, timedelta):
            return value
        if value == NEVER:
            return NEVER
        seconds = Span(positive=True).convert(str(value), param, ctx)
        return timedelta(seconds=min(seconds, _LONGEST_LIFE.total_seconds()))


class Limit(click.ParamType[Any]):
    """A number from 1, or `none`."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Read a limit."""
        if isinstance(value, int):
            return value
        if value == NONE:
            return NONE
        text = str(value)
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
            self.fail(f"{text!r} is no number from 1 to 2,147,483,647, nor {NONE}", param, ctx)
        return int(text)


def name_argument(*, required: bool = True) -> Callable[[F], F]:
    """Add the argument NAME; a key in its place is refused, and not shown."""

    def check(_context: click.Context, _argument: click.Parameter, name: str | None) -> str | None:
        if name is not None:
            check_name(name)
        return name

    return click.argument("name", metavar="NAME" if required else "[NAME]", required=required, callback=check)


def keys_sandbox_option(function: F) -> F:
    """Add `--sandbox`."""
    return click.option(
        "--sandbox", is_flag=True, help="Those of the sandbox, which has a store of its own."
    )(function)


@asynccontextmanager
async def open_keys_store(*, sandbox: bool) -> AsyncGenerator[Database]:
    """Open the store for the endpoint whose keys are meant; no GitHub token is needed.

    Raises:
        SettingError: the URL of GitHub cannot be used.
        StoreUnavailable: the store cannot be used.
    """
    settings = read_settings(1.0 if sandbox else None)
    endpoint = SANDBOX_ENDPOINT if sandbox else str(check_url(settings.github_url))
    async with find_server(settings) as dsn, Database.open(dsn, endpoint) as database:
        yield database


def facts_of(record: KeyRecord, now: datetime) -> dict[str, Any]:
    """All that may be told of a key, as JSON has it."""
    facts = {name: getattr(record, name) for name in record.__struct_fields__ if name != "number"}
    return {"name": record.name, "state": record.state(now), **facts}
