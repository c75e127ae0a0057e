"""One measurement in a process of its own, whose peak of memory it tells: `… WAY URL USERS OF`."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from tests.bench.store_world import SEED

from stargazer.planner.coverage import Coverage
from stargazer.store import counting
from stargazer.store.answers import ANYBODY, Answers
from stargazer.store.answers_pages import AnswerPages
from stargazer.store.database import Database

ENDPOINT_URL = "https://api.github.com/graphql"
FIRST = 1_000
MADE_AT = datetime(2026, 11, 24, tzinfo=UTC)

PAGES: dict[str, dict[str, Any]] = {
    "100 neighbours, 20 names each": {"names": 20},
    "100 neighbours, 1,000 names each": {"names": 1_000},
    "1,000 neighbours, no names": {"names": 0, "limit": 1_000},
    "100 from the middle, 20 names each": {"names": 20, "offset": 500_000},
    "100 by relevance, 20 names each": {"names": 20, "sort": "relevance"},
    "100 by relevance that share 10, 20 names each": {"names": 20, "sort": "relevance", "min_shared": 10},
}


def asked(users: int, of: int) -> list[int]:
    """Choose the stargazers: all, or so many at random."""
    return sorted(np.random.default_rng(3).choice(of, users, replace=False).tolist())


def peak_mb() -> float:
    """Tell the most memory that this process has held.

    Source: proc_pid_status(5) (read 2026-11-24). What getrusage tells begins
    with the memory of the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak) / 1024


def cpu_seconds(server: int | None = None) -> float:
    """Tell what this process and a server process have computed for."""
    if server is None:
        return time.process_time()
    fields = Path(f"/proc/{server}/stat").read_text(encoding="ascii").split()
    return time.process_time() + sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")


async def rank(database: Database, users: list[int], *, first: int | None) -> dict[str, Any]:
    """Count the lists of the users and put the neighbours in order: the first, or all."""
    async with database.connection() as connection, connection.transaction(isolation="repeatable_read"):
        server = await connection.fetchval("SELECT pg_backend_pid()")
        began, before = time.perf_counter(), cpu_seconds(server)
        roster = await counting.call_roster(connection, database.endpoint, users)
        tally = await counting.count(connection, database.endpoint, roster, seed=SEED)
        counted = time.perf_counter()
        await counting.rank(connection, database.endpoint, tally, first=first)
        seconds, cpu = time.perf_counter() - began, cpu_seconds(server) - before
    return {
        "seconds": seconds,
        "cpu": cpu,
        "counted": counted - began,
        "stars": tally.stars,
        "neighbours": len(tally.neighbours()),
    }


async def make(database: Database, users: list[int]) -> dict[str, Any]:
    """Make an answer and store it."""
    coverage = Coverage(stargazers_total=len(users), stargazers_listed=len(users))
    began = time.perf_counter()
    answer_id = await Answers(database).make(SEED, users, coverage, credential_user=1, made_at=MADE_AT)
    return {"seconds": time.perf_counter() - began, "answer": str(answer_id)}


async def pages(database: Database, answer_id: str) -> dict[str, Any]:
    """Read pages of an answer: the first time, and the median of twenty."""
    answer = await Answers(database).find(uuid.UUID(answer_id), ANYBODY)
    if answer is None:
        raise LookupError(answer_id)
    found = {}
    options: dict[str, Any]
    for title, asked_for in PAGES.items():
        reader = AnswerPages(database)
        options = {**asked_for, "offset": min(asked_for.get("offset", 0), answer.neighbours // 2)}
        times = []
        for _ in range(21):
            began = time.perf_counter()
            await reader.page(answer, **options)
            times.append((time.perf_counter() - began) * 1000)
        found[title] = {"first": times[0], "median": statistics.median(times[1:])}
    return {"pages": found}


def duckdb(path: str, users: list[int]) -> dict[str, Any]:
    """Count and rank in duckdb, on rows of its own file."""
    engine = importlib.import_module("duckdb")
    with engine.connect(path, read_only=True) as connection:
        began, before = time.perf_counter(), cpu_seconds()
        connection.register("asked", {"user_number": np.array(users, dtype=np.int32)})
        connection.execute(
            f"""
            SELECT repository, count(*) AS shared FROM star SEMI JOIN asked USING (user_number)
            WHERE repository <> {SEED} GROUP BY repository ORDER BY shared DESC
            """  # noqa: S608
        ).fetchnumpy()
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - before
        return {"seconds": seconds, "cpu": cpu, "bytes": Path(path).stat().st_size}


async def with_database(url: str, work: Callable[[Database], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Open the store, warm one connection, and work."""
    async with Database.open(url, ENDPOINT_URL) as database:
        return {"before_mb": peak_mb()} | await work(database)


def main(way: str, url: str, users: str, of: str) -> None:
    """Measure, and print what was found as one line of JSON."""
    chosen = [] if way == "pages" else asked(int(users), int(of))
    works: dict[str, Callable[[Database], Awaitable[dict[str, Any]]]] = {
        "first": lambda database: rank(database, chosen, first=FIRST),
        "all": lambda database: rank(database, chosen, first=None),
        "make": lambda database: make(database, chosen),
        "pages": lambda database: pages(database, users),
    }
    if way == "duckdb":
        found = {"before_mb": peak_mb()} | duckdb(url, chosen)
    else:
        found = asyncio.run(with_database(url, works[way]))
    print(json.dumps(found | {"peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
