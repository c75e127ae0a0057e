"""Every selection gets its own outcome: its page or facts, or what went wrong with it alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stargazer import errors
from stargazer.github.decode import decode
from stargazer.planner import page
from stargazer.planner.page import FailureKind

ASC, DESC = page.Direction.ASC, page.Direction.DESC
SEED = 7
FACTS = page.FactsRequest("rails", "rails")
USER = page.UserRequest("ada")
STARGAZERS = page.StargazersRequest("rails", "rails", 100, None, DESC)
STAR_LIST = page.StarListRequest("U_1", 100, None, ASC, SEED)

SENT_FACTS = {
    "id": "R_1",
    "databaseId": SEED,
    "nameWithOwner": "rails/rails",
    "stargazerCount": 58_000,
    "isPrivate": False,
}
SENT_USER = {"id": "U_1", "databaseId": 1, "login": "ada"}
SENT_LIMIT = {"cost": 1, "limit": 5000, "remaining": 4999, "used": 1, "resetAt": "2026-11-24T11:00:00Z"}


def star(number: int | None, *, is_private: bool = False) -> dict[str, Any]:
    name = f"owner/name{number}"
    node = {"databaseId": number, "nameWithOwner": name, "stargazerCount": 9, "isPrivate": is_private}
    return {"starredAt": "2020-01-02T03:04:05Z", "node": node}


def star_list(*edges: dict[str, Any] | None, **changed: Any) -> dict[str, Any]:
    connection = {
        "totalCount": len(edges),
        "isOverLimit": False,
        "pageInfo": {"hasNextPage": False, "endCursor": None},
        "edges": list(edges),
    }
    return {"starredRepositories": connection | changed}


def stargazers(*edges: dict[str, Any] | None, **changed: Any) -> dict[str, Any]:
    connection = {
        "totalCount": len(edges),
        "pageInfo": {"hasNextPage": True, "endCursor": "Y3Vyc29y"},
        "edges": list(edges),
    }
    return {"stargazers": connection | changed}


def outcomes_of(
    selections: tuple[page.Selection, ...], data: dict[str, Any] | None, *problems: dict[str, Any]
) -> tuple[page.Outcome, ...]:
    """Decode an answer with status 200 that must hold an outcome for each selection."""
    call = page.Call(1, selections, 1, 1, 100, 1.0)
    body = {"data": data} | ({"errors": problems} if problems else {})
    reply = decode(call, 200, {}, json.dumps(body).encode(), 0.5)
    assert reply.failure is None
    assert len(reply.outcomes) == len(selections)
    return reply.outcomes


def kind_of(outcome: page.Outcome) -> FailureKind:
    assert isinstance(outcome, page.Failure)
    return outcome.kind


def page_of(outcome: page.Outcome) -> page.StarListPage:
    assert isinstance(outcome, page.StarListPage)
    return outcome


def test_outcomes_stand_in_the_order_of_the_selections() -> None:
    """The order of the aliases in the answer does not matter."""
    data = {
        "rateLimit": SENT_LIMIT,
        "u0": SENT_USER,
        "s0": stargazers({"starredAt": "2020-01-02T03:04:05Z", "node": SENT_USER}, None, totalCount=5),
        "l1": star_list(star(2)),
        "l0": star_list(star(SEED)),
        "f0": SENT_FACTS,
    }

    first, listed, second, facts, user = outcomes_of((STAR_LIST, STARGAZERS, STAR_LIST, FACTS, USER), data)

    assert page_of(first).has_seed
    assert not page_of(second).has_seed
    assert facts == page.Facts("R_1", SEED, "rails/rails", 58_000, is_private=False)
    assert user == page.User("U_1", 1, "ada")
    assert isinstance(listed, page.StargazersPage)
    assert [stargazer.user.login for stargazer in listed.stargazers] == ["ada"]
    assert (listed.hidden, listed.total_count) == (1, 5)
    assert (listed.has_next_page, listed.end_cursor) == (True, "Y3Vyc29y")


def test_an_empty_list_beside_a_positive_count_is_told_as_it_is() -> None:
    """The second disguise of a refusal has no error; the plan sees count and list side by side."""
    facts, listed = outcomes_of((FACTS, STARGAZERS), {"f0": SENT_FACTS, "s0": stargazers()})

    assert isinstance(facts, page.Facts)
    assert isinstance(listed, page.StargazersPage)
    assert (facts.stargazer_count, listed.total_count, listed.stargazers) == (58_000, 0, ())


def test_a_call_of_the_rate_limit_alone_has_a_reading_and_no_outcome() -> None:
    """It is asked after an answer that told nothing."""
    reply = decode(
        page.Call(1, (), 0, 0, 0, 0.3), 200, {}, json.dumps({"data": {"rateLimit": SENT_LIMIT}}).encode(), 0.1
    )

    assert (reply.outcomes, reply.failure) == ((), None)
    assert reply.reading is not None
    assert reply.reading.cost == 1


def test_null_edges_and_repositories_without_number_are_hidden() -> None:
    """They are counted, so that the list can still be proved whole."""
    (outcome,) = outcomes_of((STAR_LIST,), {"l0": star_list(star(1), None, star(None), star(2))})

    found = page_of(outcome)
    assert [one.repository.database_id for one in found.stars] == [1, 2]
    assert (found.hidden, found.private) == (2, 0)


def test_private_repositories_stop_here() -> None:
    """They are counted and dropped, name and all; the seed alone is kept."""
    edges = (star(1, is_private=True), star(2), star(SEED, is_private=True), star(None, is_private=True))

    (outcome,) = outcomes_of((STAR_LIST,), {"l0": star_list(*edges)})

    found = page_of(outcome)
    assert [one.repository.database_id for one in found.stars] == [2, SEED]
    assert (found.hidden, found.private, found.has_seed) == (1, 1, True)
    assert "owner/name1" not in repr(found)


def test_no_seed_is_found_where_none_is_known() -> None:
    """A seed of 0 means that there is none, not a repository numbered 0."""
    request = page.StarListRequest("U_1", 100, None, ASC, 0)

    (outcome,) = outcomes_of((request,), {"l0": star_list(star(0), star(0, is_private=True))})

    assert not page_of(outcome).has_seed
    assert page_of(outcome).private == 1


def test_a_truncated_list_says_so() -> None:
    """`isOverLimit` is GitHub's word for a list that it cuts."""
    (outcome,) = outcomes_of((STAR_LIST,), {"l0": star_list(star(1), isOverLimit=True)})

    assert page_of(outcome).is_over_limit


def error(type_: str | None, path: list[str | int] | None, message: str = "m", **more: Any) -> dict[str, Any]:
    return {"type": type_, "path": path, "message": message, "locations": [{"line": 7, "column": 5}], **more}


REFUSED = "Resource not accessible by personal access token"
WENT_WRONG = "Something went wrong while executing your query. This may be the result of a timeout."
HEAVY = "Resource limits for this query exceeded."


@pytest.mark.parametrize(
    ("selection", "problem", "kind"),
    [
        (FACTS, error("NOT_FOUND", ["f0"], "Could not resolve to a Repository"), FailureKind.GONE),
        (USER, error("NOT_FOUND", ["u0"], "Could not resolve to a User"), FailureKind.GONE),
        (
            STAR_LIST,
            error("NOT_FOUND", ["l0"], "Could not resolve to a node with the global id"),
            FailureKind.GONE,
        ),
        (STAR_LIST, error("NOT_FOUND", ["l0", "starredRepositories"]), FailureKind.UNKNOWN),
        (
            STARGAZERS,
            error("FORBIDDEN", ["s0", "stargazers"], REFUSED, extensions={"saml_failure": False}),
            FailureKind.RESTRICTED,
        ),
        (
            STARGAZERS,
            error("FORBIDDEN", ["s0", "stargazers", "totalCount"], "by integration"),
            FailureKind.RESTRICTED,
        ),
        (STARGAZERS, error("FORBIDDEN", ["s0"], extensions={"saml_failure": True}), FailureKind.HIDDEN),
        (STAR_LIST, error("FORBIDDEN", ["l0", "starredRepositories"]), FailureKind.HIDDEN),
        (STAR_LIST, error("INSUFFICIENT_SCOPES", ["l0", "starredRepositories"]), FailureKind.HIDDEN),
        (
            STAR_LIST,
            error("RESOURCE_LIMITS_EXCEEDED", ["l0", "starredRepositories"], HEAVY),
            FailureKind.TOO_HEAVY,
        ),
        (STAR_LIST, error(None, ["l0", "starredRepositories"], HEAVY), FailureKind.TOO_HEAVY),
        (STAR_LIST, error(None, ["l0"], WENT_WRONG), FailureKind.TIMEOUT),
        (STAR_LIST, error("INTERNAL", ["l0"]), FailureKind.UNKNOWN),
        (STAR_LIST, error(None, ["l0"], "Loading failed"), FailureKind.UNKNOWN),
        (STAR_LIST, error("RATE_LIMITED", ["l0"]), FailureKind.UNKNOWN),
    ],
)
def test_an_error_at_one_alias_costs_that_alone(
    selection: page.Selection, problem: dict[str, Any], kind: FailureKind
) -> None:
    """What arrived beside it is kept."""
    neighbour = page.UserRequest("bob") if selection != USER else FACTS
    alias = problem["path"][0]
    arrived = {"u0": SENT_USER} if selection != USER else {"f0": SENT_FACTS}

    failed, kept = outcomes_of((selection, neighbour), {alias: None, **arrived}, problem)

    assert kind_of(failed) is kind
    assert isinstance(kept, page.User | page.Facts)


def test_a_single_refused_list_is_restricted_and_not_gone() -> None:
    """The null of the whole repository is no word on whether it exists."""
    facts, listed = outcomes_of(
        (FACTS, STARGAZERS),
        {"f0": SENT_FACTS, "s0": None},
        error("FORBIDDEN", ["s0", "stargazers"], REFUSED, extensions={"saml_failure": False}),
    )

    assert isinstance(facts, page.Facts)
    assert kind_of(listed) is FailureKind.RESTRICTED


@pytest.mark.parametrize("data", [{"s0": None}, None])
def test_a_verdict_on_the_only_alias_is_no_failure_of_the_call(data: dict[str, Any] | None) -> None:
    """Null data with a verdict at a path still tells which selection it befell."""
    (outcome,) = outcomes_of((STARGAZERS,), data, error("FORBIDDEN", ["s0", "stargazers"]))

    assert kind_of(outcome) is FailureKind.RESTRICTED


def test_heavy_errors_at_every_alias_cost_each_alias() -> None:
    """Data full of nulls with an error for each is one failure a selection, as GitHub told it."""
    outcomes = outcomes_of(
        (STAR_LIST, STAR_LIST),
        {"l0": None, "l1": None},
        error("RESOURCE_LIMITS_EXCEEDED", ["l0", "starredRepositories"], HEAVY),
        error("RESOURCE_LIMITS_EXCEEDED", ["l1", "starredRepositories"], HEAVY),
    )

    assert [kind_of(outcome) for outcome in outcomes] == [FailureKind.TOO_HEAVY] * 2


def test_a_null_without_an_error_is_unknown() -> None:
    """Only GitHub's own word makes a user gone."""
    null, empty, absent, kept = outcomes_of(
        (STAR_LIST, STAR_LIST, STAR_LIST, STAR_LIST), {"l0": None, "l1": {}, "l3": star_list()}
    )

    assert [kind_of(outcome) for outcome in (null, empty, absent)] == [FailureKind.UNKNOWN] * 3
    assert page_of(kept).stars == ()


def test_an_error_without_alias_explains_the_nulls() -> None:
    """A part that GitHub gave up on is asked again smaller, not alone."""
    lost, kept = outcomes_of(
        (STAR_LIST, STAR_LIST),
        {"l0": None, "l1": star_list()},
        error("NEWS", None),
        error(None, None, WENT_WRONG),
    )

    assert kind_of(lost) is FailureKind.TIMEOUT
    assert isinstance(kept, page.StarListPage)


def test_the_error_that_took_most_decides() -> None:
    """An error inside an edge nulls that edge; the one at the user nulls the user."""
    deep = error("FORBIDDEN", ["l0", "starredRepositories", "edges", 3, "node"])

    lost, _ = outcomes_of(
        (STAR_LIST, USER), {"l0": None, "u0": SENT_USER}, deep, error(None, ["l0"], WENT_WRONG)
    )

    assert kind_of(lost) is FailureKind.TIMEOUT


def test_an_item_refused_inside_a_list_is_hidden_once() -> None:
    """The null edge is the item; its error says no more."""
    problem = error(
        "FORBIDDEN", ["l0", "starredRepositories", "edges", 1, "node"], extensions={"saml_failure": True}
    )

    (outcome,) = outcomes_of((STAR_LIST,), {"l0": star_list(star(1), None, star(2))}, problem)

    assert (page_of(outcome).hidden, len(page_of(outcome).stars)) == (1, 2)


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (error(None, ["l0", "starredRepositories", "edges", 1, "node"], WENT_WRONG), FailureKind.TIMEOUT),
        (error("RESOURCE_LIMITS_EXCEEDED", ["l0", "starredRepositories", "edges", 1]), FailureKind.TOO_HEAVY),
    ],
)
def test_an_item_that_github_gave_up_on_is_no_hidden_item(problem: dict[str, Any], kind: FailureKind) -> None:
    """A page with holes that asking again may fill would make a wrong answer exact."""
    refused = error("FORBIDDEN", ["l0", "starredRepositories"])

    (outcome,) = outcomes_of((STAR_LIST,), {"l0": star_list(star(1), None)}, refused, problem)

    assert kind_of(outcome) is kind


def test_a_list_without_edges_is_no_page() -> None:
    """`edges` may be null where the connection is not; that is no empty list."""
    (outcome,) = outcomes_of((STAR_LIST,), {"l0": star_list(edges=None)})

    assert kind_of(outcome) is FailureKind.UNKNOWN


def test_an_error_of_the_rate_limit_costs_nothing() -> None:
    """The reading is then taken from the headers."""
    (outcome,) = outcomes_of(
        (USER,), {"u0": SENT_USER, "rateLimit": None}, error(None, ["rateLimit"], WENT_WRONG)
    )

    assert isinstance(outcome, page.User)


def test_a_bad_cursor_is_raised_though_other_lists_arrived() -> None:
    """We replay cursors and never make them, so a refused one is a mistake of ours."""
    with pytest.raises(errors.QueryRefused, match="INVALID_CURSOR_ARGUMENTS"):
        outcomes_of(
            (STAR_LIST, STAR_LIST),
            {"l0": None, "l1": star_list()},
            error("INVALID_CURSOR_ARGUMENTS", ["l0", "starredRepositories"]),
        )
