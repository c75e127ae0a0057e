"""The short way: a page that was sent a moment ago is sent again before the request is routed.

Most requests ask for what others have just asked for. All that is decided for them
anew is whose key they show, whether it may ask, and whether the client has the page
already. Whatever is not plain goes the usual way, and is decided there from the start.
"""

from __future__ import annotations

from typing import Any

from litestar.types import ASGIApp, Receive, Send

from stargazer.api import quota
from stargazer.api.auth import check_query, shown_key
from stargazer.api.backend import Backend
from stargazer.api.bodies import Front
from stargazer.api.fields import choose, field
from stargazer.api.neighbours import ARRAY, FORMS, SCOPE, TEMPLATE, front_key
from stargazer.errors import StargazerError

_END = "/starneighbours"


class Shortcut:
    """Goes around the application.

    Args:
        app: answers all others.
        backend: what keeps replies, and knows keys.
    """

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app = app
        self._backend = backend

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        front = None
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].endswith(_END):
            front = await self._front(scope)
        if front is None:
            await self._app(scope, receive, send)
        else:
            await front.reply(scope)(scope, receive, send)

    async def _front(self, scope: Any) -> Front | None:
        """The replies to a request that may be answered so."""
        backend = self._backend
        try:
            check_query(scope["query_string"])
            key = await backend.keys.find(shown_key(scope["headers"]))
            if SCOPE not in key.scopes or choose(field(scope, b"accept"), FORMS) != ARRAY:
                return None
            credential = await backend.credentials.of(key)
            front = backend.bodies.front(front_key(credential, key, scope))
            if front is not None:
                await backend.quotas.admit(key)
        except StargazerError:
            # The usual way finds the same, and says so.
            return None
        if front is not None:
            scope["user"] = key
            scope["path_template"] = TEMPLATE
            quota.remember(scope, key)
        return front
