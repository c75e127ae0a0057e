"""One stargazer of a list from elsewhere, and the rules for a line of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

LOGIN_LENGTH = 39
"""The longest login.

Source: https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
    (read 2026-11-24): letters, digits and hyphens, and for managed users an
    underscore and the short code of their enterprise. Hyphens at the edges and
    in pairs, which GitHub no longer gives out, live on in old accounts.
"""

_LOGIN = re.compile(r"[A-Za-z0-9-]+(?:_[A-Za-z0-9]+)?")
_USER_ID = re.compile(r"U_[A-Za-z0-9_-]+|MDQ6VXNlc[A-Za-z0-9+/]+={0,2}")


class FileStargazer(msgspec.Struct, frozen=True, gc=False):
    """A stargazer as a line names them: by login, by node id, or by both."""

    login: str | None = None
    id: str | None = None
    database_id: int | None = None
    starred_at: datetime | None = None

    @property
    def key(self) -> str:
        """What the stargazer is asked for by: the node id, or else the login."""
        return self.id or self.login or ""


class Malformed(msgspec.Struct, frozen=True):
    """Why a line names no stargazer."""

    reason: str


def is_login(text: str) -> bool:
    """Tell whether *text* may be the login of a user.

    Example:
        >>> is_login("octocat"), is_login("mona_acme"), is_login("no spaces")
        (True, True, False)
    """
    return len(text) <= LOGIN_LENGTH and _LOGIN.fullmatch(text) is not None


def is_user_id(text: str) -> bool:
    """Tell whether *text* may be the node id of a user, of the new form or the old.

    Example:
        >>> is_user_id("U_kgDOAAhK7w"), is_user_id("MDQ6VXNlcjU4MzIzMQ=="), is_user_id("583231")
        (True, True, False)
    """
    return _USER_ID.fullmatch(text) is not None


def stargazer(
    login: str, node_id: str, database_id: int | None, starred_at: str
) -> FileStargazer | Malformed:
    """Read a line from its cells; an empty cell says nothing.

    One good name is enough: what cannot be used beside it is left out, and so
    is a `starred_at` that is no moment.

    Example:
        >>> stargazer("octocat", "583231", None, "").login
        'octocat'
        >>> stargazer("", "583231", None, "").reason[:42]
        'a number cannot be asked of GitHub by id: '
    """
    good_login = login if login and is_login(login) else None
    good_id = node_id if node_id and is_user_id(node_id) else None
    if good_login is None and good_id is None:
        return Malformed(_reason(login, node_id))
    return FileStargazer(good_login, good_id, database_id, moment(starred_at) if starred_at else None)


def moment(text: str) -> datetime | None:
    """Read a moment in ISO 8601, or as BigQuery prints it; without a zone it is UTC.

    Example:
        >>> moment("2026-11-24T10:00:00Z") == moment("2026-11-24 10:00:00 UTC")
        True
        >>> moment("yesterday")
    """
    try:
        read = datetime.fromisoformat(text.removesuffix(" UTC"))
        if read.tzinfo is UTC:
            return read
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _reason(login: str, node_id: str) -> str:
    if login.endswith("[bot]"):
        return f"{shown(login)} is an app, and apps star nothing"
    if login:
        return f"{shown(login)} is not a login"
    if node_id.isdecimal():
        return "a number cannot be asked of GitHub by id: give the login, or the node id (U_…)"
    if node_id:
        return f"{shown(node_id)} is not the node id of a user (U_…)"
    return "neither login nor id"


def shown(text: str) -> str:
    """Quote *text* on one line, cut if it is long."""
    return ascii(text if len(text) <= LOGIN_LENGTH else text[:LOGIN_LENGTH] + "...")
