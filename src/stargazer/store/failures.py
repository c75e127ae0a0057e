"""What goes wrong with a database, said in our words: the border where foreign errors end."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
import msgspec

from stargazer.errors import StoreUnavailable

_WAIT = "wait until it is back, or check STARGAZER_DATABASE_URL"


class _Meaning(msgspec.Struct, frozen=True):
    """What an error of PostgreSQL means to the person who runs us."""

    reason: str
    do: str
    retryable: bool = False


_MEANINGS: tuple[tuple[type[Exception], _Meaning], ...] = (
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        _Meaning("PostgreSQL refuses the user or the password", "correct them in STARGAZER_DATABASE_URL"),
    ),
    (
        asyncpg.InvalidCatalogNameError,
        _Meaning("there is no such database", "create it with `createdb`, or correct STARGAZER_DATABASE_URL"),
    ),
    (
        asyncpg.DiskFullError,
        _Meaning("the disk of the database is full", "free some space there", retryable=True),
    ),
    (
        asyncpg.TooManyConnectionsError,
        _Meaning(
            "PostgreSQL accepts no more connections",
            "run fewer workers, or raise its max_connections",
            retryable=True,
        ),
    ),
    (
        asyncpg.InsufficientResourcesError,
        _Meaning("the database server is short of memory", "give it more", retryable=True),
    ),
    (
        asyncpg.ReadOnlySQLTransactionError,
        _Meaning("the database is read-only", "let STARGAZER_DATABASE_URL name the primary server"),
    ),
    (
        asyncpg.InsufficientPrivilegeError,
        _Meaning("its user lacks a right", "let the user of STARGAZER_DATABASE_URL own the database"),
    ),
    (
        asyncpg.OperatorInterventionError,
        _Meaning("the database server is starting or stopping", _WAIT, retryable=True),
    ),
    (
        asyncpg.PostgresConnectionError,
        _Meaning("the connection to the database broke", _WAIT, retryable=True),
    ),
    (
        asyncpg.TransactionRollbackError,
        _Meaning("the database undid a transaction", "try again", retryable=True),
    ),
    (
        asyncpg.PostgresSystemError,
        _Meaning("the database server cannot read or write its files", "look into its log", retryable=True),
    ),
    (
        asyncpg.IdleInTransactionSessionTimeoutError,
        _Meaning("the database gave up waiting for us", "try again", retryable=True),
    ),
)
"""What each error of PostgreSQL means; the first that fits counts.

Source: https://www.postgresql.org/docs/15/errcodes-appendix.html (read 2026-11-24).
"""


@contextmanager
def store_errors() -> Generator[None]:
    """Translate what asyncpg and the operating system raise inside.

    Mistakes of ours, such as a wrong statement, pass unchanged.

    Raises:
        StoreUnavailable: the database cannot be used; `retryable` when waiting may help.
    """
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(_unreachable(error), do=_WAIT, retryable=True) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        raise StoreUnavailable(meaning.reason, do=meaning.do, retryable=meaning.retryable) from error


def unreadable_url() -> StoreUnavailable:
    """Say that a database URL is none, without showing it: it may hold a password."""
    return StoreUnavailable(
        "its URL cannot be read",
        do="write STARGAZER_DATABASE_URL as postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    )


def _unreachable(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "the database does not answer in time"
    return f"nothing answers at its address: {error.strerror or error}"


def _meaning(error: Exception) -> _Meaning | None:
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return meaning
    if isinstance(error, asyncpg.InterfaceError) and "clos" in str(error):
        return _Meaning("the connection to the database was closed", _WAIT, retryable=True)
    return None
