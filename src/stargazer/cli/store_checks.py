"""What the doctor looks at in the database; nothing there is changed."""

from __future__ import annotations

from contextlib import suppress

from stargazer.cli.checks import Check, Examined, State, problem
from stargazer.cli.schema import Connection, connected, lacking
from stargazer.cli.storage import find_server, has_server
from stargazer.cli.words import count
from stargazer.errors import StoreUnavailable
from stargazer.settings import Settings
from stargazer.store.ledger import read_charged
from stargazer.store.ledger_state import Charged
from stargazer.store.migrate import installed


async def examine_store(settings: Settings, endpoint: str, examined: Examined) -> None:
    """Look at the database, its schema, and what it says about GitHub's charges at *endpoint*.

    Our own server is started for it, as it is for every command.
    """
    looked_at = "database"
    try:
        async with find_server(settings) as dsn, connected(dsn, read_only=True) as connection:
            examined.checks.append(_check_server(connection, settings))
            looked_at = "schema"
            schema = await _check_schema(connection)
            examined.checks.append(schema)
            if schema.state is State.OK:
                looked_at = "charges"
                examined.checks += _check_charges(await read_charged(connection, endpoint))
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


def _check_charges(so_far: Charged) -> list[Check]:
    if so_far.calls == 0:
        return []
    calls, predicted = count(so_far.calls, "call"), count(so_far.estimated, "point")
    if so_far.charged == so_far.estimated:
        return [Check("charges", State.OK, f"{calls} cost {predicted}, as predicted")]
    found = f"{calls} cost {count(so_far.charged, 'point')}; {predicted} were predicted"
    if so_far.charged < so_far.estimated:
        return [Check("charges", State.OK, found)]
    advice = "GitHub charges more than its published formula: `stargazer doctor --probe` makes a report of it"
    return [Check("charges", State.WARNING, found, advice)]


def _failed(name: str, error: StoreUnavailable, settings: Settings) -> Check:
    reason = str(error.facts["reason"])
    with suppress(StoreUnavailable):
        if not has_server(settings):
            return Check(name, State.WARNING, f"nothing is kept: {reason}", error.message)
    return problem(name, reason, error)
