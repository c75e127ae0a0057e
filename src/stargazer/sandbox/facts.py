"""The plain facts of users and repositories, written as JSON once and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from stargazer.sandbox import identity, refusals
from stargazer.sandbox.document import TYPENAME, Selection
from stargazer.sandbox.graph import Graph

Reader = Callable[[Graph, int], object]


def _repository_id(graph: Graph, number: int) -> str:
    return identity.write_node_id(identity.REPOSITORY_PREFIX, graph.repository_database_id(number))


def _repository_number(graph: Graph, number: int) -> int | None:
    return None if number in graph.oddities.numberless else graph.repository_database_id(number)


def _language(graph: Graph, number: int) -> object:
    name = graph.repositories.language(number)
    return (
        None if name is None else {"name": name, "id": identity.write_node_id("L_", len(name)), "color": None}
    )


_READERS: Mapping[str, Mapping[str, Reader]] = {
    "User": {
        "id": lambda graph, number: identity.write_node_id("U_", graph.user_database_id(number)),
        "databaseId": lambda graph, number: graph.user_database_id(number),
        "login": lambda graph, number: graph.logins[number],
        "name": lambda _graph, _number: None,
        "url": lambda graph, number: f"https://github.com/{graph.logins[number]}",
    },
    "Repository": {
        "id": _repository_id,
        "databaseId": _repository_number,
        "name": lambda graph, number: graph.repositories.names[number].partition("/")[2],
        "nameWithOwner": lambda graph, number: graph.repositories.names[number],
        "stargazerCount": lambda graph, number: graph.count_stargazers(number),
        "isPrivate": lambda graph, number: number in graph.oddities.private,
        "description": lambda graph, number: graph.repositories.description(number),
        "isArchived": lambda graph, number: number in graph.repositories.archived,
        "isFork": lambda graph, number: number in graph.repositories.forks,
        "primaryLanguage": _language,
        "url": lambda graph, number: f"https://github.com/{graph.repositories.names[number]}",
    },
}


def read(graph: Graph, selection: Selection, number: int, path: refusals.Path) -> dict[str, Any]:
    """Return the plain facts that are selected of a user or repository.

    Raises:
        RefusedError: the sandbox has no such fact.
    """
    readers = _READERS.get(selection.type_name, {})
    answered: dict[str, Any] = {}
    for field in selection.fields:
        if field.name == TYPENAME:
            answered[field.key] = selection.type_name
            continue
        reader = readers.get(field.name)
        if reader is None:
            refused = refusals.not_simulated(selection.type_name, field.name, (*path, field.key))
            raise refused.at(field.place)
        value = reader(graph, number)
        for inner in field.selections.values():
            value = pick(inner, value, (*path, field.key))
        answered[field.key] = value
    return answered


def pick(selection: Selection, known: Any, path: refusals.Path) -> dict[str, Any] | None:
    """Return what is selected of an object whose facts are *known* by field name.

    Raises:
        RefusedError: the sandbox has no such fact.
    """
    if known is None:
        return None
    answered = {}
    for field in selection.fields:
        if field.name == TYPENAME:
            answered[field.key] = selection.type_name
        elif field.name in known:
            answered[field.key] = known[field.name]
        else:
            refused = refusals.not_simulated(selection.type_name, field.name, (*path, field.key))
            raise refused.at(field.place)
    return answered


class Fragments:
    """JSON of plain facts, for each selection's shape and each user or repository.

    It follows the graph: what changes is written anew. `close` lets go of it.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._of_users: dict[str, list[str]] = {}
        self._of_repositories: dict[str, list[str]] = {}
        graph.watch(self._forget)

    def close(self) -> None:
        """Stop following the graph."""
        self._graph.unwatch(self._forget)

    def write(self, selection: Selection, numbers: list[int], path: refusals.Path) -> list[str]:
        """Return the JSON of many users or repositories.

        Raises:
            RefusedError: a fact is selected that the sandbox has not.
        """
        kept = self._table(selection)
        written = [kept[number] for number in numbers]
        if "" in written:
            for number in numbers:
                if not kept[number]:
                    facts = read(self._graph, selection, number, path)
                    kept[number] = msgspec.json.encode(facts).decode()
            written = [kept[number] for number in numbers]
        return written

    def _table(self, selection: Selection) -> list[str]:
        is_user = selection.type_name == "User"
        tables = self._of_users if is_user else self._of_repositories
        shape = selection.shape or ""
        table = tables.get(shape)
        if table is None:
            size = len(self._graph.logins) if is_user else len(self._graph.repositories)
            table = tables[shape] = [""] * size
        return table

    def _forget(self, repository: int) -> None:
        for table in self._of_repositories.values():
            table[repository] = ""
