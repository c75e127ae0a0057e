"""Header fields of requests, read as their specifications say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from litestar.types import Scope

from stargazer.errors import NotAcceptable

WAIT_SECONDS = 30
WAIT_SECONDS_AT_MOST = 60
"""How long a request waits for its job unless it prefers otherwise, and how long at most."""

_WAIT = re.compile(rb"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*(?=$|[,;])", re.IGNORECASE)
_ASYNC = re.compile(rb"(?:^|[,;])\s*respond-async\s*(?=$|[,;])", re.IGNORECASE)


def field(scope: Scope, name: bytes) -> bytes:
    """The value of a header field; of several, their list. *name* is in lower case."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0] if len(found) == 1 else b", ".join(found)


def wait_seconds(prefer: bytes) -> int | None:
    """How long a client prefers to wait for its answer (RFC 7240); None: it does not say.

    Example:
        >>> wait_seconds(b"respond-async, wait=10"), wait_seconds(b"wait=900"), wait_seconds(b"")
        (10, 60, None)
    """
    if not prefer:
        return None
    found = _WAIT.search(prefer)
    if found is not None:
        return min(int(found[1]), WAIT_SECONDS_AT_MOST)
    return 0 if _ASYNC.search(prefer) else None


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether a client has what *etag* stands for, compared weakly (RFC 9110 § 13.1.2).

    Example:
        >>> matches(b'"a", W/"b"', b'W/"b"'), matches(b"*", b'W/"b"'), matches(b'"a"', b'W/"b"')
        (True, True, False)
    """
    if not if_none_match:
        return False
    if if_none_match.strip() == b"*":
        return True
    wanted = etag.removeprefix(b"W/")
    return any(one.strip().removeprefix(b"W/") == wanted for one in if_none_match.split(b","))


@lru_cache(1_024)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether a client can read gzip.

    Example:
        >>> takes_gzip(b"gzip, br"), takes_gzip(b"gzip;q=0"), takes_gzip(b"identity")
        (True, False, False)
    """
    offers = dict(_weighed(accept_encoding))
    return offers.get("gzip", offers.get("*", 0.0)) > 0


@lru_cache(1_024)
def choose(accept: bytes, offered: Sequence[str]) -> str:
    """The first of the media types *offered* that a client likes best (RFC 9110 § 12.5.1).

    Raises:
        NotAcceptable: it takes none of them.

    Example:
        >>> choose(b"text/*, application/json;q=0.9", ("application/json", "text/csv"))
        'text/csv'
    """
    if not accept.strip():
        return offered[0]
    ranges = dict(_weighed(accept))
    weights = [_weight(one, ranges) for one in offered]
    best = max(weights)
    if best <= 0:
        raise NotAcceptable(offered)
    return offered[weights.index(best)]


def _weight(media_type: str, ranges: dict[str, float]) -> float:
    kind = media_type.partition("/")[0]
    for one in (media_type, f"{kind}/*", "*/*"):
        if one in ranges:
            return ranges[one]
    return 0.0


def _weighed(value: bytes) -> list[tuple[str, float]]:
    """The members of a list, and how much each is liked."""
    weighed = []
    for member in value.decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in member.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            weighed.append((name, float(weight)))
        except ValueError:
            weighed.append((name, 0.0))
    return weighed
