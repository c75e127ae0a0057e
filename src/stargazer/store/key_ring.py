"""The keys that a server has seen: who asks is known without asking the database each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from stargazer.errors import KeyExpired, KeyInvalid, StoreUnavailable
from stargazer.runner import Clock, SystemClock
from stargazer.store.key_text import digest_of, is_key_text
from stargazer.store.keys import Key, Keys

if TYPE_CHECKING:
    from stargazer.store.ledger_bell import Bell, Ear

LOOK_SECONDS = 1.0
"""Whatever was told or not, what is known of keys is looked at so often: a revoked key opens nothing more."""

TRUST = timedelta(seconds=30)
"""So long a key is taken for good while the database is away."""

_KEEP = timedelta(minutes=1)
_ENTRIES_AT_MOST = 10_000


class _Entry(msgspec.Struct):
    """What is known of one digest; no key: it opens nothing."""

    key: Key | None
    seen_at: datetime
    used_at: datetime


class KeyRing:
    """Finds the key that a request shows. Open it with `KeyRing.open`.

    Keys and words that are no keys are looked up alike and remembered alike, so
    that the time it takes tells nobody which of them he has.

    Args:
        keys: where they are.
        clock: the time that they expire by; it is people's, whatever a simulation's is.
    """

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._entries: dict[bytes, _Entry] = {}
        self._looks: dict[bytes, asyncio.Task[_Entry]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, keys: Keys, bell: Bell, clock: Clock | None = None) -> AsyncGenerator[KeyRing]:
        """Keep what is known up to date until the end of the block."""
        ring = cls(keys, clock or SystemClock())
        looking = asyncio.create_task(ring._keep_looking(bell.ear(keys.notice)))
        try:
            yield ring
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._entries)

    async def find(self, text: str) -> Key:
        """Find the key that was shown.

        Raises:
            KeyExpired: it was good once.
            KeyInvalid: it is mistyped, unknown or revoked.
            StoreUnavailable: it is not known, and the database cannot be asked.
        """
        digest, now = digest_of(text), self._clock.now()
        entry = self._entries.get(digest)
        if entry is None or now - entry.seen_at > TRUST:
            if not is_key_text(text):
                raise KeyInvalid
            entry = await self._look_up(digest)
        entry.used_at = now
        if entry.key is None:
            raise KeyInvalid
        if entry.key.expires_at is not None and entry.key.has_expired(now):
            raise KeyExpired(entry.key.expires_at)
        return entry.key

    async def look(self) -> None:
        """See whether what is known still holds.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        now = self._clock.now()
        self._entries = {
            digest: entry for digest, entry in self._entries.items() if now - entry.used_at <= _KEEP
        }
        digests = list(self._entries)
        found = await self._keys.find(digests) if digests else {}
        for digest in digests:
            if digest in self._entries:
                self._entries[digest].key = found.get(digest)
                self._entries[digest].seen_at = now

    async def _look_up(self, digest: bytes) -> _Entry:
        """Ask the database about one digest; a thousand clients that come at once with one key ask once."""
        look = self._looks.get(digest)
        if look is None:
            look = self._looks[digest] = asyncio.create_task(self._ask(digest))
            look.add_done_callback(lambda done: self._landed(digest, done))
        return await asyncio.shield(look)

    def _landed(self, digest: bytes, look: asyncio.Task[_Entry]) -> None:
        self._looks.pop(digest, None)
        if not look.cancelled():
            # Whoever waits is told; where nobody waits any more nobody has to know.
            look.exception()

    async def _ask(self, digest: bytes) -> _Entry:
        now = self._clock.now()
        found = await self._keys.find([digest])
        while len(self._entries) >= _ENTRIES_AT_MOST:
            # The oldest goes, in constant time: whoever tries keys out shall not fill the memory.
            del self._entries[next(iter(self._entries))]
        entry = self._entries[digest] = _Entry(found.get(digest), now, now)
        return entry

    async def _keep_looking(self, ear: Ear) -> None:
        while True:
            ear.forget()
            with suppress(StoreUnavailable):
                await self.look()
            await ear.wait(LOOK_SECONDS)
