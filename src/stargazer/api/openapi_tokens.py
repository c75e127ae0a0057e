"""The operations of the OpenAPI document about what a key brings: a GitHub token, a list of stargazers."""

from __future__ import annotations

from typing import Any

from stargazer.api import openapi_examples as examples
from stargazer.api import openapi_parts as parts
from stargazer.api.github_token import PATH, TOKEN_LENGTH_AT_MOST
from stargazer.api.openapi_paths import GITHUB_PROBLEMS, operation
from stargazer.api.problems import IMPORT_LIMIT_BYTES
from stargazer.api.stargazers import IMPORT_QUERY

_TAG = "Closed lists"

_TOKEN: dict[str, Any] = {
    "login": "octocat",
    "kind": "a classic token",
    "last_four": "8B4a",
    "scopes": ["public_repo"],
    "added_at": "2026-11-24T10:00:00Z",
}
_LIST = "login,starred_at\nalice,2025-01-02T03:04:05Z\nbob,\nno login!,\n"
_LINES = '{"login":"alice","starred_at":"2025-01-02T03:04:05Z"}\n{"id":"U_kgDOAAjmPw"}\n'
_IMPORTED: dict[str, Any] = {
    "repository": examples.REPOSITORY,
    "source": "GH Archive, until mid-2025",
    "imported_at": "2026-11-24T10:00:00Z",
    "entries": 2,
    "duplicates": 0,
    "skipped": 1,
    "warnings": ["line 4: 'no login!' is not a login"],
    "first_starred_at": "2025-01-02T03:04:05Z",
    "last_starred_at": "2025-01-02T03:04:05Z",
    "stargazers_total": 1_204,
    "share": 0.002,
}
_CHECKED = {**_TOKEN, "points_an_hour": 5_000, "points_remaining": 4_999}


def token_paths() -> dict[str, Any]:
    """What a key may bring."""
    return {
        PATH: {"put": _bring(), "get": _shown(), "delete": _remove()},
        "/repos/{owner}/{name}/stargazers": {
            "parameters": parts.REPOSITORY,
            "post": _import(),
            "delete": _remove_list(),
        },
    }


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


def _import() -> dict[str, Any]:
    text = {"type": "string", "description": "CSV, NDJSON, or one login a line; plain or gzipped."}
    bodies = {"text/csv": _LIST, "application/x-ndjson": _LINES}
    return operation(
        "importStargazers",
        _TAG,
        "Import a list of stargazers",
        "Where GitHub lists a repository's stargazers to its admins and collaborators only, the neighbours "
        "are found from this list, which replaces an older one and belongs to the key's GitHub user. Each "
        "line names somebody by `login` or by node `id`, and may tell `starred_at`. Lines that name nobody "
        f"are skipped and told by number. At most {IMPORT_LIMIT_BYTES:,} bytes. Needs the scope `import`.",
        {"200": parts.answer("The list is kept.", parts.ref("Imported"), _IMPORTED)},
        instance=f"/repos/{examples.REPOSITORY}/stargazers",
        problems=("repository-not-found", "request-too-large", *GITHUB_PROBLEMS),
        parameters=parts.query_parameters(IMPORT_QUERY),
        requestBody={
            "required": True,
            "content": {kind: {"schema": text, "example": example} for kind, example in bodies.items()},
        },
    )


def _remove_list() -> dict[str, Any]:
    return operation(
        "removeStargazers",
        _TAG,
        "Remove an imported list",
        "The service forgets it. Answers that were made from it are not served any more unless pinned. "
        "Needs the scope `import`.",
        {"204": {"description": "There is none any more."}},
        instance=f"/repos/{examples.REPOSITORY}/stargazers",
        problems=GITHUB_PROBLEMS,
    )
