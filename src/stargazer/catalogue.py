"""The parameterised GraphQL documents of `queries/`: one operation or fragment a file."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import graphql
from graphql import DocumentNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode

from stargazer import errors

Definition = OperationDefinitionNode | FragmentDefinitionNode

_ENDING = ".graphql"


class Query:
    """One file of `queries/`: its operation or fragment, and what it says of itself.

    `description` is the leading comment, `fragments` are the names of those it
    spreads itself. Queries are shared, so leave them as they are.

    Raises:
        InternalError: the text is no single operation or fragment.
    """

    __slots__ = ("definition", "description", "fragments", "name")

    def __init__(self, name: str, text: str) -> None:
        comment = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
        self.name = name
        self.description = "\n".join(line.removeprefix("#").strip() for line in comment)
        self.definition = _only_definition(name, text)
        self.fragments = tuple(dict.fromkeys(_spreads(self.definition)))


class Catalogue:
    """The documents of one folder, each read when it is first asked for."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        self._queries: dict[str, Query] = {}

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all documents, sorted: file names without their ending."""
        files = (entry.name for entry in self._folder.iterdir())
        return tuple(sorted(name.removesuffix(_ENDING) for name in files if name.endswith(_ENDING)))

    def load(self, name: str) -> Query:
        """Return one document, parsed once.

        Raises:
            InternalError: the file is missing, or is no single operation or fragment.

        Example:
            >>> installed().load("stargazers").fragments
            ('StargazersPage',)
        """
        if name not in self._queries:
            path = self._folder / f"{name}{_ENDING}"
            if not path.is_file():
                raise errors.InternalError(
                    f"stargazer's GraphQL document {path} is missing: install stargazer again"
                )
            self._queries[name] = Query(name, path.read_text("utf-8"))
        return self._queries[name]

    def fragments_of(self, query: Query) -> tuple[Query, ...]:
        """Return every fragment that *query* needs, each once, those it spreads itself first.

        Raises:
            InternalError: a fragment is not defined.
        """
        needed: dict[str, Query] = {}
        waiting = list(query.fragments)
        while waiting:
            name = waiting.pop(0)
            if name not in needed:
                needed[name] = self._fragment(name)
                waiting.extend(needed[name].fragments)
        return tuple(needed.values())

    def document(self, name: str) -> DocumentNode:
        """Return one document with the fragments it needs, ready to be validated or sent.

        Raises:
            InternalError: a file or a fragment is missing.
        """
        query = self.load(name)
        parts = (query, *self.fragments_of(query))
        return DocumentNode(definitions=tuple(part.definition for part in parts))

    def _fragment(self, name: str) -> Query:
        for query in map(self.load, self.names):
            defined = query.definition
            if isinstance(defined, FragmentDefinitionNode) and defined.name.value == name:
                return query
        raise errors.InternalError(f"no document in {self._folder} defines the fragment {name}")


@functools.cache
def installed() -> Catalogue:
    """Return the documents that came with stargazer.

    An editable install does not hold `queries/`, so the checkout that it
    points to is looked at where the package has no such folder.

    Raises:
        InternalError: neither exists; the installation is broken.
    """
    package = resources.files("stargazer")
    checkout = Path(__file__).resolve().parents[2]
    return Catalogue(find_folder(package / "queries", checkout / "queries"))


def find_folder(*candidates: Traversable) -> Traversable:
    """Return the first of *candidates* that is a folder.

    Raises:
        InternalError: none is.
    """
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    places = " nor ".join(map(str, candidates))
    raise errors.InternalError(f"stargazer's GraphQL documents are not in {places}: install stargazer again")


def _only_definition(name: str, text: str) -> Definition:
    try:
        definitions = graphql.parse(text, no_location=True).definitions
    except graphql.GraphQLSyntaxError as mistake:
        raise errors.InternalError(f"queries/{name}.graphql cannot be read: {mistake.message}") from mistake
    if len(definitions) == 1 and isinstance(definitions[0], Definition):
        return definitions[0]
    raise errors.InternalError(f"queries/{name}.graphql must hold one operation or one fragment")


def _spreads(node: graphql.Node) -> Iterator[str]:
    if isinstance(node, FragmentSpreadNode):
        yield node.name.value
    for key in node.keys:
        child = getattr(node, key, None)
        for part in child if isinstance(child, list | tuple) else (child,):
            if isinstance(part, graphql.Node):
                yield from _spreads(part)
