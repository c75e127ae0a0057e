"""What goes wrong with a database, said in our words: the border where foreign errors end."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import asyncpg
import msgspec

from stargazer.errors import StoreUnavailable, UserForgotten

_WAIT = "wait until it is back, or check STARGAZER_DATABASE_URL"
_TRY_AGAIN = "try again"


class OwnServer(Protocol):
    """A server that stargazer runs itself."""

    @property
    def folder(self) -> Path:
        """Where it keeps everything."""
        ...

    @property
    def log(self) -> Path:
        """What it says."""
        ...

    async def revive(self) -> None:
        """Start it again if it has died, and come back when it takes connections.

        Raises:
            StoreUnavailable: it does not start now; waiting may help.
        """
        ...


class _Meaning(msgspec.Struct, frozen=True):
    """What an error of PostgreSQL means to the person who runs us.

    `do` is for a server of theirs, `do_for_own` for the one that we run, of
    which they know nothing but where it is.
    """

    reason: str
    do: str
    retryable: bool = False
    do_for_own: str = "read {log}"


_MEANINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], _Meaning], ...] = (
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
        _Meaning(
            "the disk of the database is full", "free some space there", True, "free some space for {folder}"
        ),
    ),
    (
        asyncpg.TooManyConnectionsError,
        _Meaning(
            "PostgreSQL accepts no more connections",
            "run fewer workers, or raise its max_connections",
            True,
            "run fewer workers",
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
        # asyncpg rolls back on a connection whose server has said goodbye, and finds it busy with that.
        (asyncpg.PostgresConnectionError, asyncpg.InternalClientError),
        _Meaning("the connection to the database broke", _WAIT, retryable=True),
    ),
    (
        asyncpg.TransactionRollbackError,
        _Meaning("the database undid a transaction", _TRY_AGAIN, True, _TRY_AGAIN),
    ),
    (
        asyncpg.PostgresSystemError,
        _Meaning("the database server cannot read or write its files", "look into its log", retryable=True),
    ),
    (
        asyncpg.IdleInTransactionSessionTimeoutError,
        _Meaning("the database gave up waiting for us", _TRY_AGAIN, True, _TRY_AGAIN),
    ),
    (
        # Among others: a database that lets nobody in just now, or is being made or dropped.
        asyncpg.ObjectNotInPrerequisiteStateError,
        _Meaning("the database is not ready to be used", _WAIT, retryable=True),
    ),
)
"""What each error of PostgreSQL means; the first that fits counts.

Source: https://www.postgresql.org/docs/15/errcodes-appendix.html (read 2026-11-24).
"""

_CLOSED = ("clos", "released back to the pool")
"""What asyncpg says of a connection that broke; the pool takes back one that breaks while it is borrowed."""


_OF_CREDENTIAL_USER = "credential_user_fkey"
"""Ends the names of the keys that refer to a token's GitHub user; nothing but `forget` removes those."""


@contextmanager
def store_errors(own: OwnServer | None = None) -> Generator[None]:
    """Translate what asyncpg and the operating system raise inside.

    Mistakes of ours, such as a wrong statement, pass unchanged.

    Args:
        own: the server, if it is one that we run: the advice is another then.

    Raises:
        UserForgotten: the GitHub user of a token was removed while somebody worked with it.
        StoreUnavailable: the database cannot be used; `retryable` when waiting may help.
    """
    try:
        yield
    except asyncpg.ForeignKeyViolationError as error:
        if (error.constraint_name or "").endswith(_OF_CREDENTIAL_USER):
            raise UserForgotten from error
        raise
    except OSError as error:
        raise _said(_Meaning(_unreachable(error), _WAIT, retryable=True), own) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        raise _said(meaning, own) from error


def unreadable_url() -> StoreUnavailable:
    """Say that a database URL is none, without showing it: it may hold a password."""
    return StoreUnavailable(
        "its URL cannot be read",
        do="write STARGAZER_DATABASE_URL as postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    )


def _said(meaning: _Meaning, own: OwnServer | None) -> StoreUnavailable:
    do = meaning.do if own is None else meaning.do_for_own.format(folder=own.folder, log=own.log)
    return StoreUnavailable(meaning.reason, do=do, retryable=meaning.retryable)


def _unreachable(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "the database does not answer in time"
    return f"nothing answers at its address: {error.strerror or error}"


def _meaning(error: Exception) -> _Meaning | None:
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return meaning
    if isinstance(error, asyncpg.InterfaceError) and any(word in str(error) for word in _CLOSED):
        return _Meaning("the connection to the database was closed", _WAIT, retryable=True)
    return None
