"""The hot statements find their rows by an index, however large the tables are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.integration.store.pages import NOW

from stargazer.store import repositories, star_list_rows, star_lists, stargazer_lists, users
from stargazer.store.database import Connection, Database

ROWS = 20_000

FILL = f"""
INSERT INTO repository SELECT $1, n, 1000 + n, 'owner/name' || n, n % 100, now()
FROM generate_series(0, {ROWS}) n;
INSERT INTO github_user SELECT $1, n, 'U_' || n, n, 'user' || n, now()
FROM generate_series(0, {ROWS}) n;
INSERT INTO star_list SELECT $1, n, now(), now(), 1, 0, 1, 'whole', '\\x00000000', '\\x00000000'
FROM generate_series(0, {ROWS}) n;
INSERT INTO star_list_part SELECT $1, n, 'ASC', now(), 'c', 2, 2, 0, '\\x00000000', '\\x00000000'
FROM generate_series(0, {ROWS}) n
"""  # noqa: S608

FEW = list(range(100, 250))
NODES = [f"U_{number}" for number in FEW]
IDS = [1000 + number for number in FEW]
NAMES = [f"other/name{number}" for number in FEW]
EMPTY = [b""] * len(FEW)


@pytest.fixture
async def filled(database: Database) -> AsyncIterator[Connection]:
    """A database with many rows, in a transaction that is undone."""
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        for statement in FILL.split(";"):
            await connection.execute(statement, database.endpoint)
        for table in ("repository", "github_user", "star_list", "star_list_part"):
            await connection.execute(f"ANALYZE {table}")
        yield connection
        await transaction.rollback()


PARTS = (FEW, ["ASC"] * len(FEW), [NOW] * len(FEW), NAMES, FEW, FEW, FEW, EMPTY, EMPTY)

HOT: dict[str, tuple[str, Sequence[object]]] = {
    "find repositories": (repositories._FIND, (IDS, NAMES, FEW)),
    "correct repositories": (repositories._CORRECT, (FEW, NAMES, FEW, NOW)),
    "database ids": (repositories._DATABASE_IDS, (FEW,)),
    "a repository by id": (repositories._NUMBER, (1000,)),
    "a repository by name": (repositories._FIND_NAME, ("owner/name7",)),
    "find users": (users._FIND, (NODES,)),
    "lock users": (users._LOCK, (FEW,)),
    "who": (users._WHO, (FEW,)),
    "parts": (star_list_rows._PARTS, (FEW, FEW)),
    "append to parts": (star_list_rows._APPEND_PARTS, PARTS),
    "drop parts": (star_list_rows._DROP_PARTS, (FEW, ["ASC"] * len(FEW))),
    "done": (star_list_rows._DONE, (FEW, NOW)),
    "known": (star_lists._KNOWN, (NODES, NOW, True)),
    "stored": (star_lists._STORED, (NODES, NOW)),
    "half read": (star_lists._HALF_READ, (NODES,)),
    "lists": (star_lists._LISTS, (FEW,)),
    "a list of stargazers": (stargazer_lists._FIND, (1, 1, "github")),
}


async def test_the_guard_sees_a_whole_table_being_read(filled: Connection) -> None:
    """A statement without an index is caught."""
    plan = await filled.fetchval("EXPLAIN (FORMAT JSON) SELECT max(stars) FROM repository")

    assert _scanned(json.loads(plan)[0]["Plan"]) == ["repository"]


async def test_no_hot_statement_reads_a_whole_table(filled: Connection, database: Database) -> None:
    """Each of them asks for a reply's worth of rows and touches no more."""
    reading_all = {}
    for name, (statement, arguments) in HOT.items():
        plan = await filled.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", database.endpoint, *arguments)
        scanned = set(_scanned(json.loads(plan)[0]["Plan"]))
        if scanned:
            reading_all[name] = scanned

    assert reading_all == {}


def _scanned(node: dict[str, object]) -> Sequence[str]:
    """The tables of which a plan reads every row."""
    children = node.get("Plans", [])
    assert isinstance(children, list)
    own = [str(node["Relation Name"])] if node["Node Type"] == "Seq Scan" else []
    return own + [name for child in children for name in _scanned(child)]
