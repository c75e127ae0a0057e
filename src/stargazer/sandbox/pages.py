"""Where a page of a connection begins and ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from stargazer.sandbox import arguments, identity, refusals
from stargazer.sandbox.document import Field
from stargazer.sandbox.lists import Numbers, Places


class Page(msgspec.Struct):
    """One page: its stars in the order asked for, and what lies around it."""

    places: list[int]
    numbers: list[int]
    total: int
    has_previous: bool
    has_next: bool


class Ask(msgspec.Struct):
    """The arguments of a connection, resolved. `after` and `before` are places."""

    first: int | None
    last: int | None
    after: int | None
    before: int | None
    descending: bool


def read_ask(field: Field, variables: Mapping[str, Any], path: refusals.Path) -> Ask:
    """Resolve the arguments of a connection.

    Raises:
        RefusedError: a cursor is none.
    """
    given = {name: arguments.resolve(value, variables) for name, value in field.arguments.items()}
    order = given.get("orderBy") or {}
    return Ask(
        first=given.get("first"),
        last=given.get("last"),
        after=_read_place(given.get("after"), field, path),
        before=_read_place(given.get("before"), field, path),
        descending=order.get("direction") == "DESC",
    )


def _read_place(cursor: str | None, field: Field, path: refusals.Path) -> int | None:
    if cursor is None:
        return None
    place = identity.read_cursor(cursor)
    if place is None:
        raise refusals.invalid_cursor(cursor, field.name, path).at(field.place)
    return place


def cut(places: Places, numbers: Numbers, ask: Ask) -> Page:
    """Cut one page out of a list that is sorted oldest first."""
    low, high = _bounds(places, ask)
    size = ask.first if ask.first is not None else ask.last
    start, end = low, high
    if size is not None and end - start > size:
        at_start = (ask.first is not None) is not ask.descending
        start, end = (start, start + size) if at_start else (end - size, end)
    step = -1 if ask.descending else 1
    older, newer = start > 0, end < len(places)
    return Page(
        places=places[start:end][::step].tolist(),
        numbers=numbers[start:end][::step].tolist(),
        total=len(places),
        has_previous=newer if ask.descending else older,
        has_next=older if ask.descending else newer,
    )


def _bounds(places: Places, ask: Ask) -> tuple[int, int]:
    """Return the half-open range between the cursors: a cursor is a place, whether or not it is taken."""
    older, newer = (ask.before, ask.after) if ask.descending else (ask.after, ask.before)
    low = 0 if older is None else int(np.searchsorted(places, older, side="right"))
    high = len(places) if newer is None else int(np.searchsorted(places, newer, side="left"))
    return low, max(low, high)
