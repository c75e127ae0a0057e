"""A store, a sandbox on a virtual clock and any number of tokens: the use cases, end to end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from tests.integration.store.conftest import database_url, migrated, server_url

from stargazer.github.transport import GitHub
from stargazer.planner.page import Call, Reply
from stargazer.runner import Transport, VirtualClock
from stargazer.sandbox import SECONDS_HEADER, Behaviour, Graph, Sandbox, synthetic_graph
from stargazer.service import Outcome, Reading, Service, Wanted
from stargazer.store.answers import StoredAnswer
from stargazer.store.answers_slices import StoredNeighbour
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database

__all__ = ["database_url", "migrated", "server_url"]

ONE = "synthetic/one"
TWO = "synthetic/two"

Names = dict[str, list[str]]


def busy_graph(stargazers: int = 200) -> Graph:
    """Make a graph whose users starred a hundred repositories on average."""
    return synthetic_graph(
        users=1_500, stars=150_000, repositories=12_000, subjects={ONE: stargazers, TWO: 1}
    )


def quiet_graph() -> Graph:
    """Make a graph of few stars, where a test looks at something else than its size."""
    return synthetic_graph(users=400, stars=8_000, repositories=2_000, subjects={ONE: 60, TWO: 40})


class Interrupting:
    """A transport that says when a number of calls has come back."""

    def __init__(self, transport: Transport, calls: int, interrupt: Callable[[], None]) -> None:
        self._transport = transport
        self._left = calls
        self._interrupt = interrupt

    async def send(self, call: Call) -> Reply:
        """Send a call as ever; interrupt while the last one is in flight."""
        self._left -= 1
        if not self._left:
            self._interrupt()
        return await self._transport.send(call)


class Desk:
    """Somebody who asks the service, with whatever token.

    Attributes:
        graph: what is true.
        sandbox: the GitHub that is asked.
        database: the store.
        clock: the time that all of them go by.
        service: what answers.
    """

    def __init__(self, sandbox: Sandbox, database: Database) -> None:
        self.graph = sandbox.graph
        self.sandbox = sandbox
        self.database = database
        self.clock = VirtualClock(sandbox.clock.now())
        self.service = Service(database, self.clock)

    @asynccontextmanager
    async def github(self, login: str = "ada") -> AsyncGenerator[GitHub]:
        """Open GitHub with the token of a user."""
        async with GitHub(
            login, self.sandbox.url, now=self.clock.now, seconds_header=SECONDS_HEADER
        ) as github:
            yield github

    async def wanted(self, repository: str = ONE, *, login: str = "ada", **more: Any) -> Wanted:
        """What is asked for, in the name of a user."""
        async with self.github(login) as github:
            user = await self.service.credential_user(fingerprint(login), github)
        return Wanted(repository=repository, credential_user=user, **more)

    async def read(self, repository: str = ONE, *, login: str = "ada", **more: Any) -> Outcome:
        """Read a repository to the end."""
        wanted = await self.wanted(repository, login=login, **more)
        async with self.github(login) as github, self.service.reading(wanted, github) as reading:
            return await reading.outcome()

    async def interrupted(
        self,
        calls: int,
        end: Callable[[Reading], None],
        repository: str = ONE,
        *,
        login: str = "ada",
        **more: Any,
    ) -> Outcome:
        """Read a repository until so many calls were sent, and end it then."""
        wanted = await self.wanted(repository, login=login, **more)
        readings: list[Reading] = []
        async with self.github(login) as github:
            transport = Interrupting(github, calls, lambda: end(readings[0]))
            async with self.service.reading(wanted, transport) as reading:
                readings.append(reading)
                return await reading.outcome()

    async def neighbours(self, answer: StoredAnswer | None) -> tuple[StoredNeighbour, ...]:
        """All neighbours of a stored answer, with all names."""
        assert answer is not None
        found = await self.service.pages.page(answer, limit=1_000_000, names=None)
        assert found is not None
        return found.neighbours

    async def names(self, answer: StoredAnswer | None) -> Names:
        """The neighbours of a stored answer in the form of `Graph.truth`."""
        return {one.repo: list(one.stargazers) for one in await self.neighbours(answer)}

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        async with self.database.connection() as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a name of ours

    @property
    def nodes(self) -> int:
        """How many nodes GitHub has returned until now."""
        return self.sandbox.totals.nodes

    @property
    def pages(self) -> int:
        """How many pages GitHub has returned until now."""
        return self.sandbox.totals.connections

    def later(self, **span: float) -> None:
        """Let time pass, for GitHub too."""
        self.clock.passed(timedelta(**span).total_seconds())
        self.graph.move_to(self.clock.now())


@asynccontextmanager
async def opened(graph: Graph, database_url: str, behaviour: Behaviour | None = None) -> AsyncGenerator[Desk]:
    """Start a sandbox and open the store for it."""
    async with Sandbox(graph, behaviour) as sandbox, Database.open(database_url, sandbox.url) as database:
        yield Desk(sandbox, database)
        assert sandbox.overspent == []


def truth_of(graph: Graph, repository: str = ONE) -> Names:
    """What must be answered: each neighbour with its logins, case-folded."""
    return {
        name: sorted(logins, key=str.casefold) for name, logins in graph.truth(repository).items() if logins
    }
