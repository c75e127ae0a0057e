"""Validation against GitHub's schema, quickly for documents that repeat one field many times.

A call of 149 aliases says the same 149 times with other variables. Whether it
is valid shows already when each different field is looked at once; a document
that fails this way is validated whole, so that its errors are the true ones.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import graphql
from graphql import FieldNode, OperationDefinitionNode

from stargazer.sandbox.schema import schema

_VARIABLE = re.compile(r"\$(\w+)")
_ALIAS = re.compile(r"^\w+\s*:\s*")


def validate(text: str, parsed: graphql.DocumentNode) -> list[graphql.GraphQLError]:
    """Return what is wrong with a document; *text* is what it was parsed from."""
    thinned = _thin(text, parsed)
    if thinned is not None and not graphql.validate(schema(), thinned):
        return []
    return graphql.validate(schema(), parsed)


def _thin(text: str, parsed: graphql.DocumentNode) -> graphql.DocumentNode | None:
    """Return the document with each different root field once; None where that could hide a mistake."""
    operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1:
        return None
    operation = operations[0]
    fields = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    keys = {(field.alias or field.name).value for field in fields}
    types = _types(text, operation)
    if len(keys) < len(operation.selection_set.selections) or types is None:
        return None
    texts = [_text(text, field) for field in fields]
    rest = [
        _text(text, node)
        for node in (*parsed.definitions, *(operation.directives or ()))
        if node is not operation
    ]
    if set(_VARIABLE.findall("".join(texts + rest))) != set(types):
        return None
    kept = {_generalise(own, types): (field, own) for field, own in zip(fields, texts, strict=True)}
    needed = set(_VARIABLE.findall("".join([own for _, own in kept.values()] + rest)))
    thin = _replace(operation, [field for field, _ in kept.values()], needed)
    return graphql.DocumentNode(
        definitions=tuple(thin if node is operation else node for node in parsed.definitions)
    )


def _types(text: str, operation: OperationDefinitionNode) -> dict[str, str] | None:
    """Return the type and default of each variable as written; None if one is defined twice."""
    definitions = operation.variable_definitions or ()
    types = {node.variable.name.value: _text(text, node).partition(":")[2].strip() for node in definitions}
    return types if len(types) == len(definitions) else None


def _generalise(own: str, types: dict[str, str]) -> str:
    """Write a field without its alias, its variables numbered and with their types."""
    order: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return f"${order.setdefault(name, len(order))}:{types.get(name)}"

    return _VARIABLE.sub(number, _ALIAS.sub("", own))


def _replace(
    operation: OperationDefinitionNode, fields: Sequence[FieldNode], needed: set[str]
) -> OperationDefinitionNode:
    definitions = operation.variable_definitions or ()
    return dataclasses.replace(
        operation,
        selection_set=dataclasses.replace(operation.selection_set, selections=tuple(fields)),
        variable_definitions=tuple(one for one in definitions if one.variable.name.value in needed),
    )


def _text(text: str, node: graphql.Node) -> str:
    return "" if node.loc is None else text[node.loc.start : node.loc.end]
