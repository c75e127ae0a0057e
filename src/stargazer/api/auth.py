"""Who asks: the API key of a request, and whether it may.

A key is shown in the header `X-API-Key` and nowhere else: addresses are written
into logs and histories. What a route needs is its option `scope`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from stargazer.api import quota
from stargazer.errors import InvalidRequest, KeyInvalid, KeyMissing, ScopeMissing
from stargazer.store.key_ring import KeyRing
from stargazer.store.key_text import holds_key
from stargazer.store.quota import Quotas

_FIELD = b"x-api-key"

_NAMED_LIKE_A_KEY = re.compile(rb"(?:^|[&;])(?:x[-_.]?)?api[-_.]?key(?:=|&|;|$)", re.IGNORECASE)


class Authentication(AbstractAuthenticationMiddleware):
    """Finds the key of a request, `request.user`, and lets it in if its scopes and quotas allow.

    Args:
        app: what answers.
        ring: finds keys.
        quotas: says how often they may ask.
    """

    def __init__(self, app: ASGIApp, ring: KeyRing, quotas: Quotas) -> None:
        super().__init__(app)
        self._ring = ring
        self._quotas = quotas

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """Find the key.

        Raises:
            InvalidRequest: there is a key in the query.
            KeyExpired: it was good once.
            KeyInvalid: it opens nothing, or there are several.
            KeyMissing: there is none.
            QuotaExceeded: it has asked too often.
            ScopeMissing: it may not do this.
            StoreUnavailable: the database cannot be asked who it is.
        """
        scope = connection.scope
        check_query(scope["query_string"])
        key = await self._ring.find(shown_key(scope["headers"]))
        # The frame's log names whoever was refused, too.
        scope["user"] = key
        quota.remember(scope, key)
        await self._quotas.admit(key)
        needed = connection.route_handler.opt.get("scope")
        if needed is not None and needed not in key.scopes:
            raise ScopeMissing(needed)
        return AuthenticationResult(key, None)


def shown_key(headers: Any) -> str:
    """The text in `X-API-Key`.

    Raises:
        KeyInvalid: there are several of them.
        KeyMissing: there is none.
    """
    shown = [value for name, value in headers if name == _FIELD]
    if not shown or not shown[0].strip():
        raise KeyMissing
    if len(shown) > 1:
        raise KeyInvalid
    text: str = shown[0].decode("latin-1").strip()
    return text


def check_query(query: bytes) -> None:
    """See that nobody shows a key in the address, though it may be the right one.

    Raises:
        InvalidRequest: somebody does; the key is not in the message.
    """
    if not query:
        return
    plain = unquote_to_bytes(query) if b"%" in query else query
    if _NAMED_LIKE_A_KEY.search(plain) or holds_key(plain.decode("latin-1")):
        must_be = (
            "free of API keys: send it in the header X-API-Key, and have the key in this address "
            "replaced, since addresses are written down on their way"
        )
        raise InvalidRequest("the query", must_be)
