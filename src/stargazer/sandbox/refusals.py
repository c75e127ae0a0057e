"""How GitHub says no: the payloads, word for word.

Source: payloads pasted into public issues, and GitHub's documentation (read 2026-11-24).
"""

from __future__ import annotations

from typing import Any

import msgspec

DOCUMENTATION_URL = "https://docs.github.com/graphql"

SECONDARY_LIMIT = {
    "documentation_url": (
        "https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#secondary-rate-limits"
    ),
    "message": (
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
        "If you reach out to GitHub Support for help, "
        "please include the request ID 9C31:8954C:5A2B91:6E3F10:65A0B1C2."
    ),
}
BAD_CREDENTIALS = {"message": "Bad credentials", "documentation_url": DOCUMENTATION_URL, "status": "401"}
NO_CREDENTIALS = {
    "message": "This endpoint requires you to be authenticated.",
    "documentation_url": "https://docs.github.com/graphql/guides/forming-calls-with-graphql#authenticating-with-graphql",
    "status": "401",
}
NO_USER_AGENT = (
    "\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header "
    "(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). "
    "Check https://developer.github.com for other possible causes.\n"
)
BAD_GATEWAY_HTML = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
    "<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
WENT_WRONG = (
    "Something went wrong while executing your query. This may be the result of a timeout, "
    "or it could be a GitHub bug. "
    "Please include `9C31:8954C:5A2B91:6E3F10:65A0B1C2` when reporting this issue."
)
RESOURCE_LIMITS = "Resource limits for this query exceeded."
NOT_ACCESSIBLE = "Resource not accessible by personal access token"

Path = tuple[str | int, ...]


class RefusedError(Exception):
    """A field cannot be answered: it and all that cannot be null above it become null.

    `path` is where GitHub says it happened. `whole` tells that no field of the
    call is answered: `data` is null.
    """

    def __init__(self, message: str, *, kind: str | None, path: Path = (), whole: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.path = path
        self.whole = whole
        self.place: tuple[int, int] | None = None

    def at(self, place: tuple[int, int]) -> RefusedError:
        """Say where in the document the field stands, unless that is known."""
        if self.place is None:
            self.place = place
        return self

    def describe(self) -> dict[str, Any]:
        """Return the error as it stands in the answer."""
        described: dict[str, Any] = {}
        if self.kind is not None:
            described["type"] = self.kind
        if self.path:
            described["path"] = list(self.path)
        if self.kind == "FORBIDDEN":
            described["extensions"] = {"saml_failure": False}
        if self.place is not None:
            described["locations"] = [{"line": self.place[0], "column": self.place[1]}]
        described["message"] = self.message
        return described


def missing_bounds(name: str, path: Path) -> RefusedError:
    """Refuse a connection without `first` or `last`."""
    message = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
    return RefusedError(message, kind="MISSING_PAGINATION_BOUNDARIES", path=path, whole=True)


def both_bounds(name: str, path: Path) -> RefusedError:
    """Refuse a connection with `first` and `last`."""
    message = f"Passing both `first` and `last` to paginate the `{name}` connection is not supported."
    return RefusedError(message, kind=None, path=path, whole=True)


def excessive_page(name: str, path: Path, bound: str, size: int) -> RefusedError:
    """Refuse a page that is too large or too small."""
    message = (
        f"Requesting {size} records on the `{name}` connection exceeds the `{bound}` limit of 100 records."
    )
    if size < 1:
        message = f"`{bound}` on the `{name}` connection cannot be less than 1."
    return RefusedError(message, kind="EXCESSIVE_PAGINATION", path=path, whole=True)


def too_many_ids(path: Path, count: int) -> RefusedError:
    """Refuse `nodes` with too many ids."""
    message = f"You may not provide more than 100 node ids; you provided {count}."
    return RefusedError(message, kind="ARGUMENT_LIMIT", path=path, whole=True)


def too_many_nodes(nodes: int, limit: int) -> RefusedError:
    """Refuse a call that might return too many nodes."""
    message = (
        f"This query requests up to {nodes:,} possible nodes which exceeds the maximum limit of {limit:,}."
    )
    return RefusedError(message, kind="MAX_NODE_LIMIT_EXCEEDED", whole=True)


def resource_limits(path: Path = (), *, whole: bool = False) -> RefusedError:
    """Refuse a field, or the whole call, because it is too much work."""
    return RefusedError(RESOURCE_LIMITS, kind="RESOURCE_LIMITS_EXCEEDED", path=path, whole=whole)


def invalid_cursor(cursor: str, name: str, path: Path) -> RefusedError:
    """Refuse a cursor that is none."""
    message = f"`{cursor}` does not appear to be a valid cursor for `{name}`."
    return RefusedError(message, kind="INVALID_CURSOR_ARGUMENTS", path=path)


def no_such_repository(name: str, path: Path) -> RefusedError:
    """Refuse a repository that does not exist, or that the token may not see."""
    return RefusedError(
        f"Could not resolve to a Repository with the name '{name}'.", kind="NOT_FOUND", path=path
    )


def no_such_user(login: str, path: Path) -> RefusedError:
    """Refuse a login that nobody has."""
    return RefusedError(
        f"Could not resolve to a User with the login of '{login}'.", kind="NOT_FOUND", path=path
    )


def no_such_node(node_id: str, path: Path) -> RefusedError:
    """Refuse a node id that nothing has."""
    message = f"Could not resolve to a node with the global id of '{node_id}'"
    return RefusedError(message, kind="NOT_FOUND", path=path)


def forbidden(path: Path) -> RefusedError:
    """Refuse what this token has no right to."""
    return RefusedError(NOT_ACCESSIBLE, kind="FORBIDDEN", path=path)


def went_wrong(path: Path = (), *, whole: bool = False) -> RefusedError:
    """Say that something went wrong, which is GitHub's word for a time-out."""
    return RefusedError(WENT_WRONG, kind=None, path=path, whole=whole)


def not_simulated(type_name: str, field_name: str, path: Path) -> RefusedError:
    """Refuse a field that GitHub has and the sandbox has not."""
    message = f"The sandbox does not simulate the field '{field_name}' of type '{type_name}'"
    return RefusedError(message, kind=None, path=path)


def describe_rate_limit(user_number: int, *, spelling: str) -> dict[str, Any]:
    """Return the one error of a call that points cannot pay, in either of GitHub's spellings."""
    if spelling == "RATE_LIMIT":
        message = f"API rate limit already exceeded for user ID {user_number}."
        return {"type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": message}
    return {"type": "RATE_LIMITED", "message": f"API rate limit exceeded for user ID {user_number}."}


def encode(payload: dict[str, Any]) -> bytes:
    """Write a payload as GitHub does."""
    return msgspec.json.encode(payload)
