"""The answer to one call, written as JSON while the selections are walked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stargazer.sandbox import arguments, identity, moments, pages, refusals
from stargazer.sandbox.behaviour import Behaviour, Stargazers, StarLists
from stargazer.sandbox.document import Field, Layout, Operation, Selection, shape_of
from stargazer.sandbox.facts import Fragments, pick
from stargazer.sandbox.graph import Graph
from stargazer.sandbox.lists import Numbers, Places
from stargazer.sandbox.refusals import Path, RefusedError
from stargazer.sandbox.server import ResourceLimit

_CONNECTIONS = {"stargazers", "starredRepositories"}


class Caller(msgspec.Struct, frozen=True):
    """Who asks: the user behind the token, and how stargazers are listed to them."""

    login: str
    number: int
    stargazers: Stargazers


class Answer:
    """One call being answered.

    Attributes:
        errors: of single fields, as they stand in the answer.
        connections: how many were read.
        nodes: how many were returned.
        is_stuck: whether a page was asked for that never ends.
        is_exceeded: whether the work went over the limit.
    """

    def __init__(
        self,
        graph: Graph,
        fragments: Fragments,
        behaviour: Behaviour,
        *,
        caller: Caller,
        limit: ResourceLimit,
        rate_limit: dict[str, Any] | None,
        seeds: set[int],
    ) -> None:
        self._graph = graph
        self._fragments = fragments
        self._behaviour = behaviour
        self._caller = caller
        self._limit = limit
        self._rate_limit = rate_limit
        self._seeds = seeds
        self._variables: Mapping[str, Any] = {}
        self.errors: list[dict[str, Any]] = []
        self.connections = 0
        self.nodes = 0
        self.is_stuck = False
        self.is_exceeded = False

    def write(self, operation: Operation, variables: Mapping[str, Any], *, broken: str | None = None) -> str:
        """Return `data` as JSON, and collect errors.

        Something goes wrong at the root field whose response key is *broken*.
        """
        self._variables = variables
        parts = []
        for field in operation.root.fields:
            try:
                if field.key == broken:
                    raise refusals.went_wrong((field.key,)).at(field.place)
                text = self._root(field)
            except RefusedError as refused:
                self.errors.append(refused.at(field.place).describe())
                text = "null"
            parts.append(f'"{field.key}":{text}')
        return f"{{{','.join(parts)}}}"

    # Root fields.

    def _root(self, field: Field) -> str:
        path: Path = (field.key,)
        given = {name: arguments.resolve(value, self._variables) for name, value in field.arguments.items()}
        match field.name:
            case "node":
                return self._node(field, given["id"], path)
            case "nodes":
                return self._nodes(field, given["ids"], path)
            case "repository":
                return self._repository(field, given, path)
            case "user":
                return self._user(field, given["login"], path)
            case "viewer":
                return self._viewer(field, path)
            case "rateLimit":
                return _encode(pick(field.selections["RateLimit"], self._rate_limit, path))
            case "__typename":
                return '"Query"'
            case name:
                raise refusals.not_simulated("Query", name, path)

    def _node(self, field: Field, node_id: str, path: Path) -> str:
        found = self._graph.find_node(node_id)
        if found is None or (found[0] == "User" and found[1] in self._graph.oddities.gone):
            raise refusals.no_such_node(node_id, path)
        type_name, number = found
        return self._object(field.selections[type_name], number, path)

    def _nodes(self, field: Field, ids: list[str], path: Path) -> str:
        parts = []
        for index, node_id in enumerate(ids):
            try:
                parts.append(self._node(field, node_id, (*path, index)))
            except RefusedError as refused:
                self.errors.append(refused.at(field.place).describe())
                parts.append("null")
        return f"[{','.join(parts)}]"

    def _repository(self, field: Field, given: dict[str, Any], path: Path) -> str:
        name = f"{given['owner']}/{given['name']}"
        follow = given.get("followRenames") is not False
        number = self._graph.repositories.find(name, follow_renames=follow)
        if number is None:
            raise refusals.no_such_repository(name, path)
        self._seeds.add(number)
        return self._object(field.selections["Repository"], number, path)

    def _user(self, field: Field, login: str, path: Path) -> str:
        number = self._graph.find_user(login)
        if number is None or number in self._graph.oddities.gone:
            raise refusals.no_such_user(login, path)
        return self._object(field.selections["User"], number, path)

    def _viewer(self, field: Field, path: Path) -> str:
        number = self._graph.find_user(self._caller.login)
        if number is not None:
            return self._object(field.selections["User"], number, path)
        known = {
            "login": self._caller.login,
            "databaseId": self._caller.number,
            "id": identity.write_node_id(identity.USER_PREFIX, self._caller.number),
        }
        return _encode(pick(field.selections["User"], known, path))

    # Objects and their connections.

    def _object(self, selection: Selection, number: int, path: Path) -> str:
        if selection.shape is not None:
            return self._fragments.write(selection, [number], path)[0]
        values = []
        for field in selection.layout.fields:
            if field.name in _CONNECTIONS:
                values.append(self._connection(field, number, (*path, field.key)))
            else:
                values.append(self._fact(selection, field, number, path))
        return selection.layout.template % tuple(values)

    def _fact(self, selection: Selection, field: Field, number: int, path: Path) -> str:
        alone = Selection(selection.type_name, (field,), shape_of((field,)) or "", selection.layout)
        (written,) = self._fragments.write(alone, [number], path)
        return written[written.index(":") + 1 : -1]

    def _connection(self, field: Field, owner: int, path: Path) -> str:
        ((type_name, selection),) = field.selections.items()
        ask = pages.read_ask(field, self._variables, path)
        self._spend(field, path)
        try:
            if type_name == "StargazerConnection":
                page = pages.cut(*self._list_stargazers(owner, ask, path), ask)
                nulls = self._null_stargazers(owner, page)
            else:
                page = pages.cut(*self._list_stars(owner, ask, path), ask)
                nulls = self._null_stars(owner, page)
        except RefusedError as refused:
            raise refused.at(field.place) from None
        self.nodes += len(page.numbers)
        values = [self._part(part, page, nulls, owner, (*path, part.key)) for part in selection.layout.fields]
        return selection.layout.template % tuple(values)

    def _spend(self, field: Field, path: Path) -> None:
        """Count one connection, unless that is too much work."""
        most_connections, most_nodes = self._limit.connections, self._limit.nodes
        too_many = most_connections is not None and self.connections >= most_connections
        if too_many or (most_nodes is not None and self.nodes > most_nodes):
            self.is_exceeded = True
            raise refusals.resource_limits(path).at(field.place)
        self.connections += 1

    def _list_stargazers(self, owner: int, ask: pages.Ask, path: Path) -> tuple[Places, Numbers]:
        places, users = self._graph.stargazers.of(owner)
        access = self._caller.stargazers
        if access is Stargazers.OPEN or (
            self._behaviour.break_off and ask.after is None and ask.before is None
        ):
            return places, users
        if access is Stargazers.FORBIDDEN:
            raise refusals.forbidden(path)
        return places[:0], users[:0]

    def _list_stars(self, owner: int, ask: pages.Ask, path: Path) -> tuple[Places, Numbers]:
        oddities = self._graph.oddities
        if owner in oddities.gone:
            raise refusals.no_such_node(
                identity.write_node_id("U_", self._graph.user_database_id(owner)), path
            )
        heavy = oddities.heavy.get(owner)
        if heavy is not None and (ask.first or ask.last or 0) > heavy:
            self.is_stuck = True
        places, starred = oddities.shown(owner, *self._graph.star_lists.of(owner))
        match self._behaviour.star_lists:
            case StarLists.FORBIDDEN:
                raise refusals.forbidden(path)
            case StarLists.EMPTY:
                return places[:0], starred[:0]
            case StarLists.WITHOUT_SEED:
                kept = [number not in self._seeds for number in starred.tolist()]
                return places[kept], starred[kept]
            case _:
                return places, starred

    def _null_stars(self, user: int, page: pages.Page) -> set[int]:
        nulls = self._graph.oddities.null_stars
        if not nulls:
            return set()
        return {index for index, number in enumerate(page.numbers) if (user, number) in nulls}

    def _null_stargazers(self, repository: int, page: pages.Page) -> set[int]:
        nulls = self._graph.oddities.null_stars
        if not nulls:
            return set()
        return {index for index, number in enumerate(page.numbers) if (number, repository) in nulls}

    def _part(self, part: Field, page: pages.Page, nulls: set[int], owner: int, path: Path) -> str:
        match part.name:
            case "totalCount":
                return str(page.total)
            case "isOverLimit":
                return "true" if owner in self._graph.oddities.over_limit else "false"
            case "pageInfo":
                return _encode(pick(part.selections["PageInfo"], _page_info(page), path))
            case "edges":
                ((_, selection),) = part.selections.items()
                return self._edges(selection, page, nulls, path)
            case "nodes":
                ((_, selection),) = part.selections.items()
                return _join(self._objects(selection, page, path), nulls)
            case name:
                raise refusals.not_simulated("the connection", name, path)

    def _edges(self, selection: Selection, page: pages.Page, nulls: set[int], path: Path) -> str:
        layout = selection.layout
        if not layout.fields:
            return _join([layout.template] * len(page.numbers), nulls)
        columns = [self._column(field, page, path) for field in layout.fields]
        return _join(_fill(layout, columns), nulls)

    def _column(self, field: Field, page: pages.Page, path: Path) -> list[str]:
        match field.name:
            case "starredAt":
                return [f'"{text}"' for text in moments.write_all(place >> 32 for place in page.places)]
            case "cursor":
                return [f'"{identity.write_cursor(place)}"' for place in page.places]
            case _:
                ((_, selection),) = field.selections.items()
                return self._objects(selection, page, path, field.key)

    def _objects(self, selection: Selection, page: pages.Page, path: Path, *key: str) -> list[str]:
        """Write the users or repositories of a page; one that is refused is an empty text."""
        if selection.shape is not None:
            return self._fragments.write(selection, page.numbers, path)
        written = []
        for index, number in enumerate(page.numbers):
            try:
                written.append(self._object(selection, number, (*path, index, *key)))
            except RefusedError as refused:
                self.errors.append(refused.describe())
                written.append("")
        return written


def _fill(layout: Layout, columns: list[list[str]]) -> list[str]:
    """Write the edges; an edge whose node is refused is null, for its node cannot be."""
    template = layout.template
    if any("" in column for column in columns):
        return ["null" if "" in row else template % row for row in zip(*columns, strict=True)]
    return [template % row for row in zip(*columns, strict=True)]


def _join(items: list[str], nulls: set[int]) -> str:
    for index in nulls:
        items[index] = "null"
    return f"[{','.join(item or 'null' for item in items)}]" if "" in items else f"[{','.join(items)}]"


def _page_info(page: pages.Page) -> dict[str, Any]:
    places = page.places
    return {
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": identity.write_cursor(places[0]) if places else None,
        "endCursor": identity.write_cursor(places[-1]) if places else None,
    }


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()
