"""One database, one simulated GitHub that runs faster than real time, and workers that share them.

Run as a program, this file is one worker; it notes each selection that it is about to ask for.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import UUID

import msgspec

from stargazer.github.transport import GitHub
from stargazer.planner.page import Call, Reply, StargazersRequest, StarListRequest
from stargazer.sandbox import SECONDS_HEADER
from stargazer.sandbox.behaviour import Behaviour
from stargazer.sandbox.separate import Recipe, SeparateSandbox
from stargazer.service import JobReader, Service
from stargazer.store.credentials import fingerprint
from stargazer.store.database import Database
from stargazer.store.jobs import Jobs
from stargazer.store.jobs_states import Job, State
from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell
from stargazer.worker import work

LEASE_SECONDS = 1.5
CALL_LEASE_SECONDS = 1.0

LISTENING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'
"""


class Epoch(msgspec.Struct, frozen=True):
    """What the sandbox's clock showed at one moment of this machine's, and how fast it runs."""

    sandbox_at: datetime
    machine_at: datetime
    speed: float

    def sandbox_moment(self, machine_at: datetime) -> datetime:
        return self.sandbox_at + (machine_at - self.machine_at) * self.speed


class EpochClock:
    """The sandbox's clock, read in any process of this machine: a `stargazer.runner.Clock`."""

    def __init__(self, epoch: Epoch) -> None:
        self._epoch = epoch

    def now(self) -> datetime:
        return self._epoch.sandbox_moment(datetime.now(UTC))

    async def sleep_until(self, at: datetime) -> None:
        await asyncio.sleep(max(0.0, (at - self.now()).total_seconds() / self._epoch.speed))

    def passed(self, seconds: float) -> None:
        """Do nothing: the time has passed by itself."""


class Forward(msgspec.Struct, frozen=True):
    """A port of the worker's own loopback, and the address that it stands for."""

    port: int
    host: str
    host_port: int


class Order(msgspec.Struct, frozen=True):
    """What a worker is told on its standard input. `tokens` are by the number of their GitHub user."""

    dsn: str
    github_url: str
    epoch: Epoch
    tokens: dict[int, str]
    notes: str
    concurrency: int = 1
    forward: Forward | None = None
    dies_in_call: int | None = None


class Asked(msgspec.Struct, frozen=True):
    """A page that a worker asked for: in which of its calls, and which page."""

    call: int
    page: tuple[str, str, str | None]


class Noting:
    """A transport that writes down each page before it asks for it."""

    def __init__(self, github: GitHub, notes: Path, dies_in_call: int | None) -> None:
        self._github = github
        self._dies_in_call = dies_in_call
        self._notes = notes
        self._calls = 0

    async def send(self, call: Call) -> Reply:
        """Send a call as ever."""
        self._calls += 1
        asked = [
            Asked(self._calls, name_page(selection)) for selection in call.selections if paged(selection)
        ]
        with self._notes.open("ab") as notes:
            notes.write(b"".join(msgspec.json.encode(one) + b"\n" for one in asked))
        if self._calls == self._dies_in_call:
            # The ledger has granted this call, so the reservation outlives us.
            os.kill(os.getpid(), signal.SIGKILL)
        return await self._github.send(call)


def paged(selection: object) -> bool:
    return isinstance(selection, StargazersRequest | StarListRequest)


def name_page(selection: object) -> tuple[str, str, str | None]:
    """What two requests for the same page have in common."""
    match selection:
        case StargazersRequest():
            return (f"{selection.owner}/{selection.name}", selection.direction.value, selection.after)
        case StarListRequest():
            return (selection.user_id, selection.direction.value, selection.after)
    raise TypeError(selection)


async def serve(order: Order) -> None:
    """Be a worker until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock = EpochClock(order.epoch)
    async with AsyncExitStack() as stack:
        if order.forward is not None:
            target = (order.forward.host, order.forward.host_port)
            await stack.enter_async_context(forwarding("127.0.0.1", order.forward.port, target))
        database = await stack.enter_async_context(Database.open(order.dsn, order.github_url))
        bell = await stack.enter_async_context(Bell.open(database))
        transports = {}
        for user, token in order.tokens.items():
            github = GitHub(token, order.github_url, seconds_header=SECONDS_HEADER)
            transports[user] = Noting(
                await stack.enter_async_context(github), Path(order.notes), order.dies_in_call
            )

        def ledger(user: int) -> PostgresLedger:
            speed = order.epoch.speed
            return PostgresLedger(database, bell, user, speed=speed, lease_seconds=CALL_LEASE_SECONDS)

        reader = JobReader(Service(database, clock), transports.__getitem__, ledger)
        await work(
            database,
            reader,
            clock=clock,
            concurrency=order.concurrency,
            stop=stop,
            lease_seconds=LEASE_SECONDS,
        )


@asynccontextmanager
async def forwarding(host: str, port: int, target: tuple[str, int] | str) -> AsyncGenerator[int]:
    """Pass what comes to an address on to another, or to a socket's path; gives the port."""
    pumps: set[asyncio.Task[None]] = set()
    ends: set[asyncio.StreamWriter] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.add(writer)
        try:
            if isinstance(target, str):
                far_reader, far_writer = await asyncio.open_unix_connection(target)
            else:
                far_reader, far_writer = await asyncio.open_connection(*target)
        except OSError:
            writer.close()
            return
        ends.add(far_writer)
        for pump in (_pump(reader, far_writer), _pump(far_reader, writer)):
            task = asyncio.create_task(pump)
            pumps.add(task)
            task.add_done_callback(pumps.discard)

    server = await asyncio.start_server(pass_on, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(pumps):
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while received := await reader.read(65_536):
            writer.write(received)
            await writer.drain()
    writer.close()


class Firm:
    """A database, a sandbox, credentials, and the workers that were started on them."""

    def __init__(
        self, dsn: str, database: Database, jobs: Jobs, sandbox: SeparateSandbox, notes: Path
    ) -> None:
        self.dsn = dsn
        self.database = database
        self.jobs = jobs
        self.sandbox = sandbox
        self.notes = notes
        self.epoch = Epoch(datetime.now(UTC), datetime.now(UTC), 1.0)
        self.tokens: dict[int, str] = {}
        self.workers: list[subprocess.Popen[bytes]] = []

    async def learn(self, tokens: Sequence[str], speed: float) -> Self:
        """Find out whose the tokens are, and what the sandbox's clock shows."""
        for token in tokens:
            async with GitHub(token, self.sandbox.url) as github:
                service = Service(self.database, EpochClock(self.epoch))
                before = datetime.now(UTC)
                self.tokens[await service.credential_user(fingerprint(token), github)] = token
            self.epoch = Epoch(self.sandbox.calls()[-1].at, before, speed)
        return self

    def hire(
        self,
        count: int = 1,
        *,
        concurrency: int = 1,
        within: Sequence[str] = (),
        dsn: str | None = None,
        forward: Forward | None = None,
        dies_in_call: int | None = None,
    ) -> None:
        for _ in range(count):
            notes = str(self.notes_of(len(self.workers)))
            order = Order(
                dsn or self.dsn,
                self.sandbox.url,
                self.epoch,
                self.tokens,
                notes,
                concurrency,
                forward,
                dies_in_call,
            )
            worker = subprocess.Popen(  # noqa: S603 - this file
                [*within, sys.executable, __file__], stdin=subprocess.PIPE
            )
            # A list of processes is read by everybody: tokens and passwords go another way.
            assert worker.stdin is not None
            with worker.stdin as orders:
                orders.write(msgspec.json.encode(order))
            self.workers.append(worker)

    async def ready(self) -> None:
        """Wait until every worker listens for jobs and for its ledgers, as we do ourselves for jobs."""
        async with asyncio.timeout(60):
            while await self.database.pool.fetchval(LISTENING) < 1 + 2 * len(self.workers):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def notes_of(self, worker: int) -> Path:
        return self.notes / f"worker-{worker}.ndjson"

    def asked(self, worker: int) -> list[Asked]:
        """The pages that one worker asked for."""
        with suppress(FileNotFoundError):
            lines = self.notes_of(worker).read_bytes().split(b"\n")[:-1]
            return [msgspec.json.decode(line, type=Asked) for line in lines]
        return []

    async def at_work(self, calls: int = 1, *, besides: int | None = None) -> int:
        """Wait until a worker has sent so many calls; returns its number."""
        async with asyncio.timeout(60):
            while True:
                for worker in range(len(self.workers)):
                    asked = self.asked(worker)
                    if worker != besides and asked and asked[-1].call >= calls:
                        return worker
                await asyncio.sleep(0.01)

    def kill(self, worker: int) -> None:
        self.workers[worker].kill()
        self.workers[worker].wait()

    async def ask(self, repository: str, user: int | None = None) -> Job:
        return await self.jobs.ask(repository, next(iter(self.tokens)) if user is None else user, "key")

    async def ended(self, job: Job) -> Job:
        """Wait for a job's end, which is to be an answer."""
        async with asyncio.timeout(120):
            last = [state async for state in self.jobs.watch(job.id)][-1]
        assert last.state is State.DONE, last.problem
        return last

    async def neighbours(self, job: Job) -> dict[str, list[str]]:
        """The answer of a job that is done, in the form of `Graph.truth`; it is exact."""
        service = Service(self.database, EpochClock(self.epoch))
        assert isinstance(job.answer, UUID)
        answer = await service.answers.find(job.answer, job.credential_user)
        assert answer is not None
        assert answer.kind == "exact"
        page = await service.pages.page(answer, limit=1_000_000, names=1_000_000)
        assert page is not None
        return {neighbour.repo: list(neighbour.stargazers) for neighbour in page.neighbours}

    def sandbox_moment(self, machine_at: datetime | None) -> datetime:
        assert machine_at is not None
        return self.epoch.sandbox_moment(machine_at)

    def dismiss(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()


@asynccontextmanager
async def found(
    dsn: str, notes: Path, recipe: Recipe, behaviour: Behaviour, tokens: Sequence[str] = ("token",)
) -> AsyncGenerator[Firm]:
    """A firm without workers yet."""
    with SeparateSandbox(recipe, behaviour) as sandbox:
        async with Database.open(dsn, sandbox.url) as database, Bell.open(database) as bell:
            jobs = Jobs(database, bell, lease_seconds=LEASE_SECONDS)
            firm = Firm(dsn, database, jobs, sandbox, notes)
            await firm.learn(tokens, behaviour.speed or 1.0)
            try:
                yield firm
            finally:
                firm.dismiss()


if __name__ == "__main__":
    asyncio.run(serve(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
