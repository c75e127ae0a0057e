"""The ways to GitHub: one for each token that a key brought, opened when it is first needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import msgspec

from stargazer.errors import CredentialsRefused, GitHubUnreachable, StoreUnavailable
from stargazer.github.decode import fail
from stargazer.github.transport import GitHub
from stargazer.planner.page import Call, Failure, FailureKind, Reply
from stargazer.service.service import Service
from stargazer.store.ledger_bell import Bell, Ear
from stargazer.store.tokens import OpenedToken, Tokens

FORGOTTEN_AFTER_SECONDS = 10.0
"""So long it is remembered which token a key has, when no notice says that it has changed."""


class Connected(msgspec.Struct, frozen=True):
    """A way to GitHub, and the store's number of the GitHub user whose token it has."""

    user: int
    github: GitHub


class JobConnection:
    """The way to GitHub of one job; a `Transport`.

    Args:
        github: with the token of this moment.
        ear: hears when some token has changed.
        find: gives the way with the token of then, or raises CredentialsRefused.
    """

    def __init__(self, github: GitHub, ear: Ear, find: Callable[[], Awaitable[GitHub]]) -> None:
        self.github = github
        self._ear = ear
        self._find = find
        self._ear.forget()

    @property
    def fingerprint(self) -> bytes:
        """The SHA-256 of the token."""
        return self.github.fingerprint

    @property
    def credential(self) -> str:
        """What kind of token it is, in words."""
        return self.github.credential

    @property
    def concurrency(self) -> int:
        """How many calls the server stands at once."""
        return self.github.concurrency

    async def send(self, call: Call) -> Reply:
        """Send a call, unless the token has been removed meanwhile."""
        if self._ear.heard:
            self._ear.forget()
            try:
                self.github = await self._find()
            except CredentialsRefused as refused:
                self._ear.ring()
                failure = Failure(FailureKind.CREDENTIALS, str(refused.facts["reason"]))
                return fail(call, failure, {}, 0.0)
            except (GitHubUnreachable, StoreUnavailable):
                # Whose token it is can be asked again before the next call.
                self._ear.ring()
        return await self.github.send(call)


class Connections:
    """The ways to GitHub with the tokens of keys, and with the service's own. Open it with `open`.

    Tokens are never pooled: each goes to GitHub for its own user only, since
    GitHub forbids sharing them to get around its limits.
    """

    def __init__(
        self, service: Service, tokens: Tokens, own: GitHub, bell: Bell, stack: AsyncExitStack
    ) -> None:
        self._service = service
        self._tokens = tokens
        self.own = own
        """The way to GitHub with the service's own token."""
        self._own_user: int | None = None
        self._stack = stack
        self._open: dict[bytes, Connected] = {}
        self._of_key: dict[int, tuple[float, Connected | None]] = {}
        self._bell = bell
        self._ear = bell.ear(tokens.notice)
        self._connecting = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, service: Service, tokens: Tokens, own: GitHub, bell: Bell
    ) -> AsyncGenerator[Connections]:
        """Keep connections until the end of the block.

        Args:
            service: remembers whose a token is.
            tokens: what the keys brought.
            own: the open way to GitHub with the service's own token; further ones are like it.
            bell: tells when a token has changed.
        """
        async with AsyncExitStack() as stack:
            yield cls(service, tokens, own, bell, stack)

    async def of_key(self, key_number: int) -> Connected | None:
        """The way to GitHub with the token of a key; None when it has none.

        Raises:
            TokenSealed: its token does not open.
            StoreUnavailable: the database cannot be used.
        """
        if self._ear.heard:
            self._ear.forget()
            self._of_key = {}
        now = asyncio.get_running_loop().time()
        known = self._of_key.get(key_number)
        if known is not None and now < known[0]:
            return known[1]
        # What is being looked up while a notice comes lands in the dictionary that was given up.
        remembered = self._of_key
        token = await self._tokens.of_key(key_number)
        found = None if token is None else await self._connect(token)
        remembered[key_number] = (now + FORGOTTEN_AFTER_SECONDS, found)
        return found

    def forget(self, key_number: int) -> None:
        """Look up at the next occasion which token a key has."""
        self._of_key = {number: found for number, found in self._of_key.items() if number != key_number}

    async def of_user(self, user: int) -> JobConnection:
        """The way to GitHub for a job of a GitHub user: with the latest token of theirs, or with our own.

        It follows what becomes of the token: another one is used from the next call
        on, and when there is none any more GitHub is asked nothing.

        Raises:
            CredentialsRefused: there is no token of theirs any more.
            GitHubUnreachable: GitHub could not be asked whose our own is.
            StoreUnavailable: the database cannot be used.
        """
        ear = self._bell.ear(self._tokens.notice)
        return JobConnection(await self.github_of_user(user), ear, partial(self.github_of_user, user))

    async def github_of_user(self, user: int) -> GitHub:
        """As `of_user`, with the token of this moment.

        Raises:
            CredentialsRefused: there is no token of theirs any more.
            GitHubUnreachable: GitHub could not be asked whose our own is.
            StoreUnavailable: the database cannot be used.
        """
        token = await self._tokens.of_user(user)
        if token is not None:
            return (await self._connect(token)).github
        if self.own.has_token and await self.own_user() == user:
            return self.own
        raise CredentialsRefused("the key that asked has no GitHub token any more")

    async def own_user(self) -> int:
        """The number of the GitHub user whose token the service's own is.

        Raises:
            CredentialsRefused: GitHub does not know it, or there is none.
            GitHubUnreachable: GitHub could not be asked.
        """
        if not self.own.has_token:
            raise CredentialsRefused("the service has no GitHub token of its own")
        if self._own_user is None:
            self._own_user = await self._service.credential_user(self.own.fingerprint, self.own)
        return self._own_user

    async def _connect(self, token: OpenedToken) -> Connected:
        github = self.own.for_token(token.token)
        async with self._connecting:
            connected = self._open.get(github.fingerprint)
            if connected is None:
                await self._stack.enter_async_context(github)
                connected = self._open[github.fingerprint] = Connected(token.credential_user, github)
        return connected
