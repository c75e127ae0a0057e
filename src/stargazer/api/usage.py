"""`GET /usage`: what a key has used, and what it may."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
from litestar import Controller, get

from stargazer.api.backend import Given, KeyRequest
from stargazer.api.parameters import Number, Parameter, read_query
from stargazer.api.replies import Reply, json_reply
from stargazer.runner import SystemClock
from stargazer.store.keys import SCOPES

DAYS = 30

USAGE_QUERY: tuple[Parameter, ...] = (
    Number(
        name="days",
        text="Of the last so many days, today included, in UTC.",
        least=1,
        most=366,
        default=DAYS,
        example=7,
    ),
)
"""What may be asked."""


class UsedDay(msgspec.Struct, frozen=True):
    """What a key used on one day (UTC).

    `jobs` are those it asked for. Points and seconds are those of the jobs that it,
    of all keys that wanted them, had wanted longest.
    """

    day: date
    requests: int
    not_modified: int
    jobs: int
    points: float
    github_seconds: float


class Quota(msgspec.Struct, frozen=True):
    """One of a key's quotas: how much there is in a window, and what is left of it."""

    policy: str
    quota: int
    window_seconds: int
    remaining: int
    reset_seconds: int


class Used(msgspec.Struct, frozen=True):
    """A key's rights, quotas and use; the latest day first, days without use left out."""

    key: str
    scopes: list[str]
    quotas: list[Quota]
    days: list[UsedDay]


class UsageController(Controller):
    """What a key used."""

    path = "/usage"

    @get(include_in_schema=False)
    async def usage(self, request: KeyRequest, backend: Given) -> Reply:
        """Tell a key what it has used; requests of the last second may be missing."""
        query = read_query(request.scope["query_string"], USAGE_QUERY)
        key = request.user
        since = SystemClock().now().date() - timedelta(days=query.get("days", DAYS) - 1)
        days = await backend.usage.days(key.name, since)
        return json_reply(
            200,
            Used(
                key=key.name,
                scopes=[scope for scope in SCOPES if scope in key.scopes],
                quotas=[
                    msgspec.convert(one, Quota, from_attributes=True) for one in backend.quotas.standings(key)
                ],
                days=[msgspec.convert(day, UsedDay, from_attributes=True) for day in days],
            ),
        )
