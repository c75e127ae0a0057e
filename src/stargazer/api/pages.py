"""The small pages that the service serves of itself: what it is, and what its problems mean."""

from __future__ import annotations

import importlib.metadata
import re
from html import escape
from typing import Any

import msgspec
from litestar import Controller, MediaType, Request, Response, get
from litestar.params import FromPath

from stargazer.api.problem_texts import TEXTS
from stargazer.api.security import PAGE_POLICY
from stargazer.errors import PROBLEMS, NotFound

VERSION = importlib.metadata.version("stargazer")

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""

_ADDRESS = "/repos/{owner}/{name}/starneighbours"

_LANDING = f"""\
<h1>stargazer</h1>
<p>Which other repositories do the people who starred yours star?</p>
<pre>curl -H "X-API-Key: $KEY" https://…{_ADDRESS}</pre>
<ul>
<li><a href="/docs">Documentation</a>, where every request can be tried</li>
<li><a href="/openapi.json">OpenAPI document</a></li>
<li><a href="/health/ready">Whether the service is ready</a></li>
</ul>"""


class Landing(msgspec.Struct, frozen=True):
    """Where everything is."""

    name: str
    version: str
    documentation: str
    openapi: str
    neighbours: str


class ProblemPage(msgspec.Struct, frozen=True):
    """What a problem means, and what to do about it."""

    type: str
    title: str
    status: int
    meaning: str
    remedy: str


class PagesController(Controller):
    """What people see first."""

    opt = {"exclude_from_auth": True}  # noqa: RUF012 (Litestar's own way)
    tags = ["Operation"]  # noqa: RUF012

    @get("/", summary="Where everything is", media_type=MediaType.JSON)
    async def landing(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """Say what this is, as a page for people and as JSON for programs."""
        value = Landing("stargazer", VERSION, "/docs", "/openapi.json", _ADDRESS)
        return _either(request.headers.get("accept", ""), "stargazer", _LANDING, value)

    @get("/problems/{code:str}", summary="What a problem means", media_type=MediaType.JSON)
    async def problem(self, request: Request[Any, Any, Any], code: FromPath[str]) -> Response[bytes]:
        """Explain a problem: every `type` leads here.

        Raises:
            NotFound: there is no such problem.
        """
        if code not in PROBLEMS:
            raise NotFound(request.url.path)
        problem, text = PROBLEMS[code], TEXTS[code]
        value = ProblemPage(
            f"/problems/{code}", problem.title, problem.http_status, text.meaning, text.remedy
        )
        body = (
            f"<h1>{_marked(problem.title)}</h1>\n<p><code>{code}</code> · {problem.http_status}</p>\n"
            f"<p>{_marked(text.meaning)}</p>\n<h2>What to do</h2>\n<p>{_marked(text.remedy)}</p>\n"
            '<p><a href="/docs">Documentation</a></p>'
        )
        return _either(request.headers.get("accept", ""), problem.title, body, value)


def _either(accept: str, title: str, body: str, value: msgspec.Struct) -> Response[bytes]:
    """Give a page to whoever asks for HTML, which browsers do, and JSON to all others."""
    headers = {"Vary": "Accept"}
    if "text/html" not in accept:
        return Response(msgspec.json.encode(value), media_type=MediaType.JSON, headers=headers)
    return Response(
        _PAGE.format(title=escape(title), body=body).encode(),
        media_type="text/html; charset=utf-8",
        headers={**headers, "Content-Security-Policy": PAGE_POLICY},
    )


def _marked(text: str) -> str:
    """Make text fit for a page, with `words` between backticks as code.

    Example:
        >>> _marked("`a` < b")
        '<code>a</code> &lt; b'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
