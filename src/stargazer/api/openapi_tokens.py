"""The operations of the OpenAPI document about what a key brings: a GitHub token, a list of stargazers."""

from __future__ import annotations

from typing import Any

from stargazer.api import openapi_parts as parts
from stargazer.api.github_token import PATH, TOKEN_LENGTH_AT_MOST
from stargazer.api.openapi_paths import operation

_TAG = "Closed lists"

_TOKEN: dict[str, Any] = {
    "login": "octocat",
    "kind": "a classic token",
    "last_four": "8B4a",
    "scopes": ["public_repo"],
    "added_at": "2026-11-24T10:00:00Z",
}
_CHECKED = {**_TOKEN, "points_an_hour": 5_000, "points_remaining": 4_999}


def token_paths() -> dict[str, Any]:
    """What a key may bring."""
    return {PATH: {"put": _bring(), "get": _shown(), "delete": _remove()}}


def _bring() -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["token"],
        "additionalProperties": False,
        "properties": {
            "token": {
                "type": "string",
                "minLength": 1,
                "maxLength": TOKEN_LENGTH_AT_MOST,
                "writeOnly": True,
                "description": "A personal access token, or that of an app for a user.",
            }
        },
    }
    body = {"schema": schema, "example": {"token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a"}}
    return operation(
        "bringGitHubToken",
        _TAG,
        "Bring a GitHub token",
        "The jobs of this key run with it from now on, with its rights and on the rate limit of its user; "
        "answers are then seen by keys of that user only. GitHub is asked at once whose it is, and a token "
        "that GitHub does not take is refused. It is kept sealed, replaces an older one, and is never shown "
        "again.",
        {"200": parts.answer("The token is kept.", parts.ref("CheckedShownToken"), _CHECKED)},
        instance=PATH,
        problems=("request-too-large", "github-unreachable"),
        requestBody={"required": True, "content": {"application/json": body}},
    )


def _shown() -> dict[str, Any]:
    return operation(
        "showGitHubToken",
        _TAG,
        "Whose token this key has",
        "Of the token itself, its last four characters. A key that has none gets `not-found`; its jobs run "
        "with the service's own token, if the operator allows that.",
        {"200": parts.answer("The token.", parts.ref("ShownToken"), _TOKEN)},
        instance=PATH,
        problems=("not-found",),
    )


def _remove() -> dict[str, Any]:
    return operation(
        "removeGitHubToken",
        _TAG,
        "Remove the GitHub token",
        "The service forgets it. Jobs that are under way end with the call in flight.",
        {"204": {"description": "The key has none any more."}},
        instance=PATH,
    )
