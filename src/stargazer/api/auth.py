"""Who asks: the API key of a request."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from stargazer.errors import KeyMissing

HEADER = "X-API-Key"


class Key(msgspec.Struct, frozen=True):
    """An API key, as a request shows it."""

    number: int
    name: str
    scopes: frozenset[str]


class Authentication(AbstractAuthenticationMiddleware):
    """Finds the key of a request: `request.user`."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """Take any key for granted; one that ends with `counts` may not see names."""
        shown = connection.headers.get(HEADER)
        if not shown:
            raise KeyMissing
        scopes = {"neighbours", "jobs"} if shown.endswith("counts") else {"neighbours", "jobs", "names"}
        return AuthenticationResult(Key(0, shown, frozenset(scopes)), None)
