"""A GitHub token is checked before it is kept: whose is it, what may it do, what is left of its budget?"""

from __future__ import annotations

import graphql
import msgspec

from stargazer import catalogue
from stargazer.errors import CredentialsRefused, GitHubUnreachable
from stargazer.github.transport import Answer, GitHub
from stargazer.planner.page import User
from stargazer.runner import Clock
from stargazer.service.stores import Stores
from stargazer.store.tokens import NewToken, TokenRecord, Tokens

_LIMIT = "x-ratelimit-limit"
_REMAINING = "x-ratelimit-remaining"
_SCOPES = "x-oauth-scopes"
"""In GitHub's answers to classic tokens and to those of OAuth apps.

Source: https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps (read 2026-11-24).
"""


class CheckedToken(msgspec.Struct, frozen=True, kw_only=True):
    """What GitHub says of a token.

    `scopes` is None where GitHub does not tell them; the points are None where
    there is no rate limit.
    """

    user: User
    kind: str
    scopes: list[str] | None
    points_an_hour: int | None
    points_remaining: int | None


class _Viewer(msgspec.Struct):
    viewer: User


class _ViewerAnswer(msgspec.Struct):
    data: _Viewer


async def check_token(github: GitHub, clock: Clock) -> CheckedToken:
    """Ask GitHub, once, about the token of an open connection.

    Raises:
        CredentialsRefused: GitHub does not know it, or it belongs to no user.
        GitHubUnreachable: GitHub could not be asked.
    """
    answer = await github.ask(graphql.print_ast(catalogue.installed().document("viewer")))
    clock.passed(answer.seconds)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return CheckedToken(
        user=_user(answer),
        kind=github.credential,
        scopes=_words(headers[_SCOPES]) if _SCOPES in headers else None,
        points_an_hour=_number(headers.get(_LIMIT)),
        points_remaining=_number(headers.get(_REMAINING)),
    )


async def add_token(
    stores: Stores, tokens: Tokens, github: GitHub, key_number: int, token: str
) -> tuple[TokenRecord, CheckedToken] | None:
    """Check a token, and keep it for a key in place of an older one.

    Args:
        stores: remembers whose it is.
        tokens: keeps it.
        github: a way to GitHub; the token gets another one like it for the question.
        key_number: of the key that brings it.
        token: the token.

    Returns:
        What may be shown of it, and what GitHub says; None: the key is revoked.

    Raises:
        SettingError: there is no secret to seal it with.
        CredentialsRefused: it is dead, or no token.
        GitHubUnreachable: GitHub could not be asked.
        StoreUnavailable: the database cannot be used; nothing was written.
    """
    tokens.check_can_keep()
    token = token.strip()
    if not token:
        raise CredentialsRefused("no token")
    async with github.for_token(token) as theirs:
        checked = await check_token(theirs, stores.clock)
        fingerprint = theirs.fingerprint
    now = stores.clock.now()
    user = await stores.credentials.remember(fingerprint, checked.user, now)
    new = NewToken(token=token, credential_user=user, kind=checked.kind, scopes=checked.scopes)
    if not await tokens.put(key_number, new, now):
        return None
    [record] = await tokens.records(key_number)
    return record, checked


def _user(answer: Answer) -> User:
    if answer.status in (401, 403):
        raise CredentialsRefused(f"it answers {answer.status} when asked whose token this is")
    try:
        return msgspec.json.decode(answer.body, type=_ViewerAnswer).data.viewer
    except msgspec.MsgspecError as malformed:
        if answer.status == 200:
            reason = "it does not say whose token this is, and the token of an app belongs to nobody"
            raise CredentialsRefused(reason) from malformed
        raise GitHubUnreachable(f"it answers {answer.status} when asked whose token this is") from malformed


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
