"""The price of a document is what counting every single parent gives, however the document is written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stargazer.errors import DocumentError
from stargazer.planner.cost import Cost, estimate_cost, points_of

Kind = Literal["scalar", "object", "connection", "count", "lookup"]

DECOY = "d: decoys(first: 100) {} {{ nodes {{ e: decoys(first: 100) {{ nodes {{ id }} }} }} }}"


@dataclass(frozen=True)
class Field:
    """One field of the model: what it is, how many it has, and what hangs below each of them."""

    kind: Kind
    size: int
    below: tuple[Field, ...]


@dataclass
class Document:
    """A document in the making: its fragments and its variables."""

    fragments: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """A field with the words that all its occurrences share: response key, name and arguments."""

    model: Field
    key: str
    name: str
    arguments: tuple[str, ...]
    page: str
    below: tuple[Written, ...]


def fields(depth: int, *, at_root: bool) -> st.SearchStrategy[tuple[Field, ...]]:
    """Draw the fields of one scope; lookups by id stand at the root only."""
    kinds: list[Kind] = ["scalar", "object", "connection", "connection", "count"]
    below = st.just(()) if depth == 0 else st.deferred(lambda: fields(depth - 1, at_root=False))
    one = st.builds(
        Field, st.sampled_from([*kinds, "lookup"] if at_root else kinds), st.integers(1, 4), below
    )
    return st.lists(one, min_size=1, max_size=3).map(tuple)


def brute_force(scope: tuple[Field, ...]) -> tuple[int, int]:
    """Expand every page into its parents, and count requests and nodes one by one."""
    requests = nodes = 0
    for one in scope:
        requests += one.kind in ("connection", "count")
        for _ in range(one.size if one.kind in ("connection", "lookup") else 1):
            nodes += one.kind == "connection"
            if one.kind not in ("scalar", "count"):
                more_requests, more_nodes = brute_force(one.below)
                requests += more_requests
                nodes += more_nodes
    return requests, nodes


class Writer:
    """Writes a model down in one of the many ways that mean the same."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.document = Document()

    def choose(self, *choices: str) -> str:
        """Draw one of some words."""
        return self.draw(st.sampled_from(choices))

    def value(self, kind: str, value: Any, *, other: Any) -> str:
        """Write a value out, as a variable, as a default, or as a variable that overrides a default."""
        how = self.choose("literal", "literal", "given", "default", "overridden")
        if how == "literal":
            return json.dumps(value)
        name = f"v{len(self.document.declared)}"
        default = {"given": "", "default": f" = {json.dumps(value)}", "overridden": f" = {json.dumps(other)}"}
        self.document.declared.append(f"${name}: {kind}{default[how]}")
        if how != "default":
            self.document.given[name] = value
        return f"${name}"

    def name(self, one: Field, place: int) -> Written:
        """Fix the words of a field: its key is its own name or an alias, unique in its scope."""
        name, arguments = f"f{place}", []
        if one.kind == "lookup":
            name, arguments = "nodes", [f"ids: {self.value('[ID!]', ['I'] * one.size, other=[])}"]
        if one.kind == "connection":
            bound, other = self.draw(st.permutations(["first", "last"]))
            arguments = [f"{bound}: {self.value('Int', one.size, other=77)}", "orderBy: {field: NAME}"]
            arguments += self.draw(st.sampled_from([[], [f"{other}: null"]]))
        key = f"k{place}" if one.kind == "lookup" else self.choose(f"k{place}", name)
        below = tuple(self.name(each, number) for number, each in enumerate(one.below))
        return Written(one, key, name, tuple(arguments), self.choose("nodes", "edges"), below)

    def occurrence(self, one: Written, below: list[Written]) -> str:
        """Write a field once, with some of what hangs below it and its arguments in any order."""
        arguments = ", ".join(self.draw(st.permutations(one.arguments)))
        head = one.name if one.key == one.name else f"{one.key}: {one.name}"
        head = f"{head}({arguments})" if arguments else head
        if one.model.kind == "scalar":
            return head
        if one.model.kind == "count":
            return f"{head} {{ {self.choose('totalCount', 'n: totalCount', 'totalCount __typename')} }}"
        inside = self.scope(below)
        if one.model.kind == "connection":
            inside = f"nodes {{ {inside} }}" if one.page == "nodes" else f"edges {{ node {{ {inside} }} }}"
            inside = self.wrap(inside) + self.choose("", " totalCount", " p: pageInfo { endCursor }")
        return f"{head} {{ {inside} }}"

    def occurrences(self, one: Written) -> list[str]:
        """Write a field once, or twice under one key with each child in one of the two, or in both."""
        if one.model.kind in ("scalar", "count") or not self.draw(st.booleans()):
            return [self.occurrence(one, list(one.below))]
        sides = [self.choose("left", "right", "both") for _ in one.below]
        return [
            self.occurrence(one, [each for each, side in zip(one.below, sides, strict=True) if side != far])
            for far in ("right", "left")
        ]

    def wrap(self, text: str) -> str:
        """Put selections into a fragment of some kind, or leave them as they are."""
        match self.choose("bare", "bare", "inline", "included", "named", "twice"):
            case "bare":
                return text
            case "inline":
                return f"... {self.choose('', 'on User')} {{ {text} }}"
            case "included":
                return f"... @include(if: {self.value('Boolean', True, other=False)}) {{ {text} }}"
            case how:
                name = f"F{len(self.document.fragments)}"
                self.document.fragments.append(f"fragment {name} on User {{ {text} }}")
                return f"...{name} ...{name}" if how == "twice" else f"...{name}"

    def scope(self, scope: list[Written]) -> str:
        """Write the fields of one scope in any order, among some that do not apply."""
        parts = [part for one in scope for part in self.occurrences(one)]
        if self.draw(st.booleans()):
            directive, value = self.draw(st.sampled_from([("skip", True), ("include", False)]))
            condition = self.value("Boolean", value, other=not value)
            parts.append(DECOY.format(f"@{directive}(if: {condition})"))
        parts = self.draw(st.permutations(parts))
        cut = self.draw(st.integers(0, len(parts)))
        wrapped = [self.wrap(" ".join(half)) for half in (parts[:cut], parts[cut:]) if half]
        return " ".join([*wrapped, "__typename"])

    def write(self, root: tuple[Field, ...]) -> str:
        """Write the whole document, with an operation beside it that nobody asks for."""
        inside = self.scope([self.name(one, place) for place, one in enumerate(root)])
        declared = f"({', '.join(self.document.declared)})" if self.document.declared else ""
        parts = [f"query Wanted{declared} {{ {inside} }}", "query Other { x { nodes { id } } }"]
        return "\n".join(self.draw(st.permutations([*parts, *self.document.fragments])))


@st.composite
def documents(draw: st.DrawFn) -> tuple[tuple[Field, ...], str, dict[str, Any]]:
    """Draw a model together with one way to write it down."""
    root = draw(fields(3, at_root=True))
    writer = Writer(draw)
    text = writer.write(root)
    return root, text, writer.document.given


@settings(max_examples=150, deadline=None)
@given(documents())
def test_price_is_the_count_of_every_parent(drawn: tuple[tuple[Field, ...], str, dict[str, Any]]) -> None:
    """Aliases, fragments, merged fields, variables and conditions change the words, never the price."""
    root, text, variables = drawn
    requests, nodes = brute_force(root)
    points = max(1, int((Decimal(requests) / 100).quantize(Decimal(1), ROUND_HALF_UP)))
    assert estimate_cost(text, variables, "Wanted") == Cost(points, requests, nodes)


@given(st.integers(0, 10**20))
def test_halves_round_up(requests: int) -> None:
    """Points are requests by the hundred, halves up, and never none."""
    assert points_of(requests) == max(1, int((Decimal(requests) / 100).quantize(Decimal(1), ROUND_HALF_UP)))


TOKENS = (
    *("{", "}", "(", ")", "[", "]", "...", ":", "=", "!", "@include", "@skip(if: true)", "$a", "$b", "null"),
    *("query", "fragment", "mutation", "on", "F", "G", "a", "b", "nodes", "edges", "node", "pageInfo", "ids"),
    *("first:", "last:", "if:", "1", "100", "-1", "1.5", '"x"', "true", "Int", "totalCount", "rateLimit"),
)

WORDS = st.lists(st.sampled_from(TOKENS), max_size=30).map(" ".join)


@given(WORDS | st.text(max_size=30) | WORDS.map(lambda words: f"query ($a: Int = 1) {{ a {{ {words} }} }}"))
def test_any_text_has_a_price_or_a_reason(text: str) -> None:
    """Whatever the text, the answer is a price or a DocumentError."""
    try:
        answer = str(estimate_cost(text).points)
    except DocumentError as error:
        answer = str(error.facts["reason"])
    assert answer


@pytest.mark.parametrize("depth", [1, 30, 95])
def test_fragments_that_double_are_priced_at_once(depth: int) -> None:
    """A fragment that spreads the next one twice, and so on, costs what it says and no time."""
    links = [f"fragment F{n} on T {{ x: f {{ ...F{n + 1} }} y: f {{ ...F{n + 1} }} }}" for n in range(depth)]
    text = "\n".join(["{ ...F0 }", *links, f"fragment F{depth} on T {{ c {{ totalCount }} }}"])
    assert estimate_cost(text).requests == 2**depth
