"""Measure answers from the stored lists alone: `python -m tests.bench.inverted [--quick]`.

The whole benchmark writes `docs/reference/benchmarks-inverted.md`; `--quick`
measures the small store alone and prints its page.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
from tests.bench.store_client import ENDPOINT_URL, asked
from tests.bench.store_world import FULL, QUICK, SEED, Recipe, fill, server

from stargazer.runner import SystemClock
from stargazer.store import counting
from stargazer.store.among import AmongLists
from stargazer.store.answers_pages import AnswerPages
from stargazer.store.database import Database
from stargazer.store.packed import pack

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks-inverted.md"
RUNS = 5
SHARES = (0.001, 0.01, 0.1, 0.25)
LISTS_OF = 12

_OWNER = "INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, 'U_1', 'ada') RETURNING id"
_LIST = """
INSERT INTO stargazer_list (endpoint, repository_number, credential_user, source, fetched_at, read_at,
    total_count, hidden, ending, starred_at, users)
VALUES ($1, $2, $3, 'github', now(), now(), 0, 0, 'whole', $4, $4)
"""


class Row(msgspec.Struct):
    """What one question took, in milliseconds."""

    lists: int
    stargazers: int
    neighbours: int
    counts_ms: float
    names_ms: float
    next_ms: float
    relevance_ms: float


async def own(database: Database, recipe: Recipe) -> int:
    """Let a GitHub user have lists of stargazers that hold everybody."""
    everybody = np.array(asked(recipe.users, recipe.users), dtype=np.int32)
    async with database.transaction() as connection:
        user: int = await connection.fetchval(_OWNER, database.endpoint)
        for number, people in enumerate(np.array_split(everybody, LISTS_OF)):
            await connection.execute(_LIST, database.endpoint, number, user, pack(people))
    return user


async def names(database: Database, recipe: Recipe) -> list[str]:
    """Find for each share the repository that about so many of the people starred."""
    async with database.transaction(isolation="repeatable_read") as connection:
        roster = await counting.call_roster(connection, database.endpoint, range(recipe.users))
        shared = (await counting.count(connection, database.endpoint, roster, seed=SEED)).shared()
        nearest = [int(np.argmin(np.abs(shared - share * recipe.users))) for share in SHARES]
        found = "SELECT name FROM repository WHERE endpoint = $1 AND number = $2"
        return [await connection.fetchval(found, database.endpoint, number) for number in nearest]


async def ask(database: Database, name: str, user: int) -> Row:
    """Ask once: counts alone, then with names, and for further pages of the same answer."""
    among, pages = AmongLists(database, SystemClock()), AnswerPages(database)
    marks = [time.perf_counter()]

    async def first(*, is_named: bool) -> Row:
        found = await among.answer(name, [user], is_named=is_named)
        if found.answer is None:
            raise LookupError(name)
        await pages.page(found.answer, names=20)
        marks.append(time.perf_counter())
        if is_named:
            for more in ({"offset": 100}, {"sort": "relevance"}):
                await pages.page(found.answer, names=20, **more)
                marks.append(time.perf_counter())
        coverage = found.coverage
        return Row(coverage.lists, coverage.stargazers_listed, found.answer.neighbours, 0, 0, 0, 0)

    await first(is_named=False)
    row = await first(is_named=True)
    row.counts_ms, row.names_ms, row.next_ms, row.relevance_ms = (np.diff(marks) * 1000).tolist()
    return row


async def measured(url: str, recipe: Recipe) -> list[Row]:
    """Fill a store and ask it: the medians of some runs."""
    async with Database.open(url, ENDPOINT_URL) as database:
        await fill(database, recipe)
        user, rows = await own(database, recipe), []
        for name in await names(database, recipe):
            runs = [await ask(database, name, user) for _ in range(RUNS + 1)][1:]
            row = runs[0]
            for part in ("counts_ms", "names_ms", "next_ms", "relevance_ms"):
                setattr(row, part, statistics.median(getattr(run, part) for run in runs))
            print(row, file=sys.stderr, flush=True)
            rows.append(row)
    return rows


def table(recipe: Recipe, rows: list[Row]) -> str:
    """Write what was found of one store."""
    lines = [
        f"## {recipe.users:,} lists",
        "",
        f"{recipe.stars:,} stars of {recipe.repositories:,} repositories.",
        "",
        "| starred it | neighbours | counts alone | with names | next page | by relevance |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        times = (row.counts_ms, row.names_ms, row.next_ms, row.relevance_ms)
        cells = [f"{row.stargazers:,}", f"{row.neighbours:,}", *(f"{one:,.0f} ms" for one in times)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def measure(recipes: tuple[Recipe, ...]) -> str:
    """Measure everything, and write the page."""
    tables = []
    for recipe in recipes:
        with server() as url:
            tables.append(table(recipe, asyncio.run(measured(url, recipe))))
    return f"""# Benchmark of answers from the store

Written by `make bench-inverted`: `neighbours --from store`, and `?from=store` over HTTP before its bytes are
written, in a PostgreSQL as it comes (128 MB of shared buffers), on synthetic lists. {os.cpu_count()} cores,
{platform.machine()}, Python {platform.python_version()}; on average {os.getloadavg()[1]:.1f} processes wanted
them meanwhile. Medians of {RUNS}, the server warm.

*Counts alone* and *with names* is a question from its beginning until the first 100 neighbours are there, in
the second with 20 names each. *Next page* and *by relevance* are further pages of the same answer, which a
service holds for ten minutes.

{chr(10).join([chr(10).join([one, ""]) for one in tables])}
Most of it is searching: all names for the repository's, all lists for its number; neither has an index
([why](../decisions/0017-the-store-asked-the-other-way-round.md)). Then the lists of those who starred it are
read and counted, which makes the popular ones take longer. What is not shown is not put in order.
"""


def main() -> None:
    """Measure, and write the page or print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the small store alone, printed")
    quick = parser.parse_args().quick
    text = measure((QUICK,) if quick else (QUICK, FULL))
    if quick:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
