"""The errors: one tree, one table, one line each."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime

import pytest

from stargazer import errors
from stargazer.errors import PROBLEMS, StargazerError

EXAMPLES: list[StargazerError] = [
    errors.InvalidRequest("points", "a whole number of points", got="x\ny"),
    errors.InvalidRequest("points", "a whole number of points"),
    errors.DocumentError("a connection needs `first` or `last`", line=3, column=7),
    errors.DocumentError("no document"),
    errors.SettingError("STARGAZER_GITHUB_URL", "a URL", got="nonsense"),
    errors.StargazersRestricted("pallets/flask", 68_000),
    errors.StargazersRestricted("pallets/flask", 68_000, credential="a fine-grained token"),
    errors.StarListsRestricted("pallets/flask", 68_000, read=50, without_seed=49),
    errors.KeyMissing(),
    errors.KeyInvalid(),
    errors.KeyExpired(datetime(2026, 11, 24, 11, tzinfo=UTC)),
    errors.ScopeMissing("jobs"),
    errors.RepositoryNotFound("pallets/flusk"),
    errors.JobNotFound("0198c6f2-0000-7000-8000-000000000000"),
    errors.NotFound("/nowhere"),
    errors.MethodNotAllowed("PUT", ["GET", "HEAD"]),
    errors.NotAcceptable(["application/json", "text/csv"]),
    errors.AnswerGone("0198c6f2-0000-7000-8000-000000000000"),
    errors.RequestTooLarge(65_536),
    errors.QuotaExceeded("requests", 11.2),
    errors.BudgetTooSmall(price={"points": 120.0, "github_seconds": 61.5}, budget={"points": 100.0}),
    errors.BudgetExhausted(datetime(2026, 11, 24, 11, tzinfo=UTC)),
    errors.GitHubUnreachable("connection refused"),
    errors.GitHubUnreachable("connection refused", attempts=4),
    errors.CredentialsRefused("Bad credentials"),
    errors.TokenSealed("ci"),
    errors.QueryRefused("Field 'stars' doesn't exist"),
]


def classes() -> dict[str, type[StargazerError]]:
    """Every error class, by name."""
    found = {name: one for name, one in vars(errors).items() if inspect.isclass(one)}
    return {name: one for name, one in found.items() if issubclass(one, StargazerError)}


def drawn() -> dict[str, tuple[str, str]]:
    """The tree in the docstring: of each class its parent, and the code beside it."""
    parents: list[str] = []
    tree: dict[str, tuple[str, str]] = {}
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"    ([│ ├└─]*)([A-Z]\w+)\s*(?:([a-z-]+)|\(.*\))?", line)
        if match is not None:
            depth = len(match[1]) // 4
            parents[depth:] = [match[2]]
            tree[match[2]] = (parents[depth - 1] if depth else "", match[3] or "")
    return tree


def test_the_tree_is_drawn_as_it_is() -> None:
    """The tree in the docstring has every class under its parent, and no other."""
    bases = {name: one.__bases__[0].__name__ for name, one in classes().items()}
    bases["StargazerError"] = ""

    assert {name: parent for name, (parent, _) in drawn().items()} == bases


def test_the_codes_are_drawn_as_they_are() -> None:
    """The code beside a class is its own; a class without one has its parent's."""
    for name, (parent, code) in drawn().items():
        if code:
            assert classes()[name].code == code
        elif parent not in ("", "StargazerError"):
            assert classes()[name].code == classes()[parent].code


def test_every_code_means_something() -> None:
    """Each error has its row in the table, and no row is without an error."""
    assert {one.code for one in classes().values()} == set(PROBLEMS)


def test_statuses_and_exit_codes_are_those_of_the_contract() -> None:
    """The published table: HTTP status and exit code of each code."""
    assert {code: (row.http_status, row.exit_code) for code, row in PROBLEMS.items()} == {
        "invalid-request": (400, 2),
        "key-missing": (401, None),
        "key-invalid": (401, None),
        "key-expired": (401, None),
        "scope-missing": (403, None),
        "stargazers-restricted": (403, 4),
        "star-lists-restricted": (403, 4),
        "repository-not-found": (404, 6),
        "job-not-found": (404, 6),
        "not-found": (404, 6),
        "method-not-allowed": (405, None),
        "not-acceptable": (406, None),
        "answer-gone": (410, None),
        "request-too-large": (413, None),
        "budget-too-small": (422, 5),
        "quota-exceeded": (429, None),
        "budget-exhausted": (503, 5),
        "github-unreachable": (502, 1),
        "github-credentials-refused": (502, 7),
        "store-unavailable": (503, 1),
        "internal-error": (500, 1),
    }
    assert all(row.title for row in PROBLEMS.values())


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_a_message_is_one_line_that_holds_the_facts(error: StargazerError) -> None:
    """What a person reads is one line; the same facts are there as values."""
    assert str(error) == error.message
    assert len(error.message.splitlines()) == 1
    assert error.facts
    assert error.problem is PROBLEMS[error.code]


def test_what_to_do_is_said() -> None:
    """Who is refused is told what would help."""
    told = {type(error): error.message for error in EXAMPLES}

    assert "--stargazers FILE" in told[errors.StargazersRestricted]
    assert "68,000" in told[errors.StargazersRestricted]
    assert "a fine-grained token was refused" in told[errors.StargazersRestricted]
    assert "tokens add ci" in told[errors.TokenSealed]
    assert "GITHUB_TOKEN" in told[errors.CredentialsRefused]
    assert "--sandbox" in told[errors.CredentialsRefused]
    assert "--budget" in told[errors.BudgetTooSmall]
    assert "120" in told[errors.BudgetTooSmall]
    assert "STARGAZER_GITHUB_URL" in told[errors.GitHubUnreachable]
    assert "2026-11-24T11:00:00Z" in told[errors.BudgetExhausted]
    assert "X-API-Key" in told[errors.KeyMissing]
    assert "scope jobs" in told[errors.ScopeMissing]
    assert "in 12 s" in told[errors.QuotaExceeded]


def test_a_place_is_told_where_it_is_known() -> None:
    """An error in a document begins with its line and column."""
    known, unknown = EXAMPLES[2], EXAMPLES[3]

    assert known.message.startswith("3:7: ")
    assert known.facts["place"] == "3:7"
    assert unknown.facts["place"] is None


def test_what_only_http_knows_counts_as_a_mistake_in_the_shell() -> None:
    """Every error has an exit code, and none of them says that all is well."""
    assert errors.KeyMissing().exit_code == errors.exit_code_of("internal-error")
    assert errors.RepositoryNotFound("a/b").exit_code == 6
    assert all(errors.exit_code_of(code) for code in PROBLEMS)


def test_a_refused_list_says_what_works() -> None:
    """The ways on are there as values too, the one that works best first."""
    refused = errors.StargazersRestricted("pallets/flask", 68_000)
    tried = refused.tried_with("a classic token")

    assert refused.facts["credential"] is None
    assert tried.facts["credential"] == "a classic token"
    assert tried.facts["stargazers_total"] == 68_000
    ways = errors.ways_to_stargazers("pallets/flask")
    assert tried.facts["ways"] == ways
    assert [word in way for word, way in zip(("classic", "stargazer list", "archive"), ways, strict=True)]
