"""The reference says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import stargazer.sandbox
from stargazer.sandbox import SERVERS, Behaviour, Faults, Secondary, Token

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = (ROOT / "docs" / "reference" / "sandbox.md").read_text("utf-8")
HOWTO = (ROOT / "docs" / "howto" / "sandbox.md").read_text("utf-8")


def test_every_field_of_behaviour_has_a_row() -> None:
    """In the order of the code, with its default where that is a number or a truth value."""
    section = REFERENCE.partition("## `Behaviour`")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE)
    fields = msgspec.structs.fields(Behaviour)

    assert [name for name, _ in rows] == [field.name for field in fields]
    for (_, shown), field in zip(rows, fields, strict=True):
        if isinstance(field.default, bool):
            assert shown == str(field.default)
        elif isinstance(field.default, int | float):
            assert float(shown) == field.default


@pytest.mark.parametrize("kind", [Faults, Secondary, Token])
def test_every_field_of_its_parts_is_named(kind: type[msgspec.Struct]) -> None:
    """Nothing that may be chosen is left out."""
    for field in msgspec.structs.fields(kind):
        assert re.search(rf"[`(, {{]{field.name}[`=,)(]", REFERENCE), field.name


def test_every_server_is_named() -> None:
    """As is each model of speed."""
    for name in SERVERS:
        assert f"`{name}`" in REFERENCE


def test_the_examples_name_what_exists() -> None:
    """Every name that the how-to imports, and every mark, is there."""
    imported = re.findall(r"from stargazer\.sandbox import (.+)", HOWTO)
    names = {name.strip() for line in imported for name in line.split(",")}

    assert names <= set(stargazer.sandbox.__all__)
    for mark in re.findall(r"graph\.(\w+)\(", HOWTO):
        assert hasattr(stargazer.sandbox.Graph, mark)
