"""Workers on machines of their own: they share nothing but one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.integration.networks import Host, TcpServer, hosts, tcp_server, why_not
from tests.integration.workers_together import Firm, Forward, forwarding, found

from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.separate import Recipe
from stargazer.store.database import Database

SPEED = 60.0
SUBJECTS = {f"synthetic/s{number}": 60 for number in range(6)}
RECIPE = Recipe(users=1_500, stars=60_000, repositories=8_000, subjects=SUBJECTS)

WHERE_FROM = """
SELECT DISTINCT host(client_addr) FROM pg_stat_activity
WHERE datname = current_database() AND client_addr IS NOT NULL AND query LIKE 'LISTEN%'
"""


@pytest.fixture
def machines() -> Iterator[list[Host]]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with hosts(2) as made:
        yield made


@pytest.fixture
def server(machines: list[Host]) -> Iterator[TcpServer]:
    with tcp_server([machine.near for machine in machines]) as running:
        yield running


async def hire_everywhere(firm: Firm, machines: list[Host], server: TcpServer, stack: AsyncExitStack) -> None:
    """Start a worker on each machine; it finds the sandbox at the address that we do, as with GitHub."""
    port = urlsplit(firm.sandbox.url).port
    assert port is not None
    for machine in machines:
        gate = await stack.enter_async_context(forwarding(machine.near, 0, ("127.0.0.1", port)))
        forward = Forward(port, machine.near, gate)
        firm.hire(within=machine.within, dsn=server.dsn(machine.near), forward=forward, concurrency=2)


async def test_workers_on_other_machines_share_the_work_and_the_budget(
    machines: list[Host], server: TcpServer, tmp_path: Path
) -> None:
    """Each comes from an address of its own; no job is done twice, and no two calls are in flight at once."""
    async with (
        found(server.dsn(machines[0].near), tmp_path, RECIPE, Behaviour(speed=SPEED)) as firm,
        AsyncExitStack() as stack,
    ):
        await hire_everywhere(firm, machines, server, stack)
        await firm.ready()
        seen = {row[0] for row in await firm.database.pool.fetch(WHERE_FROM)}
        assert {machine.far for machine in machines} <= seen
        for job in [await firm.ask(name) for name in SUBJECTS]:
            ended = await firm.ended(job)
            assert ended.attempts == 1
            assert await firm.neighbours(ended) == firm.sandbox.truth(job.repository)
        assert firm.sandbox.overspent() == []
        assert max(call.in_flight for call in firm.sandbox.calls()) == 1
        assert all(firm.asked(worker) for worker in range(len(machines)))


async def test_a_machine_that_is_cut_off_loses_its_jobs_to_the_other(
    machines: list[Host], server: TcpServer, tmp_path: Path
) -> None:
    """Its cable is pulled in mid-job: the other machine takes the job over, and the answer is exact."""
    async with (
        found(server.dsn(machines[0].near), tmp_path, RECIPE, Behaviour(speed=10.0)) as firm,
        AsyncExitStack() as stack,
    ):
        await hire_everywhere(firm, machines, server, stack)
        await firm.ready()
        name = next(iter(SUBJECTS))
        job = await firm.ask(name)
        cut_off = await firm.at_work(2)
        machines[cut_off].pull()
        ended = await firm.ended(job)
        assert await firm.neighbours(ended) == firm.sandbox.truth(name)
        assert firm.asked(1 - cut_off)
        assert firm.sandbox.overspent() == []


async def test_a_machine_that_is_gone_is_noticed_within_a_minute(
    server: TcpServer, machines: list[Host]
) -> None:
    """The server asks after silent clients: a transaction of one that is cut off holds no lock for hours."""
    async with Database.open(server.dsn(machines[0].near), "https://api.github.com/graphql") as database:
        names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
        shown = [await database.pool.fetchval("SELECT current_setting($1)", name) for name in names]
    assert shown == ["30", "10", "3", "60000"]
