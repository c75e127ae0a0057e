"""A GraphQL document, parsed and validated once, and what a call selects from it.

Parsing and validating a text of 149 aliases takes a hundred milliseconds, so the
result is kept by text. What is walked for every call is a tree of our own, small
and without any syntax: fields merged by response key, fragments and directives
resolved.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import graphql
import msgspec
from graphql import FieldNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode

from stargazer.sandbox import arguments, validate
from stargazer.sandbox.schema import schema

SERVED_TYPES = ("User", "Repository")
"""The concrete types that an interface, such as `Node`, is answered with."""

TYPENAME = "__typename"


class MistakeError(Exception):
    """A document or its variables are wrong; `errors` is what GitHub would answer."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


class Field(msgspec.Struct):
    """One field of the answer, merged from all that select it.

    `selections` holds, for each concrete type that it may have, what is selected
    of it; it is empty for scalars. `place` is the line and the column.
    """

    key: str
    name: str
    arguments: dict[str, object]
    place: tuple[int, int]
    selections: dict[str, Selection]


class Selection(msgspec.Struct):
    """What is selected of one concrete type.

    `shape` is a text that is equal for equal selections of plain facts, and None
    where a connection is selected: what has a shape looks the same in every call.
    `layout` is how one object is written, a template with the fields that fill it.
    """

    type_name: str
    fields: tuple[Field, ...]
    shape: str | None
    layout: Layout


class Layout(msgspec.Struct):
    """A JSON object with a `%s` for every field but `__typename`, and those fields."""

    template: str
    fields: tuple[Field, ...]


class Counted(msgspec.Struct):
    """A connection, or `nodes(ids:)`, as the price sees it.

    `must_bound` tells that it selects items, so that `first` or `last` must be given.
    """

    path: tuple[str, ...]
    name: str
    is_connection: bool
    must_bound: bool
    first: object
    last: object
    ids: object
    inner: tuple[Counted, ...]


class Operation(msgspec.Struct):
    """One operation of a document under given directives, ready to be priced and answered."""

    root: Selection
    counted: tuple[Counted, ...]
    root_names: tuple[str, ...]
    variable_definitions: Sequence[graphql.VariableDefinitionNode]

    def coerce(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of all variables, defaults included.

        Raises:
            MistakeError: a value is missing or of the wrong type.
        """
        return coerce(self.variable_definitions, given)


@functools.lru_cache(maxsize=512)
def prepare(text: str) -> Document:
    """Parse and validate a document, once for each text.

    Raises:
        MistakeError: it does not parse, or the schema does not allow it.
    """
    try:
        parsed = graphql.parse(text)
    except graphql.GraphQLSyntaxError as mistake:
        raise MistakeError([_describe(mistake)]) from None
    errors = validate.validate(text, parsed)
    if errors:
        raise MistakeError([_describe(error) for error in errors])
    return Document(parsed, _switches(parsed) if "@" in text else ())


class Document:
    """A valid document: its operations and fragments.

    `switches` are the names of the variables that directives depend on.
    """

    def __init__(self, parsed: graphql.DocumentNode, switches: Iterable[str]) -> None:
        self._operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
        self._fragments = {
            node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._switches = tuple(sorted(set(switches)))
        self._compiled: dict[tuple[str | None, tuple[object, ...]], Operation] = {}

    def choose(self, name: str | None, given: Mapping[str, Any]) -> Operation:
        """Return the operation to run, compiled for the directives' variables.

        Raises:
            MistakeError: there is no such operation, or several and no name.
        """
        switches = tuple(given.get(switch) for switch in self._switches)
        key = (name, switches)
        operation = self._compiled.get(key)
        if operation is None:
            operation = self._compiled[key] = self._compile(self._find(name), given)
        return operation

    def _find(self, name: str | None) -> OperationDefinitionNode:
        if name is None and len(self._operations) == 1:
            return self._operations[0]
        for node in self._operations:
            if name is not None and node.name is not None and node.name.value == name:
                return node
        shown = "An operation name is required" if name is None else f'No operation named "{name}"'
        raise MistakeError([{"message": shown}])

    def _compile(self, node: OperationDefinitionNode, given: Mapping[str, Any]) -> Operation:
        if node.operation is not graphql.OperationType.QUERY:
            raise MistakeError([{"message": "The sandbox answers queries only"}])
        definitions = node.variable_definitions or ()
        wanted = [one for one in definitions if one.variable.name.value in self._switches]
        compiler = _Compiler(self._fragments, coerce(wanted, given))
        root = compiler.select("Query", [node.selection_set])
        return Operation(
            root=root,
            counted=tuple(compiler.count("Query", [node.selection_set], ())),
            root_names=tuple(field.name for field in root.fields),
            variable_definitions=definitions,
        )


def coerce(definitions: Sequence[graphql.VariableDefinitionNode], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of variables by the schema's types, defaults included.

    Raises:
        MistakeError: a value is missing or of the wrong type.
    """
    values = graphql.get_variable_values(schema(), definitions, dict(given))
    if isinstance(values, list):
        raise MistakeError([_describe(error) for error in values])
    return dict(values.coerced)


class _Compiler:
    """Resolves fragments and directives, and merges fields by response key."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], switches: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._switches = switches

    def select(self, type_name: str, sets: Iterable[SelectionSetNode]) -> Selection:
        """Compile what is selected of one concrete type."""
        merged: dict[str, list[FieldNode]] = {}
        for selection_set in sets:
            for holder, node in self._fields(type_name, selection_set):
                if _covers(holder, type_name):
                    merged.setdefault(_key(node), []).append(node)
        fields = tuple(self._field(type_name, nodes) for nodes in merged.values())
        return Selection(type_name, fields, shape_of(fields), _lay_out(type_name, fields))

    def _field(self, type_name: str, nodes: list[FieldNode]) -> Field:
        first = nodes[0]
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        selections: dict[str, Selection] = {}
        if sets:
            returned = _returned_type(type_name, first.name.value)
            selections = {concrete: self.select(concrete, sets) for concrete in _concrete(returned)}
        return Field(
            _key(first), first.name.value, arguments.compile_arguments(first), _place(first), selections
        )

    def count(
        self, type_name: str, sets: Iterable[SelectionSetNode], path: tuple[str, ...]
    ) -> Iterator[Counted]:
        """Yield what the price counts; every fragment counts, whatever its type."""
        merged: dict[str, list[tuple[str, FieldNode]]] = {}
        for selection_set in sets:
            for holder, node in self._fields(type_name, selection_set):
                merged.setdefault(_key(node), []).append((holder, node))
        for key, held in merged.items():
            yield from self._count_field(held, (*path, key))

    def _count_field(self, held: list[tuple[str, FieldNode]], path: tuple[str, ...]) -> Iterator[Counted]:
        holder, node = held[0]
        sets = [one.selection_set for _, one in held if one.selection_set is not None]
        if not sets:
            return
        returned = _returned_type(holder, node.name.value)
        inner = tuple(self.count(returned, sets, path))
        given = arguments.compile_arguments(node)
        is_connection = returned.endswith("Connection")
        if not is_connection and (holder, node.name.value) != ("Query", "nodes"):
            yield from inner
            return
        selected = {part.name.value for one in sets for _, part in self._fields(returned, one)}
        yield Counted(
            path=path,
            name=node.name.value,
            is_connection=is_connection,
            must_bound=is_connection and not selected.isdisjoint({"edges", "nodes", "pageInfo"}),
            first=given.get("first"),
            last=given.get("last"),
            ids=given.get("ids"),
            inner=inner,
        )

    def _fields(self, holder: str, selection_set: SelectionSetNode) -> Iterator[tuple[str, FieldNode]]:
        """Yield every field that directives let through, with the type it is selected on."""
        for node in selection_set.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield holder, node
                continue
            if isinstance(node, graphql.FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                yield from self._fields(fragment.type_condition.name.value, fragment.selection_set)
            elif isinstance(node, graphql.InlineFragmentNode):
                condition = node.type_condition
                inner = holder if condition is None else condition.name.value
                yield from self._fields(inner, node.selection_set)

    def _is_included(self, node: graphql.SelectionNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value not in {"include", "skip"}:
                continue
            (condition,) = [arguments.compile_value(one.value) for one in directive.arguments or ()]
            if bool(arguments.resolve(condition, self._switches)) is (directive.name.value == "skip"):
                return False
        return True


def _covers(holder: str, type_name: str) -> bool:
    if holder == type_name:
        return True
    abstract = schema().type_map[holder]
    return graphql.is_abstract_type(abstract) and schema().is_sub_type(abstract, _object(type_name))


def _object(type_name: str) -> graphql.GraphQLObjectType:
    return cast("graphql.GraphQLObjectType", schema().type_map[type_name])


@functools.cache
def _returned_type(type_name: str, field_name: str) -> str:
    holder = cast("graphql.GraphQLObjectType", schema().type_map[type_name])
    returned = graphql.get_named_type(holder.fields[field_name].type)
    return str(returned)


@functools.cache
def _concrete(type_name: str) -> tuple[str, ...]:
    if graphql.is_abstract_type(schema().type_map[type_name]):
        return tuple(served for served in SERVED_TYPES if _covers(type_name, served))
    return (type_name,)


def _key(node: FieldNode) -> str:
    return (node.alias or node.name).value


def _place(node: FieldNode) -> tuple[int, int]:
    if node.loc is None:
        return 1, 1
    token = node.loc.start_token
    return token.line, token.column


def shape_of(fields: tuple[Field, ...]) -> str | None:
    """Return a text that is equal for equal selections of plain facts, or None if there is more to it."""
    parts = []
    for field in fields:
        inner = [selection.shape for selection in field.selections.values()]
        if field.arguments or None in inner or any("Connection" in name for name in field.selections):
            return None
        parts.append(f"{field.key}:{field.name}{inner or ''}")
    return ",".join(parts)


def _lay_out(type_name: str, fields: tuple[Field, ...]) -> Layout:
    parts = [f'"{field.key}":' + (f'"{type_name}"' if field.name == TYPENAME else "%s") for field in fields]
    return Layout(f"{{{','.join(parts)}}}", tuple(field for field in fields if field.name != TYPENAME))


def _switches(parsed: graphql.DocumentNode) -> Iterator[str]:
    """Yield the names of the variables that directives depend on."""
    found: list[str] = []

    class Find(graphql.Visitor):
        def enter_directive(self, node: graphql.DirectiveNode, *_: object) -> None:
            values = [arguments.compile_value(argument.value) for argument in node.arguments or ()]
            found.extend(value.name for value in values if isinstance(value, arguments.Variable))

    graphql.visit(parsed, Find())
    yield from found


def _describe(error: graphql.GraphQLError) -> dict[str, Any]:
    places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
    return {"locations": places, "message": error.message} if places else {"message": error.message}
