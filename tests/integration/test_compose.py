"""The compose file, started as it says: its commands and environment, as processes of this machine.

No container engine runs where tests do. What an engine adds is put in its place
here: the database's address, and a port that is free.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from tests.integration.cli_world import TOKEN, star_graph
from tests.integration.store.conftest import execute, server_url, with_database

from stargazer.sandbox import Sandbox

__all__ = ["server_url"]

ROOT = Path(__file__).parents[2]
PASSWORD = "compose5e2d"
DATABASE = "composed"


def composed() -> dict[str, Any]:
    """Read the compose file, with the variables that it names filled in."""
    text = (ROOT / "compose.yaml").read_text()
    filled = re.sub(r"\$\{POSTGRES_PASSWORD:\?[^}]*\}", PASSWORD, text)
    assert "${" not in filled
    found: dict[str, Any] = yaml.safe_load(filled)
    return found


def env_file(**values: str) -> dict[str, str]:
    """Read `.env.example` as somebody has filled it in."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert values.keys() <= pairs.keys()
    return pairs | values


class Composition:
    """The services of the compose file as processes.

    Args:
        environment: what is added to what a service is given.
        database_url: where its database really is.
        port: what stands for the port of the API.
    """

    def __init__(self, environment: Mapping[str, str], database_url: str, port: int) -> None:
        self.services = composed()["services"]
        self._environment = environment
        self._database_url = database_url
        self._port = str(port)

    def command(self, service: str, *more: str) -> list[str]:
        """What runs in a container of a service."""
        entrypoint = self.services[service].get("entrypoint", ["stargazer"])
        words = [*entrypoint, *(more or self.services[service]["command"])]
        return [str(Path(sys.executable).with_name(words[0])), *(self._here(word) for word in words[1:])]

    def environ(self, service: str) -> dict[str, str]:
        """What a container of a service has in its environment."""
        told = self.services[service]["environment"]
        given = told["STARGAZER_DATABASE_URL"]
        owner = self.services["database"]["environment"]
        address = f"{owner['POSTGRES_USER']}:{PASSWORD}@database:5432/{owner['POSTGRES_DB']}"
        assert given == f"postgresql://{address}"
        return {
            "PATH": os.environ["PATH"],
            **self._environment,
            **told,
            "STARGAZER_DATABASE_URL": self._database_url,
        }

    def is_healthy(self) -> list[str]:
        """The command that tells the health of a container of the image."""
        text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
        [words] = re.findall(r"^HEALTHCHECK.* CMD (\[.*\])$", text, re.MULTILINE)
        return [sys.executable, *(self._here(word) for word in json.loads(words)[1:])]

    def _here(self, word: str) -> str:
        return word.replace("8000", self._port)

    @asynccontextmanager
    async def running(self, *names: str) -> AsyncGenerator[list[asyncio.subprocess.Process]]:
        """Run services until the end of the block, which gives them the time that the file gives them."""
        processes = [
            await asyncio.create_subprocess_exec(*self.command(name), env=self.environ(name))
            for name in names
        ]
        try:
            yield processes
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            codes = await asyncio.wait_for(
                asyncio.gather(*(process.wait() for process in processes)), timeout=60
            )
        assert codes == [0] * len(processes)

    async def ran(self, *command: str, service: str = "keys") -> tuple[int, bytes]:
        """Run one command to its end."""
        process = await asyncio.create_subprocess_exec(
            *command, env=self.environ(service), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        return await process.wait(), out


@pytest.fixture
async def composition(server_url: str, unused_tcp_port: int) -> AsyncGenerator[Composition]:
    """The compose file beside a simulated GitHub and an empty database."""
    await execute(server_url, f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    try:
        async with Sandbox(star_graph()) as sandbox:
            given = env_file(GITHUB_TOKEN=TOKEN, STARGAZER_GITHUB_URL=sandbox.url, POSTGRES_PASSWORD=PASSWORD)
            yield Composition(given, with_database(server_url, DATABASE), unused_tcp_port)
    finally:
        await execute(server_url, f"DROP DATABASE {DATABASE} WITH (FORCE)")


async def test_what_the_compose_file_starts_answers(composition: Composition, unused_tcp_port: int) -> None:
    """An API without a worker, two workers, a key made by the tool: a first answer, and an orderly end."""
    async with composition.running("api", "worker", "worker"):
        for _ in range(600):
            code, _ = await composition.ran(*composition.is_healthy(), service="api")
            if code == 0:
                break
        assert code == 0

        code, out = await composition.ran(*composition.command("keys", "create", "ci", "--format", "json"))
        assert code == 0
        headers = {"X-API-Key": json.loads(out)["key"], "Prefer": "wait=60"}
        url = f"http://127.0.0.1:{unused_tcp_port}/repos/o/seed/starneighbours"
        async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
            assert answer.status == 200
            found = {one["repo"]: one["stargazers"] for one in await answer.json()}
    assert found == {"o/near": ["ada", "bob"], "o/far": ["ada"]}


def test_containers_may_do_little() -> None:
    """None of ours runs as root, gains rights, or writes where it should not; secrets come from `.env`."""
    services = composed()["services"]
    ours = [one for name, one in services.items() if name not in ("database", "demo")]

    assert len(ours) == 3
    for one in ours:
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert one["env_file"] == ".env"
    assert services["api"]["ports"] == ["127.0.0.1:8000:8000"]
    assert not (ROOT / ".env").exists() or ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_image_is_not_run_by_root() -> None:
    """Its last stage names another user, and installs nothing whose hash is not written down."""
    text = (ROOT / "Containerfile").read_text()
    last = text.rpartition("\nFROM ")[2]

    assert re.search(r"^USER [1-9]\d*$", last, re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        installs = [words for words in line.split("&&") if "pip install" in words]
        assert all("--require-hashes" in words or "--no-deps" in shlex.split(words) for words in installs)
