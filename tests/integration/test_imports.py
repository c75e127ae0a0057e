"""Lists of stargazers from elsewhere: kept, resolved when read, never exact, seen by their owner only."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.service_world import (
    ONE,
    Desk,
    Names,
    database_url,
    migrated,
    opened,
    quiet_graph,
    server_url,
    truth_of,
)

from stargazer.errors import CredentialsRefused, InvalidRequest, RepositoryNotFound, StargazersRestricted
from stargazer.planner.coverage import Kind
from stargazer.sandbox import Behaviour, Graph, Stargazers, Token
from stargazer.service.importing import Given, Imported, import_stargazers

__all__ = ["database_url", "migrated", "server_url"]

CLOSED = Behaviour(stargazers=Stargazers.FORBIDDEN)


async def bring(
    desk: Desk, file: Path, *, login: str = "ada", repository: str = ONE, source: str = "file"
) -> Imported:
    """Import a file in the name of a user."""
    wanted = await desk.wanted(repository, login=login)
    async with desk.github(login) as github:
        given = Given(path=file, source=source)
        return await import_stargazers(desk.service, github, repository, wanted.credential_user, given)


def write(folder: Path, lines: Sequence[str]) -> Path:
    file = folder / "list.csv"
    file.write_text("\n".join(["login,starred_at", *lines, ""]))
    return file


def stargazers(graph: Graph, repository: str = ONE) -> list[str]:
    return sorted(graph.stargazers_of(repository))


def without(truth: Names, missing: Sequence[str]) -> Names:
    left = {name: [login for login in logins if login not in set(missing)] for name, logins in truth.items()}
    return {name: logins for name, logins in left.items() if logins}


async def test_a_closed_list_is_answered_from_an_imported_one(database_url: str, tmp_path: Path) -> None:
    """Partial, true, and saying where it came from; one call finds out that GitHub refuses its own."""
    async with opened(quiet_graph(), database_url, CLOSED) as desk:
        logins = stargazers(desk.graph)
        listed, missing = logins[:45], logins[45:]
        file = write(
            tmp_path, [f"{login},2025-0{1 + at % 5}-01T00:00:00Z" for at, login in enumerate(listed)]
        )
        report = await bring(desk, file, source="a public archive")

        assert (report.entries, report.stargazers_total, report.share) == (45, 60, 0.75)
        assert report.first_starred_at == datetime(2025, 1, 1, tzinfo=UTC)
        assert report.last_starred_at == datetime(2025, 5, 1, tzinfo=UTC)
        done = await desk.read()

        assert done.error is None
        assert done.coverage.kind is Kind.PARTIAL
        assert await desk.names(done.answer) == without(truth_of(desk.graph), missing)
        assert done.answer is not None
        told = done.answer.coverage["imported"]
        assert (told["source"], told["entries"], told["share"]) == ("a public archive", 45, 0.75)
        assert told["last_starred_at"] == "2025-05-01T00:00:00Z"
        assert done.answer.coverage["source"] == "file"
        refusals = [call for call in desk.sandbox.record if "repository" in call.kinds]
        assert len(refusals) <= 3  # what it is when imported, the refusal, and what it is when read


async def test_it_is_served_again_until_a_newer_one_comes(database_url: str, tmp_path: Path) -> None:
    """Asking again costs nothing; a list that replaces it is read, and resolves nobody twice."""
    async with opened(quiet_graph(), database_url, CLOSED) as desk:
        logins = stargazers(desk.graph)
        await bring(desk, write(tmp_path, logins[:30]))
        first = await desk.read()
        served = await desk.service.latest(await desk.wanted())
        assert first.answer is not None
        assert served is not None
        assert served.id == first.answer.id

        desk.later(seconds=1)
        await bring(desk, write(tmp_path, logins))
        assert await desk.service.latest(await desk.wanted()) is None
        asked = len(desk.sandbox.record)
        again = await desk.read()
        assert await desk.names(again.answer) == truth_of(desk.graph)
        assert again.coverage.kind is Kind.PARTIAL
        looked_up = sum(call.kinds.get("user", 0) for call in desk.sandbox.record[asked:])
        assert looked_up == 30


async def test_gone_and_strange_people_are_counted(database_url: str, tmp_path: Path) -> None:
    """Who is gone is counted; who has taken their star back shares nothing; lines of rubbish are named."""
    async with opened(quiet_graph(), database_url, CLOSED) as desk:
        logins = stargazers(desk.graph)
        others = [one for one in stargazers(desk.graph, "synthetic/two") if one not in logins][:5]
        lines = [*logins, "gone-1", "gone-2", "no login!", *others, logins[0].upper(), "dependabot[bot]"]
        report = await bring(desk, write(tmp_path, lines))

        assert (report.entries, report.skipped, report.duplicates) == (67, 2, 1)
        assert report.warnings[0].startswith("line 64: ")
        assert report.warnings[1].startswith("line 71: ")
        done = await desk.read()
        assert done.coverage.users_gone == 2
        assert done.coverage.users_without_seed == 5
        assert await desk.names(done.answer) == truth_of(desk.graph)


async def test_where_github_lists_its_own_that_counts(database_url: str, tmp_path: Path) -> None:
    """An exact answer is not made worse by a list from elsewhere."""
    async with opened(quiet_graph(), database_url) as desk:
        await bring(desk, write(tmp_path, stargazers(desk.graph)[:10]))
        done = await desk.read()
        assert done.coverage.kind is Kind.EXACT
        assert await desk.names(done.answer) == truth_of(desk.graph)
        assert done.answer is not None
        assert "imported" not in done.answer.coverage


async def test_a_list_of_githubs_is_joined(database_url: str, tmp_path: Path) -> None:
    """Whoever GitHub listed before it closed its list counts together with those from elsewhere."""
    async with opened(quiet_graph(), database_url) as desk:
        await desk.read()
        desk.later(days=8)
        desk.sandbox.reset(Behaviour(stargazers=Stargazers.EMPTY, started_at=desk.clock.now()))
        strangers = [
            one for one in stargazers(desk.graph, "synthetic/two") if one not in stargazers(desk.graph)
        ]
        await bring(desk, write(tmp_path, strangers[:3]))

        done = await desk.read()
        assert done.coverage.stargazers_listed == 63
        assert done.coverage.kind is Kind.PARTIAL
        assert await desk.names(done.answer) == truth_of(desk.graph)


async def test_nobody_else_sees_it(database_url: str, tmp_path: Path) -> None:
    """An imported list belongs to the GitHub user in whose name it came, and so do its answers."""
    async with opened(quiet_graph(), database_url, CLOSED) as desk:
        await bring(desk, write(tmp_path, stargazers(desk.graph)))
        await desk.read()
        stranger = await desk.wanted(login="bob")
        assert await desk.service.latest(stranger) is None
        with pytest.raises(StargazersRestricted):
            await desk.read(login="bob")


async def test_what_cannot_be_imported_changes_nothing(database_url: str, tmp_path: Path) -> None:
    """A file that names nobody, a repository that is not there or private, a token that is dead."""
    graph = quiet_graph()
    graph.mark_private("synthetic/two")
    async with opened(graph, database_url, CLOSED) as desk:
        good = write(tmp_path, stargazers(desk.graph))
        empty, torn = tmp_path / "empty.csv", tmp_path / "torn.gz"
        empty.write_text("login\n!\n")
        torn.write_bytes(gzip.compress(good.read_bytes())[:-9])
        await bring(desk, good)
        for file in (empty, torn, tmp_path / "none.csv"):
            with pytest.raises(InvalidRequest):
                await bring(desk, file)
        for repository in ("no/body", "synthetic/two"):
            with pytest.raises(RepositoryNotFound):
                await bring(desk, good, repository=repository)
        assert await desk.count("imported_list") == 1
        tokens = {"ada": Token(user="ada", dead=True)}
        desk.sandbox.reset(Behaviour(tokens=tokens, started_at=desk.clock.now()))
        with pytest.raises(CredentialsRefused):
            await bring(desk, good)


async def test_any_form_is_taken(database_url: str) -> None:
    """NDJSON with node ids, under gzip, from standard input; ids need no call to be resolved."""
    async with opened(quiet_graph(), database_url) as desk:
        await desk.read()
        rows = [f'{{"id": "{node_id}", "login": "{login}"}}\n' for node_id, login in await _ids(desk)]
        packed = io.BytesIO(gzip.compress("".join(rows).encode()))
        async with desk.github() as github:
            wanted = await desk.wanted()
            given = Given(path="-", stdin=packed)
            report = await import_stargazers(desk.service, github, ONE, wanted.credential_user, given)
        assert report.entries == len(rows)


async def _ids(desk: Desk) -> list[tuple[str, str]]:
    async with desk.database.connection() as connection:
        rows = await connection.fetch("SELECT DISTINCT node_id, login FROM github_user")
    return [(row["node_id"], row["login"]) for row in rows]


async def test_old_lists_are_removed(database_url: str, tmp_path: Path) -> None:
    """They are personal data: kept as long as everything else, and no longer."""
    async with opened(quiet_graph(), database_url, CLOSED) as desk:
        await bring(desk, write(tmp_path, stargazers(desk.graph)))
        now = desk.clock.now()
        assert await desk.service.imported_lists.clean(now - timedelta(days=1)) == 0
        assert await desk.service.imported_lists.clean(now + timedelta(days=1)) == 1
        assert await desk.count("imported_part") == 0
