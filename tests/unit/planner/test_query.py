"""Which operation is read, and which documents are refused before anything is priced."""

from __future__ import annotations

import sys
from inspect import stack

import pytest
from graphql import FieldNode, NameNode

from stargazer.errors import DocumentError
from stargazer.planner.query import MAX_TOKENS, Walk, error_at, parse


def refusal(text: str, operation_name: str | None = None) -> str:
    """Parse a document that is refused, and return what it is told."""
    with pytest.raises(DocumentError) as caught:
        parse(text, operation_name)
    return caught.value.message


def response_keys(text: str, **variables: object) -> list[str]:
    """List the response keys of a document's root, as they are merged."""
    query = parse(text)
    merged = Walk(query, variables).merged((query.operation.selection_set,))
    return [(field.alias or field.name).value for field, _ in merged]


def test_only_operation_needs_no_name() -> None:
    """One operation is the one, whether it has a name or not."""
    assert parse("{ viewer { id } }").operation.name is None
    assert parse("query A { viewer { id } }").operation.name is not None


def test_operation_is_chosen_by_name() -> None:
    """Out of several operations the named one is read."""
    chosen = parse("query A { a } query B { b }", "B").operation
    assert chosen.name is not None
    assert chosen.name.value == "B"


def test_mutation_is_read() -> None:
    """A mutation is an operation like a query."""
    assert (
        parse("mutation { addStar(input: {}) { clientMutationId } }").operation.operation.value == "mutation"
    )


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", None, "1:1: the document is empty"),
        ("  # nothing\n", None, "1:1: the document is empty"),
        ("{\n  a(", None, "2:5: this is not GraphQL: Expected Name, found <EOF>"),
        ("{ a \0 }", None, "1:5: this is not GraphQL: Unexpected character: U+0000"),
        ("fragment F on T { a }", None, "the document has no operation, only fragments"),
        (
            "query A { a }\n{ b }",
            None,
            "2:1: the document has several operations: choose one of A, one without a name",
        ),
        ("query A { a } { b }", "B", "there is no operation B: the document has A, one without a name"),
        ("query A { a }\nquery A { b }", "A", "2:1: two operations are called A"),
        ("subscription { a }", None, "1:1: GitHub has no subscriptions, so this has no price"),
        ("{ a }\ntype A { b: Int }", None, "2:1: this is a type definition, not a query"),
        (
            "{ ...F } fragment F on T { a }\nfragment F on T { b }",
            None,
            "2:1: the fragment F is defined twice",
        ),
        ("{ a {\n ...F } }", None, "2:2: there is no fragment F"),
        ("{ a } fragment F on T { ... on U { ...G } }", None, "1:36: there is no fragment G"),
        ("{ ...F }\nfragment F on T { a { ...F } }", None, "2:23: the fragment F contains itself"),
        (
            "{ ...F } fragment F on T { ...H ...G } fragment H on T { a }\nfragment G on T {...H a {...F}}",
            None,
            "2:26: the fragment F contains itself",
        ),
    ],
)
def test_refused_with_place_and_reason(text: str, name: str | None, message: str) -> None:
    """What no server would run is refused, and the message says where and why."""
    assert refusal(text, name) == message


def test_long_chains_of_fragments_are_read() -> None:
    """A thousand fragments in a row, each spreading the next, are no cycle and no overflow."""
    links = [f"fragment F{n} on T {{ ...F{n + 1} }}" for n in range(1000)]
    keys = response_keys("\n".join(["{ ...F0 }", *links, "fragment F1000 on T { found }"]))
    assert keys == ["found"]


def test_nesting_too_deep_to_read_is_refused() -> None:
    """A document nested deeper than the parser goes is refused in words."""
    assert "nested too deeply" in refusal("{" + "a {" * 50_000)


def test_nesting_too_deep_for_the_callers_stack_is_refused() -> None:
    """A caller who has nearly used up the stack is told so in words too."""
    limit, used, messages = sys.getrecursionlimit(), len(stack()), []
    for room in range(60, 6, -1):
        try:
            # Python 3.11 counts some frames more, and refuses a limit that is passed already.
            sys.setrecursionlimit(used + room)
            parse("{" + "a {" * 30 + "b" + "}" * 31)
        except (DocumentError, RecursionError) as error:
            messages.append(str(error))
        finally:
            sys.setrecursionlimit(limit)
    assert "the document is nested too deeply to be read" in messages


def test_documents_too_long_to_read_are_refused() -> None:
    """A document is read up to a number of tokens."""
    assert f"more than {MAX_TOKENS} tokens" in refusal("{" + "a " * MAX_TOKENS + "}")


def test_fields_merge_under_their_response_key() -> None:
    """One key with the same name and arguments is one field, whatever the order of the arguments."""
    assert response_keys("{ a(x: 1, y: 2) a(y: 2, x: 1) b: a c: a }") == ["a", "b", "c"]


def test_exclusive_fields_stay_apart() -> None:
    """One key with other arguments or another name, as exclusive types allow, is several fields."""
    keys = response_keys(
        "{ ... on A { a(x: 1) } ... on B { a(x: 2) } ... on C { a: b } ... on D { a(x: 1) } }"
    )
    assert keys == ["a", "a", "a"]


@pytest.mark.parametrize(
    ("directives", "applies"),
    [
        ("@include(if: true)", True),
        ("@include(if: false)", False),
        ("@skip(if: true)", False),
        ("@skip(if: false) @include(if: $yes)", True),
        ("@skip(if: $yes) @include(if: true)", False),
        ("@include(if: $no)", False),
        ("@unknown(if: false)", True),
    ],
)
def test_conditions_decide_what_applies(directives: str, applies: bool) -> None:
    """`@include` and `@skip` decide by literals, variables and defaults; other directives do not."""
    operation = "query ($yes: Boolean!, $no: Boolean = false) {{ a {0} ... {0} {{ b }} ...F {0} }}"
    text = operation + " fragment F on T {{ c }}"
    assert response_keys(text.format(directives), yes=True) == (["a", "b", "c"] if applies else [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ a @include }", "1:5: @include has no condition `if`"),
        ("{ a @skip(unless: true) }", "1:5: @skip has no condition `if`"),
        ("{ a @skip(if: 1) }", "1:11: the condition of @skip must be a boolean"),
        ("{ a @skip(if: $x) }", "1:15: the variable $x is not declared"),
        ("query ($x: Boolean) { a @skip(if: $x) }", "1:31: @skip needs $x, which is not given"),
    ],
)
def test_conditions_that_decide_nothing_are_refused(text: str, message: str) -> None:
    """A condition must be there, and be a boolean."""
    with pytest.raises(DocumentError) as caught:
        response_keys(text)
    assert caught.value.message == message


def test_error_without_a_place() -> None:
    """A node that was built and not parsed has no place to name."""
    assert error_at(FieldNode(name=NameNode(value="a")), "no").message == "no"
