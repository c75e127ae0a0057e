"""What every answer to a key says of its quotas: the RateLimit fields, whatever became of the request."""

from __future__ import annotations

from typing import Any

from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from stargazer.store.keys import Key
from stargazer.store.quota import Quotas

_STATE = "stargazer_key"
_NOT_MODIFIED = 304


def remember(scope: Any, key: Key) -> None:
    """Note whose request this is, for when it is answered, though that be with a refusal."""
    scope["state"][_STATE] = key


def telling(quotas: Quotas) -> BeforeMessageSendHookHandler:
    """Make the hook that adds the fields to each answer, and counts those with 304."""

    async def tell(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        key: Key | None = scope["state"].get(_STATE)
        if key is None:
            return
        if message["status"] == _NOT_MODIFIED:
            quotas.not_modified(key)
        fields = quotas.fields(key)
        if fields is not None:
            policy, limit = fields
            headers = [*message["headers"], (b"ratelimit-policy", policy), (b"ratelimit", limit)]
            message["headers"] = headers

    return tell
