"""Who waits for a word of another process: PostgreSQL's NOTIFY, heard once a process.

A notice says only *that* something changed, never what: whoever hears it looks
into the table. So a notice that is lost while the connection is down costs time
and nothing else, and everybody is woken when it is back.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

import asyncpg

from stargazer.errors import StoreUnavailable
from stargazer.store.database import Database

if TYPE_CHECKING:
    from stargazer.store.database import Connection

_CHANNEL = "stargazer"
_RETRY_SECONDS = 0.2

_ANNOUNCE = f"SELECT pg_notify('{_CHANNEL}', $1)"
"""Send a notice when the transaction commits."""


class Ear:
    """Hears the notices of one name from the moment it was made."""

    def __init__(self) -> None:
        self._heard = asyncio.Event()

    @property
    def heard(self) -> bool:
        """Whether a notice has come since `forget`."""
        return self._heard.is_set()

    def ring(self) -> None:
        """Note that something was heard."""
        self._heard.set()

    def forget(self) -> None:
        """Wait for what comes from now on."""
        self._heard.clear()

    async def wait(self, seconds: float | None = None) -> None:
        """Come back when a notice has come since `forget`, or after so many *seconds*."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard.wait()


class Bell:
    """The one connection of a process that listens. Open it with `Bell.open`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ears: defaultdict[str, WeakSet[Ear]] = defaultdict(WeakSet)

    @classmethod
    @asynccontextmanager
    async def open(cls, database: Database) -> AsyncGenerator[Bell]:
        """Listen until the end of the block; a lost connection is opened again."""
        bell = cls(database)
        listening = asyncio.create_task(bell._listen())
        try:
            yield bell
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def ear(self, name: str) -> Ear:
        """Make an ear for the notices of *name*; it hears as long as somebody holds it."""
        ear = Ear()
        self._ears[name].add(ear)
        return ear

    async def _listen(self) -> None:
        while True:
            with suppress(StoreUnavailable):
                async with self._database.connection() as connection:
                    await self._listen_on(connection)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen_on(self, connection: Connection) -> None:
        lost = asyncio.Event()

        def hear(_connection: object, _pid: int, _channel: str, name: object) -> None:
            self._ring(str(name))

        def lose(_connection: object) -> None:
            lost.set()

        connection.add_termination_listener(lose)
        await connection.add_listener(_CHANNEL, hear)
        try:
            for name in tuple(self._ears):
                self._ring(name)
            await lost.wait()
        finally:
            if not connection.is_closed():
                connection.remove_termination_listener(lose)
                with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                    await connection.remove_listener(_CHANNEL, hear)

    def _ring(self, name: str) -> None:
        ears = self._ears.get(name)
        for ear in ears or ():
            ear.ring()
        if not ears:
            self._ears.pop(name, None)


async def announce(connection: Connection, name: str) -> None:
    """Tell every process, when the transaction commits, that what is called *name* has changed."""
    await connection.execute(_ANNOUNCE, name)
