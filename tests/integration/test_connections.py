"""Tokens of keys at work: checked when they come, used for their own user only, gone when removed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from tests.integration.service_world import (
    ONE,
    Desk,
    database_url,
    migrated,
    opened,
    quiet_graph,
    server_url,
    truth_of,
)

from stargazer.cli.session import Session
from stargazer.cli.working import Shift, work_until
from stargazer.errors import CredentialsRefused, GitHubUnreachable, SettingError, TokenSealed
from stargazer.planner.page import Call, FactsRequest, FailureKind, Reply
from stargazer.planner.step import Progress
from stargazer.runner import Transport
from stargazer.sandbox import Behaviour, Faults, Stargazers, Token
from stargazer.sandbox.faults import Answer
from stargazer.service import JobReader
from stargazer.service.connections import Connections
from stargazer.service.token_check import add_token, check_token
from stargazer.settings import Settings
from stargazer.store.jobs import Jobs
from stargazer.store.jobs_states import Job, State
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import Keys, NewKey
from stargazer.store.ledger import PostgresLedger
from stargazer.store.ledger_bell import Bell
from stargazer.store.tokens import Tokens, sealer_of

__all__ = ["database_url", "migrated", "server_url"]

OWN = "ghp_the-token-of-the-service-itself-0001"
ADA = "ghp_the-token-that-ada-has-brought-00002"
BOB = "github_pat_the-token-that-bob-brought-03"
DEAD = "ghp_a-token-that-was-revoked-long-ago-04"
TOKENS = {
    OWN: Token(user="operator", stargazers=Stargazers.FORBIDDEN),
    ADA: Token(user="ada", scopes=("public_repo", "read:user")),
    BOB: Token(user="bob", stargazers=Stargazers.EMPTY, points_per_hour=10_000),
    DEAD: Token(user="carol", dead=True),
}
SECRET = secrets.token_hex(32)


class House:
    """A service whose keys bring tokens."""

    def __init__(self, desk: Desk, tokens: Tokens, connections: Connections, bell: Bell) -> None:
        self.desk = desk
        self.tokens = tokens
        self.connections = connections
        self.bell = bell

    async def key(self, name: str) -> int:
        keys = Keys(self.desk.database)
        return (await keys.create(NewKey(name=name), make_key_text(), self.desk.clock.now())).number

    async def add(self, number: int, token: str) -> None:
        async with self.desk.github(OWN) as github:
            assert await add_token(self.desk.service, self.tokens, github, number, token)

    async def run(self, number: int, repository: str = ONE) -> object:
        """Ask in the name of a key, and carry the job out as a worker does."""
        found = await self.connections.of_key(number)
        assert found is not None
        jobs = Jobs(self.desk.database, self.bell)
        job = await jobs.ask(repository, found.user, f"key {number}", now=self.desk.clock.now())
        return await self.carry_out(job)

    async def carry_out(self, job: Job) -> object:
        def ledger(user: int) -> PostgresLedger:
            return PostgresLedger(self.desk.database, self.bell, user, speed=None)

        def ignore(_: Progress) -> None: ...

        reader = JobReader(self.desk.service, self.transport, ledger)
        return await reader(job, ignore, asyncio.Event())

    async def transport(self, user: int) -> Transport:
        return await self.connections.of_user(user)


@asynccontextmanager
async def house(database_url: str, behaviour: Behaviour | None = None) -> AsyncGenerator[House]:
    """Open a service on a store with a secret."""
    async with (
        opened(quiet_graph(), database_url, behaviour or Behaviour(tokens=TOKENS)) as desk,
        Bell.open(desk.database) as bell,
        desk.github(OWN) as own,
    ):
        tokens = Tokens(desk.database, sealer_of(Settings(secret_keys=(SECRET,))))
        async with Connections.open(desk.service, tokens, own, bell) as connections:
            yield House(desk, tokens, connections, bell)


async def test_a_token_is_checked_when_it_comes(database_url: str) -> None:
    """GitHub says whose it is, which scopes it has, and what is left of its budget."""
    async with house(database_url) as world, world.desk.github(OWN) as own:
        async with own.for_token(ADA) as github:
            classic = await check_token(github, world.desk.clock)
        async with own.for_token(BOB) as github:
            fine = await check_token(github, world.desk.clock)

        assert (classic.user.login, classic.kind) == ("ada", "a classic token")
        assert classic.scopes == ["public_repo", "read:user"]
        assert classic.points_an_hour == 5_000
        assert (fine.kind, fine.scopes, fine.points_an_hour) == ("a fine-grained token", None, 10_000)
        assert fine.points_remaining == 9_999


async def test_a_dead_token_is_refused_and_not_kept(database_url: str) -> None:
    """Neither a revoked token, nor one that is none, nor an empty one; and the old one stays."""
    async with house(database_url) as world:
        number = await world.key("ci")
        await world.add(number, ADA)
        for bad in (DEAD, "ghp_nobody-ever-made-this-token-00000000", "two words", "", "  \n"):
            with pytest.raises(CredentialsRefused) as caught:
                await world.add(number, bad)
            assert not bad.strip() or bad not in caught.value.message
        [record] = await world.tokens.records()
        assert record.last_four == ADA[-4:]


async def test_a_token_of_nobody_is_refused(database_url: str) -> None:
    """The token of an app has no user, so nothing that it reads could belong to anybody."""
    nobody = Answer(status=200, body='{"data":{"viewer":null}}')
    behaviour = Behaviour(tokens=TOKENS, faults=Faults(answers={1: nobody, 2: Answer(status=500)}))
    async with house(database_url, behaviour) as world:
        number = await world.key("ci")
        with pytest.raises(CredentialsRefused, match="belongs to nobody"):
            await world.add(number, ADA)
        with pytest.raises(GitHubUnreachable):
            await world.add(number, ADA)
        assert await world.tokens.records() == []


async def test_without_a_secret_github_is_not_even_asked(database_url: str) -> None:
    """A token that cannot be kept is not sent anywhere."""
    async with house(database_url) as world, world.desk.github(OWN) as own:
        number = await world.key("ci")
        with pytest.raises(SettingError, match="STARGAZER_SECRET_KEY"):
            await add_token(world.desk.service, Tokens(world.desk.database, None), own, number, ADA)
        assert world.desk.sandbox.record == []


async def test_each_job_runs_with_the_token_of_its_user(database_url: str) -> None:
    """On its own rights and on its own budget; what GitHub refuses to one, another may read."""
    async with house(database_url) as world:
        ada, bob = await world.key("ada"), await world.key("bob")
        await world.add(ada, ADA)
        await world.add(bob, BOB)

        assert await world.run(ada) is not None
        with pytest.raises(Exception, match="a fine-grained token was refused"):
            await world.run(bob)
        users = [call.user for call in world.desk.sandbox.record]
        assert set(users) == {"ada", "bob"}
        assert users.count("bob") == 2  # whose it is, and the refusal
        wanted = await world.desk.wanted(login=ADA)
        assert await world.desk.names(await world.desk.service.latest(wanted)) == truth_of(world.desk.graph)


async def test_a_token_revoked_in_mid_run_keeps_what_was_read(database_url: str) -> None:
    """The job fails with what GitHub says; another token of the user goes on from there."""
    async with house(database_url) as world:
        number = await world.key("ci")
        await world.add(number, ADA)
        refused = Answer(status=401, body='{"message":"Bad credentials"}')
        world.desk.sandbox.reset(
            Behaviour(tokens=TOKENS, faults=Faults(answers={3: refused}), started_at=world.desk.clock.now())
        )

        with pytest.raises(CredentialsRefused):
            await world.run(number)
        assert len(world.desk.sandbox.record) == 3  # and none again
        kept = await world.desk.count("star_list")
        assert kept > 0

        world.desk.sandbox.reset(
            Behaviour(tokens={**TOKENS, "new": Token(user="ada")}, started_at=world.desk.clock.now())
        )
        await world.add(number, "new")
        assert await world.run(number) is not None
        wanted = await world.desk.wanted(login="new")
        answer = await world.desk.service.latest(wanted)
        assert answer is not None
        assert answer.coverage["users_from_store"] == kept


async def test_a_removed_token_is_used_no_more(database_url: str) -> None:
    """Once every process has heard of it, its key has none, and its jobs fail."""
    async with house(database_url) as world:
        number = await world.key("ci")
        await world.add(number, ADA)
        found = await world.connections.of_key(number)
        assert found is not None
        assert await world.connections.of_key(number) is found

        ear = world.bell.ear(world.tokens.notice)
        ear.forget()
        await world.tokens.remove(number)
        await ear.wait(30)
        assert await world.connections.of_key(number) is None
        with pytest.raises(CredentialsRefused, match="no GitHub token any more"):
            await world.connections.of_user(found.user)


async def test_a_job_follows_its_token(database_url: str) -> None:
    """In mid-run: another token of the user is used from the next call on; without one nothing is sent."""
    async with house(database_url, Behaviour(tokens={**TOKENS, "new": Token(user="ada")})) as world:
        number = await world.key("ci")
        await world.add(number, ADA)
        found = await world.connections.of_key(number)
        assert found is not None
        job = await world.connections.of_user(found.user)
        ear = world.bell.ear(world.tokens.notice)
        call = Call(1, (FactsRequest(*ONE.split("/")),), 1, 0, 0, 1.0)

        async def sent() -> Reply:
            reply = await job.send(call)
            world.desk.clock.passed(reply.seconds)
            return reply

        assert (await sent()).failure is None
        assert job.credential == "a classic token"
        await world.add(number, "new")
        await ear.wait(30)
        assert (await sent()).failure is None
        assert job.credential == "a token of an unknown kind"
        asked = len(world.desk.sandbox.record)
        ear.forget()
        await world.tokens.remove(number)
        await ear.wait(30)
        for _ in range(2):
            failure = (await sent()).failure
            assert failure is not None
            assert failure.kind is FailureKind.CREDENTIALS
        # Whose the service's own token is was asked, and nothing in the name of the one that is gone.
        assert [call.user for call in world.desk.sandbox.record[asked:]] == ["operator"]


async def test_the_services_own_token_serves_its_own_user(database_url: str) -> None:
    """The jobs of the operator's user need no token of a key."""
    async with house(database_url) as world:
        own = await world.connections.own_user()
        github = (await world.connections.of_user(own)).github
        assert (await check_token(github, world.desk.clock)).user.login == "operator"


async def test_a_token_that_does_not_open_stops_its_key(database_url: str) -> None:
    """With another secret the key is told so, and nobody else's token is used in its place."""
    async with house(database_url) as world, world.desk.github(OWN) as own:
        number = await world.key("ci")
        await world.add(number, ADA)
        lost = Tokens(world.desk.database, sealer_of(Settings(secret_keys=(secrets.token_hex(32),))))
        async with Connections.open(world.desk.service, lost, own, world.bell) as connections:
            with pytest.raises(TokenSealed, match="ci"):
                await connections.of_key(number)


@pytest.mark.parametrize("token", [OWN, ""])
async def test_a_worker_takes_jobs_for_tokens_that_come_later(database_url: str, token: str) -> None:
    """It hears that a token has come, and reads that user's jobs with it; those of others wait."""
    async with house(database_url) as world, world.desk.github(token) as own:
        stop = asyncio.Event()
        settings = Settings(github_token=token, github_url=world.desk.sandbox.url, secret_keys=(SECRET,))
        session = Session(own, world.desk.clock, settings, world.desk.sandbox.url, speed=1.0)
        shift = Shift(concurrency=1, kept=timedelta(days=90))
        working = asyncio.create_task(work_until(stop, session, world.desk.database, shift))
        try:
            jobs = Jobs(world.desk.database, world.bell)
            bob = await world.desk.wanted(login=BOB)
            waiting = await jobs.ask(ONE, bob.credential_user, "bob")
            number = await world.key("ada")
            await world.add(number, ADA)
            found = await world.connections.of_key(number)
            assert found is not None
            asked = await jobs.ask(ONE, found.user, "ada")
            async with asyncio.timeout(90):
                [*_, job] = [seen async for seen in jobs.watch(asked.id)]
            assert job.state is State.DONE
            users = [call.user for call in world.desk.sandbox.record]
            assert users.count("operator") == bool(token)  # whose token it is
            assert users.count("ada") > 1
            still = await jobs.find(waiting.id)
            assert still is not None
            assert still.state is State.QUEUED
        finally:
            stop.set()
            await working
