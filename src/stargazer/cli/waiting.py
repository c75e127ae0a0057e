"""Waiting for a store that has gone away in the middle of a command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from stargazer.cli.answer import Choice, Rows
from stargazer.cli.problems import say
from stargazer.cli.words import span
from stargazer.errors import StoreUnavailable
from stargazer.store.database import Database

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""So long a command waits for its store before it gives up."""

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 8.0
"""Pauses grow: a store that is there, and yet takes nothing, must not cost calls for a minute."""


class StoreWait:
    """How a command outlives an outage of its store, of which it tells in one line.

    Args:
        database: the store.
        patience_seconds: how long an outage may take.
    """

    def __init__(self, database: Database, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._database = database
        self._patience_seconds = patience_seconds
        self._began: float | None = None
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    def progressed(self) -> None:
        """Note that the store has taken something: an outage, if there was one, is over."""
        self._began = None
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    async def out(self, down: StoreUnavailable) -> None:
        """Come back when the store answers again.

        Raises:
            StoreUnavailable: it does not for too long, or waiting cannot help.
        """
        if not down.retryable:
            raise down
        if self._began is None:
            self._began = time.monotonic()
            say(f"waiting for the store: {down.facts['reason']}; what was read until now is kept")
        while True:
            if time.monotonic() - self._began > self._patience_seconds:
                raise self._gone(down) from down
            await asyncio.sleep(self._pause_seconds)
            self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)
            try:
                async with self._database.connection() as connection:
                    await connection.execute("SELECT 1")
            except StoreUnavailable as still:
                if not still.retryable:
                    raise
                down = still
            else:
                return

    def _gone(self, down: StoreUnavailable) -> StoreUnavailable:
        return StoreUnavailable(
            f"it has not come back for {span(self._patience_seconds)}: {down.facts['reason']}",
            do="ask again when it is back, and the reading goes on with what is stored",
            retryable=True,
        )


def outlasting(question: Callable[[], Awaitable[T]], wait: StoreWait) -> Callable[[], Awaitable[T]]:
    """Ask the store something, and again after an outage."""

    async def answer() -> T:
        while True:
            try:
                return await question()
            except StoreUnavailable as down:
                await wait.out(down)

    return answer


def resumed(rows: Callable[[Choice], Rows], wait: StoreWait) -> Callable[[Choice], Rows]:
    """Give the rows of a stored answer, and go on where an outage breaks them off.

    An answer never changes, so the second reading gives the same rows in the same order.
    """

    async def again(choice: Choice) -> Rows:
        given, is_whole = 0, False
        while not is_whole:
            seen = 0
            try:
                async for some in rows(choice):
                    read = tuple(some)
                    fresh = read[max(0, given - seen) :]
                    seen += len(read)
                    if fresh:
                        wait.progressed()
                        given += len(fresh)
                        yield fresh
                is_whole = True
            except StoreUnavailable as down:
                await wait.out(down)

    return again
