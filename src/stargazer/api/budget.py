"""`GET /budget`: what GitHub allows a key's credential, and what of it is used."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Controller, get

from stargazer.api.backend import Given, KeyRequest
from stargazer.api.parameters import read_query
from stargazer.api.replies import Reply, json_reply
from stargazer.planner.budget import CALL_SECONDS_A_MINUTE, MINUTE, Budget
from stargazer.store.ledger_state import LedgerState


class Allowance(msgspec.Struct, frozen=True):
    """What GitHub allows a credential now.

    Points are those of GitHub's hour by its last reading; None until it has told
    any. `available` is what is neither spent nor reserved. `call_seconds` are
    GitHub's seconds of the last minute. Calls wait until `free_at`.
    """

    limit: int | None
    remaining: int | None
    used: int | None
    reset_at: datetime | None
    available: int | None
    reserved: int
    calls_in_flight: int
    call_seconds: float
    call_seconds_allowed: float
    free_at: datetime
    spent: Spending


class Spending(msgspec.Struct, frozen=True):
    """What this service has spent of it, over all time: calls, and points as predicted and as charged."""

    calls: int
    points_predicted: int
    points: int


class BudgetController(Controller):
    """What may be spent."""

    path = "/budget"
    opt = {"scope": "neighbours"}  # noqa: RUF012 - Litestar's

    @get(include_in_schema=False)
    async def budget(self, request: KeyRequest, backend: Given) -> Reply:
        """Look at the ledger; GitHub is not asked."""
        read_query(request.scope["query_string"], ())
        credential = await backend.credentials.of(request.user)
        now = backend.clock.now()
        return json_reply(200, allowance(await credential.ledger().read(now), now))


def allowance(state: LedgerState, now: datetime) -> Allowance:
    """Show a ledger."""
    windows, reading = state.windows, state.windows.reading
    budget = Budget()
    return Allowance(
        limit=None if reading is None else reading.limit,
        remaining=None if reading is None else reading.remaining,
        used=None if reading is None else reading.used,
        reset_at=None if reading is None else reading.reset_at,
        available=windows.available(now),
        reserved=sum(one.points for one in windows.reserved.values()),
        calls_in_flight=len(windows.reserved),
        call_seconds=round(
            sum(spell.seconds for spell in windows.spells if spell.ended_at > now - MINUTE), 3
        ),
        call_seconds_allowed=round(CALL_SECONDS_A_MINUTE * windows.share(now, budget.share), 3),
        free_at=windows.earliest(now, points=1, seconds=0.0, budget=budget),
        spent=Spending(
            calls=state.charged.calls,
            points_predicted=state.charged.estimated,
            points=state.charged.charged,
        ),
    )
