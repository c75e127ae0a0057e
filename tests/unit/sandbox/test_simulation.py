"""What the simulation answers when all is well."""

from __future__ import annotations

import json
import math
from datetime import timedelta

import pytest
from tests.unit.sandbox.desk import Desk, names, star_list

from stargazer.sandbox import Behaviour, Graph, Token, real_graph
from stargazer.sandbox.behaviour import Change, Churn

LISTS = {
    "ada": ["o/a", "o/b", "o/c", "o/d", "o/e"],
    "bob": ["o/a", "o/c"],
    "cyd": ["o/a"],
    "dan": [],
}


@pytest.fixture
def graph() -> Graph:
    """A small graph made by hand."""
    return Graph.from_lists(LISTS, languages={"o/a": "Ruby"})


def test_a_star_list_page_by_page(graph: Graph) -> None:
    """Pages of two, oldest first, until there is no next one."""
    desk, found, after = Desk(graph), [], None
    while True:
        payload = desk.ask(f'{{ user(login: "ada") {{ {star_list(2, after=after)} }} }}')
        page = payload["data"]["user"]["starredRepositories"]
        found += names(page)
        assert page["totalCount"] == 5
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]

    assert found == LISTS["ada"]
    assert len(desk.simulation.calls) == 3


def test_both_ends_meet(graph: Graph) -> None:
    """DESC is the mirror image of ASC."""
    query = f'{{ user(login: "ada") {{ old: {star_list()} new: {star_list(direction="DESC")} }} }}'
    user = Desk(graph).ask(query)["data"]["user"]

    assert names(user["old"]) == names(user["new"])[::-1] == LISTS["ada"]


def test_all_facts_of_a_repository(graph: Graph) -> None:
    """The fields that answers and details need."""
    graph.mark_unlisted("o/a", 2)
    query = """{ repository(owner: "O", name: "A") {
        __typename id databaseId name nameWithOwner stargazerCount isPrivate
        isArchived isFork description primaryLanguage { name } url } }"""

    assert Desk(graph).ask(query)["data"]["repository"] == {
        "__typename": "Repository",
        "id": "R_kgDOAAST4A",
        "databaseId": 300_000,
        "name": "a",
        "nameWithOwner": "o/a",
        "stargazerCount": 5,
        "isPrivate": False,
        "isArchived": False,
        "isFork": False,
        "description": None,
        "primaryLanguage": {"name": "Ruby"},
        "url": "https://github.com/o/a",
    }


def test_stargazers_with_their_lists_nested(graph: Graph) -> None:
    """One call may nest the lists of stargazers, as the plain way of asking does."""
    query = """{ repository(owner: "o", name: "a") { stargazers(first: 2) {
        totalCount pageInfo { hasNextPage } edges { starredAt node { id databaseId login
          starredRepositories(first: 1) { totalCount nodes { nameWithOwner } } } } } } }"""
    desk = Desk(graph)
    page = desk.ask(query)["data"]["repository"]["stargazers"]

    assert page["totalCount"] == 3
    assert page["edges"][1] == {
        "starredAt": "2024-01-01T00:01:00Z",
        "node": {
            "id": graph.user_id("bob"),
            "databaseId": 5_000_001,
            "login": "bob",
            "starredRepositories": {"totalCount": 2, "nodes": [{"nameWithOwner": "o/a"}]},
        },
    }
    assert desk.simulation.calls[0].requests == 3
    assert desk.simulation.calls[0].connections == 3
    assert desk.simulation.calls[0].nodes == 4


def test_users_by_id_one_and_many(graph: Graph) -> None:
    """`node` and `nodes`, with what depends on the type, and a repository among them."""
    ids = [graph.user_id("bob"), "R_kgDOAAST4A"]
    query = """query ($ids: [ID!]!, $id: ID!) { node(id: $id) { __typename id ... on User { login } }
        nodes(ids: $ids) { ... on User { login } ... on Repository { nameWithOwner } } }"""
    data = Desk(graph).ask(query, {"ids": ids, "id": ids[0]})["data"]

    assert data["node"] == {"__typename": "User", "id": ids[0], "login": "bob"}
    assert data["nodes"] == [{"login": "bob"}, {"nameWithOwner": "o/a"}]


def test_fragments_aliases_variables_and_directives(graph: Graph) -> None:
    """A document may say the same in many ways."""
    query = """query Q($login: String = "bob", $with: Boolean = false) { me: user(login: $login) { ...F
        ... @include(if: $with) { databaseId } id @skip(if: true) } }
        fragment F on User { name: login }"""
    desk = Desk(graph)

    assert desk.ask(query)["data"] == {"me": {"name": "bob"}}
    assert desk.ask(query, {"with": True, "login": "ada"})["data"] == {
        "me": {"name": "ada", "databaseId": 5_000_000}
    }


def test_the_rate_limit_in_answer_and_headers(graph: Graph) -> None:
    """Both tell the same, after the call is paid."""
    query = 'query { user(login: "ada") { login } rateLimit { cost limit nodeCount remaining used resetAt } }'
    desk = Desk(graph)
    reading = desk.ask(query)["data"]["rateLimit"]

    assert reading == {
        "cost": 1,
        "limit": 5_000,
        "nodeCount": 0,
        "remaining": 4_999,
        "used": 1,
        "resetAt": "2026-11-24T11:00:00Z",
    }
    assert desk.outcome.headers == {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "4999",
        "x-ratelimit-used": "1",
        "x-ratelimit-reset": "1795518000",
        "x-ratelimit-resource": "graphql",
    }


def test_a_dry_run_answers_its_price_and_nothing_else(graph: Graph) -> None:
    """What it would cost, for free."""
    lists = " ".join(f'u{n}: user(login: "ada") {{ {star_list()} }}' for n in range(150))
    payload = Desk(graph).ask(f"{{ rateLimit(dryRun: true) {{ cost remaining nodeCount }} {lists} }}")

    assert payload["data"] == {"rateLimit": {"cost": 2, "remaining": 5_000, "nodeCount": 15_000}}


def test_who_the_token_is(graph: Graph) -> None:
    """`viewer` is the user behind the token, in the graph or not."""
    tokens = {"token-of-ada": Token(user="ada"), "other": Token(user="stranger")}
    desk = Desk(graph, Behaviour(tokens=tokens))
    query = "{ viewer { login databaseId id } }"

    assert desk.ask(query)["data"]["viewer"]["id"] == graph.user_id("ada")
    headers = {"user-agent": "x", "authorization": "token other"}
    assert desk.ask(query, headers=headers)["data"]["viewer"]["login"] == "stranger"


def test_a_renamed_repository_answers_under_its_new_name(graph: Graph) -> None:
    """Unless the caller does not follow."""
    graph.rename("o/a", "new/a")
    query = """query ($follow: Boolean!) { repository(owner: "o", name: "a", followRenames: $follow) {
        nameWithOwner } }"""
    desk = Desk(graph)

    assert desk.ask(query, {"follow": True})["data"] == {"repository": {"nameWithOwner": "new/a"}}
    assert desk.ask(query, {"follow": False})["errors"][0]["type"] == "NOT_FOUND"


def test_null_stars_private_and_numberless_repositories(graph: Graph) -> None:
    """What is out of the ordinary looks as GitHub shows it."""
    graph.mark_null_star("ada", "o/b")
    graph.mark_private("o/c")
    graph.mark_numberless("o/d")
    query = f'{{ user(login: "ada") {{ {star_list(more="isPrivate databaseId")} }} }}'
    page = Desk(graph).ask(query)["data"]["user"]["starredRepositories"]

    assert page["edges"][1] is None
    assert page["totalCount"] == 5
    assert [edge["node"]["isPrivate"] for edge in page["edges"] if edge] == [False, True, False, False]
    assert page["edges"][3]["node"]["databaseId"] is None


def test_null_stars_among_stargazers(graph: Graph) -> None:
    """The same star is a null edge, and a null node, on the repository's side."""
    graph.mark_null_star("bob", "o/a")
    query = """{ repository(owner: "o", name: "a") { stargazers(first: 9) { edges { node { login } }
        nodes { login } } } }"""
    page = Desk(graph).ask(query)["data"]["repository"]["stargazers"]

    assert page["edges"][1] is None
    assert page["nodes"] == [{"login": "ada"}, None, {"login": "cyd"}]


def test_cut_hidden_and_empty_lists(graph: Graph) -> None:
    """A list over the limit shows its newest stars; a private profile shows none."""
    graph.mark_over_limit("ada", 2)
    graph.mark_private_profile("bob")
    lists = " ".join(f'{login}: user(login: "{login}") {{ {star_list()} }}' for login in LISTS)
    data = Desk(graph).ask(f"{{ {lists} }}")["data"]

    shown = {login: names(data[login]["starredRepositories"]) for login in LISTS}
    assert shown == {"ada": ["o/d", "o/e"], "bob": [], "cyd": ["o/a"], "dan": []}
    over = {login: data[login]["starredRepositories"]["isOverLimit"] for login in LISTS}
    assert over == {"ada": True, "bob": False, "cyd": False, "dan": False}
    assert data["dan"]["starredRepositories"]["pageInfo"]["endCursor"] is None


def test_changes_come_before_the_call_they_name(graph: Graph) -> None:
    """Stars are given and taken back in the middle of reading, and answers follow."""
    changes = (
        Change(login="dan", repository="o/a", starred=True, before_call=2),
        Change(login="ada", repository="o/a", starred=False, before_call=3),
    )
    desk = Desk(graph, Behaviour(changes=changes))
    query = '{ repository(owner: "o", name: "a") { stargazerCount } }'
    counts = [desk.ask(query)["data"]["repository"]["stargazerCount"] for _ in range(3)]

    assert counts == [3, 4, 3]
    end = graph.now
    assert graph.ever("dan", end - timedelta(hours=1), end) == {"o/a"}
    assert graph.always("dan", end - timedelta(hours=1), end) == set()


def test_churn_is_seeded_and_leaves_history() -> None:
    """The same seed gives the same changes, around the repository that is read."""
    graphs = [real_graph(), real_graph()]
    for graph in graphs:
        desk = Desk(graph, Behaviour(churn=Churn(around="rails/rails", changes_per_call=1.5)))
        for _ in range(20):
            desk.ask("{ viewer { login } }")

    first, second = (graph.history.changes for graph in graphs)
    assert first == second
    assert 20 <= len(first) <= 40


def test_seconds_follow_the_work(graph: Graph) -> None:
    """A call takes as long as the model says for what it read and returned."""
    desk = Desk(graph)
    desk.ask(f'{{ user(login: "ada") {{ {star_list()} }} }}')
    (call,) = desk.simulation.calls

    assert (call.connections, call.nodes) == (1, 5)
    expected = 0.25 + 0.004 + 0.004
    assert 0.4 < math.log(call.seconds / expected) / 0.25 + 2 < 4.0


def test_the_record_tells_what_was_asked(graph: Graph) -> None:
    """One entry a call, with its kinds and its size."""
    desk = Desk(graph)
    desk.ask(
        f'{{ a: user(login: "ada") {{ {star_list()} }} b: user(login: "bob") {{ id }} rateLimit {{ cost }} }}'
    )
    (call,) = desk.simulation.calls

    assert call.kinds == {"user": 2, "rateLimit": 1}
    assert (call.aliases, call.points, call.requests, call.possible_nodes) == (2, 1, 1, 100)
    assert call.sent_bytes == len(desk.outcome.body)
    assert (call.status, call.outcome, call.in_flight) == (200, "answered", 1)
    assert desk.rules_broken == []


def test_answers_are_plain_json(graph: Graph) -> None:
    """Nothing in them depends on how the sandbox writes them."""
    desk = Desk(graph)
    desk.ask('{ __typename user(login: "ada") { ...F } } fragment F on User { login }')

    assert json.loads(desk.outcome.body) == {"data": {"__typename": "Query", "user": {"login": "ada"}}}
