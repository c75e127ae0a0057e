"""Every document that we send is one that GitHub's schema accepts, at the price that the plan reserves."""

from __future__ import annotations

from pathlib import Path

import graphql
import pytest
from graphql import FragmentDefinitionNode, NoUnusedFragmentsRule, specified_rules
from hypothesis import given, settings
from hypothesis import strategies as st

from stargazer import catalogue
from stargazer.github import compose
from stargazer.planner import page
from stargazer.planner.cost import Cost, estimate_cost, points_of
from stargazer.sandbox.schema import schema

CATALOGUE = catalogue.installed()
OPERATIONS = [
    name
    for name in CATALOGUE.names
    if not isinstance(CATALOGUE.load(name).definition, FragmentDefinitionNode)
]
LONE_RULES = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]
MOST_REQUESTS = 149
"""So many connection requests are still one point."""

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "queries.md"

names = st.text(max_size=10)
sizes = st.integers(1, 100)
cursors = st.none() | names
directions = st.sampled_from(page.Direction)
selections = st.one_of(
    st.builds(page.FactsRequest, names, names),
    st.builds(page.UserRequest, names),
    st.builds(page.DetailsRequest, names, names, st.integers(0)),
    st.builds(page.StargazersRequest, names, names, sizes, cursors, directions),
    st.builds(page.StarListRequest, names, sizes, cursors, directions, st.integers(0)),
)


def pages_of(numbers: range, first: int = 100) -> tuple[page.StarListRequest, ...]:
    return tuple(
        page.StarListRequest(f"U_{number}", first, None, page.Direction.ASC, 7) for number in numbers
    )


def asked(chosen: tuple[page.Selection, ...]) -> Cost:
    """What the plan reserves: one request for each page, its size in nodes."""
    firsts = [one.first for one in chosen if isinstance(one, page.StargazersRequest | page.StarListRequest)]
    return Cost(points_of(len(firsts)) if chosen else 0, len(firsts), sum(firsts))


def call_of(chosen: tuple[page.Selection, ...]) -> page.Call:
    cost = asked(chosen)
    return page.Call(1, chosen, cost.points, cost.requests, cost.nodes, 1.0)


@pytest.mark.parametrize("name", CATALOGUE.names)
def test_every_document_of_the_folder_is_valid(name: str) -> None:
    """Operations with their fragments, and fragments for themselves, by GitHub's own schema."""
    assert graphql.validate(schema(), CATALOGUE.document(name), LONE_RULES) == []


def test_every_fragment_is_needed() -> None:
    """A document that nothing spreads is dead text."""
    spread = {part.name for name in OPERATIONS for part in CATALOGUE.fragments_of(CATALOGUE.load(name))}

    assert spread == set(CATALOGUE.names) - set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_costs_a_point_alone(name: str) -> None:
    """As its comment says; the rate limit alone is free."""
    cost = estimate_cost(graphql.print_ast(CATALOGUE.document(name)), {"first": 100})

    assert cost.points == (0 if name == "rate_limit" else 1)
    assert (cost.requests, cost.nodes) == ((1, 100) if name in ("stargazers", "star_list") else (0, 0))


@pytest.mark.parametrize(
    "chosen",
    [
        (),
        pages_of(range(MOST_REQUESTS)),
        pages_of(range(MOST_REQUESTS), first=1),
        tuple(page.UserRequest(f"user-{number}") for number in range(100)),
        tuple(page.DetailsRequest("rails", f"rails-{number}", number) for number in range(100)),
        (
            page.FactsRequest("rails", "rails"),
            page.StargazersRequest("rails", "rails", 100, None, page.Direction.ASC),
            page.StargazersRequest("rails", "rails", 100, "Y3Vyc29y", page.Direction.DESC),
            *pages_of(range(MOST_REQUESTS - 2)),
        ),
    ],
    ids=["rate limit", "full", "full of small pages", "logins", "details", "first call"],
)
def test_the_calls_of_a_plan_are_valid_and_cost_what_was_reserved(chosen: tuple[page.Selection, ...]) -> None:
    """The largest calls, too, are one point at most."""
    composed = compose.compose(call_of(chosen))

    assert graphql.validate(schema(), graphql.parse(composed.document)) == []
    assert estimate_cost(composed.document, composed.variables, composed.operation_name) == asked(chosen)
    assert asked(chosen).points <= 1


@settings(deadline=None, max_examples=50)
@given(st.lists(selections, max_size=12).map(tuple))
def test_any_call_is_valid_and_costs_what_was_reserved(chosen: tuple[page.Selection, ...]) -> None:
    """Whatever is mixed: one request for each page, its size in nodes, nothing for the rest."""
    composed = compose.compose(call_of(chosen))

    assert graphql.validate(schema(), graphql.parse(composed.document)) == []
    assert estimate_cost(composed.document, composed.variables, composed.operation_name) == asked(chosen)


@settings(deadline=None, max_examples=50)
@given(st.lists(selections, max_size=12).map(tuple))
def test_the_variables_of_any_call_are_of_the_declared_types(chosen: tuple[page.Selection, ...]) -> None:
    """What is declared is given where it must be, and nothing is given that is not declared."""
    composed = compose.compose(call_of(chosen))
    operation = graphql.parse(composed.document).definitions[0]
    assert isinstance(operation, graphql.OperationDefinitionNode)
    declared = operation.variable_definitions or ()

    values = graphql.get_variable_values(schema(), declared, composed.variables)

    assert not isinstance(values, list)
    assert set(composed.variables) <= {one.variable.name.value for one in declared}


@pytest.mark.parametrize("name", CATALOGUE.names)
def test_the_reference_tells_every_document(name: str) -> None:
    """The page has one row a file, in the file's own words."""
    sentence = CATALOGUE.load(name).description.partition("\n")[0]

    assert f"| `{name}.graphql` | {sentence} |" in REFERENCE.read_text("utf-8")


@pytest.mark.parametrize("kind", page.FailureKind)
def test_the_reference_tells_every_failure(kind: page.FailureKind) -> None:
    """What an answer can mean is told to the reader too."""
    assert f"| `{kind.value}` |" in REFERENCE.read_text("utf-8")
