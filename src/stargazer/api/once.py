"""Work that many ask for at the same time, and that is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Work under way, by what it is about. Whoever gives up waiting does not end it for the others."""

    def __init__(self) -> None:
        self._flying: dict[K, asyncio.Task[V]] = {}

    def __len__(self) -> int:
        """How many things are under way."""
        return len(self._flying)

    def __contains__(self, about: object) -> bool:
        """Whether the work about something is under way."""
        return about in self._flying

    async def join(self, about: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Wait for the work about something; begin it if nobody has."""
        task = self._flying.get(about)
        if task is None:
            task = asyncio.create_task(work())
            self._flying[about] = task
            task.add_done_callback(lambda done: self._land(about, done))
        return await asyncio.shield(task)

    def _land(self, about: K, done: asyncio.Task[V]) -> None:
        self._flying.pop(about, None)
        if not done.cancelled():
            # Whoever waits is told; where nobody waits any more nobody has to know.
            done.exception()
