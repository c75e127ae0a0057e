"""What the doctor looks at in the database; nothing there is changed."""

from __future__ import annotations

from contextlib import suppress

from stargazer.cli.checks import Check, Examined, State, problem
from stargazer.cli.schema import Connection, connected, lacking
from stargazer.cli.storage import find_server, has_server
from stargazer.cli.words import count
from stargazer.errors import StoreUnavailable
from stargazer.settings import Settings
from stargazer.store.migrate import installed


async def examine_store(settings: Settings, examined: Examined) -> None:
    """Look at the database and its schema; our own server is started for it, as it is for every command."""
    looked_at = "database"
    try:
        async with find_server(settings) as dsn, connected(dsn, read_only=True) as connection:
            examined.checks.append(_check_server(connection, settings))
            looked_at = "schema"
            examined.checks.append(await _check_schema(connection))
    except StoreUnavailable as error:
        examined.checks.append(_failed(looked_at, error, settings))


def _check_server(connection: Connection, settings: Settings) -> Check:
    version = connection.get_server_version()
    where = "as the environment names it" if settings.database_url else f"our own in {settings.data_dir}"
    return Check("database", State.OK, f"PostgreSQL {version.major}.{version.minor}, {where}")


async def _check_schema(connection: Connection) -> Check:
    missing = await lacking(connection)
    if not missing:
        return Check("schema", State.OK, f"version {installed()[-1].number}, up to date")
    found = f"{count(len(missing), 'migration is', 'migrations are')} missing"
    advice = "`stargazer migrate` applies what is missing, and so does whatever opens the database next"
    return Check("schema", State.WARNING, found, advice)


def _failed(name: str, error: StoreUnavailable, settings: Settings) -> Check:
    reason = str(error.facts["reason"])
    with suppress(StoreUnavailable):
        if not has_server(settings):
            return Check(name, State.WARNING, f"nothing is kept: {reason}", error.message)
    return problem(name, reason, error)
