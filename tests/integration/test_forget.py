"""Who was forgotten is nowhere any more, does not come back, and leaves what was counted as it was."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.integration.service_world import (
    ONE,
    TWO,
    Desk,
    Names,
    database_url,
    migrated,
    opened,
    quiet_graph,
    server_url,
    truth_of,
)
from tests.integration.test_imports import bring, write

from stargazer.errors import InvalidRequest, UserForgotten, UserNotFound
from stargazer.planner.coverage import Coverage, Kind
from stargazer.planner.page import Call, Reply
from stargazer.runner import Transport
from stargazer.sandbox import Behaviour, Graph, Stargazers, Token
from stargazer.service import Outcome
from stargazer.store.answers import StoredAnswer
from stargazer.store.forgetting import Removed, Whom, forget
from stargazer.store.forgotten import Forgotten
from stargazer.store.imported_lists import unpack_entries
from stargazer.store.jobs import Jobs
from stargazer.store.ledger_bell import Bell
from stargazer.store.packed import unpack

__all__ = ["database_url", "migrated", "server_url"]

CLOSED = Behaviour(stargazers=Stargazers.FORBIDDEN)

_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'bytea', 'ARRAY', 'bigint')
"""

_NUMBERS = (
    "SELECT user_number FROM star_list",
    "SELECT user_number FROM star_list_part",
    "SELECT users FROM stargazer_list",
    "SELECT users FROM stargazer_list_part",
    "SELECT roster FROM answer",
)
"""Where numbers of users stand: alone, or packed."""


async def traces(desk: Desk, login: str, number: int | None = None) -> list[str]:
    """Every column of the database that holds a login or an id of theirs, or their number."""
    found: list[str] = []
    async with desk.database.connection() as connection:
        for table, column, kind in await connection.fetch(_COLUMNS):
            read = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
            rows = await connection.fetch(f"SELECT {read} FROM {table}")  # noqa: S608 - names of ours
            if shows(desk, login, " ".join(str(row[0]) for row in rows), is_number=kind == "bigint"):
                found.append(f"{table}.{column}")
        parts = [row[0] for row in await connection.fetch("SELECT entries FROM imported_part")]
        if any(shows(desk, login, str(unpack_entries(part))) for part in parts):
            found.append("imported_part.entries")
        for statement in _NUMBERS:
            rows = await connection.fetch(statement)
            if any(number in (unpack(one) if isinstance(one, bytes) else (one,)) for (one,) in rows):
                found.append(statement)
    return found


def shows(desk: Desk, login: str, text: str, *, is_number: bool = False) -> bool:
    """Whether a text holds a login or the ids of its user."""
    database_id = desk.graph.user_database_id(desk.graph.user(login))
    words = [str(database_id)] if is_number else [login, desk.graph.user_id(login)]
    return re.search(rf"(?<![\w-])({'|'.join(words)})(?![\w-])", text, re.IGNORECASE) is not None


async def number_of(desk: Desk, login: str) -> int:
    [number] = (await desk.service.users.numbers([desk.graph.user_id(login)])).values()
    return number


async def removed(desk: Desk, login: str | None = None, database_id: int | None = None) -> Removed:
    return await forget(desk.database, Whom(login, database_id), desk.clock.now())


def without(truth: Names, login: str) -> Names:
    left = {name: [one for one in logins if one != login] for name, logins in truth.items()}
    return {name: logins for name, logins in left.items() if logins}


def adds_up(coverage: Coverage) -> bool:
    told = coverage.users_read + coverage.users_gone + coverage.users_failed
    return coverage.stargazers_listed == told + coverage.users_truncated + coverage.users_unread


def both(graph: Graph) -> str:
    """Somebody who starred both repositories."""
    return min(set(graph.stargazers_of(ONE)) & set(graph.stargazers_of(TWO)))


class Meanwhile:
    """A transport beside which something happens before the n-th call is sent."""

    def __init__(self, transport: Transport, calls: int, do: Callable[[], Awaitable[object]]) -> None:
        self._transport = transport
        self._left = calls
        self._do = do

    async def send(self, call: Call) -> Reply:
        self._left -= 1
        reply = await self._transport.send(call)
        if not self._left:
            await self._do()
        return reply


async def test_nothing_of_them_is_left(database_url: str) -> None:
    """Not in any table, not in an answer made before; what was counted stays as it was counted."""
    async with opened(quiet_graph(), database_url) as desk:
        login = both(desk.graph)
        one, two = (await desk.read(), await desk.read(TWO))
        before = [(answer, await desk.neighbours(answer)) for answer in (one.answer, two.answer)]
        number = await number_of(desk, login)
        assert await traces(desk, login, number)

        gone = await removed(desk, login.upper())

        assert gone == Removed(star_lists=1, stargazer_lists=2, answers=2)
        assert await traces(desk, login, number) == []
        for answer, rows in before:
            assert answer is not None
            kept = await stored_of(desk, answer)
            assert (kept.revision, kept.coverage) == (1, answer.coverage)
            for now, then in zip(await desk.neighbours(kept), rows, strict=True):
                assert now.stargazers == tuple(one for one in then.stargazers if one != login)
                assert (now.repo, now.shared, now.relevance) == (then.repo, then.shared, then.relevance)


async def test_reading_again_does_not_bring_them_back(database_url: str) -> None:
    """They count as hidden: on the stored list, on a list read anew, and on one that is refreshed."""
    async with opened(quiet_graph(), database_url) as desk:
        login = both(desk.graph)
        await desk.read()
        number = await number_of(desk, login)
        await removed(desk, login)

        truth = without(truth_of(desk.graph), login)
        for ages in ({"hours": 1.0}, {"days": 2.0}, {"days": 9.0}):
            desk.later(**ages)
            done = await desk.read()
            assert await desk.names(done.answer) == truth
            assert done.coverage.kind is Kind.EXACT
            assert (done.coverage.stargazers_listed, done.coverage.stargazers_hidden) == (59, 1)
            assert adds_up(done.coverage)
        other = await desk.read(TWO)
        assert await desk.names(other.answer) == without(truth_of(desk.graph, TWO), login)
        assert await traces(desk, login, number) == []


async def test_another_program_keeps_them_out_too(database_url: str) -> None:
    """What one has noted the next one sees, also of somebody of whom nothing was known."""
    graph = quiet_graph()
    async with opened(graph, database_url) as desk:
        login = both(graph)
        gone = await removed(desk, database_id=graph.user_database_id(graph.user(login)))
        assert gone == Removed()

        done = await desk.read()

        assert await desk.names(done.answer) == without(truth_of(graph), login)
        assert await traces(desk, login) == []


@pytest.mark.parametrize("calls", [1, 2, 3, 4])
async def test_a_run_under_way_does_not_bring_them_back(database_url: str, calls: int) -> None:
    """Whether their list has been read by then or not; and the counts of its answer add up."""
    async with opened(quiet_graph(), database_url) as desk:
        login = both(desk.graph)
        wanted = await desk.wanted()

        async def strike() -> None:
            database_id = desk.graph.user_database_id(desk.graph.user(login))
            await removed(desk, login, database_id)

        async with desk.github() as github:
            transport = Meanwhile(github, calls, strike)
            async with desk.service.reading(wanted, transport) as reading:
                done: Outcome = await reading.outcome()

        assert await desk.count("forgotten") > 0, "it ended before they were forgotten"
        assert await traces(desk, login) == []
        assert await desk.names(done.answer) == without(truth_of(desk.graph), login)
        assert (done.coverage.stargazers_listed, done.coverage.stargazers_hidden) == (59, 1)
        assert adds_up(done.coverage)
        assert done.coverage.users_unread == 0
        assert done.coverage.kind is Kind.EXACT


async def test_what_is_half_read_goes_on_without_them(database_url: str) -> None:
    """The other half of the list is read, and they count as hidden on the first."""
    graph = quiet_graph()
    async with opened(graph, database_url) as desk:
        await desk.interrupted(2, lambda reading: reading.wind_down())
        login = both(graph)
        number = await number_of(desk, login)
        await removed(desk, login)

        done = await desk.read()

        assert await desk.names(done.answer) == without(truth_of(graph), login)
        assert await traces(desk, login, number) == []


async def test_it_waits_for_whoever_writes(database_url: str) -> None:
    """A transaction that writes people ends before anybody is forgotten."""
    async with opened(quiet_graph(), database_url) as desk:
        login = both(desk.graph)
        await desk.read()
        async with desk.database.transaction() as connection:
            await Forgotten(desk.database).hold(connection)
            task = asyncio.create_task(removed(desk, login))
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'forgotten'::regclass"
            while not task.done() and not await connection.fetchval(waiting):  # noqa: ASYNC110 - of a lock
                await asyncio.sleep(0)
            assert not task.done()
        assert (await task).star_lists == 1


async def test_forgetting_again_changes_nothing(database_url: str) -> None:
    """The second time there is nothing to remove; nobody knows a login that was never kept."""
    async with opened(quiet_graph(), database_url) as desk:
        login = both(desk.graph)
        await desk.read()
        await removed(desk, login)
        noted = await desk.count("forgotten")

        assert await removed(desk, login) == Removed()
        assert await removed(desk, login, desk.graph.user_database_id(desk.graph.user(login))) == Removed()
        assert await desk.count("forgotten") == noted
        with pytest.raises(UserNotFound, match="--id") as raised:
            await removed(desk, "nobody-of-that-name")
        assert raised.value.exit_code == 6
        assert await desk.count("forgotten") == noted


async def test_the_owner_of_a_token_takes_what_is_theirs_along(database_url: str) -> None:
    """Answers and lists that their token read go, others stay, and the token opens nothing here."""
    graph = quiet_graph()
    login = both(graph)
    tokens = {login: Token(user=login), "somebody-else": Token(user="somebody-else")}
    async with opened(graph, database_url, Behaviour(tokens=tokens)) as desk:
        await desk.read(login=login)
        other = await desk.read(TWO, login="somebody-else")

        gone = await removed(desk, login)

        assert (gone.tokens, gone.own_lists, gone.own_answers) == (1, 1, 1)
        assert await traces(desk, login) == []
        named = await desk.names(other.answer)
        assert named.keys() == truth_of(desk.graph, TWO).keys()
        assert login not in {one for logins in named.values() for one in logins}
        with pytest.raises(UserForgotten):
            await desk.wanted(login=login)
        assert await traces(desk, login) == []


@pytest.mark.parametrize("calls", [1, 4])
async def test_the_owner_of_a_token_that_is_in_use(database_url: str, calls: int) -> None:
    """A reading with it fails and leaves nothing, and so does asking for another."""
    graph = quiet_graph()
    login = both(graph)
    async with opened(graph, database_url, Behaviour(tokens={login: Token(user=login)})) as desk:
        wanted = await desk.wanted(login=login)
        async with desk.github(login) as github:
            transport = Meanwhile(github, calls, lambda: removed(desk, login))
            async with desk.service.reading(wanted, transport) as reading:
                with pytest.raises(UserForgotten):
                    await reading.outcome()
        assert await desk.count("forgotten") > 0
        assert await traces(desk, login) == []
        for table in ("answer", "stargazer_list", "stargazer_list_part"):
            assert await desk.count(table) == 0
        async with Bell.open(desk.database) as bell:
            with pytest.raises(UserForgotten):
                await Jobs(desk.database, bell).ask(ONE, wanted.credential_user, "somebody")


async def test_lists_from_elsewhere_are_sifted(database_url: str, tmp_path: Path) -> None:
    """One that is kept loses them, and one that comes later is kept without them."""
    async with opened(quiet_graph(), database_url, CLOSED) as desk:
        logins = desk.graph.stargazers_of(ONE)
        login = both(desk.graph)
        rows = [f"{one}," for one in logins]
        await bring(desk, write(tmp_path, rows))
        assert await traces(desk, login) == ["imported_part.entries"]

        # Nothing but the login is known of them: it stands for them until they are known better.
        assert (await removed(desk, login)).imported_lists == 1
        assert await traces(desk, login) == []
        done = await desk.read()
        assert await desk.names(done.answer) == without(truth_of(desk.graph), login)

        report = await bring(desk, write(tmp_path, rows))
        assert (report.entries, report.warnings[-1][:12]) == (59, "1 lines name")
        assert await traces(desk, login) == []
        done = await desk.read()
        assert await desk.names(done.answer) == without(truth_of(desk.graph), login)
        assert done.answer is not None
        assert done.answer.coverage["imported"]["entries"] == 59


async def test_lists_from_elsewhere_by_node_id(database_url: str, tmp_path: Path) -> None:
    """A node id tells the number, and the login beside it may be an old one."""
    async with opened(quiet_graph(), database_url, CLOSED) as desk:
        login = both(desk.graph)
        await removed(desk, database_id=desk.graph.user_database_id(desk.graph.user(login)))
        file = tmp_path / "list.csv"
        rows = [f"{desk.graph.user_id(one)},was-{one}" for one in desk.graph.stargazers_of(ONE)]
        file.write_text("\n".join(["id,login", *rows, ""]))

        assert (await bring(desk, file)).entries == 59
        done = await desk.read()
        named = {repo: [f"was-{one}" for one in logins] for repo, logins in truth_of(desk.graph).items()}
        assert await desk.names(done.answer) == without(named, f"was-{login}")
        assert await traces(desk, login) == []


async def test_answers_do_not_name_them_as_failed(database_url: str) -> None:
    """Those whose list failed are named in an answer; how many there were stays as it was."""
    graph = quiet_graph()
    login = both(graph)
    graph.mark_heavy(login, 0)
    async with opened(graph, database_url) as desk:
        done = await desk.read()
        assert done.coverage.failed == (login,)
        number = await number_of(desk, login)

        await removed(desk, login)

        stored = await stored_of(desk, done.answer)
        assert (stored.coverage["failed"], stored.coverage["users_failed"]) == ([], 1)
        assert await traces(desk, login, number) == []


async def test_whoever_failed_is_not_named_by_a_run_under_way(database_url: str) -> None:
    """Neither in its answer nor in what it tells."""
    graph = quiet_graph()
    login = both(graph)
    graph.mark_heavy(login, 0)
    async with opened(graph, database_url) as desk:
        wanted = await desk.wanted()
        async with desk.github() as github, desk.service.reading(wanted, github) as reading:
            await reading.read()
            assert reading.plan.coverage.failed == (login,)
            await removed(desk, login)
            done = await reading.count(None)

        assert (done.coverage.failed, done.coverage.users_failed) == ((), 1)
        assert (await stored_of(desk, done.answer)).coverage["failed"] == []
        assert await traces(desk, login) == []


async def test_a_login_that_somebody_else_bore_before(database_url: str) -> None:
    """Whoever was seen with it last is meant; the other goes by their node id until they are seen again."""
    graph = quiet_graph()
    async with opened(graph, database_url) as desk:
        login, other, third = sorted(graph.stargazers_of(ONE))[:3]
        await desk.read()
        async with desk.database.transaction() as connection:
            rename = (
                "UPDATE github_user SET login = $1, seen_at = seen_at - interval '1 day' WHERE login = $2"
            )
            await connection.execute(rename, login, other)

        await removed(desk, login)

        assert await traces(desk, login) == []
        [user] = (await desk.service.users.who([await number_of(desk, other)])).values()
        assert user.login == graph.user_id(other)
        with pytest.raises(InvalidRequest, match="a login that nobody but 7 bears"):
            await removed(desk, third, 7)


async def stored_of(desk: Desk, answer: StoredAnswer | None) -> StoredAnswer:
    assert answer is not None
    found = await desk.service.answers.find(answer.id, answer.credential_user)
    assert found is not None
    return found
