"""One operation of a GraphQL document: parsed, checked, and read with its variables.

`parse` refuses what no server would run; a `Walk` then tells which fields apply
with given variables, merged under their response keys as GraphQL merges them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    Lexer,
    ListValueNode,
    Node,
    NonNullTypeNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    Source,
    TokenKind,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    print_ast,
)
from graphql import parse as parse_document

from stargazer.errors import DocumentError

MAX_TOKENS = 100_000
"""The longest document that is read, in GraphQL tokens; ours have under 10,000."""

MAX_STEPS = 100_000
"""How many selections one walk may visit.

Fragments that spread one another in many combinations can describe more fields
than a machine can count; documents that people write stay under 10,000.
"""

MAX_INT_DIGITS = 10
"""Longer integers are out of GraphQL's 32 bits, and Python refuses to read very long ones."""

SelectionSets = tuple[SelectionSetNode, ...]


def error_at(node: Node, reason: str) -> DocumentError:
    """Build the error that points at the first token of *node*."""
    if node.loc is None:
        return DocumentError(reason)
    return DocumentError(reason, line=node.loc.start_token.line, column=node.loc.start_token.column)


class Query(msgspec.Struct, frozen=True):
    """One operation, with every fragment of its document by name.

    Every spread names a fragment that exists, and no fragment spreads itself,
    not even through others.
    """

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]


def parse(text: str, operation_name: str | None = None) -> Query:
    """Read one operation out of a document.

    Args:
        text: the whole document, with the fragments it spreads.
        operation_name: which one; needed only where there are several.

    Raises:
        DocumentError: the document is not GraphQL, or is nested too deeply to be
            read; it has no such operation, or several; it defines a name twice,
            spreads an unknown fragment or one that contains itself; the
            operation is a subscription, which GitHub does not have.

    Example:
        >>> query = parse("query A { viewer { login } } query B { viewer { id } }", "B")
        >>> query.operation.name.value
        'B'
        >>> parse("{ viewer { ...who } }")
        Traceback (most recent call last):
        stargazer.errors.DocumentError: 1:12: there is no fragment who
    """
    document = _read(text)
    fragments: dict[str, FragmentDefinitionNode] = {}
    operations: list[OperationDefinitionNode] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations.append(definition)
        elif not isinstance(definition, FragmentDefinitionNode):
            raise error_at(definition, "this is a type definition, not a query")
        elif definition.name.value in fragments:
            raise error_at(definition, f"the fragment {definition.name.value} is defined twice")
        else:
            fragments[definition.name.value] = definition
    operation = _select(operations, operation_name)
    _check_spreads(operations, fragments)
    return Query(operation, fragments)


def _read(text: str) -> DocumentNode:
    try:
        if Lexer(Source(text)).advance().kind is TokenKind.EOF:
            raise DocumentError("the document is empty", line=1, column=1)
        return parse_document(text, max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        reason = error.message.removeprefix("Syntax Error: ").removesuffix(".")
        locations = error.locations or []
        line, column = next(((place.line, place.column) for place in locations), (None, None))
        raise DocumentError(f"this is not GraphQL: {reason}", line=line, column=column) from error
    except RecursionError:
        raise DocumentError("the document is nested too deeply to be read") from None


def _select(operations: Sequence[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode:
    if not operations:
        raise DocumentError("the document has no operation, only fragments")
    names = ", ".join(one.name.value if one.name else "one without a name" for one in operations)
    if name is None and len(operations) > 1:
        raise error_at(operations[1], f"the document has several operations: choose one of {names}")
    chosen = [one for one in operations if name is None or (one.name and one.name.value == name)]
    if not chosen:
        raise DocumentError(f"there is no operation {name}: the document has {names}")
    if len(chosen) > 1:
        raise error_at(chosen[1], f"two operations are called {name}")
    if chosen[0].operation is OperationType.SUBSCRIPTION:
        raise error_at(chosen[0], "GitHub has no subscriptions, so this has no price")
    return chosen[0]


def _check_spreads(
    operations: Iterable[OperationDefinitionNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> None:
    """Refuse spreads of unknown fragments, and fragments that contain themselves."""
    graph = {name: _spreads(fragment) for name, fragment in fragments.items()}
    owners: list[OperationDefinitionNode | FragmentDefinitionNode] = [*operations, *fragments.values()]
    for spread in (spread for owner in owners for spread in _spreads(owner)):
        if spread.name.value not in fragments:
            raise error_at(spread, f"there is no fragment {spread.name.value}")
    finished: set[str] = set()
    for start in graph:
        _check_acyclic(start, graph, finished)


def _check_acyclic(start: str, graph: Mapping[str, Sequence[FragmentSpreadNode]], finished: set[str]) -> None:
    """Walk depth first from *start*, without recursion: chains of fragments may be long."""
    path: dict[str, Iterator[FragmentSpreadNode]] = {}
    if start not in finished:
        path[start] = iter(graph[start])
    while path:
        name, spreads = next(reversed(path.items()))
        spread = next(spreads, None)
        if spread is None:
            finished.add(name)
            del path[name]
        elif spread.name.value in path:
            raise error_at(spread, f"the fragment {spread.name.value} contains itself")
        elif spread.name.value not in finished:
            path[spread.name.value] = iter(graph[spread.name.value])


def _spreads(definition: OperationDefinitionNode | FragmentDefinitionNode) -> list[FragmentSpreadNode]:
    """List every spread inside a definition, at whatever depth."""
    found: list[FragmentSpreadNode] = []
    waiting: list[SelectionSetNode] = [definition.selection_set]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                found.append(selection)
            else:
                nested: SelectionSetNode | None = getattr(selection, "selection_set", None)
                waiting.extend(() if nested is None else (nested,))
    return found


class Walk:
    """One reading of a query with the values of its variables.

    The work it may do is bounded: see `MAX_STEPS`.

    Args:
        variables: only those that decide something are looked at: page sizes,
            `ids`, and the conditions of `@include` and `@skip`.
    """

    def __init__(self, query: Query, variables: Mapping[str, Any]) -> None:
        self.query = query
        self._variables = variables
        definitions = query.operation.variable_definitions or ()
        self._definitions = {one.variable.name.value: one for one in definitions}
        self._written: dict[int, tuple[str, frozenset[tuple[str, str]]]] = {}
        self._steps = 0

    def declaration(self, variable: VariableNode) -> VariableDefinitionNode:
        """Find where a variable is declared.

        Raises:
            DocumentError: nowhere.
        """
        try:
            return self._definitions[variable.name.value]
        except KeyError:
            raise error_at(variable, f"the variable ${variable.name.value} is not declared") from None

    def value(self, node: ValueNode) -> Any:
        """Turn a written value, or a variable's, into Python's.

        Returns:
            None for null; `msgspec.UNSET` for a variable that is neither given
            nor has a default. Numbers, booleans and nulls become Python's,
            lists the list of their nodes, and everything else stays a node.

        Raises:
            DocumentError: a variable is not declared.
        """
        if not isinstance(node, VariableNode):
            return _literal(node)
        declared = self.declaration(node)
        if node.name.value in self._variables:
            return self._variables[node.name.value]
        return msgspec.UNSET if declared.default_value is None else _literal(declared.default_value)

    def merged(self, sets: SelectionSets) -> list[tuple[FieldNode, SelectionSets]]:
        """List the fields that apply in *sets*, with their merged sub-selections.

        Fields under one response key are one field where name and arguments are
        the same. Where they differ, which GraphQL allows between types that
        exclude each other, each is listed.

        Raises:
            DocumentError: `@include` or `@skip` have no condition; or fragments
                are entangled beyond counting.
        """
        groups: dict[str, list[FieldNode]] = {}
        for field in self._fields(sets):
            key = field.alias or field.name
            groups.setdefault(key.value, []).append(field)
        return [one for group in groups.values() for one in self._merge(group)]

    def _merge(self, group: Sequence[FieldNode]) -> Iterator[tuple[FieldNode, SelectionSets]]:
        if len(group) == 1:
            yield group[0], _nested(group)
            return
        same: dict[tuple[str, frozenset[tuple[str, str]]], list[FieldNode]] = {}
        for field in group:
            same.setdefault(self._write(field), []).append(field)
        for fields in same.values():
            yield fields[0], _nested(fields)

    def _write(self, field: FieldNode) -> tuple[str, frozenset[tuple[str, str]]]:
        """Spell a field out, so that equal fields are equal whatever the order of their arguments."""
        if id(field) not in self._written:
            arguments = frozenset((one.name.value, print_ast(one.value)) for one in field.arguments or ())
            self._written[id(field)] = (field.name.value, arguments)
        return self._written[id(field)]

    def _fields(self, sets: SelectionSets) -> Iterator[FieldNode]:
        """Flatten fragments, each once a scope as GraphQL does it, in the order of the document."""
        seen: set[str] = set()
        waiting: list[SelectionNode] = [one for each in reversed(sets) for one in reversed(each.selections)]
        while waiting:
            selection = waiting.pop()
            self._step(selection)
            if selection.directives and not self._applies(selection.directives):
                continue
            if isinstance(selection, FieldNode):
                yield selection
            else:
                waiting.extend(reversed(self._inside(selection, seen)))

    def _inside(self, fragment: SelectionNode, seen: set[str]) -> Sequence[SelectionNode]:
        if not isinstance(fragment, FragmentSpreadNode):
            return cast("InlineFragmentNode", fragment).selection_set.selections
        if fragment.name.value in seen:
            return ()
        seen.add(fragment.name.value)
        return self.query.fragments[fragment.name.value].selection_set.selections

    def _step(self, selection: SelectionNode) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise error_at(selection, f"the fragments make over {MAX_STEPS:,} fields: too many to price")

    def _applies(self, directives: Sequence[DirectiveNode]) -> bool:
        return all(
            self._condition(one) is (one.name.value == "include")
            for one in directives
            if one.name.value in ("include", "skip")
        )

    def _condition(self, directive: DirectiveNode) -> bool:
        name = directive.name.value
        for argument in directive.arguments or ():
            if argument.name.value == "if":
                value = self.value(argument.value)
                if value is msgspec.UNSET:
                    raise error_at(argument, f"@{name} needs {print_ast(argument.value)}, which is not given")
                if not isinstance(value, bool):
                    raise error_at(argument, f"the condition of @{name} must be a boolean")
                return value
        raise error_at(directive, f"@{name} has no condition `if`")


def declared_type(definition: VariableDefinitionNode) -> str:
    """Spell a variable's type, without the mark that it may not be null."""
    kind = definition.type
    return print_ast(kind.type if isinstance(kind, NonNullTypeNode) else kind)


def _nested(fields: Sequence[FieldNode]) -> SelectionSets:
    return tuple(field.selection_set for field in fields if field.selection_set is not None)


def _literal(node: ValueNode) -> Any:
    match node:
        case NullValueNode():
            return None
        case BooleanValueNode():
            return node.value
        case ListValueNode():
            return list(node.values)
        case IntValueNode():
            return int(node.value[:MAX_INT_DIGITS])
        case _:
            return node
