"""The documentation page: Swagger UI from files of ours, so that it works offline and loads nothing else.

`swagger-ui.css` and `swagger-ui-bundle.js` are those of npm's swagger-ui-dist
5.35.0, unchanged; their licences stand beside them.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from litestar import Controller, MediaType, Request, Response, get
from litestar.params import FromPath

from stargazer.api.security import PAGE_POLICY
from stargazer.errors import NotFound

_MEDIA_TYPES = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
}

_PAGE = b"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>stargazer</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="documentation"></div>
<noscript>This page needs JavaScript; <a href="/openapi.json">the OpenAPI document</a> does not.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""


class DocsController(Controller):
    """The documentation page and its files."""

    path = "/docs"
    opt = {"exclude_from_auth": True}  # noqa: RUF012 (Litestar's own way)
    include_in_schema = False

    @get("/", media_type=MediaType.HTML)
    async def page(self) -> Response[bytes]:
        """Show the documentation."""
        return Response(
            _PAGE, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": PAGE_POLICY}
        )

    @get("/{file:str}", media_type=MediaType.TEXT)
    async def file(self, request: Request[Any, Any, Any], file: FromPath[str]) -> Response[bytes]:
        """Give a file of the page; browsers keep it, and ask whether it is still the same.

        Raises:
            NotFound: the page has no such file.
        """
        if file not in _MEDIA_TYPES:
            raise NotFound(request.url.path)
        content, tag = _read(file)
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(b"", status_code=304, headers=headers, media_type=_MEDIA_TYPES[file])
        return Response(content, headers=headers, media_type=_MEDIA_TYPES[file])


@cache
def _read(file: str) -> tuple[bytes, str]:
    content = files(__name__).joinpath(file).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
