"""The price of a call: GitHub's published examples, our table, and every refusal."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stargazer.errors import DocumentError
from stargazer.planner.cost import MAX_DEPTH, Cost, estimate_cost, points_of, query_cost
from stargazer.planner.query import parse


def nest(*levels: str) -> str:
    """Write connections inside one another, each under the nodes of the one before."""
    text = "id"
    for level in reversed(levels):
        text = f"{level} {{ nodes {{ {text} }} }}"
    return text


def refusal(text: str, **variables: Any) -> str:
    """Price a document that is refused, and return what it is told."""
    with pytest.raises(DocumentError) as caught:
        estimate_cost(text, variables)
    return caught.value.message


USERS = " ".join(
    f'u{n}: node(id: "U_{n}") {{ ... on User {{ starredRepositories(first: 100) {{ nodes {{ id }} }} }} }}'
    for n in range(149)
)


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        # https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
        (nest("repositories(first: 100)", "issues(first: 50)", "labels(first: 60)"), (51, 5101, 305_100)),
        (nest("repositories(first: 50)", "issues(first: 10)"), (1, 51, 550)),
        (
            """repositories(first: 50) { edges { repository: node {
              pullRequests(first: 20) { edges { pullRequest: node {
                comments(last: 10) { edges { comment: node { bodyHTML } } } } } }
              issues(first: 20) { edges { issue: node {
                comments(last: 10) { edges { comment: node { bodyHTML } } } } } } } } }
            followers(last: 10) { edges { follower: node { login } } }""",
            (21, 2102, 22_060),
        ),
        # What stargazer itself asks, and what others ask.
        (nest("stargazers(first: 100)"), (1, 1, 100)),
        (nest("stargazers(first: 100)", "starredRepositories(first: 100)"), (1, 101, 10_100)),
        (USERS, (1, 149, 14_900)),
        (
            nest("stargazers(first: 100)", "starredRepositories(first: 100)", "repositoryTopics(first: 5)"),
            (101, 10_101, 60_100),
        ),
    ],
)
def test_published_examples(document: str, cost: tuple[int, int, int]) -> None:
    """The prices that GitHub publishes, and those we build on, come out exactly."""
    assert estimate_cost(f"{{ {document} }}") == Cost(*cost)


@pytest.mark.parametrize(("requests", "points"), [(0, 1), (1, 1), (149, 1), (150, 2), (249, 2), (250, 3)])
def test_halves_round_up(requests: int, points: int) -> None:
    """A hundred requests are a point, halves round up, and no call costs less than one."""
    assert points_of(requests) == points


@pytest.mark.parametrize(
    ("document", "requests", "nodes"),
    [
        ("{ viewer { login repository { owner { id } } } __typename }", 0, 0),
        ("{ a { totalCount } }", 1, 0),
        ("{ a { n: totalCount __typename } }", 1, 0),
        ("{ a { totalCount totalDiskUsage } }", 1, 0),
        ("{ a(first: 10) { totalCount } }", 1, 10),
        ("{ a(first: null) { totalCount } }", 1, 0),
        ("{ a(first: 10) { b(last: 2) { pageInfo { hasNextPage } } } }", 11, 30),
        ("{ a(first: 10) }", 1, 10),
        ("{ x: a(first: 10) { nodes { id } } y: a(first: 10) { nodes { id } } }", 2, 20),
        ("{ a(first: 10) { nodes { id } } a(first: 10) { nodes { b(first: 2) { nodes { id } } } } }", 11, 30),
        (
            "{ a(first: 9) { nodes { b(first: 2) { id } } edges { node { b(first: 2) { id } } } } }",
            19,
            45,
        ),
        (
            "{ a { ... on A { x(first: 10) { nodes { id } } } ... on B { x(first: 50) { nodes { id } } } } }",
            2,
            60,
        ),
        (
            "{ a { ...F } } fragment F on A { ... { x(last: 3) { ...G } } } fragment G on X { edges { id } }",
            1,
            3,
        ),
        ('{ node(id: "A") { ... on User { x(first: 3) { nodes { id } } } } }', 1, 3),
        ('{ nodes(ids: ["A", "B"]) { id } }', 0, 0),
        ('{ nodes(ids: ["A", "B"]) { ... on User { x(first: 3) { nodes { id } } } } }', 2, 6),
        ('{ nodes(ids: "A") { ... on User { x(first: 3) { nodes { id } } } } }', 1, 3),
        ("{ nodes(ids: []) { ... on User { x(first: 3) { nodes { id } } } } }", 0, 0),
        ('{ relay { nodes(ids: ["A", "B"]) { ... on User { x { totalCount } } } } }', 2, 0),
        ("{ nodes: a(first: 3) { edges: nodes { id } } }", 1, 3),
        ("mutation { add(input: {}) { a { stargazers(first: 5) { nodes { id } } } } }", 1, 5),
    ],
)
def test_connections_are_told_by_what_they_select(document: str, requests: int, nodes: int) -> None:
    """A page size, `edges`, `nodes`, `pageInfo` or `totalCount` make a connection; all else is free."""
    assert estimate_cost(document) == Cost(1, requests, nodes)


@pytest.mark.parametrize(
    ("declared", "arguments", "variables", "nodes"),
    [
        ("$n: Int!", "first: $n", {"n": 7}, 7),
        ("$n: Int = 5", "first: $n", {}, 5),
        ("$n: Int! = 5", "last: $n", {"n": 7, "unused": object()}, 7),
        ("$n: Int, $m: Int", "first: $n, last: $m", {"m": 7}, 7),
        ("$n: Int, $m: Int", "first: $n, last: $m", {"n": None, "m": 7}, 7),
        ("$n: Int = 3, $m: Int", "first: $n, last: $m", {"n": None, "m": 7}, 7),
    ],
)
def test_variables_size_pages(declared: str, arguments: str, variables: dict[str, Any], nodes: int) -> None:
    """Given values win over defaults, and null or nothing leaves the other end to decide."""
    document = f"query ({declared}) {{ a({arguments}) {{ nodes {{ id }} }} }}"
    assert estimate_cost(document, variables) == Cost(1, 1, nodes)


def test_ids_may_be_a_variable() -> None:
    """Each id of a given list, of a default, or alone, is one parent."""
    document = "query ($ids: [ID!]! = [1, 2, 3]) { nodes(ids: $ids) { ... on User { a { totalCount } } } }"
    found = [estimate_cost(document, given).requests for given in ({"ids": ["A", "B"]}, {}, {"ids": "A"})]
    assert found == [2, 3, 1]


@pytest.mark.parametrize(
    ("document", "points"),
    [
        ("{ rateLimit { cost } }", 0),
        ("{ limit: rateLimit { cost } __typename }", 0),
        ("{ rateLimit(dryRun: true) { cost } a(first: 10) { nodes { id } } }", 0),
        ("query ($dry: Boolean = true) { rateLimit(dryRun: $dry) { cost } a { id } }", 0),
        ("{ rateLimit(dryRun: false) { cost } a { id } }", 1),
        ("query ($dry: Boolean) { rateLimit(dryRun: $dry) { cost } a { id } }", 1),
        ("{ rateLimit { cost } a { id } }", 1),
        ("{ r: rateLimit(dryRun: true) { cost } s: rateLimit { cost } a { id } }", 1),
        ("{ __typename }", 1),
    ],
)
def test_rate_limit_alone_and_dry_runs_are_free(document: str, points: int) -> None:
    """Asking for the rate limit alone, or for a dry run, costs no points; all else at least one."""
    assert estimate_cost(document).points == points


def test_operation_is_chosen_by_name() -> None:
    """The named operation is priced, and a parsed query costs what its document costs."""
    document = "query A { a(first: 1) { nodes { id } } } query B { a(first: 2) { nodes { id } } }"
    assert estimate_cost(document, None, "B") == query_cost(parse(document, "B")) == Cost(1, 1, 2)


@pytest.mark.parametrize(
    ("document", "variables", "message"),
    [
        ("{\n  a { nodes { id } }\n}", {}, "2:3: a needs a page size: first or last, 1 to 100"),
        ("{ a { edges { cursor } } }", {}, "1:3: a needs a page size: first or last, 1 to 100"),
        ("{ x: a { pageInfo { endCursor } } }", {}, "1:3: a needs a page size: first or last, 1 to 100"),
        (
            "{ a { ...F } } fragment F on A { nodes { id } }",
            {},
            "1:3: a needs a page size: first or last, 1 to 100",
        ),
        ("{ a(first: null) { nodes { id } } }", {}, "1:3: a needs a page size: first or last, 1 to 100"),
        (
            "{ a(first: 1, last: 2) { nodes { id } } }",
            {},
            "1:15: a has two page sizes: GitHub takes first or last",
        ),
        ("{ a(first: 0) { id } }", {}, "1:5: first must be 1 to 100, not 0"),
        ("{ a(last: 101) { id } }", {}, "1:5: last must be 1 to 100, not 101"),
        (f"{{ a(first: {'9' * 5000}) {{ id }} }}", {}, "1:5: first must be 1 to 100"),
        ("{ a(first: 1.0) { id } }", {}, "1:5: first must be an integer, 1 to 100"),
        ('{ a(first: "1") { id } }', {}, "1:5: first must be an integer, 1 to 100"),
        ("{ a(first: true) { id } }", {}, "1:5: first must be an integer, 1 to 100"),
        ("query ($n: Int) { a(first: $n) { id } }", {"n": "1"}, "1:21: first must be an integer, 1 to 100"),
        ("query ($n: Int) { a(first: $n) { id } }", {"n": 10**5000}, "1:21: first must be 1 to 100"),
        (
            "query ($n: Int) { a(first: $n) { id } }",
            {},
            "1:21: first needs the variable $n, which is not given",
        ),
        (
            "query ($n: Int!, $m: Int) { a(last: $m, first: $n) { id } }",
            {"m": 1},
            "1:41: first needs the variable $n, which is not given",
        ),
        ("{ a(first: $n) { id } }", {"n": 1}, "1:12: the variable $n is not declared"),
        (
            "query ($n: String!) { a(first: $n) { id } }",
            {"n": 1},
            "1:25: first must be an Int, and $n is declared as String",
        ),
        (
            "query ($n: [Int!]) { a(first: $n) { id } }",
            {},
            "1:24: first must be an Int, and $n is declared as [Int!]",
        ),
        ("{ nodes(ids: null) { id } }", {}, "1:9: ids must be a list of node ids"),
        (
            "query ($i: [ID!]!) { nodes(ids: $i) { id } }",
            {},
            "1:28: ids needs the variable $i, which is not given",
        ),
        (
            "query ($i: [ID!]!) { nodes(ids: $i) { id } }",
            {"i": ["A"] * 101},
            "1:28: nodes takes at most 100 ids, not 101",
        ),
    ],
)
def test_refused_with_place_and_reason(document: str, variables: dict[str, Any], message: str) -> None:
    """What GitHub would refuse is refused here, and the message says where and why."""
    assert refusal(document, **variables) == message


def test_node_limit_points_at_the_connection_that_breaks_it() -> None:
    """Half a million nodes are allowed, one more is not; the place is where they stop to fit."""
    full = nest("a(first: 50)", "b(first: 100)", "c(first: 98)")
    rest = nest("d(first: 50)", "e(first: 98)")
    more = "f(first: 50) { nodes { id } }"
    assert estimate_cost(f"{{ {full} {rest} }}").nodes == 50 + 5000 + 490_000 + 50 + 4900
    document = f"{{ {full} {rest}\n g {{ id {more} }}\n {more} }}"
    assert refusal(document) == (
        "2:9: the call asks for 500,100 nodes, and GitHub allows 500,000: f goes over it"
    )


def test_node_limit_may_break_inside_a_fragment() -> None:
    """A connection in a fragment is pointed at where the fragment is defined."""
    document = (
        "{ a(first: 100) { nodes { ...F } } }\nfragment F on A { b(first: 100) { nodes { c(first: 100) } } }"
    )
    assert refusal(document).startswith("2:43: the call asks for 1,010,100 nodes")


def test_numbers_beyond_reading_are_not_printed() -> None:
    """A document may ask for more nodes than have a name; the refusal stays one short line."""
    document = "{ " + "a(first: 100) { nodes { " * 20 + "id" + " } }" * 20 + " }"
    assert "asks for over 10^15 nodes" in refusal(document)


@pytest.mark.parametrize("order", ["a {{ ...F0 }} {0}", "{0} a {{ ...F0 }}"])
def test_depth_is_bounded_through_fragments(order: str) -> None:
    """Fields nest to a depth, whether a fragment is first met near the root or far below it."""
    links = [f"fragment F{n} on T {{ x {{ ...F{n + 1} }} }}" for n in range(60)]
    fragments = "\n".join([*links, "fragment F60 on T { id }"])

    def document(depth: int) -> str:
        deep = "d { " * depth + "...F0" + " }" * depth
        return f"{{ {order.format(deep)} }}\n{fragments}"

    assert estimate_cost(document(MAX_DEPTH - 61)) == Cost(1, 0, 0)
    assert refusal(document(MAX_DEPTH - 60)).endswith(f"fields are nested over {MAX_DEPTH} deep")


def test_entangled_fragments_are_refused() -> None:
    """Fragments that combine in more ways than can be counted are refused, at once and in words."""
    size = 24
    parts = ["{ ...S0 }", f"fragment S{size} on T {{ id }}"]
    for n in range(size):
        parts.append(f"fragment S{n} on T {{ a: f {{ ...S{n + 1} ...T{n}x1 }} b: f {{ ...S{n + 1} }} }}")
        parts.append(f"fragment T{n}x{size - n} on T {{ id }}")
        parts += [
            f"fragment T{n}x{m} on T {{ a: f {{ ...T{n}x{m + 1} }} b: f {{ ...T{n}x{m + 1} }} }}"
            for m in range(1, size - n)
        ]
    started = time.perf_counter()
    assert refusal("\n".join(parts)).endswith("the fragments make over 100,000 fields: too many to price")
    assert time.perf_counter() - started < 5


def test_full_call_is_priced_quickly() -> None:
    """A call of 149 aliases is priced in a few milliseconds once it is parsed."""
    query = parse(f"{{ {USERS} rateLimit {{ cost }} }}")
    times = []
    for _ in range(10):
        started = time.perf_counter()
        query_cost(query)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.03
