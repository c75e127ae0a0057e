"""The quotas of API keys, shared by all servers; what is decided is `quota_state`'s to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import msgspec

from stargazer.errors import QuotaExceeded, StoreUnavailable
from stargazer.runner import Clock, SystemClock
from stargazer.store.database import Database
from stargazer.store.keys import Key
from stargazer.store.quota_state import (
    Admission,
    RequestWindow,
    Standing,
    daily_standings,
    limit_field,
    policy_field,
)
from stargazer.store.usage import Counted, Spent, Usage

FLUSH_SECONDS = 1.0
"""What was counted is written so often."""

_FORGET_AFTER = timedelta(minutes=5)

_LEASE = """
INSERT INTO api_quota AS known (endpoint, key_number, minute, taken)
VALUES ($1, $2, floor(extract(epoch FROM coalesce($4, clock_timestamp())) / 60), $3)
ON CONFLICT (endpoint, key_number) DO UPDATE SET
    minute = excluded.minute,
    taken = CASE WHEN known.minute = excluded.minute THEN known.taken ELSE 0 END + excluded.taken
RETURNING minute, taken, coalesce($4, clock_timestamp()) AS at
"""
"""Take requests of this minute. What goes beyond the quota is counted, and not given."""


class Told(msgspec.Struct, frozen=True):
    """What the RateLimit fields of a key say in one second, but for the requests that are left."""

    key: Key
    spent: Spent
    second: int
    policy: bytes
    reset_seconds: int
    daily: bytes


class Tab(msgspec.Struct, eq=False):
    """What one server knows of a key's use.

    Attributes:
        window: the requests of this minute; None: they are not limited.
        counted: what was not written yet.
        spent: what the key's jobs cost today, a second ago.
        leasing: a lease that is on its way.
        used_at: when it was last used.
        told: what is said of it in this second.
    """

    window: RequestWindow | None
    counted: Counted
    used_at: datetime
    spent: Spent = Spent()
    leasing: asyncio.Task[None] | None = None
    told: Told | None = None


class Quotas:
    """The quotas of the keys of one GitHub endpoint, as one server keeps them. Open it with `Quotas.open`.

    Args:
        database: where servers share them.
        clock: the time that minutes and days go by; None: the database's, so that a
            wrong clock of one machine does no harm.
    """

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._is_told = clock is not None
        self._ahead = timedelta(0)
        self._usage = Usage(database)
        self._tabs: dict[int, Tab] = {}
        self._writing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, database: Database, clock: Clock | None = None) -> AsyncGenerator[Quotas]:
        """Write what is counted once a second until the end of the block, and once more there."""
        quotas = cls(database, clock)
        writing = asyncio.create_task(quotas._keep_writing())
        try:
            yield quotas
        finally:
            writing.cancel()
            leases = [tab.leasing for tab in quotas._tabs.values() if tab.leasing is not None]
            await asyncio.gather(writing, *leases, return_exceptions=True)
            with suppress(StoreUnavailable):
                await quotas.flush()

    async def admit(self, key: Key) -> None:
        """Let a request of a key in, and count it.

        It waits for the database only when many requests come at once at the
        start of a minute, and then for one statement.

        Raises:
            QuotaExceeded: its requests of this minute are used up.
            StoreUnavailable: the database could not be asked for more of them.
        """
        tab = self._tab(key)
        if tab.window is not None:
            await self._pass(tab, tab.window)
        tab.counted.requests += 1
        tab.counted.used_at = tab.used_at

    def not_modified(self, key: Key) -> None:
        """Count a request that was answered with 304."""
        self._tab(key).counted.not_modified += 1

    def standings(self, key: Key) -> list[Standing]:
        """Where a key stands with each of its quotas, as far as this server knows."""
        tab, now = self._tab(key), self._now()
        requests = [] if tab.window is None else [tab.window.standing(now)]
        return requests + daily_standings(key, tab.spent, now)

    def fields(self, key: Key) -> tuple[bytes, bytes] | None:
        """Write `RateLimit-Policy` and `RateLimit` for an answer to a key; None: it has no quotas."""
        tab = self._tab(key)
        second = int(tab.used_at.timestamp())
        told = tab.told
        if told is None or told.second != second or told.key is not key or told.spent is not tab.spent:
            told = tab.told = self._told(key, tab, second)
        if tab.window is None:
            return (told.policy, told.daily) if told.policy else None
        requests = b'"requests";r=%d;t=%d' % (tab.window.left, told.reset_seconds)
        return told.policy, requests + told.daily

    def _told(self, key: Key, tab: Tab, second: int) -> Told:
        standings = self.standings(key)
        daily = limit_field([one for one in standings if one.policy != "requests"])
        return Told(
            key=key,
            spent=tab.spent,
            second=second,
            policy=policy_field(standings),
            reset_seconds=standings[0].reset_seconds if standings else 0,
            daily=b", " + daily if daily and tab.window is not None else daily,
        )

    async def check_job(self, key: Key) -> None:
        """See that a key may start a job: its jobs have not used up what they may cost today.

        Raises:
            QuotaExceeded: they have.
            StoreUnavailable: the database cannot be used.
        """
        tab = self._tab(key)
        tab.spent = (await self._usage.today([key.number]))[key.number]
        for standing in daily_standings(key, tab.spent, self._now()):
            if standing.remaining == 0:
                raise QuotaExceeded(standing.policy, standing.reset_seconds)

    async def flush(self) -> None:
        """Write what was counted, and read what jobs cost.

        Raises:
            StoreUnavailable: the database cannot be used; what was counted is kept.
        """
        async with self._writing:
            await self._write()
            self._forget()

    async def _write(self) -> None:
        tabs = [tab for tab in self._tabs.values() if tab.counted.requests or tab.counted.not_modified]
        if tabs:
            written = [tab.counted for tab in tabs]
            for tab in tabs:
                tab.counted = Counted(tab.counted.number)
            try:
                await self._usage.add(written)
            except BaseException:
                for tab, counted in zip(tabs, written, strict=True):
                    _put_back(tab.counted, counted)
                raise
            for number, spent in (await self._usage.today([one.number for one in written])).items():
                self._tabs[number].spent = spent

    def _tab(self, key: Key) -> Tab:
        now = self._now()
        tab = self._tabs.get(key.number)
        if tab is None:
            tab = self._tabs[key.number] = Tab(None, Counted(key.number), now)
        tab.used_at = now
        quota = key.requests_per_minute
        if quota is None:
            tab.window = None
        elif tab.window is None or tab.window.quota != quota:
            tab.window = RequestWindow(quota)
        if tab.window is not None:
            tab.window.move_to(now)
        return tab

    async def _pass(self, tab: Tab, window: RequestWindow) -> None:
        while True:
            admission = window.admit()
            if window.wanted() and tab.leasing is None:
                tab.leasing = asyncio.create_task(self._lease(tab, window))
                tab.leasing.add_done_callback(_look_at)
            match admission:
                case Admission.IN:
                    return
                case Admission.REFUSED:
                    raise QuotaExceeded("requests", window.standing(self._now()).reset_seconds)
                case Admission.AFTER_LEASE:
                    if tab.leasing is not None:
                        await asyncio.shield(tab.leasing)
                    window.move_to(self._now())

    async def _lease(self, tab: Tab, window: RequestWindow) -> None:
        asked = window.wanted()
        key = (self._database.endpoint, tab.counted.number)
        try:
            async with self._database.connection() as connection:
                row = await connection.fetchrow(_LEASE, *key, asked, self._now() if self._is_told else None)
            if row is None:
                raise LookupError(key)
            self._ahead = timedelta(0) if self._is_told else row["at"] - self._clock.now()
            window.move_to(row["at"])
            window.lease(asked, row["minute"], row["taken"])
        finally:
            tab.leasing = None

    def _now(self) -> datetime:
        return self._clock.now() + self._ahead

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            with suppress(StoreUnavailable):
                await self.flush()

    def _forget(self) -> None:
        """Let go of keys that were not used for a while."""
        before = self._now() - _FORGET_AFTER
        idle = [
            number
            for number, tab in self._tabs.items()
            if tab.used_at < before and tab.leasing is None and not tab.counted.requests
        ]
        for number in idle:
            del self._tabs[number]


def _put_back(counted: Counted, unwritten: Counted) -> None:
    counted.requests += unwritten.requests
    counted.not_modified += unwritten.not_modified
    counted.used_at = counted.used_at or unwritten.used_at


def _look_at(lease: asyncio.Task[None]) -> None:
    """Whoever waits for a lease is told its error; where nobody waits nobody has to know."""
    if not lease.cancelled():
        lease.exception()
