"""Compose a call: many selections become the aliases of one GraphQL document.

The text depends only on how many selections of each kind there are, so it is
kept; everything that differs from call to call is a variable. A call of two
star lists reads, shortened::

    query Call($l0_id:ID!$l0_first:Int!…$l1_id:ID!…){
      l0:node(id:$l0_id){...on User{starredRepositories(first:$l0_first…){...StarListPage}}}
      l1:node(id:$l1_id){…}
      rateLimit{cost limit remaining used resetAt}
    }
    fragment StarListPage on StarredRepositoryConnection{…}
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, assert_never, cast

import graphql
import msgspec
from graphql import NameNode, OperationDefinitionNode, VariableNode

from stargazer import catalogue
from stargazer.planner import page

OPERATION_NAME = "Call"

KINDS: tuple[tuple[str, type[page.Selection], str], ...] = (
    ("f", page.FactsRequest, "repository"),
    ("u", page.UserRequest, "user"),
    ("d", page.DetailsRequest, "repository_details"),
    ("s", page.StargazersRequest, "stargazers"),
    ("l", page.StarListRequest, "star_list"),
)
"""Each kind of selection: the letter of its aliases, its type, its document in `queries/`.

Their order is that of the composed document: what is free comes first.
"""

_LETTERS: dict[type, str] = {kind: letter for letter, kind, _ in KINDS}

_PLACE = "__alias__"
"""Stands for the alias in a template; no document of ours uses the name."""


class Composed(msgspec.Struct, frozen=True):
    """A document ready to be sent, with the values of its variables."""

    document: str
    variables: dict[str, Any]
    operation_name: str


class _Template(msgspec.Struct, frozen=True):
    definitions: str
    field: str
    fragments: tuple[str, ...]


def name_aliases(selections: Sequence[page.Selection]) -> list[str]:
    """Return the alias of each selection, in the order of the selections.

    An alias is the letter of its kind and its position among its kind, so that
    equal numbers of each kind give the same document.

    Example:
        >>> name_aliases([page.UserRequest("ada"), page.FactsRequest("o", "r"), page.UserRequest("bob")])
        ['u0', 'f0', 'u1']
    """
    seen = dict.fromkeys(_LETTERS.values(), 0)
    aliases = []
    for selection in selections:
        letter = _LETTERS[type(selection)]
        aliases.append(f"{letter}{seen[letter]}")
        seen[letter] += 1
    return aliases


def compose(call: page.Call) -> Composed:
    """Compose the document and the variables of *call*.

    A call without selections asks for the rate limit alone, which is free.

    Raises:
        InternalError: a document of `queries/` is missing.

    Example:
        >>> composed = compose(page.Call(1, (page.UserRequest("ada"),), 1, 0, 0, 0.3))
        >>> composed.document[:67]
        'query Call($u0_login:String!){u0:user(login:$u0_login){id databaseI'
        >>> composed.variables
        {'u0_login': 'ada'}
    """
    aliases = name_aliases(call.selections)
    variables: dict[str, Any] = {}
    for alias, selection in zip(aliases, call.selections, strict=True):
        for name, value in _values(selection):
            variables[f"{alias}_{name}"] = value
    kinds = [type(selection) for selection in call.selections]
    counts = tuple(kinds.count(kind) for _, kind, _ in KINDS)
    return Composed(_compose_text(counts), variables, OPERATION_NAME)


def _values(selection: page.Selection) -> Sequence[tuple[str, Any]]:
    """Return the variables of a selection, named as its document in `queries/` names them."""
    match selection:
        case page.FactsRequest(owner, name) | page.DetailsRequest(owner, name):
            return (("owner", owner), ("name", name))
        case page.UserRequest(login):
            return (("login", login),)
        case page.StargazersRequest(owner, name):
            return (("owner", owner), ("name", name), *_page_values(selection))
        case page.StarListRequest(user_id):
            return (("id", user_id), *_page_values(selection))
        case _:
            assert_never(selection)


def _page_values(request: page.StargazersRequest | page.StarListRequest) -> Sequence[tuple[str, Any]]:
    place = () if request.after is None else (("after", request.after),)
    return (("first", request.first), ("direction", request.direction.value), *place)


@functools.lru_cache(maxsize=64)
def _compose_text(counts: tuple[int, ...]) -> str:
    """Write the document for so many selections of each kind."""
    definitions: list[str] = []
    fields: list[str] = []
    fragments: dict[str, None] = {}
    for (letter, _, name), count in zip(KINDS, counts, strict=True):
        template = _template(name)
        for index in range(count):
            alias = f"{letter}{index}"
            definitions.append(template.definitions.replace(_PLACE, alias))
            fields.append(template.field.replace(_PLACE, alias))
        if count:
            fragments.update(dict.fromkeys(template.fragments))
    fields.append(_rate_limit_text())
    declared = f"({''.join(definitions)})" if definitions else ""
    return f"query {OPERATION_NAME}{declared}{{{''.join(fields)}}}{''.join(fragments)}"


@functools.cache
def _template(name: str) -> _Template:
    """Print the one root field of a document, its alias and variables left open."""
    query = catalogue.installed().load(name)
    operation = _operation(query)
    (root,) = operation.selection_set.selections
    variables = [graphql.visit(node, _Rename()) for node in operation.variable_definitions or ()]
    return _Template(
        definitions="".join(_print(node) for node in variables),
        field=f"{_PLACE}:{_print(graphql.visit(root, _Rename()))}",
        fragments=tuple(_print(part.definition) for part in catalogue.installed().fragments_of(query)),
    )


@functools.cache
def _rate_limit_text() -> str:
    selections = _operation(catalogue.installed().load("rate_limit")).selection_set.selections
    return "".join(_print(node) for node in selections)


class _Rename(graphql.Visitor):
    """Puts the place of the alias before the name of every variable."""

    def leave_variable(self, node: VariableNode, *_: object) -> VariableNode:
        """Replace one variable."""
        return VariableNode(name=NameNode(value=f"{_PLACE}_{node.name.value}"))


def _operation(query: catalogue.Query) -> OperationDefinitionNode:
    return cast("OperationDefinitionNode", query.definition)


def _print(node: graphql.Node) -> str:
    return graphql.strip_ignored_characters(graphql.print_ast(node))
