"""How PostgreSQL finds what a page needs, and what a process keeps of it."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from tests.integration.store.answers_world import MADE_AT

from stargazer.store import answers, answers_slices
from stargazer.store.answers_columns import Shelf, column, place_type, read
from stargazer.store.database import Database

MANY = (
    """
    INSERT INTO answer
    SELECT gen_random_uuid(), $1::int, number % 500, 1, now(), 'exact', true, '{}', 1, NULL, 1, 1, 1, ''
    FROM generate_series(1, 2000) AS number
    """,
    """
    INSERT INTO answer_part SELECT id, place, 1, '', '', '', '' FROM answer, generate_series(0, 20) AS place
    """,
)


@pytest.fixture
async def full(database: Database) -> Database:
    """A database with thousands of answers."""
    async with database.connection() as connection:
        await connection.execute(MANY[0], database.endpoint)
        await connection.execute(MANY[1])
        await connection.execute("ANALYZE answer, answer_part")
    return database


@pytest.mark.parametrize(
    ("sql", "arguments", "index"),
    [
        (answers_slices.COLUMNS, [uuid.uuid4(), [0, 1024]], "answer_part_pkey"),
        (answers_slices.STARGAZERS, [uuid.uuid4(), [0] * 100, [1] * 100, [80] * 100], "answer_part_pkey"),
        (answers_slices.PARTS, [uuid.uuid4()], "answer_part_pkey"),
        (answers.LATEST, [1, 7, 1], "answer_latest"),
        (answers.FITTING, [1, 7, 1, MADE_AT, 604800, None, ""], "answer_latest"),
    ],
)
async def test_page_is_found_by_index(full: Database, sql: str, arguments: list[object], index: str) -> None:
    """No statement of a page walks through the answers of others."""
    async with full.connection() as connection:
        rows = await connection.fetch(f"EXPLAIN {sql}", *arguments)

    plan = "\n".join(row[0] for row in rows)
    assert index in plan
    assert "Seq Scan" not in plan


async def test_slices_are_read_without_what_lies_before(database: Database) -> None:
    """The columns lie uncompressed outside the row, where a slice is found by its place."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT attname FROM pg_attribute
            WHERE attrelid IN ('answer'::regclass, 'answer_part'::regclass) AND atttypid = 'bytea'::regtype
              AND attstorage <> 'e'
            """
        )
    assert rows == []


@pytest.mark.parametrize(("stargazers", "kept_as"), [(0, "<u2"), (1 << 16, "<u2"), ((1 << 16) + 1, "<i4")])
def test_places_are_kept_as_small_as_they_fit(stargazers: int, kept_as: str) -> None:
    """Every place of a roster is read as it was written."""
    places = np.array([0, stargazers - 1] if stargazers else [], dtype=np.int32)

    assert place_type(stargazers) == kept_as
    assert read(places.astype(kept_as).tobytes(), kept_as).tolist() == places.tolist()
    assert read(column(places)).tolist() == places.tolist()


@pytest.mark.parametrize(
    ("names", "each", "taken"), [(0, None, 1), (9, None, 2), (10, None, 3), (9, 2, 4), (0, 0, 4)]
)
def test_streams_make_few_names_at_once(names: int, each: int | None, taken: int) -> None:
    """As many neighbours are read as have together so many names, and always one."""
    shared = np.array([5, 4, 1, 1], dtype=np.int32)
    chosen = answers_slices.Chosen(shared, shared, shared.astype(np.int64), shared, shared, shared, shared)

    assert chosen.first(names=names, each=each).shared.tolist() == shared[:taken].tolist()


def test_shelf_lets_go_of_what_was_not_used() -> None:
    """No more is kept than the shelf bears; the longest unused goes first."""
    shelf = Shelf(24)
    one, other, third = (uuid.uuid4() for _ in range(3))
    array = np.zeros(3, dtype=np.int32)
    shelf.put(one, "roster", array)
    shelf.put(other, "roster", array)
    assert shelf.take(one, "roster") is array

    shelf.put(third, "roster", array)
    shelf.put(third, "roster", array)

    assert shelf.take(other, "roster") is None
    assert shelf.take(one, "roster") is array
    assert shelf.size_bytes == 24


def test_shelf_refuses_what_is_too_large() -> None:
    """What is larger than the shelf is not kept."""
    shelf = Shelf(8)
    shelf.put(uuid.uuid4(), "cosine", np.zeros(3, dtype=np.int32))
    assert shelf.size_bytes == 0
