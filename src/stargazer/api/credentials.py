"""What the keys ask GitHub with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec

from stargazer.api.once import Once
from stargazer.errors import CredentialsRefused, GitHubError
from stargazer.github.transport import GitHub
from stargazer.service import Service
from stargazer.service.connections import Connections
from stargazer.store.credentials import fingerprint
from stargazer.store.keys import Key
from stargazer.store.ledger import PostgresLedger


class Credential(msgspec.Struct, frozen=True):
    """What a key asks GitHub with.

    Attributes:
        user: the store's number of the GitHub user whose token it is.
        github: the way to GitHub; it has `ask` and `send`.
        ledger: makes the view of one run on what the user's runs share.
        shared: the number of the user whose answers the operator shares with everybody;
            None: there is none.
    """

    user: int
    github: GitHub
    ledger: Callable[[], PostgresLedger]
    shared: int | None = None


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


class KeyCredentials:
    """The token that a key has brought, or else the service's own.

    Args:
        connections: the ways to GitHub with the tokens of keys.
        shared: what keys without a token use; None: nothing, they are refused.
        ledgers: gives the ledger of a GitHub user.
        shares_lists: whether keys may see what the service's own token has read.
    """

    def __init__(
        self,
        connections: Connections,
        shared: CredentialSource | None,
        ledgers: Callable[[int], PostgresLedger],
        *,
        shares_lists: bool = False,
    ) -> None:
        self._shares_lists = shares_lists
        self._connections = connections
        self._shared = shared
        self._ledgers = ledgers

    async def of(self, key: Key) -> Credential:
        """Give the credential of *key*; a token that does not open is not replaced by another."""
        found = await self._connections.of_key(key.number)
        if found is not None:
            user = found.user
            return Credential(
                user, found.github, lambda: self._ledgers(user), shared=await self._lists_shared()
            )
        if self._shared is None:
            raise CredentialsRefused("this key has no GitHub token, and the service shares none")
        return await self._shared.of(key)

    async def _lists_shared(self) -> int | None:
        if not self._shares_lists:
            return None
        # A key with a token of its own works on where that of the service is dead.
        with suppress(GitHubError):
            return await self._connections.own_user()
        return None


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
        self._asking: Once[None, Credential] = Once()

    async def of(self, key: Key) -> Credential:  # noqa: ARG002 - one token for all keys
        """Give the server's credential; GitHub is asked once whose it is."""
        if self._found is None:
            self._found = await self._asking.join(None, self._ask)
        return self._found

    async def _ask(self) -> Credential:
        user = await self._service.credential_user(self._fingerprint, self._github)
        return Credential(user, self._github, lambda: self._ledgers(user))
