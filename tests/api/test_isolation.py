"""What one credential may see, another must not: small random worlds, and nobody is told what others did.

Each world is played twice: with everybody in it, and with one key alone. What that key is told has to be
the same both times, word for word, but for what is public anyhow: how much was read anew.
"""

from __future__ import annotations

import logging
import random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.api.api_world import TOKEN, Served, serving

from stargazer.sandbox import Behaviour, Graph, Stargazers, Token
from stargazer.store.database import Database
from stargazer.store.key_text import make_key_text
from stargazer.store.keys import SCOPES, Keys, NewKey

PEOPLE = [f"person-{number}" for number in range(24)]
PUBLIC = ["pub/alpha", "pub/beta", "pub/gamma", "pub/delta"]
PRIVATE = ["secretive/vault", "secretive/attic"]
NAMES = ("ada", "bob", "eve")
KEYS = {name: make_key_text(bytes([20 + number]) * 32) for number, name in enumerate(NAMES)}
TOKENS = {name: f"ghp_the-token-that-{name}-has-brought-0000" for name in NAMES}
NOWHERE = str(UUID(int=7))
OTHERS_ANSWERS = """
SELECT answer.id FROM answer JOIN credential_user AS owner ON owner.id = answer.credential_user
WHERE owner.login <> $1
"""

Action = tuple[str, str, str]
"""What is done, by whose key, about which repository."""


class World(msgspec.Struct, frozen=True):
    """A random world: who starred what, who may list stargazers, and what they do."""

    lists: dict[str, list[str]]
    rights: dict[str, Stargazers]
    actions: list[Action]

    @classmethod
    def of(cls, seed: int) -> World:
        chance = random.Random(seed)  # noqa: S311 - a world, no secret
        lists = {person: chance.sample(PUBLIC + PRIVATE, chance.randint(1, 6)) for person in PEOPLE}
        rights = dict(zip(NAMES, chance.sample(list(Stargazers), 3), strict=True))
        kinds = (
            "ask",
            "ask",
            "ask",
            "invert",
            "invert",
            "compare",
            "import",
            "plan",
            "jobs",
            "pry",
            "remove",
        )
        actions = [
            (chance.choice(kinds), chance.choice(NAMES), chance.choice(PUBLIC + PRIVATE[:1]))
            for _ in range(24)
        ]
        return cls(lists, rights, actions)

    def graph(self) -> Graph:
        graph = Graph.from_lists(self.lists)
        for name in PRIVATE:
            graph.mark_private(name)
        return graph

    def behaviour(self) -> Behaviour:
        tokens = {TOKENS[name]: Token(user=name, stargazers=right) for name, right in self.rights.items()}
        return Behaviour(tokens={**tokens, TOKEN: Token(user="operator", stargazers=Stargazers.FORBIDDEN)})


class Play:
    """One playing of a world: what each key was told, and everything that was said aloud."""

    def __init__(self, served: Served, world: World) -> None:
        self._served = served
        self._world = world
        self.told: dict[str, list[Any]] = {name: [] for name in NAMES}
        self.aloud: list[str] = []
        self.tags: dict[tuple[str, str], set[str]] = {}
        self._ids: dict[str, list[str]] = {name: [] for name in NAMES}

    async def run(self, *names: str) -> None:
        """Let some of the keys do what they do."""
        await self._make_keys()
        for name in names:
            await self._send(name, "PUT", "/github-token", json={"token": TOKENS[name]})
        for kind, name, repository in self._world.actions:
            if name in names:
                self.told[name].append(await self._do(kind, name, repository))

    async def _make_keys(self) -> None:
        keys = Keys(self._served.backend.service.database)
        for name, text in KEYS.items():
            await keys.create(
                NewKey(name=name, scopes=SCOPES, requests_per_minute=None), text, self._served.clock.now()
            )

    async def _do(self, kind: str, name: str, repository: str) -> Any:
        path = f"/repos/{repository}"
        match kind:
            case "ask":
                return await self._ask(name, repository)
            case "compare":
                return await self._compare(name, repository)
            case "invert":
                return await self._invert(name, repository)
            case "import":
                people = [one for one, stars in self._world.lists.items() if repository in stars][:9]
                status, told = await self._send(
                    name, "POST", f"{path}/stargazers", data="\n".join(people) + "\n"
                )
                return status, told.get("entries"), told.get("type")
            case "plan":
                status, told = await self._send(name, "GET", f"{path}/starneighbours/plan")
                # What a plan costs depends on the star lists that are stored, and those are public.
                return status, told.get("type"), told.get("stargazers")
            case "jobs":
                status, told = await self._send(name, "GET", "/jobs")
                self._ids[name] += [job["id"] for job in told]
                return status, sorted({job["repository"] for job in told})
            case "remove":
                return await self._send(name, "DELETE", f"{path}/stargazers")
            case _:
                return await self._pry(name, repository)

    async def _ask(self, name: str, repository: str) -> Any:
        # A page of one's own: else a reply of the last second may be sent again.
        path = f"/repos/{repository}/starneighbours?per_page={200 + len(self.told[name])}"
        status, told = await self._send(name, "GET", path, tag=(name, repository))
        if status == 200:
            return status, [(item["repo"], item["stargazers"]) for item in told]
        return status, told["type"], told.get("stargazers_total"), told.get("credential")

    async def _compare(self, name: str, repository: str) -> Any:
        """Compare a repository with another one."""
        other = PUBLIC[0] if repository != PUBLIC[0] else PUBLIC[1]
        path = f"/compare?repo={repository}&repo={other}&per_page={200 + len(self.told[name])}"
        status, told = await self._send(name, "GET", path)
        if status == 200:
            counts = [(one["repository"], one["stargazers"], one["kind"]) for one in told["repositories"]]
            neighbours = [(item["repo"], item["stargazers"]) for item in told["neighbours"]]
            return status, counts, told["pairs"], told["union"], told["kind"], neighbours
        return status, told["type"], told.get("stargazers_total"), told.get("credential")

    async def _invert(self, name: str, repository: str) -> Any:
        """Ask the stored lists alone."""
        path = f"/repos/{repository}/starneighbours?from=store&per_page={200 + len(self.told[name])}"
        status, told = await self._send(name, "GET", path, tag=(name, repository))
        if status == 200:
            return status, [(item["repo"], item["stargazers"]) for item in told]
        return status, told["type"], told["detail"], told["lists"]

    async def _pry(self, name: str, repository: str) -> Any:
        """Look for the jobs and the answers of the others, by their ids."""
        others = [one for other, ids in self._ids.items() if other != name for one in ids] or [NOWHERE]
        rows = await self._rows(OTHERS_ANSWERS, name)
        answers = [str(row["id"]) for row in rows] or [NOWHERE]
        seen = set()
        for one in others:
            for path in (f"/jobs/{one}", f"/jobs/{one}/events"):
                seen.add((await self._send(name, "GET", path))[0])
        for one in answers:
            path = f"/repos/{repository}/starneighbours?answer={one}"
            seen.add((await self._send(name, "GET", path))[0])
        return seen

    async def _send(
        self, name: str, method: str, path: str, *, tag: Any = None, **more: Any
    ) -> tuple[int, Any]:
        headers = {"X-API-Key": KEYS[name]}
        async with self._served.http.request(method, path, headers=headers, **more) as response:
            text = await response.text()
            if path == "/jobs":
                # Whoever has asked for something by its name is shown that name again.
                assert PRIVATE[1] not in text
            elif not any(private in path for private in PRIVATE):
                self.aloud.append(f"{response.headers}\n{text}")
            else:
                # Whoever asks about it by name is told that name, and nothing else.
                assert response.status in (204, 404, 410), text
            if tag is not None and response.status == 200:
                self.tags.setdefault(tag, set()).add(response.headers["ETag"])
            return response.status, msgspec.json.decode(text) if text else None

    async def _rows(self, statement: str, *values: Any) -> Any:
        async with self._served.backend.service.database.connection() as connection:
            return await connection.fetch(statement, *values)


async def dump(database: Database) -> str:
    """Everything in every table."""
    async with database.connection() as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [await connection.fetch(f'SELECT t::text FROM "{row[0]}" t') for row in tables]  # noqa: S608
    return "\n".join(row[0] for table in rows for row in table)


def assert_untold(text: str) -> None:
    """No private repository, and no token in any spelling."""
    for secret in (
        *PRIVATE,
        *TOKENS.values(),
        *(token.encode().hex() for token in TOKENS.values()),
        *KEYS.values(),
    ):
        assert secret not in text


@pytest.mark.parametrize("seed", [1, 2])
async def test_nobody_is_told_what_others_may_see(
    seed: int, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What a key is told does not depend on what others did; nothing private is in anything."""
    caplog.set_level(logging.DEBUG)
    world = World.of(seed)
    async with serving(database_url, world.graph(), world.behaviour()) as served:
        together = Play(served, world)
        await together.run(*NAMES)
        # Names of private repositories that were asked for by their name stand in failed jobs.
        async with served.backend.service.database.transaction() as connection:
            await connection.execute("DELETE FROM job WHERE repository = ANY($1::text[])", PRIVATE)
        dumped = await dump(served.backend.service.database)
        assert_untold(dumped)
        assert_untold("\n".join(together.aloud))

    for (name, repository), tags in together.tags.items():
        for (other, another), theirs in together.tags.items():
            assert name == other or repository != another or not tags & theirs

    # Rows are kept by endpoint, and this GitHub has another address: the store is as good as empty.
    victim = NAMES[seed % 3]
    async with serving(database_url, world.graph(), world.behaviour()) as served:
        alone = Play(served, world)
        await alone.run(victim)
    assert together.told[victim] == alone.told[victim]
    assert any(told for told in together.told[victim])
    for line in caplog.text.splitlines():
        for token in (*TOKENS.values(), *KEYS.values()):
            assert token not in line
