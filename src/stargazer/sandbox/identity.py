"""Node ids and cursors in GitHub's form: opaque to clients, exact to the sandbox."""

from __future__ import annotations

import base64

import msgspec

from stargazer.sandbox import moments

USER_PREFIX = "U_"
REPOSITORY_PREFIX = "R_"

_ID_HEAD = b"\x92\x00\xce"
"""A msgpack array of 0 and an unsigned 32-bit number: what GitHub's new ids hold.

Source: ids of public accounts, for example `U_kgDO…` (read 2026-11-24).
"""

_CURSOR_HEAD = b"cursor:v2:"
_ROW_BITS = 32
_ROW_MASK = (1 << _ROW_BITS) - 1


def write_node_id(prefix: str, database_id: int) -> str:
    """Return the node id of a user or repository.

    Example:
        >>> write_node_id("U_", 583231)
        'U_kgDOAAjmPw'
    """
    packed = _ID_HEAD + database_id.to_bytes(4, "big")
    return prefix + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_node_id(node_id: str) -> tuple[str, int] | None:
    """Return the prefix and the database id of a node id, or None if it is no such id."""
    prefix, encoded = node_id[:2], node_id[2:]
    try:
        packed = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        return None
    if len(packed) != len(_ID_HEAD) + 4 or not packed.startswith(_ID_HEAD):
        return None
    return prefix, int.from_bytes(packed[-4:], "big")


def place(starred_at: int, row: int) -> int:
    """Join a star's second and its row into one number that sorts as GitHub sorts stars."""
    return (starred_at << _ROW_BITS) | row


def second_of(place_of_star: int) -> int:
    """Return the second in which the star at a place was given."""
    return place_of_star >> _ROW_BITS


def write_cursor(place_of_star: int) -> str:
    """Write the cursor of a star: base64 of the star's moment and row, a place by value.

    Example:
        >>> write_cursor(place(1_790_000_000, 7))
        'Y3Vyc29yOnYyOpK5MjAyNi0wOS0yMVQxNDoxMzoyMCswMDowMAc='
    """
    moment = moments.write(second_of(place_of_star)).replace("Z", "+00:00")
    packed = msgspec.msgpack.encode((moment, place_of_star & _ROW_MASK))
    return base64.b64encode(_CURSOR_HEAD + packed).decode()


def read_cursor(cursor: str) -> int | None:
    """Return the place that a cursor names, or None if it is no cursor."""
    try:
        decoded = base64.b64decode(cursor, validate=True)
        if not decoded.startswith(_CURSOR_HEAD):
            return None
        moment, row = msgspec.msgpack.decode(decoded[len(_CURSOR_HEAD) :], type=tuple[str, int])
        starred_at = moments.read(moment)
    except (ValueError, msgspec.DecodeError):
        return None
    return place(int(moments.to_seconds(starred_at)), row)
