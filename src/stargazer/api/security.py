"""What every answer carries so that browsers do nothing but show it, and which origins may read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Headers = list[tuple[bytes, bytes]]

POLICY = b"content-security-policy"

NOTHING_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""For what is read by programs: a browser that shows it may load nothing for it."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For pages of ours: all they need comes from this service."""

_ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_PAGES: Headers = [*_ALWAYS, (b"referrer-policy", b"no-referrer"), (b"x-frame-options", b"DENY")]
_PROGRAMS: Headers = [*_ALWAYS, (POLICY, NOTHING_POLICY.encode())]

PREFLIGHT_SECONDS = 600
"""So long a browser remembers what an origin may do."""

_EXPOSED = (
    b"Content-Location, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, "
    b"Stargazer-Answer, Stargazer-Job, X-Request-Id, X-Total-Count"
)
"""What scripts of other origins may read besides the body."""


def protection(*, has_policy: bool) -> Headers:
    """What protects an answer: a page, which has a policy of its own, or what only programs read."""
    return _PAGES if has_policy else _PROGRAMS


class Origins:
    """The web origins whose scripts may call the service; none unless the operator names them.

    Args:
        allowed: origins such as `https://example.org`; `*` allows every one. A
            key never travels by itself, as a cookie would, so that is no danger.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._every = "*" in allowed
        self._allowed = frozenset(one.encode() for one in allowed)

    def of(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
        """The origin that a request names, if it is one of those allowed."""
        if not self._allowed:
            return None
        origin = next((value for name, value in headers if name == b"origin"), None)
        return origin if origin is not None and (self._every or origin in self._allowed) else None

    def told(self, origin: bytes | None) -> Headers:
        """What an answer to *origin*, one of those allowed or none, says to browsers and caches."""
        if not self._allowed:
            return []
        # Answers differ by origin, which a cache has to know.
        told = [(b"vary", b"Origin")]
        if origin is not None:
            told += [
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", _EXPOSED),
            ]
        return told

    @staticmethod
    def preflight(origin: bytes) -> Headers:
        """What lets the scripts of *origin* ask."""
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", b"GET, HEAD, POST, DELETE"),
            (
                b"access-control-allow-headers",
                b"Accept, Content-Type, If-None-Match, Prefer, X-API-Key, X-Request-Id",
            ),
            (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
            (b"vary", b"Origin"),
        ]
