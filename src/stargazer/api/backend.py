"""What the controllers of the HTTP service work with."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

import msgspec
from litestar import Request
from litestar.di import NamedDependency

from stargazer.api.answering import Answering
from stargazer.api.bodies import Bodies
from stargazer.api.credentials import CredentialSource
from stargazer.api.from_store import FromStore
from stargazer.api.holding import Holding
from stargazer.api.watching import Watches
from stargazer.runner import Clock
from stargazer.service import Service
from stargazer.service.comparing import Comparison
from stargazer.service.connections import Connections
from stargazer.settings import Settings
from stargazer.store.jobs import Jobs
from stargazer.store.key_ring import KeyRing
from stargazer.store.keys import Key
from stargazer.store.ledger_bell import Bell
from stargazer.store.quota import Quotas
from stargazer.store.tokens import Tokens
from stargazer.store.usage import Usage


class Backend(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What the controllers work with; handlers get it under the name `backend`.

    Attributes:
        service: the use cases of the store.
        jobs: what was asked for.
        watches: follows jobs.
        answering: finds answers, and starts jobs for those that are not there.
        from_store: answers from the stored star lists alone.
        comparisons: holds what several repositories have in common.
        bodies: makes pages of answers.
        bell: tells when something has changed.
        keys: finds the key of a request.
        quotas: says how much a key may ask.
        usage: what keys used.
        credentials: what each key asks GitHub with.
        tokens: the GitHub tokens that keys have brought.
        connections: the ways to GitHub with them.
        clock: the time that answers are dated by.
        settings: what the environment sets.
        stopping: set it before the server closes its connections: streams end at once.
    """

    service: Service
    jobs: Jobs
    watches: Watches
    answering: Answering
    from_store: FromStore
    comparisons: Holding[Comparison]
    bodies: Bodies
    bell: Bell
    keys: KeyRing
    quotas: Quotas
    usage: Usage
    credentials: CredentialSource
    tokens: Tokens
    connections: Connections
    clock: Clock
    settings: Settings
    stopping: asyncio.Event


Given: TypeAlias = NamedDependency[Backend]
"""The backend, as handlers are given it."""

KeyRequest: TypeAlias = Request[Key, Any, Any]
"""A request that has shown a key."""
