"""What is wrong with our own parts: the store, or the program."""

from __future__ import annotations

from stargazer.errors.root import StargazerError


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
