"""How the simulation says no: limits, restrictions, mistakes, faults."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.sandbox.desk import HEADERS, Desk, names, star_list

from stargazer.sandbox import (
    Answer,
    Behaviour,
    Fault,
    Faults,
    Graph,
    Redirect,
    ResourceAnswer,
    ResourceLimit,
    Secondary,
    Server,
    Stargazers,
    StarLists,
    TimeoutAnswer,
    Token,
)
from stargazer.sandbox.outcome import Delivery

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


# Limits.


@pytest.mark.parametrize("spelling", ["RATE_LIMITED", "RATE_LIMIT"])
def test_points_run_out_and_come_back(graph: Graph, spelling: str) -> None:
    """Refusals are 200 without data; a new window begins at the reset."""
    desk = Desk(graph, Behaviour(points_per_hour=10, points_used=9, rate_limit_spelling=spelling))
    desk.ask(VIEWER)
    refused = desk.ask(VIEWER)

    assert refused["errors"][0]["type"] == spelling
    assert "data" not in refused
    assert desk.outcome.status == 200
    assert desk.outcome.headers["x-ratelimit-remaining"] == "0"
    assert desk.rules_broken == ["points"]
    desk.now = float(desk.outcome.headers["x-ratelimit-reset"])
    assert desk.ask(VIEWER)["data"]["rateLimit"]["remaining"] == 9
    assert desk.rules_broken == ["points"]


def test_rate_limit_alone_is_answered_when_points_are_gone(graph: Graph) -> None:
    """It is free, and nobody overspends by asking it."""
    desk = Desk(graph, Behaviour(points_per_hour=1))
    desk.ask(VIEWER)

    assert desk.ask("{ rateLimit { remaining used } }")["data"]["rateLimit"] == {"remaining": 0, "used": 1}
    assert desk.rules_broken == []


def test_who_cannot_know_does_not_overspend(graph: Graph) -> None:
    """A time-out takes extra points without saying so; the next call is refused, not blamed."""
    graph.mark_heavy("ada", 10)
    desk = Desk(graph, Behaviour(points_per_hour=4))
    desk.send({"query": LIST_OF_ADA})
    desk.ask(VIEWER)

    assert [call.outcome for call in desk.simulation.calls] == ["timed-out", "primary-limit"]
    assert desk.rules_broken == []


@pytest.mark.parametrize("retry_after", [60, None])
def test_call_time_is_limited(graph: Graph, retry_after: int | None) -> None:
    """More call time in 60 s than allowed is refused, with or without `retry-after`."""
    secondary = Secondary(seconds_per_minute=1.0, retry_after_seconds=retry_after, status=429)
    desk = Desk(graph, Behaviour(secondary=secondary))
    while desk.outcome.status in {0, 200}:
        payload = desk.ask(VIEWER)

    assert desk.outcome.status == 429
    assert "errors" not in payload
    assert "secondary rate limit" in payload["message"]
    assert desk.outcome.headers.get("retry-after") == (None if retry_after is None else "60")
    assert desk.rules_broken == []


def test_going_on_while_limited_prolongs_it_and_is_recorded(graph: Graph) -> None:
    """Sixty seconds after the refusal all is well, unless the caller did not wait."""
    desk = Desk(graph, Behaviour(faults=Faults(script={1: Fault.SECONDARY_LIMIT})))
    began = desk.now
    desk.ask(VIEWER)
    desk.now = began + 50.0
    desk.ask(VIEWER)
    assert desk.rules_broken == ["wait"]
    desk.now = began + 70.0
    desk.ask(VIEWER)
    assert desk.rules_broken == ["wait", "wait"]
    desk.now = began + 131.0

    assert "data" in desk.ask(VIEWER)
    assert desk.rules_broken == ["wait", "wait"]


def test_one_call_after_the_other_is_never_too_much(graph: Graph) -> None:
    """Calls that follow each other without a pause fill 60 s of 60 s, and no more."""
    desk = Desk(graph)
    while desk.now < 200.0 + desk.simulation.calls[0].at.timestamp() if desk.simulation.calls else True:
        desk.send({"query": VIEWER})

    assert {call.outcome for call in desk.simulation.calls} == {"answered"}


def test_calls_a_minute_are_limited(graph: Graph) -> None:
    """The window slides."""
    desk = Desk(graph, Behaviour(secondary=Secondary(calls_per_minute=3)))
    for _ in range(4):
        desk.send({"query": VIEWER})

    assert [call.outcome for call in desk.simulation.calls] == ["answered"] * 3 + ["secondary-limit"]


def test_a_second_call_in_flight_is_recorded(graph: Graph) -> None:
    """Unless the behaviour allows it."""
    for allowed, broken in ((True, ["one-in-flight"]), (False, [])):
        desk = Desk(graph, Behaviour(one_in_flight=allowed))
        began = desk.now
        desk.ask(VIEWER)
        desk.now = began + 0.1
        desk.ask(VIEWER)

        assert desk.simulation.calls[1].in_flight == 2
        assert desk.rules_broken == broken


def test_enterprise_knows_no_limits(graph: Graph) -> None:
    """No headers, `rateLimit` is null, nothing is charged."""
    desk = Desk(graph, Behaviour(enterprise=True, points_per_hour=1))
    for _ in range(3):
        assert desk.ask(VIEWER)["data"]["rateLimit"] is None

    assert desk.outcome.headers == {}
    assert sum(call.points for call in desk.simulation.calls) == 0


# Time and work.


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (TimeoutAnswer.BAD_GATEWAY, 502, "<center><h1>502 Bad Gateway</h1></center>"),
        (TimeoutAnswer.GATEWAY_TIMEOUT, 504, "504 Gateway Time-out"),
        (TimeoutAnswer.WENT_WRONG, 502, "Something went wrong while executing your query"),
    ],
)
def test_the_wall(graph: Graph, answer: TimeoutAnswer, status: int, words: str) -> None:
    """At ten seconds the call ends, costs extra, and no header tells the limit."""
    desk = Desk(graph, Behaviour(server=Server(node_seconds=10.0), timeout_answer=answer, timeout_points=7))
    outcome = desk.send({"query": LIST_OF_ADA})

    assert (outcome.status, outcome.seconds) == (status, 10.0)
    assert words in outcome.body.decode()
    assert outcome.headers == {}
    assert desk.simulation.calls[0].points == 8
    assert desk.ask("{ rateLimit { used } }")["data"]["rateLimit"]["used"] == 8


def test_a_heavy_user_answers_small_pages_only(graph: Graph) -> None:
    """Their pages run into the wall unless `first` is small enough."""
    graph.mark_heavy("ada", 10)
    desk = Desk(graph)
    for first in (100, 11, 10):
        desk.send({"query": f'{{ user(login: "ada") {{ {star_list(first)} }} }}'})

    assert [call.outcome for call in desk.simulation.calls] == ["timed-out", "timed-out", "answered"]


def many_lists(count: int) -> str:
    """Ask for so many star lists at once."""
    return "{" + " ".join(f'u{n}: user(login: "ada") {{ {star_list()} }}' for n in range(count)) + "}"


def test_too_much_work_whole(graph: Graph) -> None:
    """One list more than the limit, and nothing is answered."""
    desk = Desk(graph, Behaviour(server=Server(limits=(ResourceLimit(connections=30),))))

    assert "errors" not in desk.ask(many_lists(30))
    payload = desk.ask(many_lists(31))
    assert payload["data"] is None
    assert payload["errors"] == [
        {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
    ]


def test_too_much_work_per_alias(graph: Graph) -> None:
    """What fits is answered; each of the others is null with an error at its list."""
    server = Server(limits=(ResourceLimit(nodes=5),))
    payload = Desk(graph, Behaviour(server=server, resource_answer=ResourceAnswer.PER_ALIAS)).ask(
        many_lists(4)
    )

    assert [payload["data"][f"u{n}"] is None for n in range(4)] == [False, False, True, True]
    assert [error["path"] for error in payload["errors"]] == [
        ["u2", "starredRepositories"],
        ["u3", "starredRepositories"],
    ]
    assert payload["errors"][0]["type"] == "RESOURCE_LIMITS_EXCEEDED"


def test_too_much_work_as_a_time_out(graph: Graph) -> None:
    """The limit may also look like the wall."""
    server = Server(limits=(ResourceLimit(connections=3),))
    desk = Desk(graph, Behaviour(server=server, resource_answer=ResourceAnswer.TIMEOUT))
    desk.send({"query": many_lists(4)})

    assert (desk.outcome.status, desk.outcome.seconds) == (502, 10.0)


# Faults.


def ask_with(graph: Graph, fault: Fault) -> tuple[Desk, Any]:
    """Let the first call meet a fault."""
    desk = Desk(graph, Behaviour(faults=Faults(script={1: fault})))
    return desk, desk.send({"query": LIST_OF_ADA})


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.BAD_GATEWAY, 502),
        (Fault.GATEWAY_TIMEOUT, 504),
        (Fault.UNAVAILABLE, 503),
        (Fault.SERVER_ERROR, 500),
    ],
)
def test_5xx_carry_no_headers(graph: Graph, fault: Fault, status: int) -> None:
    """Neither by chance nor at the wall."""
    desk, outcome = ask_with(graph, fault)

    assert (outcome.status, outcome.headers) == (status, {})
    assert desk.simulation.calls[0].outcome == fault


@pytest.mark.parametrize(
    ("fault", "spelling"), [(Fault.RATE_LIMIT, "RATE_LIMIT"), (Fault.RATE_LIMITED, "RATE_LIMITED")]
)
def test_the_primary_limit_by_chance_leaves_points(graph: Graph, fault: Fault, spelling: str) -> None:
    """Points remain, and yet a minute must be waited."""
    desk, outcome = ask_with(graph, fault)

    assert outcome.headers["x-ratelimit-remaining"] == "5000"
    assert f'"type":"{spelling}"' in outcome.body.decode()
    desk.ask(VIEWER)
    assert desk.rules_broken == ["wait"]


def test_something_went_wrong(graph: Graph) -> None:
    """As a whole at 200, or at the last alias."""
    desk, outcome = ask_with(graph, Fault.WENT_WRONG)
    assert outcome.status == 200
    assert outcome.body.startswith(b'{"data":null,"errors":[{"message":"Something went wrong')

    desk, outcome = ask_with(graph, Fault.WENT_WRONG_AT_ALIAS)
    assert outcome.body.startswith(b'{"data":{"user":null},"errors":[{"path":["user"]')
    assert len(desk.simulation.calls) == 1


def test_broken_bodies(graph: Graph) -> None:
    """Cut, reset or garbled; the call is charged all the same."""
    for fault, delivery in ((Fault.TRUNCATED, Delivery.TRUNCATED), (Fault.RESET, Delivery.RESET)):
        desk, outcome = ask_with(graph, fault)
        assert outcome.delivery is delivery
        assert desk.simulation.calls[0].points == 1
        desk.ask(VIEWER)
        assert desk.rules_broken == []
    desk, outcome = ask_with(graph, Fault.GARBLED)
    assert not outcome.body.startswith(b"{")


def test_slow_calls(graph: Graph) -> None:
    """Slower by so many seconds, and answered."""
    _, quick = ask_with(graph, Fault.WENT_WRONG_AT_ALIAS)
    desk, outcome = ask_with(graph, Fault.SLOW)

    assert outcome.seconds > 4.0 > quick.seconds
    assert desk.simulation.calls[0].outcome == "answered"


@pytest.mark.parametrize(
    ("fault", "told"), [(Fault.SECONDARY_LIMIT, "60"), (Fault.SECONDARY_LIMIT_UNTIMED, None)]
)
def test_secondary_refusals_by_chance(graph: Graph, fault: Fault, told: str | None) -> None:
    """With `retry-after` and without."""
    _, outcome = ask_with(graph, fault)

    assert outcome.status == 403
    assert outcome.headers.get("retry-after") == told


def test_other_refusals_by_script(graph: Graph) -> None:
    """A token that dies, or lacks a right, in the middle."""
    assert ask_with(graph, Fault.BAD_CREDENTIALS)[1].status == 401
    assert ask_with(graph, Fault.FORBIDDEN)[1].status == 403


def test_answers_and_redirects_word_for_word(graph: Graph) -> None:
    """The n-th call is answered as the script says."""
    faults = Faults(
        answers={1: Answer(status=418, body="tea", headers={"content-type": "text/tea", "x-tea": "green"})},
        redirects={2: Redirect(status=307, location="/elsewhere")},
    )
    desk = Desk(graph, Behaviour(faults=faults))
    tea = desk.send({"query": VIEWER})
    moved = desk.send({"query": VIEWER})

    assert (tea.status, tea.body, tea.content_type, tea.headers) == (
        418,
        b"tea",
        "text/tea",
        {"x-tea": "green"},
    )
    assert (moved.status, moved.headers) == (307, {"Location": "/elsewhere"})


def test_faults_by_chance_are_seeded_and_about_as_many_as_asked(graph: Graph) -> None:
    """And they do not move the jitter of the calls that are answered."""
    outcomes = []
    for _ in range(2):
        desk = Desk(graph, Behaviour(faults=Faults(bad_gateway=0.1, server_error=0.1), one_in_flight=False))
        for _ in range(300):
            desk.send({"query": "{ rateLimit { cost } }"})
        outcomes.append([call.outcome for call in desk.simulation.calls])

    assert outcomes[0] == outcomes[1]
    assert 15 <= outcomes[0].count("bad-gateway") <= 50
    assert 15 <= outcomes[0].count("server-error") <= 50
