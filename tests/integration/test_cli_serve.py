"""`stargazer serve` as a program of its own, on a real database, against a sandbox."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import aiohttp
import pytest
from tests.integration.cli_world import (
    TOKEN,
    data_folder,
    database_server,
    fresh_database,
    serving,
    star_graph,
    wait_for_calls,
)
from tests.integration.serve_world import Service, client, make_key, running

from stargazer.cli.serving import Address, listening
from stargazer.errors import InvalidRequest
from stargazer.sandbox import Behaviour, Sandbox, synthetic_graph

SEED = "/repos/o/seed/starneighbours"
PASSWORD = "planted-password"
SMALL = "/repos/collectiveidea/awesome_nested_set/starneighbours"
SLOW = "/repos/synthetic/one/starneighbours"


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    with database_server() as url:
        yield url


@pytest.fixture
def database(server: str) -> Generator[str]:
    with fresh_database(server) as url:
        yield url


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
        yield sandbox


@pytest.fixture
def slow_sandbox() -> Generator[Sandbox]:
    """A GitHub that takes its time, so that a job is under way when something happens to it."""
    graph = synthetic_graph(users=400, stars=8_000, repositories=2_000, subjects={"synthetic/one": 200})
    with serving(graph, Behaviour(speed=2.0)) as sandbox:
        yield sandbox


async def test_it_answers_until_it_is_told_to_stop(database: str, sandbox: Sandbox) -> None:
    """A fresh database is enough; a request has its line in the log; no secret is in what it says."""
    key = await make_key(database, sandbox.url)
    guarded = database.replace(":///", f"://stargazer:{PASSWORD}@/")
    async with running(at=sandbox, database=guarded) as service:
        async with client(service.url, key) as http:
            async with http.get(
                SEED, headers={"X-Request-Id": "mine", "X-Forwarded-For": "192.0.2.7"}
            ) as response:
                assert response.status == 200
                assert "Server" not in response.headers
                assert [item["repo"] for item in await response.json()] == ["o/near", "o/far"]
            for path in (f"/nowhere?key={key}&token={TOKEN}", f"/repos/{key}/{TOKEN}/starneighbours"):
                async with http.get(path, headers={"X-Request-Id": key}) as response:
                    assert response.status in (400, 404)
            async with http.get(SEED, headers={"X-API-Key": f"{key}x"}) as response:
                assert response.status == 401
        ended = await service.stop()

    assert ended.exit_code == 0
    [line] = [line for line in ended.lines("request.answered") if line["request_id"] == "mine"]
    assert (line["method"], line["route"]) == ("GET", "/repos/{owner}/{name}/starneighbours")
    assert (line["status"], line["kind"], line["client"]) == (200, "exact", "127.0.0.1")
    assert [line["event"] for line in ended.lines("service.started")] == ["service.started"]
    for secret in (key, TOKEN, PASSWORD):
        assert secret.encode() not in ended.out + ended.err


async def test_what_was_accepted_is_answered_when_it_stops(database: str, sandbox: Sandbox) -> None:
    """SIGTERM under load: clients that keep their connections get an answer to whatever they sent."""
    key = await make_key(database, sandbox.url)
    async with running(at=sandbox, database=database) as service:
        async with client(service.url, key) as http, http.get(SEED) as response:
            assert response.status == 200
        seen: Counter[str] = Counter()
        is_busy = asyncio.Event()
        clients = [asyncio.create_task(ask_on(service.url, key, seen, is_busy)) for _ in range(16)]
        async with asyncio.timeout(60):
            await is_busy.wait()

        service.tell_to_stop()
        await asyncio.gather(*clients)
        ended = await service.ended()

    assert ended.exit_code == 0
    assert seen.pop("200") > 200
    assert set(seen) <= {"refused"}
    assert "Traceback" not in ended.err.decode()


async def ask_on(url: str, key: str, seen: Counter[str], is_busy: asyncio.Event) -> None:
    """Ask again and again until nobody accepts connections any more."""
    async with client(url, key) as http:
        while not seen["refused"]:
            try:
                async with http.get(SEED) as response:
                    await response.read()
                    seen[str(response.status)] += 1
                if seen["200"] == 200:
                    is_busy.set()
            except aiohttp.ClientConnectorError:
                seen["refused"] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                seen[repr(error)] += 1


async def test_open_streams_end_when_it_stops(database: str, slow_sandbox: Sandbox) -> None:
    """A client that watches a job, and one that waits for it, do not hold the service up."""
    key = await make_key(database, slow_sandbox.url)
    async with running(at=slow_sandbox, database=database) as service:
        async with client(service.url, key) as http:
            async with http.get(SLOW, headers={"Prefer": "wait=0"}) as response:
                assert response.status == 202
                job = response.headers["Location"]
            waiting = asyncio.create_task(status_of(http, SLOW, Prefer="wait=60"))
            async with http.get(f"{job}/events") as events:
                assert await events.content.readline()
                service.tell_to_stop()
                await events.content.read()
            assert await waiting == 202
        ended = await service.ended()

    assert ended.exit_code == 0
    assert "Traceback" not in ended.err.decode()
    assert "Cancel" not in ended.err.decode()


async def status_of(http: aiohttp.ClientSession, path: str, **headers: str) -> int:
    async with http.get(path, headers=headers) as response:
        return response.status


async def test_jobs_go_on_after_a_kill(database: str, slow_sandbox: Sandbox) -> None:
    """Killed in the middle of a job and started again, the service ends the job, and reads little twice."""
    key = await make_key(database, slow_sandbox.url)
    async with running(at=slow_sandbox, database=database) as service, client(service.url, key) as http:
        async with http.get(SLOW, headers={"Prefer": "wait=0"}) as response:
            job = response.headers["Location"]
        await asyncio.to_thread(wait_for_calls, slow_sandbox, len(slow_sandbox.record) + 3)
        service.kill()
        await service.ended()

    async with running(at=slow_sandbox, database=database) as service, client(service.url, key) as http:
        state = ""
        async with asyncio.timeout(90):
            while state not in ("done", "failed"):
                async with http.get(job) as response:
                    state = (await response.json())["state"]
                await asyncio.sleep(0.05)
        async with http.get(SLOW) as response:
            kind = response.headers["Stargazer-Answer"].split(";")[0]
        await service.stop()

    assert (state, kind) == ("done", "exact")


async def test_proxies_and_metrics_are_as_they_are_set(database: str, sandbox: Sandbox) -> None:
    """The log has the address that a trusted proxy names; Prometheus needs no key on a port of its own."""
    port = free_port()
    more = {"STARGAZER_TRUSTED_PROXIES": "127.0.0.0/8", "STARGAZER_METRICS_PORT": str(port)}
    async with running("--no-worker", at=sandbox, database=database, **more) as service:
        async with aiohttp.ClientSession() as stranger:
            live = f"{service.url}/health/live"
            async with stranger.get(live, headers={"X-Forwarded-For": "192.0.2.7"}) as response:
                assert response.status == 200
            async with stranger.get(f"http://127.0.0.1:{port}/metrics") as response:
                assert 'route="/health/live"' in await response.text()
        ended = await service.stop()

    assert ended.exit_code == 0
    assert [line["client"] for line in ended.lines("request.answered")] == ["192.0.2.7"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_an_address_that_cannot_be_had_is_told() -> None:
    """A port that is taken, and a host that is another machine's, are the caller's mistake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = Address("127.0.0.1", listener.getsockname()[1])
        for address in (taken, Address("192.0.2.1", 0)):
            with pytest.raises(InvalidRequest, match="--port must be free"), listening(address):
                pass


async def test_a_database_that_cannot_be_used_is_told_without_its_password(sandbox: Sandbox) -> None:
    """It ends with one line, in which nothing secret is."""
    with pytest.raises(AssertionError, match="the store cannot be used") as failed:
        async with running(at=sandbox, database=f"postgresql://stargazer:{PASSWORD}@127.0.0.1:1/stars"):
            pass

    assert PASSWORD not in str(failed.value)
    assert len(str(failed.value).splitlines()) == 1


@pytest.fixture
def folder() -> Generator[Path]:
    with data_folder() as folder:
        yield folder


async def test_a_newcomer_needs_no_token(folder: Path) -> None:
    """With `--sandbox` there is a key at once, and an answer; another start has another key."""
    keys, environment = [], {"STARGAZER_DATA_DIR": str(folder), "GITHUB_TOKEN": ""}
    for _ in range(2):
        service = await Service.start("--sandbox", "--speed", "1000", environment=environment)
        try:
            keys.append(service.told["key"])
            async with (
                client(service.url, service.told["key"]) as http,
                http.get(SMALL, headers={"Prefer": "wait=60"}) as response,
            ):
                assert response.status == 200
                assert response.headers["Stargazer-Answer"].startswith("exact;")
        finally:
            ended = await service.stop()
        assert ended.exit_code == 0
    assert keys[0] != keys[1]
