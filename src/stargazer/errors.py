"""Every error of stargazer, and the one table of what each means outside.

The tree (inner classes are caught, leaves are raised)::

    StargazerError
    ├── InvalidRequest            invalid-request
    │   ├── DocumentError         (a GraphQL document that cannot be priced)
    │   └── SettingError          (an environment variable that cannot be used)
    ├── StargazersRestricted      stargazers-restricted
    ├── StarListsRestricted       star-lists-restricted
    ├── RepositoryNotFound        repository-not-found
    ├── BudgetError
    │   ├── BudgetTooSmall        budget-too-small
    │   └── BudgetExhausted       budget-exhausted
    ├── GitHubError
    │   ├── GitHubUnreachable     github-unreachable
    │   └── CredentialsRefused    github-credentials-refused
    ├── StoreUnavailable          store-unavailable
    │   └── SchemaTooNew          (the database is newer than this program)
    └── InternalError             internal-error
        └── QueryRefused          (GitHub says that a query of ours is wrong)

What the network does is weather: inside the plan it is a value, a `Failure`.
An error is raised only where a person has to do something.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """What a public code means to HTTP clients and to the shell."""

    title: str
    http_status: int
    exit_code: int


PROBLEMS: dict[str, Problem] = {
    "invalid-request": Problem("The request is not valid", 400, 2),
    "stargazers-restricted": Problem("GitHub does not list these stargazers to this token", 403, 4),
    "star-lists-restricted": Problem("GitHub does not show what these users starred", 403, 4),
    "repository-not-found": Problem("No such repository", 404, 6),
    "budget-too-small": Problem("The answer costs more than the budget", 422, 5),
    "budget-exhausted": Problem("GitHub's budget is used up", 503, 5),
    "github-unreachable": Problem("GitHub cannot be reached", 502, 1),
    "github-credentials-refused": Problem("GitHub refuses the token", 502, 7),
    "store-unavailable": Problem("The store cannot be used", 503, 1),
    "internal-error": Problem("A mistake of ours", 500, 1),
}
"""The public codes. Statuses and exit codes live here and nowhere else."""


class StargazerError(Exception):
    """The root: every error that stargazer raises on purpose.

    The message is one line that says what to do. `facts` are the same facts
    as values, for callers that show them their own way.
    """

    code: ClassVar[str] = "internal-error"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    @property
    def problem(self) -> Problem:
        """The row of `PROBLEMS` for this error."""
        return PROBLEMS[self.code]


class InvalidRequest(StargazerError):
    """Something that was asked cannot be asked so. Facts: parameter, must_be."""

    code = "invalid-request"

    def __init__(self, parameter: str, must_be: str, *, got: str | None = None) -> None:
        shown = "" if got is None else f", not {got!r}"
        super().__init__(f"{parameter} must be {must_be}{shown}", parameter=parameter, must_be=must_be)


class DocumentError(InvalidRequest):
    """A GraphQL document cannot be priced. Facts: place (line:column), reason."""

    def __init__(self, reason: str, *, line: int | None = None, column: int | None = None) -> None:
        place = None if line is None else f"{line}:{column}"
        StargazerError.__init__(
            self, reason if place is None else f"{place}: {reason}", place=place, reason=reason
        )


class SettingError(InvalidRequest):
    """An environment variable cannot be used. Facts: parameter, must_be."""


class StargazersRestricted(StargazerError):
    """GitHub refuses to list a repository's stargazers to this token.

    Source: GitHub changelog 2026-06-30 (read 2026-11-24): stargazer lists are
    limited to a repository's admins and collaborators.
    """

    code = "stargazers-restricted"

    def __init__(self, repository: str, stargazers_total: int) -> None:
        super().__init__(
            f"GitHub lists the {stargazers_total:,} stargazers of {repository} only to its admins and "
            "collaborators: use the token of one of them, or give a list with --stargazers FILE",
            repository=repository,
            stargazers_total=stargazers_total,
        )


class StarListsRestricted(StargazerError):
    """Star lists come back without the one star we know they hold."""

    code = "star-lists-restricted"

    def __init__(self, repository: str, stargazers_total: int, *, read: int, without_seed: int) -> None:
        super().__init__(
            f"{without_seed} of the first {read} stargazers of {repository} show no star for it: GitHub no "
            "longer shows what these users starred to this token; try another token",
            repository=repository,
            stargazers_total=stargazers_total,
            users_read=read,
            users_without_seed=without_seed,
        )


class RepositoryNotFound(StargazerError):
    """There is no such repository, or none that this token may see."""

    code = "repository-not-found"

    def __init__(self, repository: str) -> None:
        super().__init__(
            f"there is no repository {repository}, or this token may not see it: check the spelling",
            repository=repository,
        )


class BudgetError(StargazerError):
    """Something costs more than may be spent."""


class BudgetTooSmall(BudgetError):
    """The answer would cost more than the budget that was set for it."""

    code = "budget-too-small"

    def __init__(self, *, price: dict[str, float], budget: dict[str, float]) -> None:
        super().__init__(
            f"the exact answer costs about {_amounts(price)}, more than the budget of {_amounts(budget)}: "
            "raise --budget or --time",
            price=price,
            budget=budget,
        )


class BudgetExhausted(BudgetError):
    """GitHub's rate limit is used up and waiting was forbidden."""

    code = "budget-exhausted"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"GitHub's rate limit is used up until {until:%Y-%m-%dT%H:%M:%SZ}", until=until)


class GitHubError(StargazerError):
    """GitHub did not answer as a GraphQL server that serves us."""


class GitHubUnreachable(GitHubError):
    """GitHub could not be reached, or what answered is not its GraphQL API."""

    code = "github-unreachable"

    def __init__(self, reason: str, *, attempts: int = 1) -> None:
        tried = "" if attempts == 1 else f", {attempts} attempts"
        super().__init__(
            f"GitHub's GraphQL API cannot be reached ({reason}{tried}): "
            "check the network and STARGAZER_GITHUB_URL",
            reason=reason,
            attempts=attempts,
        )


class CredentialsRefused(GitHubError):
    """GitHub refuses the token, or there is none."""

    code = "github-credentials-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"GitHub refuses the token ({reason}): set GITHUB_TOKEN, for example to `$(gh auth token)`, "
            "or try --sandbox",
            reason=reason,
        )


class StoreUnavailable(StargazerError):
    """The PostgreSQL database cannot be used. Facts: reason, retryable.

    `retryable` says that it may work again by itself, so that waiting makes sense.
    """

    code = "store-unavailable"

    def __init__(self, reason: str, *, do: str, retryable: bool = False) -> None:
        super().__init__(f"the store cannot be used ({reason}): {do}", reason=reason, retryable=retryable)
        self.retryable = retryable


class SchemaTooNew(StoreUnavailable):
    """The database has a schema that this version does not know."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"its schema has version {found}, and this stargazer knows {known}",
            do="upgrade stargazer, or use another database",
        )


class InternalError(StargazerError):
    """A mistake of ours."""


class QueryRefused(InternalError):
    """GitHub says that a query of ours is wrong: asking again cannot help."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"GitHub refuses a query of stargazer's own: {reason}", reason=reason)


def _amounts(amounts: dict[str, float]) -> str:
    """Say points and GitHub seconds in words."""
    units = {"points": "points", "github_seconds": "s of GitHub's time"}
    return " and ".join(f"{amounts[name]:,.0f} {unit}" for name, unit in units.items() if name in amounts)
