"""What GitHub charges for a call, by the sandbox's own reckoning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from stargazer.sandbox import arguments, refusals
from stargazer.sandbox.document import Counted, Operation

REQUESTS_PER_POINT = 100
"""Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
(read 2026-11-24): the requests needed to fill every unique connection, divided by 100,
rounded to the nearest whole number, at least 1."""

MOST_ITEMS = 100
"""How many records a page may ask for, and how many ids `nodes` takes. Source: as above."""


class Charge(msgspec.Struct, frozen=True):
    """What a call costs: points, the requests they are made from, and nodes it might return."""

    points: int
    requests: int
    nodes: int


def price(operation: Operation, variables: Mapping[str, Any]) -> Charge:
    """Price one call.

    A call of `rateLimit` alone and a dry run are free.

    Source: both were free when others tried them (read 2026-11-24).

    Raises:
        RefusedError: a page is too large, too small or has no size, or too many ids are given.
    """
    requests, nodes = _count(operation.counted, variables, 1)
    points = max(1, (requests + REQUESTS_PER_POINT // 2) // REQUESTS_PER_POINT)
    if is_dry_run(operation, variables) or set(operation.root_names) == {"rateLimit"}:
        points = 0
    return Charge(points, requests, nodes)


def quote(operation: Operation, variables: Mapping[str, Any]) -> int:
    """Return the points that a dry run says the call would cost."""
    requests, _ = _count(operation.counted, variables, 1)
    return max(1, (requests + REQUESTS_PER_POINT // 2) // REQUESTS_PER_POINT)


def is_dry_run(operation: Operation, variables: Mapping[str, Any]) -> bool:
    """Tell whether the call selects `rateLimit(dryRun: true)`."""
    return any(
        field.name == "rateLimit" and arguments.resolve(field.arguments.get("dryRun"), variables)
        for field in operation.root.fields
    )


def _count(counted: Iterable[Counted], variables: Mapping[str, Any], parents: int) -> tuple[int, int]:
    """Return requests and nodes: a connection is requested once for each of its parents."""
    requests = nodes = 0
    for one in counted:
        own = 0
        if one.is_connection:
            items = _page_size(one, variables)
            own = parents
            nodes += parents * items
        else:
            items = _id_count(one, variables)
        inner_requests, inner_nodes = _count(one.inner, variables, parents * items)
        requests += own + inner_requests
        nodes += inner_nodes
    return requests, nodes


def _page_size(connection: Counted, variables: Mapping[str, Any]) -> int:
    first = arguments.resolve(connection.first, variables)
    last = arguments.resolve(connection.last, variables)
    if first is not None and last is not None:
        raise refusals.both_bounds(connection.name, connection.path)
    size = first if first is not None else last
    if size is None:
        if connection.must_bound:
            raise refusals.missing_bounds(connection.name, connection.path)
        return 0
    bound = "first" if first is not None else "last"
    if not 1 <= size <= MOST_ITEMS:
        raise refusals.excessive_page(connection.name, connection.path, bound, size)
    return int(size)


def _id_count(nodes: Counted, variables: Mapping[str, Any]) -> int:
    count = len(arguments.resolve(nodes.ids, variables) or ())
    if count > MOST_ITEMS:
        raise refusals.too_many_ids(nodes.path, count)
    return count
