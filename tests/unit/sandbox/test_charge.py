"""The sandbox's price of a call, against GitHub's own examples."""

from __future__ import annotations

from typing import Any

import pytest

from stargazer.sandbox import charge, document
from stargazer.sandbox.refusals import RefusedError


def price(query: str, variables: dict[str, Any] | None = None) -> charge.Charge:
    """Price a query."""
    operation = document.prepare(query).choose(None, variables or {})
    return charge.price(operation, operation.coerce(variables or {}))


def test_github_s_example_of_points() -> None:
    """100 repositories, 50 issues each, 60 labels each: 5,101 requests, 51 points."""
    query = """{ viewer { repositories(first: 100) { edges { node { issues(first: 50) { edges { node {
        labels(first: 60) { edges { node { id name } } } } } } } } } } }"""

    assert price(query).points == 51
    assert price(query).requests == 5_101


def test_github_s_simple_example_of_nodes() -> None:
    """50 repositories and 10 issues of each: 550 nodes."""
    query = """{ viewer { repositories(first: 50) { edges { node { name issues(first: 10) {
        totalCount edges { node { title bodyHTML } } } } } } } }"""

    assert price(query).nodes == 550


def test_github_s_larger_example_of_nodes() -> None:
    """Two branches below repositories, and followers beside them: 22,060 nodes."""
    query = """{ viewer {
        repositories(first: 50) { edges { node { name
          pullRequests(first: 20) { edges { node { title comments(first: 10) { edges { node { id } } } } } }
          issues(first: 20) { totalCount edges { node { comments(first: 10) { edges { node { id } } } } } }
        } } }
        followers(first: 10) { edges { node { login } } } } }"""

    assert price(query).nodes == 22_060


@pytest.mark.parametrize(("aliases", "points"), [(1, 1), (149, 1), (150, 2), (249, 2), (250, 3)])
def test_halves_are_rounded_up(aliases: int, points: int) -> None:
    """Up to 149 requests are one point, 150 are two."""
    lists = " ".join(
        f'u{index}: user(login: "a") {{ starredRepositories(first: 100) {{ nodes {{ id }} }} }}'
        for index in range(aliases)
    )

    assert price(f"{{ {lists} }}") == charge.Charge(points, aliases, aliases * 100)


def test_objects_and_scalars_are_free_but_cost_the_minimum() -> None:
    """No connection: no requests, one point."""
    query = '{ repository(owner: "o", name: "r") { primaryLanguage { name } owner { login } } }'

    assert price(query) == charge.Charge(1, 0, 0)


def test_total_count_alone_is_a_request_without_nodes() -> None:
    """A connection may go without a size when no items are selected; it is still requested."""
    assert price('{ repository(owner: "o", name: "r") { stargazers { totalCount } } }') == charge.Charge(
        1, 1, 0
    )


def test_rate_limit_alone_is_free() -> None:
    """Asking what is left costs nothing; beside anything else it adds nothing."""
    assert price("{ rateLimit { remaining } }").points == 0
    assert price("{ rateLimit { remaining } viewer { login } }").points == 1


def test_a_dry_run_is_free() -> None:
    """A dry run costs nothing, whatever else it selects."""
    query = '{ rateLimit(dryRun: true) { cost } user(login: "a") { followers(first: 100) { totalCount } } }'

    assert price(query).points == 0


def test_a_nested_connection_is_requested_once_for_each_parent() -> None:
    """100 stargazers and the list of each: 101 requests, 10,100 nodes."""
    query = """query ($first: Int = 100) { repository(owner: "o", name: "r") {
        stargazers(first: $first) { nodes { starredRepositories(first: $first) { nodes { id } } } } } }"""

    assert price(query) == charge.Charge(1, 101, 10_100)
    assert price(query, {"first": 10}) == charge.Charge(1, 11, 110)


def test_each_of_many_ids_is_a_parent() -> None:
    """`nodes(ids:)` asks for a connection once for each id."""
    query = (
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on User { followers(first: 10) { totalCount } } } }"
    )

    assert price(query, {"ids": ["U_1", "U_2", "U_3"]}) == charge.Charge(1, 3, 30)


def test_fields_merged_under_one_key_count_once() -> None:
    """The same connection selected twice under one response key is one connection."""
    query = """{ user(login: "a") { followers(first: 10) { totalCount } } ...More }
        fragment More on Query { user(login: "a") { followers(first: 10) { nodes { login } } } }"""

    assert price(query) == charge.Charge(1, 1, 10)


def test_what_directives_leave_out_costs_nothing() -> None:
    """`@include` and `@skip` are followed before the price is made."""
    query = """query ($with: Boolean!) { user(login: "a") { login
        followers(first: 10) @include(if: $with) { totalCount }
        following(first: 10) @skip(if: $with) { totalCount } } }"""

    assert price(query, {"with": True}).requests == 1
    assert price(query, {"with": False}).requests == 1


@pytest.mark.parametrize(
    ("size", "kind"),
    [
        ("first: 101", "EXCESSIVE_PAGINATION"),
        ("first: 0", "EXCESSIVE_PAGINATION"),
        ("last: 101", "EXCESSIVE_PAGINATION"),
        ("first: 1, last: 1", None),
        ('after: "x"', "MISSING_PAGINATION_BOUNDARIES"),
    ],
)
def test_a_page_needs_a_size_from_1_to_100(size: str, kind: str | None) -> None:
    """Every other size is refused with GitHub's word for it."""
    with pytest.raises(RefusedError) as refused:
        price(f'{{ user(login: "a") {{ list: followers({size}) {{ nodes {{ login }} }} }} }}')

    assert (refused.value.kind, refused.value.path) == (kind, ("user", "list"))


def test_at_most_100_ids() -> None:
    """101 ids are refused in GitHub's words."""
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    with pytest.raises(RefusedError, match="may not provide more than 100 node ids; you provided 101"):
        price(query, {"ids": ["U_1"] * 101})
