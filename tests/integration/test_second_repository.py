"""What the store saves: a second repository, the same one again, and a run that was broken off."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration import service_world
from tests.integration.service_world import ONE, TWO, Desk, busy_graph, opened, truth_of
from tests.integration.store import conftest
from tests.integration.workers_together import name_page, paged

from stargazer.planner.coverage import Kind
from stargazer.planner.page import Call, Reply
from stargazer.runner import Transport
from stargazer.sandbox import Behaviour, Graph
from stargazer.service import Outcome, Reading

database_url = service_world.database_url
migrated = service_world.migrated
server_url = service_world.server_url
empty_url = conftest.empty_url

SHARED = 100
TOLERANCE = 0.05
"""Of the cost alone: pages are not cut to fit, and the list of stargazers itself is read anew."""


def overlapping_graph() -> Graph:
    """Make a graph in which half the stargazers of `TWO` starred `ONE` too, the half with half the stars."""
    graph = busy_graph()
    mine = graph.stargazers_of(ONE)
    length = {login: len(graph.starred_by(login)) for login in graph.logins}
    others = sorted(set(graph.logins) - set(mine) - set(graph.stargazers_of(TWO)), key=length.__getitem__)
    for login in graph.stargazers_of(TWO):
        graph.unstar(login, TWO)
    for login in mine[:SHARED]:
        twin = min(others, key=lambda other: abs(length[other] - length[login]))
        others.remove(twin)
        graph.star(login, TWO)
        graph.star(twin, TWO)
    return graph


async def cost(desk: Desk, repository: str) -> tuple[Outcome, int]:
    """Read a repository, hold the answer against the truth, and tell what it cost in nodes."""
    before = desk.nodes
    done = await desk.read(repository)
    assert done.coverage.kind is Kind.EXACT
    assert await desk.names(done.answer) == truth_of(desk.graph, repository)
    return done, desk.nodes - before


async def test_who_shares_half_its_stargazers_costs_half(database_url: str, empty_url: str) -> None:
    """What is known of them from another repository is not read again."""
    graph = overlapping_graph()
    async with opened(graph, empty_url) as desk:
        alone, nodes_alone = await cost(desk, TWO)
    async with opened(graph, database_url) as desk:
        await cost(desk, ONE)
        second, nodes = await cost(desk, TWO)

        assert second.coverage.users_from_store == SHARED
        assert abs(nodes / nodes_alone - 0.5) <= TOLERANCE
        assert second.spent.calls < alone.spent.calls


async def test_who_shares_all_its_stargazers_costs_their_list(database_url: str) -> None:
    """Where every stargazer is known already, only the list of stargazers is read."""
    graph = busy_graph()
    for login in graph.stargazers_of(ONE):
        graph.star(login, TWO)
    async with opened(graph, database_url) as desk:
        await cost(desk, ONE)
        second, _ = await cost(desk, TWO)
        assert second.coverage.users_from_store == len(graph.stargazers_of(ONE))
        assert second.spent.points <= 3


class Noting:
    """A transport that keeps which pages it was asked for, call by call."""

    def __init__(self, transport: Transport, interrupt_at: int | None, interrupt: Callable[[], None]) -> None:
        self.calls: list[list[tuple[str, str, str | None]]] = []
        self._transport = transport
        self._interrupt_at = interrupt_at
        self._interrupt = interrupt

    async def send(self, call: Call) -> Reply:
        """Send a call as ever, unless the run is interrupted while it is in flight."""
        self.calls.append([name_page(selection) for selection in call.selections if paged(selection)])
        if len(self.calls) == self._interrupt_at:
            self._interrupt()
        return await self._transport.send(call)


async def read_noting(desk: Desk, interrupt_at: int | None = None) -> Noting:
    """Read the first repository; give the call of that number up, and the run with it."""
    readings: list[Reading] = []
    wanted = await desk.wanted()
    async with desk.github() as github:
        noting = Noting(github, interrupt_at, lambda: readings[0].stop())
        async with desk.service.reading(wanted, noting) as reading:
            readings.append(reading)
            await reading.outcome()
    return noting


async def test_a_run_that_was_broken_off_repeats_only_the_call_in_flight(database_url: str) -> None:
    """However often it is broken off: no page that came is asked for again, and the answer is the truth."""
    # A call that is given up goes on at GitHub; here no ledger makes the next run wait for it.
    async with opened(busy_graph(), database_url, Behaviour(one_in_flight=False)) as desk:
        received: set[tuple[str, str, str | None]] = set()
        for interrupt_at in (3, 2, 4, 3, None):
            noting = await read_noting(desk, interrupt_at)
            asked = [page for call in noting.calls for page in call]
            assert not received & set(asked)
            came = noting.calls if interrupt_at is None else noting.calls[:-1]
            received |= {page for call in came for page in call}
        found = await desk.service.latest(await desk.wanted())
        assert found is not None
        assert found.kind is Kind.EXACT
        assert await desk.names(found) == truth_of(desk.graph)


async def test_the_same_again_costs_nothing(database_url: str) -> None:
    """Within its age the stored answer is served, page after page, without any call."""
    async with opened(busy_graph(), database_url) as desk:
        done, _ = await cost(desk, ONE)
        calls = len(desk.sandbox.record)
        stored = await desk.service.latest(await desk.wanted())
        assert stored == done.answer
        assert await desk.names(stored) == truth_of(desk.graph)
        assert len(desk.sandbox.record) == calls
