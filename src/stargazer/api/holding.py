"""What was counted for a request and is nowhere else, held while somebody pages through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from stargazer.api.bodies import Kept
from stargazer.api.once import Once
from stargazer.errors import AnswerGone, StoreUnavailable
from stargazer.store.forgotten import forgotten_notice
from stargazer.store.ledger_bell import Bell

HELD_BYTES = 128 << 20
HELD_SECONDS = 600.0
"""What a process holds, and for how long it can be paged through."""

LATEST_SECONDS = 10.0
_LATEST_AT_MOST = 4_096
"""So long the same is given to whoever asks for the first page; of so many questions it is remembered."""

COUNTS_AT_ONCE = 2
WAITING_AT_MOST = 32
"""Counting keeps a core busy: so many are counted at once, and so many may wait for it."""


class Holdable(Protocol):
    """What can be held."""

    @property
    def id(self) -> UUID:
        """Made of what was counted: what is the same has the same."""
        ...

    @property
    def size_bytes(self) -> int:
        """What it takes to hold it."""
        ...


V = TypeVar("V", bound=Holdable)


class Holding(Generic[V]):
    """Holds what was counted, by what it is about; nothing once somebody was forgotten.

    Whoever pages through something after it was let go has it counted anew. If that
    gives the same, whoever has counted it, the pages go on; else they are gone.

    Args:
        bell: tells when somebody was forgotten.
        endpoint: at which GitHub.
    """

    def __init__(self, bell: Bell, endpoint: int) -> None:
        self._latest: Kept[UUID] = Kept(LATEST_SECONDS, _LATEST_AT_MOST)
        self._held: Kept[V] = Kept(HELD_SECONDS, HELD_BYTES)
        self._counting: Once[Hashable, V] = Once()
        self._room = asyncio.Semaphore(COUNTS_AT_ONCE)
        self._era = 0
        self._ear = bell.ear(forgotten_notice(endpoint))

    async def latest(
        self, about: Hashable, state: Hashable, count: Callable[[], Coroutine[Any, Any, V]]
    ) -> V:
        """What was counted a moment ago, or is now.

        Args:
            about: what is asked.
            state: what was counted in another state is not given again.
            count: counts it.

        Raises:
            StoreUnavailable: so many wait already, or the database cannot be used.
        """
        now = self._now()
        latest = self._latest.get((about, state), now)
        held = None if latest is None else self._held.get((about, latest), now)
        if held is None:
            held = await self._counted(about, state, count)
            self._latest.put((about, state), held.id, self._now(), 1)
        return held

    async def pinned(self, about: Hashable, which: UUID, count: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """The one with an id.

        Raises:
            AnswerGone: it is not held any more, and counting gives another one.
            StoreUnavailable: so many wait already, or the database cannot be used.
        """
        held = self._held.get((about, which), self._now())
        if held is None:
            held = await self._counted(about, None, count)
        if held.id != which:
            raise AnswerGone(str(which))
        return held

    async def _counted(
        self, about: Hashable, state: Hashable, count: Callable[[], Coroutine[Any, Any, V]]
    ) -> V:
        async def work() -> V:
            era = self._era
            async with self._room:
                found = await count()
            now = self._now()
            # What is too large would drive out everything else, and itself.
            if era == self._era and found.size_bytes <= HELD_BYTES // 2:
                self._held.put((about, found.id), found, now, found.size_bytes)
            return found

        key = (self._era, about, state)
        if key not in self._counting and len(self._counting) >= WAITING_AT_MOST:
            raise StoreUnavailable(
                "it is busy counting stored lists for others", do="try again later", retryable=True
            )
        return await self._counting.join(key, work)

    def _now(self) -> float:
        """The loop's time; what names somebody who was forgotten is let go of first."""
        if self._ear.heard:
            self._ear.forget()
            self._era += 1
            self._held.clear()
            self._latest.clear()
        return asyncio.get_running_loop().time()
