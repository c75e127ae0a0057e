"""What the keys ask GitHub with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from stargazer.api.flights import Flights
from stargazer.github.transport import GitHub
from stargazer.service import Service
from stargazer.store.credentials import fingerprint
from stargazer.store.keys import Key
from stargazer.store.ledger import PostgresLedger


class Credential(msgspec.Struct, frozen=True):
    """What a key asks GitHub with.

    Attributes:
        user: the store's number of the GitHub user whose token it is.
        github: the way to GitHub; it has `ask` and `send`.
        ledger: makes the view of one run on what the user's runs share.
    """

    user: int
    github: GitHub
    ledger: Callable[[], PostgresLedger]


class CredentialSource(Protocol):
    """Knows what each key asks GitHub with."""

    async def of(self, key: Key) -> Credential:
        """Give the credential of *key*.

        Raises:
            CredentialsRefused: there is no token for it, or GitHub does not know it.
            GitHubUnreachable: GitHub could not be asked whose token it is.
            StoreUnavailable: the database cannot be used.
        """
        ...


class ServerCredential:
    """One token for all keys: the server's own.

    Args:
        service: remembers whose a token is.
        github: the way to GitHub with that token.
        token: the token itself; only its fingerprint is kept.
        ledgers: gives the ledger of a GitHub user.
    """

    def __init__(
        self, service: Service, github: GitHub, token: str, ledgers: Callable[[int], PostgresLedger]
    ) -> None:
        self._service = service
        self._github = github
        self._fingerprint = fingerprint(token)
        self._ledgers = ledgers
        self._found: Credential | None = None
        self._asking: Flights[None, Credential] = Flights()

    async def of(self, _key: Key) -> Credential:
        """Give the server's credential; GitHub is asked once whose it is."""
        if self._found is None:
            self._found = await self._asking.join(None, self._ask)
        return self._found

    async def _ask(self) -> Credential:
        user = await self._service.credential_user(self._fingerprint, self._github)
        return Credential(user, self._github, lambda: self._ledgers(user))
