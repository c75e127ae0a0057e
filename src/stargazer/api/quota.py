"""What every answer to a key says of its quotas: the RateLimit fields, whatever became of the request."""

from __future__ import annotations

from typing import Any

from stargazer.api.frame import NOT_MODIFIED, Dress
from stargazer.api.security import Headers
from stargazer.store.keys import Key
from stargazer.store.quota import Quotas

_STATE = "stargazer_key"


def remember(scope: Any, key: Key) -> None:
    """Note whose request this is, for when it is answered, though that be with a refusal."""
    scope["state"][_STATE] = key


def telling(quotas: Quotas) -> Dress:
    """Make what adds the fields to each answer, and counts those with 304."""

    def tell(scope: Any, status: int, headers: Headers) -> None:
        key: Key | None = scope["state"].get(_STATE)
        if key is None:
            return
        if status == NOT_MODIFIED:
            quotas.not_modified(key)
        fields = quotas.fields(key)
        if fields is not None:
            policy, limit = fields
            headers += ((b"ratelimit-policy", policy), (b"ratelimit", limit))

    return tell
