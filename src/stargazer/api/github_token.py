"""`/github-token`: the GitHub token that a key brings, so that its jobs run with it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Controller, delete, get, put

from stargazer.api.backend import Given, KeyRequest
from stargazer.api.parameters import read_query
from stargazer.api.replies import Reply, json_reply
from stargazer.errors import CredentialsRefused, InvalidRequest, KeyInvalid, NotFound, SettingError
from stargazer.service.token_check import CheckedToken, add_token
from stargazer.store.tokens import TokenRecord

PATH = "/github-token"

TOKEN_LENGTH_AT_MOST = 1_024

_NOT_OFFERED = "left out: this service keeps no tokens, since its operator has set no STARGAZER_SECRET_KEY"


class BroughtToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `PUT /github-token` takes."""

    token: str

    def __repr__(self) -> str:
        return "BroughtToken(…)"


class ShownToken(msgspec.Struct, frozen=True):
    """What is shown of a token: never more than its last four characters.

    `scopes` is null where GitHub does not tell them. The points are what GitHub
    said when the token was brought, and only told then.
    """

    login: str
    kind: str
    last_four: str
    scopes: list[str] | None
    added_at: datetime


class CheckedShownToken(ShownToken, frozen=True):
    """A token that was just brought, and what GitHub said of its rate limit: null where there is none."""

    points_an_hour: int | None = None
    points_remaining: int | None = None


class GitHubTokenController(Controller):
    """The GitHub token of the key that asks."""

    path = PATH
    opt = {"scope": "jobs"}  # noqa: RUF012 - Litestar's

    @put(include_in_schema=False)
    async def bring(self, request: KeyRequest, backend: Given) -> Reply:
        """Check a token, and keep it in place of an older one."""
        read_query(request.scope["query_string"], ())
        token = read_token(await request.body())
        try:
            kept = await add_token(
                backend.service, backend.tokens, backend.connections.own, request.user.number, token
            )
        except SettingError:
            raise InvalidRequest("PUT /github-token", _NOT_OFFERED) from None
        except CredentialsRefused as refused:
            reason = refused.facts["reason"]
            raise InvalidRequest("token", f"one that GitHub takes: {reason}") from None
        if kept is None:
            raise KeyInvalid
        backend.connections.forget(request.user.number)
        return json_reply(200, show_checked(*kept))

    @get(include_in_schema=False)
    async def shown(self, request: KeyRequest, backend: Given) -> Reply:
        """Tell whose token the key has."""
        read_query(request.scope["query_string"], ())
        records = await backend.tokens.records(request.user.number)
        if not records:
            raise NotFound(PATH)
        return json_reply(200, msgspec.convert(records[0], ShownToken, from_attributes=True))

    @delete(include_in_schema=False, status_code=200)
    async def removed(self, request: KeyRequest, backend: Given) -> Reply:
        """Forget the token; a key that has none is as well off."""
        read_query(request.scope["query_string"], ())
        await backend.tokens.remove(request.user.number)
        backend.connections.forget(request.user.number)
        return Reply(204, [(b"cache-control", b"private, no-store")])


def read_token(body: bytes) -> str:
    """Read what `PUT /github-token` takes; no message shows it.

    Raises:
        InvalidRequest: it is no JSON object with a token.
    """
    must_be = 'a JSON object such as {"token": "ghp_…"}'
    try:
        token = msgspec.json.decode(body, type=BroughtToken).token.strip()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InvalidRequest("the body", must_be) from None
    if not 0 < len(token) <= TOKEN_LENGTH_AT_MOST:
        raise InvalidRequest("token", f"1 to {TOKEN_LENGTH_AT_MOST:,} characters long")
    return token


def show_checked(record: TokenRecord, checked: CheckedToken) -> CheckedShownToken:
    """Show a token that was just brought."""
    return CheckedShownToken(
        login=record.login,
        kind=record.kind,
        last_four=record.last_four,
        scopes=record.scopes,
        added_at=record.added_at,
        points_an_hour=checked.points_an_hour,
        points_remaining=checked.points_remaining,
    )
