"""The ledger of a credential: what all its runs have reserved and spent together.

The row is locked while a decision is made; the decision is `ledger_state`'s.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from stargazer.errors import StoreUnavailable
from stargazer.planner.budget import Budget
from stargazer.planner.page import Call, Reply
from stargazer.planner.step import Reason, Wait
from stargazer.runner import Granted
from stargazer.store.database import Database
from stargazer.store.ledger_bell import Bell, announce
from stargazer.store.ledger_state import LEASE_SECONDS, RENEWAL_SECONDS, Ask, Charged, LedgerState

if TYPE_CHECKING:
    import asyncpg

    from stargazer.store.database import Connection

_ASK_AGAIN_SECONDS = 1.0
"""Whoever stands in line asks again so often, so that the others know it to be alive."""

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

_LOCK = """
SELECT state::text AS state, clock_timestamp() AS at FROM ledger
WHERE endpoint = $1 AND credential_user = $2
FOR UPDATE
"""
"""Read a ledger, and let nobody else decide until the transaction ends."""

_OPEN = """
INSERT INTO ledger (endpoint, credential_user, state) VALUES ($1, $2, '{}') ON CONFLICT DO NOTHING
"""
"""Make a ledger unless there is one."""

_WRITE = "UPDATE ledger SET state = $3::text::jsonb WHERE endpoint = $1 AND credential_user = $2"
"""Write what was decided."""

_READ = """
SELECT state::text AS state, clock_timestamp() AS at FROM ledger WHERE endpoint = $1 AND credential_user = $2
"""
"""Read a ledger without locking it."""


_CHARGED = """
SELECT
    coalesce(sum((state->'charged'->>'calls')::bigint), 0)::bigint AS calls,
    coalesce(sum((state->'charged'->>'estimated')::bigint), 0)::bigint AS estimated,
    coalesce(sum((state->'charged'->>'charged')::bigint), 0)::bigint AS charged
FROM ledger JOIN endpoint ON endpoint.id = ledger.endpoint
WHERE endpoint.url = $1
"""
"""What was predicted and charged, over all credentials of an endpoint."""


class _Decision(msgspec.Struct):
    """A ledger that is locked: its state, and the two moments it goes by."""

    connection: Connection
    state: LedgerState
    at: datetime
    now: datetime


class PostgresLedger:
    """What one run sees of its credential's ledger: a `stargazer.runner.Ledger`.

    Args:
        database: where the ledger is.
        bell: tells when another run's call has ended.
        credential_user: whose tokens share the budget.
        speed: how many times faster than real time the simulation runs; None:
            it has a time of its own, which the caller tells. Real runs all go
            by the database's clock, so that a wrong clock of one machine does no harm.
        lease_seconds: how long the call of a killed worker holds the others up.
    """

    def __init__(
        self,
        database: Database,
        bell: Bell,
        credential_user: int,
        *,
        speed: float | None = 1.0,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._database = database
        self._row = (database.endpoint, credential_user)
        self._notice = f"ledger:{database.endpoint}:{credential_user}"
        self._ear = bell.ear(self._notice)
        self._speed = speed
        self._lease_seconds = lease_seconds
        self._run = uuid.uuid4().hex
        self._asked: dict[str, Ask] = {}
        self._renewals: dict[str, asyncio.Task[None]] = {}
        self._in_line = False

    async def reserve(
        self, call: Call, now: datetime, *, remaining_seconds: float, budget: Budget
    ) -> Granted | Wait:
        """Book *call*, or say when to ask again.

        Raises:
            StoreUnavailable: the database failed; nothing was booked.
        """
        ask = Ask(self._run, uuid.uuid4().hex, call.points, call.predicted_seconds, remaining_seconds, budget)
        self._ear.forget()
        async with self._decide(now) as ledger:
            step = ledger.state.reserve(ask, ledger.at, ledger.now, lease_seconds=self._lease_seconds)
        if isinstance(step, Wait):
            self._in_line = step.reason in (Reason.IN_FLIGHT, Reason.CALL_TIME)
            return msgspec.structs.replace(step, until=now + (step.until - ledger.now))
        self._asked[step.key] = ask
        self._renewals[step.key] = asyncio.create_task(self._renew(step.key))
        return step

    async def settle(self, grant: Granted, reply: Reply | None, now: datetime) -> None:
        """Replace what was booked by what the *reply* says.

        Of a call that was given up nothing is known: GitHub may still be busy
        with it, so it is left to its lease.

        Raises:
            StoreUnavailable: the database failed; the call is left to its lease.
        """
        ask = self._asked.pop(grant.key, None)
        renewal = self._renewals.pop(grant.key, None)
        if renewal is not None:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)
        if ask is None or reply is None:
            return
        try:
            await self._write_down(ask, reply, now)
        except StoreUnavailable as down:
            if not down.retryable:
                raise
            # Whoever finds a connection broken may find the database back already. Settling twice
            # changes nothing, and what is not settled holds everybody up until its lease runs out.
            await self._write_down(ask, reply, now)

    async def _write_down(self, ask: Ask, reply: Reply, now: datetime) -> None:
        async with self._decide(now) as ledger:
            ledger.state.settle(ask, reply, ledger.at, ledger.now)
            await announce(ledger.connection, self._notice)

    async def freed(self) -> None:
        """Come back when another run's call has ended, or when it is time to show that we still wait."""
        await self._ear.wait(_ASK_AGAIN_SECONDS if self._in_line else None)

    async def leave(self) -> None:
        """Give up the place that the last call has left: this run sends no more.

        Raises:
            StoreUnavailable: the database failed; the place is kept for a moment.
        """
        async with self._decide(None) as ledger:
            ledger.state.turns.pop(self._run, None)
            await announce(ledger.connection, self._notice)

    async def read(self, now: datetime) -> LedgerState:
        """Look at the ledger as it is, its moments by the caller's clock.

        Raises:
            StoreUnavailable: the database failed.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_READ, *self._row)
        if row is None:
            return LedgerState()
        state = msgspec.json.decode(row["state"], type=LedgerState)
        state.advance(row["at"], self._moment(row["at"], now))
        return state

    async def _renew(self, key: str) -> None:
        """Renew the lease of a call for as long as it is in flight."""
        seconds = min(RENEWAL_SECONDS, self._lease_seconds / 3)
        while True:
            await asyncio.sleep(seconds)
            with suppress(StoreUnavailable):
                async with self._decide(None) as ledger:
                    ledger.state.renew(key, ledger.at, ledger.now, seconds=2 * seconds)

    @asynccontextmanager
    async def _decide(self, now: datetime | None) -> AsyncGenerator[_Decision]:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_LOCK, *self._row)
            if row is None:
                await connection.execute(_OPEN, *self._row)
                row = await connection.fetchrow(_LOCK, *self._row)
            if row is None:
                raise LookupError(self._notice)
            state = msgspec.json.decode(row["state"], type=LedgerState)
            at: datetime = row["at"]
            moment = self._moment(at, now or state.seen_now or at)
            decision = _Decision(connection, state, at, moment)
            yield decision
            await connection.execute(_WRITE, *self._row, msgspec.json.encode(state).decode())

    def _moment(self, at: datetime, now: datetime) -> datetime:
        """The moment that GitHub's windows go by."""
        if self._speed is None:
            return now
        return at if self._speed == 1.0 else _EPOCH + (at - _EPOCH) * self._speed


async def read_charged(connection: Connection | asyncpg.Connection[Any], endpoint_url: str) -> Charged:
    """Add up, over all credentials, what calls should have cost and what GitHub charged for them."""
    row = await connection.fetchrow(_CHARGED, endpoint_url)
    return Charged() if row is None else Charged(**dict(row))
