"""`/repos/{owner}/{name}/stargazers`: a list of stargazers that came from elsewhere than GitHub's own."""

from __future__ import annotations

import asyncio
import re
import tempfile
from typing import Any, BinaryIO, cast

import msgspec
from litestar import Controller, delete, post
from litestar.params import FromPath

from stargazer.api.backend import Given, KeyRequest
from stargazer.api.parameters import Parameter, read_query
from stargazer.api.replies import Reply, json_reply
from stargazer.errors import InvalidRequest
from stargazer.planner.name import parse_name
from stargazer.service import importing
from stargazer.service.importing import SOURCE, SOURCE_LENGTH_AT_MOST, import_stargazers
from stargazer.store.imported_lists import ImportKey

SCOPE = "import"

_WORDS = re.compile(rf"[ -~]{{1,{SOURCE_LENGTH_AT_MOST}}}")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Some words in ASCII."""

    name: str
    text: str
    example: str

    def read(self, text: str) -> str:
        """Read them."""
        if _WORDS.fullmatch(text) and text.strip():
            return text.strip()
        raise InvalidRequest(self.name, f"1 to {SOURCE_LENGTH_AT_MOST} printable characters of ASCII")

    def schema(self) -> dict[str, Any]:
        """Describe them."""
        return {"type": "string", "pattern": rf"^(?=.*[!-~])[ -~]{{1,{SOURCE_LENGTH_AT_MOST}}}$"}


IMPORT_QUERY: tuple[Parameter, ...] = (
    Words(
        name="source",
        text="Where the list comes from, in your words; answers repeat it.",
        example="GH Archive, until mid-2025",
    ),
)
"""What may be said of a list."""

IMPORTS_AT_ONCE = 2
"""Reading fifty megabytes keeps a core busy for some seconds: answers come first."""

_LISTS = asyncio.Semaphore(IMPORTS_AT_ONCE)


class StargazersController(Controller):
    """Lists from elsewhere."""

    path = "/repos/{owner:str}/{name:str}/stargazers"
    opt = {"scope": SCOPE}  # noqa: RUF012 - Litestar's

    @post(include_in_schema=False, request_max_body_size=None)
    async def bring(
        self, request: KeyRequest, backend: Given, owner: FromPath[str], name: FromPath[str]
    ) -> Reply:
        """Keep a list in place of an older one; the frame holds its body to the limit."""
        query = read_query(request.scope["query_string"], IMPORT_QUERY)
        repository = "/".join(parse_name(f"{owner}/{name}"))
        credential = await backend.credentials.of(request.user)
        with tempfile.TemporaryFile() as file:
            async for chunk in request.stream():
                file.write(chunk)
            file.seek(0)
            given = importing.Given(
                path="-",
                stdin=cast("BinaryIO", file),
                source=query.get("source", SOURCE),
                parameter="the body",
            )
            async with _LISTS:
                done = await import_stargazers(
                    backend.service, credential.github, repository, credential.user, given
                )
        return json_reply(200, done)

    @delete(include_in_schema=False, status_code=200)
    async def remove(
        self, request: KeyRequest, backend: Given, owner: FromPath[str], name: FromPath[str]
    ) -> Reply:
        """Forget a list; where there is none all is as it shall be."""
        read_query(request.scope["query_string"], ())
        repository = "/".join(parse_name(f"{owner}/{name}"))
        credential = await backend.credentials.of(request.user)
        known = await backend.service.repositories.named(repository)
        if known is not None:
            await backend.service.imported_lists.remove(ImportKey(known.number, credential.user))
        return Reply(204, [(b"cache-control", b"private, no-store")])
