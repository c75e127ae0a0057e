"""The parameterised GraphQL documents of `queries/`: one operation or fragment a file."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import graphql
from graphql import DocumentNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode

from stargazer import errors

Definition = OperationDefinitionNode | FragmentDefinitionNode


class Query:
    """One file of `queries/`: its operation or fragment, and what it says of itself.

    `fragments` are the names of the fragments that it spreads itself.
    """

    __slots__ = ("definition", "description", "fragments", "name")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.description = _leading_comment(text)
        self.definition = _only_definition(name, text)
        self.fragments = tuple(dict.fromkeys(_spreads(self.definition)))


def folder() -> Traversable:
    """Return the folder of the documents: the wheel's, else the checkout's.

    An editable install does not hold `queries/`, so the checkout that it
    points to is asked.

    Raises:
        InternalError: neither exists; the installation is broken.
    """
    packaged = resources.files("stargazer") / "queries"
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).resolve().parents[2] / "queries"
    if checkout.is_dir():
        return checkout
    raise errors.InternalError(
        f"stargazer's GraphQL documents are neither in {packaged} nor in {checkout}: install stargazer again"
    )


@functools.cache
def names() -> tuple[str, ...]:
    """Return the names of all documents, sorted: file names without their ending.

    Raises:
        InternalError: there is no folder of documents.
    """
    ending = ".graphql"
    return tuple(
        sorted(entry.name.removesuffix(ending) for entry in folder().iterdir() if entry.name.endswith(ending))
    )


@functools.cache
def load(name: str) -> Query:
    """Read and parse one document; the result is kept and shared, so leave it as it is.

    Raises:
        InternalError: the file is missing, or is no single operation or fragment.

    Example:
        >>> load("stargazers").fragments
        ('StargazersPage',)
    """
    path = folder() / f"{name}.graphql"
    if not path.is_file():
        raise errors.InternalError(f"stargazer's GraphQL document {path} is missing: install stargazer again")
    return Query(name, path.read_text("utf-8"))


@functools.cache
def fragment(name: str) -> Query:
    """Return the document that defines the fragment *name*.

    Raises:
        InternalError: no document defines it.

    Example:
        >>> fragment("StargazersPage").name
        'stargazers_page'
    """
    for query in map(load, names()):
        defined = query.definition
        if isinstance(defined, FragmentDefinitionNode) and defined.name.value == name:
            return query
    raise errors.InternalError(f"no document in {folder()} defines the fragment {name}")


def fragments_of(query: Query) -> tuple[Query, ...]:
    """Return every fragment that *query* needs, each once, those it names first.

    Raises:
        InternalError: a fragment is not defined.
    """
    needed: dict[str, Query] = {}
    waiting = list(query.fragments)
    while waiting:
        name = waiting.pop(0)
        if name not in needed:
            needed[name] = fragment(name)
            waiting.extend(needed[name].fragments)
    return tuple(needed.values())


def document(name: str) -> DocumentNode:
    """Return one document with the fragments it needs, ready to be validated or sent.

    Raises:
        InternalError: a file or a fragment is missing.
    """
    query = load(name)
    parts = (query, *fragments_of(query))
    return DocumentNode(definitions=tuple(part.definition for part in parts))


def _leading_comment(text: str) -> str:
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return "\n".join(lines)


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
