"""Why GitHub is not read: it refuses, it is away, or it would cost too much."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from stargazer.errors.root import StargazerError


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


def _amounts(amounts: dict[str, float]) -> str:
    """Say points and GitHub seconds in words."""
    units = {"points": "points", "github_seconds": "s of GitHub's time"}
    return " and ".join(f"{amounts[name]:,.0f} {unit}" for name, unit in units.items() if name in amounts)
