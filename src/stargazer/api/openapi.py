"""`GET /openapi.json`: the service described for programs, and for the documentation page.

The document is written by hand from small parts, so that every field says what it
means. What can drift is taken from the code: parameters with their bounds, the
members of what is answered, and problems with their words; tests hold the rest.
"""

from __future__ import annotations

import gzip
from functools import cache
from typing import Any

import msgspec
from litestar import Controller, Request, get

from stargazer.api.fields import field, takes_gzip
from stargazer.api.openapi_compare import compare_paths, compare_schema
from stargazer.api.openapi_parts import schemas
from stargazer.api.openapi_paths import paths
from stargazer.api.openapi_tokens import token_paths
from stargazer.api.pages import VERSION
from stargazer.api.replies import JSON, Reply

OPENAPI = "3.1.0"

_DESCRIPTION = """\
Which other repositories do the people who starred yours star?
Priced before it is spent, exact when it says so.

Two things first:

* **Expect 202.** What is not stored has to be read from GitHub, and that takes minutes: ask again after
  `Retry-After`, or follow the job that `Location` names.
* **Follow `Link`.** An answer comes in pages, 100 neighbours each unless you ask for more.

Show your key in the header `X-API-Key`. What goes wrong is told as RFC 9457 problem details, and every
`type` leads to a page that says what to do.
"""

_TAGS = [
    {"name": "Neighbours", "description": "The answers."},
    {"name": "Jobs", "description": "The reading of repositories from GitHub."},
    {"name": "Closed lists", "description": "Bring a token, or a list of stargazers, of your own."},
    {"name": "Use", "description": "What is allowed, and what was used."},
    {"name": "Operation", "description": "Open to everybody."},
]


def document() -> dict[str, Any]:
    """The whole document."""
    key = {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key; `stargazer keys create NAME` makes one.",
    }
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "stargazer",
            "version": VERSION,
            "summary": "Repositories that share stargazers",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": _TAGS,
        "paths": {**paths(), **compare_paths(), **token_paths()},
        "components": {
            "securitySchemes": {"key": key},
            "schemas": {**schemas(), "Comparison": compare_schema()},
        },
    }


@cache
def _encoded() -> tuple[bytes, bytes]:
    plain = msgspec.json.encode(document())
    return plain, gzip.compress(plain, mtime=0)


class OpenapiController(Controller):
    """The document."""

    path = "/openapi.json"
    opt = {"exclude_from_auth": True}  # noqa: RUF012 - Litestar's

    @get(include_in_schema=False)
    async def read(self, request: Request[Any, Any, Any]) -> Reply:
        """Show it."""
        plain, squeezed = _encoded()
        is_gzipped = takes_gzip(field(request.scope, b"accept-encoding"))
        body = squeezed if is_gzipped else plain
        return Reply(
            200,
            [
                (b"content-type", JSON),
                (b"content-length", b"%d" % len(body)),
                (b"cache-control", b"public, max-age=300"),
                (b"vary", b"Accept-Encoding"),
                *([(b"content-encoding", b"gzip")] if is_gzipped else []),
            ],
            body,
        )
