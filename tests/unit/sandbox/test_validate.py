"""Quick validation finds what whole validation finds."""

from __future__ import annotations

import graphql
import pytest

from stargazer.sandbox import validate
from stargazer.sandbox.schema import schema

FIELD = "u{n}: user(login: $login{n}) {{ starredRepositories(first: $first{n}) {{ ...Page }} }}"
FRAGMENT = "fragment Page on StarredRepositoryConnection { totalCount }"


def document(count: int, *, more: str = "", variables: str = "", fragment: str = FRAGMENT) -> str:
    """Write a query of many equal fields."""
    defined = " ".join(f"$login{n}: String! $first{n}: Int!" for n in range(count))
    fields = " ".join(FIELD.format(n=n) for n in range(count))
    return f"query ({defined} {variables}) {{ {fields} {more} }} {fragment}"


@pytest.mark.parametrize(
    "text",
    [
        document(30),
        document(2, more="rateLimit { cost }"),
        document(2, more="u1: viewer { login }"),
        document(2, more="x: user(login: $missing) { login }"),
        document(2, more="x: user(login: $number) { login }", variables="$number: Int!"),
        document(2, more="x: user(login: $maybe) { login }", variables="$maybe: String"),
        document(2, more="x: user(login: $maybe) { login }", variables='$maybe: String = "ada"'),
        document(2, more="x: user(login: 7) { login }"),
        document(2, more="x: user { login }"),
        document(2, more="x: nonsense"),
        document(2, variables="$unused: Int"),
        document(2, variables="$login0: String!"),
        document(2, fragment="fragment Page on StarredRepositoryConnection { nonsense }"),
        document(2, fragment=""),
        document(2, fragment=FRAGMENT + " fragment Unused on User { login }"),
        document(2, more="... on Query { viewer { login } }"),
        "query A { viewer { login } } query A { viewer { login } }",
        "{ viewer { login } } query B { viewer { login } }",
        "subscription { nonsense }",
        "{ }".replace(" ", " viewer "),
        "query ($x: Boolean!) { a: viewer @skip(if: $x) { id } b: viewer @skip(if: $x) { id } }",
        "query ($x: Int!) { a: viewer @skip(if: $x) { id } b: viewer @skip(if: $x) { id } }",
    ],
)
def test_the_same_mistakes_are_found(text: str) -> None:
    """For valid documents and for each kind of mistake."""
    parsed = graphql.parse(text)
    whole = graphql.validate(schema(), parsed)

    assert [error.message for error in validate.validate(text, parsed)] == [error.message for error in whole]
