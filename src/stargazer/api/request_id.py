"""The id of a request: what the answer, the problem and every log line know it by."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

HEADER = "X-Request-Id"

_FIELD = HEADER.lower().encode()
_FIT = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_BYTES = 12
_STATE = "request_id"


def identify(scope: Mapping[str, Any]) -> str:
    """Take the id that came with a request, if it is fit for a log and a header, or make one.

    Letters, digits, dots, dashes and underscores are fit, up to 128 of them.
    """
    for name, value in scope["headers"]:
        if name == _FIELD:
            return value.decode() if _FIT.fullmatch(value) else make()
    return make()


def make() -> str:
    """Make an id that nobody else has."""
    return secrets.token_hex(_BYTES)


def keep(scope: Mapping[str, Any], request_id: str) -> None:
    """Let whoever has the scope of the request know its id."""
    scope["state"][_STATE] = request_id


def request_id_of(scope: Mapping[str, Any]) -> str:
    """The id of the request with this scope; empty outside the frame."""
    return str(scope.get("state", {}).get(_STATE, ""))
