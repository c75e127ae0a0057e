"""Which methods a path takes, told to whoever asks with OPTIONS.

Litestar answers OPTIONS from the first handler that a path got, and knows nothing
of those that came later, nor that the frame answers HEAD wherever there is a GET.
"""

from __future__ import annotations

from typing import Any

from litestar import Litestar

from stargazer.api.security import Headers

_ALLOW = b"allow"


class Methods:
    """The methods of each path. `tell` is for the frame to call before an answer is sent."""

    def __init__(self) -> None:
        self._of: dict[str, bytes] = {}

    def learn(self, app: Litestar) -> None:
        """Take in the routes of an application."""
        for route in app.routes:
            methods = {str(method) for method in getattr(route, "methods", ())}
            if "GET" in methods:
                methods.add("HEAD")
            self._of[route.path_format] = ", ".join(sorted(methods)).encode()

    def tell(self, scope: Any, status: int, headers: Headers) -> None:  # noqa: ARG002 - whatever became of it
        """Put the methods of the path that was asked for into the answer to OPTIONS."""
        if scope["method"] != "OPTIONS":
            return
        allowed = self._of.get(str(scope.get("path_template", "")))
        if allowed is not None:
            headers[:] = [field for field in headers if field[0].lower() != _ALLOW]
            headers.append((_ALLOW, allowed))
