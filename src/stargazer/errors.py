"""Every error of stargazer, and the one table of what each means outside.

The tree (inner classes are caught, leaves are raised)::

    StargazerError
    ├── InvalidRequest            invalid-request
    │   ├── DocumentError         (a GraphQL document that cannot be priced)
    │   └── SettingError          (an environment variable that cannot be used)
    ├── StargazersRestricted      stargazers-restricted
    ├── StarListsRestricted       star-lists-restricted
    ├── KeyRefused
    │   ├── KeyMissing            key-missing
    │   ├── KeyInvalid            key-invalid
    │   └── KeyExpired            key-expired
    ├── ScopeMissing              scope-missing
    ├── RepositoryNotFound        repository-not-found
    │   └── RepositoryUnseen      (no star list that may count holds it)
    ├── JobNotFound               job-not-found
    ├── NotFound                  not-found
    ├── UserNotFound              not-found
    ├── MethodNotAllowed          method-not-allowed
    ├── NotAcceptable             not-acceptable
    ├── AnswerGone                answer-gone
    ├── RequestTooLarge           request-too-large
    ├── BudgetError
    │   ├── BudgetTooSmall        budget-too-small
    │   └── BudgetExhausted       budget-exhausted
    ├── QuotaExceeded             quota-exceeded
    ├── GitHubError
    │   ├── GitHubUnreachable     github-unreachable
    │   └── CredentialsRefused    github-credentials-refused
    │       ├── TokenSealed       (a kept token that our secret does not open)
    │       └── UserForgotten     (a token of somebody who is kept out)
    ├── StoreUnavailable          store-unavailable
    │   └── SchemaTooNew          (the database is newer than this program)
    └── InternalError             internal-error
        └── QueryRefused          (GitHub says that a query of ours is wrong)

What the network does is weather: inside the plan it is a value, a `Failure`.
An error is raised only where a person has to do something.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """What a public code means to HTTP clients and to the shell; None: the shell never meets it."""

    title: str
    http_status: int
    exit_code: int | None


PROBLEMS: dict[str, Problem] = {
    "invalid-request": Problem("The request is not valid", 400, 2),
    "key-missing": Problem("An API key is needed", 401, None),
    "key-invalid": Problem("The API key is not valid", 401, None),
    "key-expired": Problem("The API key has expired", 401, None),
    "scope-missing": Problem("The API key may not do this", 403, None),
    "stargazers-restricted": Problem("GitHub does not list these stargazers to this token", 403, 4),
    "star-lists-restricted": Problem("GitHub does not show what these users starred", 403, 4),
    "repository-not-found": Problem("No such repository", 404, 6),
    "job-not-found": Problem("No such job", 404, 6),
    "not-found": Problem("Nothing is here", 404, 6),
    "method-not-allowed": Problem("This method is not allowed here", 405, None),
    "not-acceptable": Problem("No such format", 406, None),
    "answer-gone": Problem("The answer is no longer stored", 410, None),
    "request-too-large": Problem("The request is too large", 413, None),
    "budget-too-small": Problem("The answer costs more than the budget", 422, 5),
    "quota-exceeded": Problem("The quota of this API key is used up", 429, None),
    "budget-exhausted": Problem("GitHub's budget is used up", 503, 5),
    "github-unreachable": Problem("GitHub cannot be reached", 502, 1),
    "github-credentials-refused": Problem("GitHub refuses the token", 502, 7),
    "store-unavailable": Problem("The store cannot be used", 503, 1),
    "internal-error": Problem("A mistake of ours", 500, 1),
}
"""The public codes. Statuses and exit codes live here and nowhere else."""


def exit_code_of(code: str) -> int:
    """The exit code of a public code; one that only HTTP knows would be a mistake of ours in the shell."""
    return PROBLEMS[code].exit_code or 1


class StargazerError(Exception):
    """The root: every error that stargazer raises on purpose.

    The message is one line that says what to do. `facts` are the same facts
    as values, for callers that show them their own way.
    """

    code: str = "internal-error"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    @property
    def problem(self) -> Problem:
        """The row of `PROBLEMS` for this error."""
        return PROBLEMS[self.code]

    @property
    def exit_code(self) -> int:
        """What a command that ends with this error returns to the shell."""
        return exit_code_of(self.code)


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

    `credential` says in words what kind of token was tried; empty: that is not
    known. Facts: repository, stargazers_total, credential, and ways: what can be
    done, in the order in which it works at the time of writing.

    Source: GitHub changelog 2026-06-30 (read 2026-11-24): stargazer lists are
    limited to a repository's admins and collaborators.
    """

    code = "stargazers-restricted"

    def __init__(self, repository: str, stargazers_total: int, *, credential: str = "") -> None:
        tried = f", and {credential} was refused" if credential else ""
        super().__init__(
            f"GitHub lists the {stargazers_total:,} stargazers of {repository} only to its admins and "
            f"collaborators{tried}: use the token of one of them (a classic one, scope public_repo), or give "
            f"a list that `stargazer list {repository}` wrote with it, or one from a public archive, with "
            "--stargazers FILE or `stargazer import stargazers`",
            repository=repository,
            stargazers_total=stargazers_total,
            credential=credential or None,
            ways=ways_to_stargazers(repository),
        )

    def tried_with(self, credential: str) -> StargazersRestricted:
        """The same, told what kind of token was tried."""
        total: Any = self.facts["stargazers_total"]
        return StargazersRestricted(str(self.facts["repository"]), total, credential=credential)


def ways_to_stargazers(repository: str) -> list[str]:
    """What can be done where GitHub refuses a list of stargazers, in the order in which it works.

    Source: reports of August and September 2026 (read 2026-11-24): classic tokens with
    `public_repo` of admins and collaborators worked, fine-grained ones only with
    Contents: write. Public archives of events lost most stars after mid-2025.
    """
    return [
        (
            "the classic token, with the scope public_repo, of an admin or collaborator of the repository "
            "(a fine-grained token needs Contents: write)"
        ),
        (
            f"the file that an admin or collaborator writes with `stargazer list {repository}`, given with "
            "--stargazers FILE or imported"
        ),
        "a list from a public archive of GitHub's events, imported: about complete until mid-2025",
    ]


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


class KeyRefused(StargazerError):
    """Whoever asks has not shown a key that opens anything."""


class KeyMissing(KeyRefused):
    """No API key came with the request."""

    code = "key-missing"

    def __init__(self) -> None:
        message = "send an API key in the header X-API-Key; `stargazer keys create NAME` makes one"
        super().__init__(message, header="X-API-Key")


class KeyInvalid(KeyRefused):
    """The API key is mistyped, unknown or revoked; which of them is not told."""

    code = "key-invalid"

    def __init__(self) -> None:
        message = "the API key in X-API-Key is not one of this service: check that it is copied whole"
        super().__init__(message, header="X-API-Key")


class KeyExpired(KeyRefused):
    """The API key was good once."""

    code = "key-expired"

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(
            f"the API key expired at {expired_at:%Y-%m-%dT%H:%M:%SZ}: ask for a new one",
            expired_at=expired_at,
        )


class ScopeMissing(StargazerError):
    """The API key lacks a scope."""

    code = "scope-missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"this needs an API key with the scope {scope}: ask for one", scope=scope)


class RepositoryNotFound(StargazerError):
    """There is no such repository, or none that this token may see."""

    code = "repository-not-found"

    def __init__(self, repository: str) -> None:
        super().__init__(
            f"there is no repository {repository}, or this token may not see it: check the spelling",
            repository=repository,
        )


class RepositoryUnseen(RepositoryNotFound):
    """No star list that counts holds it. Facts: repository, lists.

    It is the same whether the store has never seen it, or only on lists of others.
    """

    def __init__(self, repository: str, lists: int) -> None:
        StargazerError.__init__(
            self,
            f"the store has never seen {repository} on a star list of yours ({lists:,} are here): "
            "check the spelling, or read a repository whose stargazers may have starred it",
            repository=repository,
            lists=lists,
        )


class JobNotFound(StargazerError):
    """There is no such job, or it belongs to somebody else."""

    code = "job-not-found"

    def __init__(self, job: str) -> None:
        super().__init__(f"there is no job {job} of yours: GET /jobs lists them", job=job)


class NotFound(StargazerError):
    """The service has nothing at this path."""

    code = "not-found"

    def __init__(self, path: str) -> None:
        super().__init__(f"there is nothing at {path}: /docs lists all there is", path=path)


class UserNotFound(StargazerError):
    """Nothing is known of a user who shall be forgotten. Facts: user."""

    code = "not-found"

    def __init__(self, user: str) -> None:
        super().__init__(
            f"nothing is stored about {user}: check the spelling, or, after a rename or to keep them out all "
            "the same, give their number with --id (`gh api users/LOGIN --jq .id` tells it)",
            user=user,
        )


class MethodNotAllowed(StargazerError):
    """The path exists, and does not take this method."""

    code = "method-not-allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        names = ", ".join(allowed)
        super().__init__(f"{method} is not allowed here, only {names}", method=method, allowed=list(allowed))


class NotAcceptable(StargazerError):
    """The client accepts none of the formats there are."""

    code = "not-acceptable"

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"Accept must allow one of {', '.join(offered)}", offered=list(offered))


class AnswerGone(StargazerError):
    """The answer that a link was pinned to has been cleaned away."""

    code = "answer-gone"

    def __init__(self, answer: str) -> None:
        super().__init__(
            f"the answer {answer} is no longer stored: ask without `answer` for the present one",
            answer=answer,
        )


class RequestTooLarge(StargazerError):
    """The body of a request is larger than the service reads."""

    code = "request-too-large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the body must be at most {limit_bytes:,} bytes", limit_bytes=limit_bytes)


class QuotaExceeded(StargazerError):
    """The API key has used up one of its quotas. Facts: policy, retry_after_seconds."""

    code = "quota-exceeded"

    def __init__(self, policy: str, retry_after_seconds: float) -> None:
        super().__init__(
            f"the quota of this API key is used up ({policy}): "
            f"ask again in {math.ceil(retry_after_seconds):,} s",
            policy=policy,
            retry_after_seconds=retry_after_seconds,
        )
        self.retry_after_seconds = retry_after_seconds


class BudgetError(StargazerError):
    """Something costs more than may be spent."""


class BudgetTooSmall(BudgetError):
    """The answer would cost more than the budget that was set for it."""

    code = "budget-too-small"

    def __init__(self, *, price: dict[str, float], budget: dict[str, float]) -> None:
        super().__init__(
            f"the answer costs about {_amounts(price)}, more than the budget of {_amounts(budget)}: "
            "raise --budget or --time, or read a sample (--sample, --until)",
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


class TokenSealed(CredentialsRefused):
    """The GitHub token of an API key is kept, and cannot be opened. Facts: reason, key."""

    def __init__(self, key: str) -> None:
        reason = "it does not open with STARGAZER_SECRET_KEY"
        StargazerError.__init__(
            self,
            f"the GitHub token of the key {key} cannot be used ({reason}): set the secret that sealed it, "
            f"or add the token again with `stargazer tokens add {key}`",
            reason=reason,
            key=key,
        )


class UserForgotten(CredentialsRefused):
    """The GitHub user of a token was removed from this store, and is kept out."""

    def __init__(self) -> None:
        reason = "its GitHub user was removed from this store with `stargazer forget`, and is kept out"
        StargazerError.__init__(
            self,
            f"the token cannot be used here ({reason}): take that of somebody else, or --no-store",
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
