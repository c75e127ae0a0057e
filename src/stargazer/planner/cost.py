"""What a GraphQL call costs by GitHub's formula, from its text alone.

No schema is needed. In GitHub's own, `edges`, `nodes`, `pageInfo` and
`totalCount` are fields of connections and of nothing else (but for the root's
`nodes(ids:)`), and nothing inside a connection but its `edges` and `nodes` leads
to further ones; so what a field selects tells what it is.

Source: the public schema, npm package @octokit/graphql-schema 15.26.1 (read
    2026-11-24).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from graphql import ArgumentNode, FieldNode, NonNullTypeNode, TypeNode, VariableNode

from stargazer.planner.query import Query, SelectionSets, Walk, declared_type, error_at, parse

GITHUB_REQUESTS_PER_POINT = 100
"""How many internal requests GitHub sells for one point.

Source: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
    (read 2026-11-24). GitHub reserves the right to change it, so every plan
    settles by the cost that an answer reports.
"""

MIN_POINTS = 1
"""What a call costs at least. Source: as above (read 2026-11-24)."""

MAX_NODES = 500_000
"""How many nodes one call may ask for. Source: as above (read 2026-11-24)."""

MAX_PAGE_SIZE = 100
"""The largest `first` or `last`; the smallest is 1. Source: as above (read 2026-11-24)."""

MAX_IDS = 100
"""How many ids one `nodes(ids:)` takes.

Source: GitHub's answer "You may not provide more than 100 node ids" (read
    2026-11-24). Two aliased `nodes` of 100 each are fine.
"""

MAX_DEPTH = 100
"""How deep fields may be nested; GitHub's deepest published examples have under 20 levels."""

PAGE_FIELDS = frozenset({"edges", "nodes", "pageInfo"})
"""The fields that GitHub resolves only for a page, so that their connection needs a size.

Source: GitHub's error MISSING_PAGINATION_BOUNDARIES (read 2026-11-24).
"""

COUNT_FIELD = "totalCount"
"""What a connection tells without a page size, for its one request. Source: as above."""


class Cost(msgspec.Struct, frozen=True):
    """What one call costs by GitHub's formula.

    `requests` is how many internal requests fill its connections, `nodes` how
    many nodes it may return, and `points` what is charged to the rate limit.
    """

    points: int
    requests: int
    nodes: int


class _Scope(msgspec.Struct, frozen=True):
    """What a merged selection asks for, for one parent."""

    requests: int = 0
    nodes: int = 0
    height: int = 0
    has_page: bool = False
    has_count: bool = False


class _Field(msgspec.Struct, frozen=True):
    """What one field asks for, for one parent: by itself, and with all below it."""

    own_nodes: int
    parents: int
    requests: int
    nodes: int
    height: int


_EMPTY = _Scope()
_SCALAR = _Field(own_nodes=0, parents=1, requests=0, nodes=0, height=0)


def points_of(requests: int) -> int:
    """Turn internal requests into points: by the hundred, halves up, at least one.

    Example:
        >>> [points_of(requests) for requests in (0, 149, 150, 5101)]
        [1, 1, 2, 51]
    """
    whole, rest = divmod(requests, GITHUB_REQUESTS_PER_POINT)
    return max(MIN_POINTS, whole + (2 * rest >= GITHUB_REQUESTS_PER_POINT))


def estimate_cost(
    document: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
) -> Cost:
    """Price any GitHub GraphQL document without asking GitHub.

    A connection costs one request for each of its parents, and 100 requests
    cost a point. Pages are taken as full, and fields of types that exclude each
    other as applying together, so the estimate is not too small. Mutations are
    priced like queries. A dry run, and `rateLimit` alone, cost 0 points.

    Args:
        document: its whole text, with the fragments it spreads.
        variables: must hold those that size a connection, fill `ids` or decide
            an `@include` or `@skip`, unless they have defaults; others are not
            looked at.
        operation_name: needed where the document has several operations.

    Raises:
        DocumentError: the document cannot be read, or GitHub would refuse it for
            its page sizes, its number of ids or its number of nodes.

    Example:
        >>> issues = "issues(first: $n) { nodes { labels(first: 60) { nodes { name } } } }"
        >>> query = "query ($n: Int!) { viewer { repositories(first: 100) { nodes { %s } } } }"
        >>> estimate_cost(query % issues, {"n": 50})  # 1 + 100 + 100 x 50 requests
        Cost(points=51, requests=5101, nodes=305100)
        >>> estimate_cost("{ viewer { followers { nodes { login } } } }")
        Traceback (most recent call last):
        stargazer.errors.DocumentError: 1:12: followers needs a page size: first or last, 1 to 100
    """
    return query_cost(parse(document, operation_name), variables)


def query_cost(query: Query, variables: Mapping[str, Any] | None = None) -> Cost:
    """Price a parsed query; see `estimate_cost`.

    Raises:
        DocumentError: as there.

    Example:
        >>> query_cost(parse("{ viewer { followers { totalCount } } }"))
        Cost(points=1, requests=1, nodes=0)
    """
    walk = Walk(query, variables or {})
    root = (query.operation.selection_set,)
    pricing = _Pricing(walk)
    price = pricing.scope(root, 1)
    if price.nodes > MAX_NODES:
        raise pricing.too_many_nodes(root, price.nodes)
    free = _is_free(walk, [field for field, _ in walk.merged(root)])
    return Cost(0 if free else points_of(price.requests), price.requests, price.nodes)


def _is_free(walk: Walk, fields: Sequence[FieldNode]) -> bool:
    """Whether a call asks only for the rate limit, or makes GitHub answer only that.

    Source: measured by others (read 2026-11-24): both cost nothing, and a dry
        run answers `rateLimit` alone, whatever else is selected.
    """
    limits = [field for field in fields if field.name.value == "rateLimit"]
    alone = all(field.name.value in ("rateLimit", "__typename") for field in fields)
    dry = all(
        any(one.name.value == "dryRun" and walk.value(one.value) is True for one in field.arguments or ())
        for field in limits
    )
    return bool(limits) and (alone or dry)


class _Pricing:
    """Prices selections for one parent each, and every selection once however often it is spread."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._known: dict[tuple[int, ...], _Scope] = {}

    def scope(self, sets: SelectionSets, depth: int) -> _Scope:
        """Price merged selections; *depth* counts their fields' levels from the root."""
        if not sets:
            return _EMPTY
        key = tuple(map(id, sets))
        known = self._known.get(key)
        if depth + (known.height if known else 1) - 1 > MAX_DEPTH:
            raise error_at(sets[0], f"fields are nested over {MAX_DEPTH} deep")
        if known is None:
            known = self._known[key] = self._add(sets, depth)
        return known

    def _add(self, sets: SelectionSets, depth: int) -> _Scope:
        requests = nodes = height = 0
        has_page = has_count = False
        for field, nested in self._walk.merged(sets):
            price = self.field(field, nested, depth)
            requests += price.requests
            nodes += price.nodes
            height = max(height, price.height)
            name = field.name.value
            has_page = has_page or (name in PAGE_FIELDS and not _argument(field, "ids"))
            has_count = has_count or name == COUNT_FIELD
        return _Scope(requests, nodes, height + 1, has_page, has_count)

    def field(self, field: FieldNode, nested: SelectionSets, depth: int) -> _Field:
        """Price one field with its merged sub-selections."""
        if not nested and not field.arguments:
            return _SCALAR
        ids = _argument(field, "ids") if field.name.value == "nodes" else None
        size = None if ids else self._page_size(field)
        below = self.scope(nested, depth + 1)
        if size is None and below.has_page and not ids:
            raise error_at(
                field, f"{field.name.value} needs a page size: first or last, 1 to {MAX_PAGE_SIZE}"
            )
        own_requests = int(not ids and (size is not None or below.has_count))
        parents = self._ids(ids) if ids else size or 1
        return _Field(
            own_nodes=size or 0,
            parents=parents,
            requests=own_requests + parents * below.requests,
            nodes=(size or 0) + parents * below.nodes,
            height=below.height,
        )

    def too_many_nodes(self, root: SelectionSets, total: int) -> Exception:
        """Build the error that points at the connection whose nodes no longer fit, in document order."""
        room, parents, depth = MAX_NODES, 1, 1
        fields = iter(self._walk.merged(root))
        while True:
            field, nested = next(fields)
            price = self.field(field, nested, depth)
            if parents * price.nodes <= room:
                room -= parents * price.nodes
                continue
            room -= parents * price.own_nodes
            if room < 0:
                break
            parents *= price.parents
            depth += 1
            fields = iter(self._walk.merged(nested))
        # Python refuses to print integers of thousands of digits, and nobody reads them.
        shown = f"{total:,}" if total < 10**15 else "over 10^15"
        return error_at(
            field,
            f"the call asks for {shown} nodes, and GitHub allows {MAX_NODES:,}: "
            f"{field.name.value} goes over it",
        )

    def _page_size(self, field: FieldNode) -> int | None:
        """Read `first` or `last`; None where neither is given, null counting as not given."""
        arguments = [one for one in field.arguments or () if one.name.value in ("first", "last")]
        sizes = [(one, self._size(one)) for one in arguments]
        given = [(one, size) for one, size in sizes if isinstance(size, int)]
        if len(given) > 1:
            raise error_at(given[1][0], f"{field.name.value} has two page sizes: GitHub takes first or last")
        if given:
            return given[0][1]
        for argument, size in sizes:
            if size is msgspec.UNSET:
                raise _missing(argument)
        return None

    def _size(self, argument: ArgumentNode) -> int | msgspec.UnsetType | None:
        name = argument.name.value
        if isinstance(argument.value, VariableNode):
            declared = declared_type(self._walk.declaration(argument.value))
            if declared != "Int":
                raise error_at(
                    argument,
                    f"{name} must be an Int, and ${argument.value.name.value} is declared as {declared}",
                )
        value = self._walk.value(argument.value)
        if value is None or value is msgspec.UNSET:
            return self._absent(argument, value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise error_at(argument, f"{name} must be an integer, 1 to {MAX_PAGE_SIZE}")
        if not 1 <= value <= MAX_PAGE_SIZE:
            shown = f", not {value}" if abs(value) < 10**9 else ""
            raise error_at(argument, f"{name} must be 1 to {MAX_PAGE_SIZE}{shown}")
        return value

    def _absent(self, argument: ArgumentNode, value: msgspec.UnsetType | None) -> msgspec.UnsetType | None:
        """Let a variable be absent only where its type allows null."""
        if isinstance(argument.value, VariableNode):
            kind: TypeNode = self._walk.declaration(argument.value).type
            if isinstance(kind, NonNullTypeNode):
                raise _missing(argument)
        return value

    def _ids(self, argument: ArgumentNode) -> int:
        """Count the ids of `nodes(ids:)`; one that stands alone is a list of one, as GraphQL has it."""
        value = self._walk.value(argument.value)
        if value is msgspec.UNSET:
            raise _missing(argument)
        if value is None:
            raise error_at(argument, "ids must be a list of node ids")
        count = len(value) if isinstance(value, (list, tuple)) else 1
        if count > MAX_IDS:
            raise error_at(argument, f"nodes takes at most {MAX_IDS} ids, not {count:,}")
        return count


def _argument(field: FieldNode, name: str) -> ArgumentNode | None:
    return next((one for one in field.arguments or () if one.name.value == name), None)


def _missing(argument: ArgumentNode) -> Exception:
    name = argument.value.name.value if isinstance(argument.value, VariableNode) else ""
    return error_at(argument, f"{argument.name.value} needs the variable ${name}, which is not given")
