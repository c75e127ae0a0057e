"""What each public code means outside, in one table, and the root of all errors."""

from __future__ import annotations

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
