"""Arguments of a field as Python values, variables left open until a call brings them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphql
import msgspec


class Variable(msgspec.Struct, frozen=True):
    """Stands for a variable's value."""

    name: str


def compile_value(node: graphql.ValueNode) -> object:
    """Return the value of a literal, with a `Variable` wherever one is named."""
    match node:
        case graphql.VariableNode(name=name):
            return Variable(name.value)
        case graphql.IntValueNode(value=text):
            return int(text)
        case graphql.FloatValueNode(value=text):
            return float(text)
        case graphql.StringValueNode() | graphql.BooleanValueNode() | graphql.EnumValueNode():
            return node.value
        case graphql.ListValueNode(values=values):
            return [compile_value(value) for value in values]
        case graphql.ObjectValueNode(fields=fields):
            return {field.name.value: compile_value(field.value) for field in fields}
        case _:
            return None


def compile_arguments(node: graphql.FieldNode) -> dict[str, object]:
    """Return the arguments of a field by name."""
    return {argument.name.value: compile_value(argument.value) for argument in node.arguments or ()}


def resolve(value: object, variables: Mapping[str, Any]) -> Any:
    """Put the values of variables where they are named; a variable without a value is None."""
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, dict):
        return {name: resolve(part, variables) for name, part in value.items()}
    if isinstance(value, list):
        return [resolve(part, variables) for part in value]
    return value
