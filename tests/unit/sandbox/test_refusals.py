"""How the simulation says no: credentials, mistakes, what is not there, restrictions."""

from __future__ import annotations

import pytest
from tests.unit.sandbox.desk import HEADERS, Desk, names, star_list

from stargazer.sandbox import (
    Behaviour,
    Graph,
    Stargazers,
    StarLists,
    Token,
)

LISTS = {"ada": ["o/a", "o/b", "o/c"], "bob": ["o/a", "o/b"], "cyd": ["o/a"]}
VIEWER = "{ viewer { login } rateLimit { remaining } }"
LIST_OF_ADA = f'{{ user(login: "ada") {{ {star_list()} }} }}'


@pytest.fixture
def graph() -> Graph:
    """A small graph made by hand."""
    return Graph.from_lists(LISTS)


# Credentials.


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("", "This endpoint requires you to be authenticated."),
        ("basic abc", "This endpoint requires you to be authenticated."),
        ("bearer ", "This endpoint requires you to be authenticated."),
        ("bearer unknown", "Bad credentials"),
        ("bearer dead", "Bad credentials"),
    ],
)
def test_bad_credentials_are_401(graph: Graph, authorization: str, message: str) -> None:
    """With `remaining: 0`, which is not a limit."""
    tokens = {"good": Token(user="ada"), "dead": Token(user="ada", dead=True)}
    desk = Desk(graph, Behaviour(tokens=tokens))
    payload = desk.ask(VIEWER, headers={"user-agent": "x", "authorization": authorization})

    assert desk.outcome.status == 401
    assert payload["message"] == message
    assert desk.outcome.headers["x-ratelimit-remaining"] == "0"
    assert desk.simulation.calls[0].user is None


def test_without_user_agent_403(graph: Graph) -> None:
    """GitHub refuses callers that do not say who they are."""
    outcome = Desk(graph).send({"query": VIEWER}, headers={"authorization": "bearer x"})

    assert (outcome.status, outcome.content_type) == (403, "text/plain")
    assert b"User-Agent" in outcome.body


def test_all_tokens_of_a_user_share_one_budget(graph: Graph) -> None:
    """And those of another user have another."""
    tokens = {"a": Token(user="ada"), "b": Token(user="ada"), "c": Token(user="bob", points_per_hour=1_000)}
    desk = Desk(graph, Behaviour(tokens=tokens))
    left = [
        desk.ask(VIEWER, headers={**HEADERS, "authorization": f"bearer {token}"})["data"]["rateLimit"][
            "remaining"
        ]
        for token in "abc"
    ]

    assert left == [4_999, 4_998, 999]


# Mistakes.


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{ viewer { nonsense } }", "Cannot query field 'nonsense' on type 'User'."),
        ("{ viewer {", "Syntax Error"),
        ("query A { viewer { id } } query B { viewer { id } }", "An operation name is required"),
        ('mutation { addStar(input: {starrableId: "x"}) { clientMutationId } }', "queries only"),
        ("query ($x: ID!) { node(id: $x) { id } }", "$x"),
        ("{ viewer { company } }", "does not simulate the field 'company'"),
        ("{ licenses { name } }", "does not simulate the field 'licenses'"),
    ],
)
def test_mistakes_are_errors_without_type(graph: Graph, query: str, words: str) -> None:
    """HTTP 200; the schema is GitHub's own."""
    desk = Desk(graph)
    (error,) = desk.ask(query)["errors"]

    assert desk.outcome.status == 200
    assert words in error["message"]
    assert "type" not in error


def test_a_body_that_is_no_query(graph: Graph) -> None:
    """JSON that cannot be read is 400; JSON without a query is an error."""
    desk = Desk(graph)

    assert desk.send(b"{").status == 400
    assert "must be a string" in desk.send({"query": 7}).body.decode()


def test_too_many_nodes(graph: Graph) -> None:
    """More than 500,000 possible nodes are refused, and held against the caller."""
    inner = star_list()
    lists = " ".join(
        f'r{n}: repository(owner: "o", name: "a") {{ stargazers(first: 100) {{ nodes {{ {inner} }} }} }}'
        for n in range(50)
    )
    desk = Desk(graph)
    payload = desk.ask(f"{{ {lists} }}")

    assert payload["data"] is None
    assert payload["errors"][0]["type"] == "MAX_NODE_LIMIT_EXCEEDED"
    assert desk.rules_broken == ["node-limit"]


def test_too_many_aliases(graph: Graph) -> None:
    """993 root fields are too much, 992 are not."""
    desk = Desk(graph)
    for count in (992, 993):
        desk.ask("{" + " ".join(f'u{n}: user(login: "ada") {{ id }}' for n in range(count)) + "}")

    assert [call.outcome for call in desk.simulation.calls] == ["answered", "invalid"]
    assert desk.rules_broken == ["alias-limit"]


def test_refused_sizes_null_the_whole_answer(graph: Graph) -> None:
    """The payload is GitHub's, word for word."""
    payload = Desk(graph).ask(f'{{ user(login: "ada") {{ {star_list(101)} }} }}')

    assert payload == {
        "data": None,
        "errors": [
            {
                "type": "EXCESSIVE_PAGINATION",
                "path": ["user", "starredRepositories"],
                "message": "Requesting 101 records on the `starredRepositories` connection exceeds the "
                "`first` limit of 100 records.",
            }
        ],
    }


def test_a_cursor_that_is_none(graph: Graph) -> None:
    """INVALID_CURSOR_ARGUMENTS at the connection; its user is null."""
    payload = Desk(graph).ask(f'{{ user(login: "ada") {{ {star_list(after="rubbish")} }} }}')

    assert payload["data"] == {"user": None}
    assert payload["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"
    assert payload["errors"][0]["path"] == ["user", "starredRepositories"]


# What is not there.


def test_what_does_not_exist_is_not_found_at_its_alias(graph: Graph) -> None:
    """The others are answered; an entry of `nodes` is named by its index."""
    graph.mark_gone("bob")
    query = """query ($bob: ID!, $ada: ID!) {
        r: repository(owner: "no", name: "where") { id }
        u1: user(login: "ada") { login } u2: user(login: "bob") { login }
        n: node(id: $bob) { id } many: nodes(ids: [$ada, $bob]) { id } }"""
    ids = {"bob": graph.user_id("bob"), "ada": graph.user_id("ada")}
    payload = Desk(graph).ask(query, ids)

    assert payload["data"] == {
        "r": None,
        "u1": {"login": "ada"},
        "u2": None,
        "n": None,
        "many": [{"id": ids["ada"]}, None],
    }
    assert {error["type"] for error in payload["errors"]} == {"NOT_FOUND"}
    assert [error["path"] for error in payload["errors"]] == [["r"], ["u2"], ["n"], ["many", 1]]
    messages = [error["message"] for error in payload["errors"]]
    assert messages[0] == "Could not resolve to a Repository with the name 'no/where'."
    assert messages[2] == f"Could not resolve to a node with the global id of '{ids['bob']}'"
    assert payload["errors"][0]["locations"] == [{"line": 2, "column": 9}]


def test_a_gone_user_nulls_the_edge_that_nests_their_list(graph: Graph) -> None:
    """An edge's node cannot be null, so the edge is."""
    graph.mark_gone("bob")
    nested = f"stargazers(first: 9) {{ edges {{ node {{ login {star_list()} }} }} }}"
    payload = Desk(graph).ask(f'{{ repository(owner: "o", name: "a") {{ {nested} }} }}')

    edges = payload["data"]["repository"]["stargazers"]["edges"]
    assert [edge and edge["node"]["login"] for edge in edges] == ["ada", None, "cyd"]
    assert payload["errors"][0]["path"][:5] == ["repository", "stargazers", "edges", 1, "node"]


# Restrictions.

FACTS_AND_LIST = """query ($after: String) {
    facts: repository(owner: "o", name: "a") { stargazerCount }
    list: repository(owner: "o", name: "a") { stargazers(first: 1, after: $after) {
      totalCount pageInfo { hasNextPage endCursor } edges { node { login } } } } }"""


def test_forbidden_stargazers_null_their_repository_only(graph: Graph) -> None:
    """Facts beside the list are answered."""
    payload = Desk(graph, Behaviour(stargazers=Stargazers.FORBIDDEN)).ask(FACTS_AND_LIST)

    assert payload["data"] == {"facts": {"stargazerCount": 3}, "list": None}
    assert payload["errors"] == [
        {
            "type": "FORBIDDEN",
            "path": ["list", "stargazers"],
            "extensions": {"saml_failure": False},
            "locations": [{"line": 3, "column": 47}],
            "message": "Resource not accessible by personal access token",
        }
    ]


def test_empty_stargazers_look_like_none(graph: Graph) -> None:
    """No error, no edges, and a positive count beside."""
    payload = Desk(graph, Behaviour(stargazers=Stargazers.EMPTY)).ask(FACTS_AND_LIST)

    assert "errors" not in payload
    assert payload["data"]["facts"] == {"stargazerCount": 3}
    assert payload["data"]["list"]["stargazers"]["edges"] == []
    assert payload["data"]["list"]["stargazers"]["totalCount"] == 0


@pytest.mark.parametrize("access", [Stargazers.EMPTY, Stargazers.FORBIDDEN])
def test_a_list_may_break_off_after_its_first_page(graph: Graph, access: Stargazers) -> None:
    """The first page is answered as if all were well."""
    desk = Desk(graph, Behaviour(stargazers=access, break_off=True))
    first = desk.ask(FACTS_AND_LIST)["data"]["list"]["stargazers"]
    second = desk.ask(FACTS_AND_LIST, {"after": first["pageInfo"]["endCursor"]})["data"]["list"]

    assert len(first["edges"]) == 1
    assert first["pageInfo"]["hasNextPage"]
    assert second is None or second["stargazers"]["edges"] == []


def test_a_token_may_see_more_than_others(graph: Graph) -> None:
    """As the token of a collaborator does."""
    tokens = {"token-of-ada": Token(user="ada", stargazers=Stargazers.OPEN), "other": Token(user="bob")}
    desk = Desk(graph, Behaviour(stargazers=Stargazers.FORBIDDEN, tokens=tokens))

    assert desk.ask(FACTS_AND_LIST)["data"]["list"] is not None
    headers = {**HEADERS, "authorization": "bearer other"}
    assert desk.ask(FACTS_AND_LIST, headers=headers)["data"]["list"] is None


@pytest.mark.parametrize(
    ("star_lists", "shown"),
    [(StarLists.EMPTY, []), (StarLists.WITHOUT_SEED, ["o/b", "o/c"]), (StarLists.FORBIDDEN, None)],
)
def test_restricted_star_lists(graph: Graph, star_lists: StarLists, shown: list[str] | None) -> None:
    """Every list is empty, or lacks the repository that was asked for, or is refused."""
    desk = Desk(graph, Behaviour(star_lists=star_lists))
    desk.ask('{ repository(owner: "o", name: "a") { id } }')
    payload = desk.ask(LIST_OF_ADA)

    user = payload["data"]["user"]
    assert (user and names(user["starredRepositories"])) == shown
    assert [error["path"] for error in payload.get("errors", [])] == (
        [["user", "starredRepositories"]] if shown is None else []
    )
