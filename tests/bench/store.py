"""Measure the store: `python -m tests.bench.store [--quick]`.

The whole benchmark writes `docs/reference/benchmarks-store.md`; `--quick`
measures a small world in half a minute and prints its page.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tests.bench.store_client import ENDPOINT_URL, PAGES
from tests.bench.store_world import FULL, QUICK, Recipe, fill, server, sizes, star_lists

from stargazer.store.database import Database

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks-store.md"
RUNS = 3

Found = dict[str, Any]


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def measured(way: str, url: str, users: int | str, of: int, *, runs: int = RUNS) -> Found:
    """Run one way in processes of its own; the median by seconds, and the largest peak."""
    command = [sys.executable, "-m", "tests.bench.store_client", way, url, str(users), str(of)]
    found = []
    for _ in range(runs):
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        found.append(json.loads(done.stdout))
    found.sort(key=lambda one: one.get("seconds", 0))
    say(f"{way} {users}: {found[runs // 2]}")
    middle: Found = found[runs // 2]
    return middle | {"peak_mb": max(one["peak_mb"] for one in found)}


def write_duckdb(path: Path, recipe: Recipe) -> None:
    """Write the same stars as rows into a file of duckdb."""
    engine = importlib.import_module("duckdb")
    with engine.connect(str(path)) as connection:
        connection.execute("CREATE TABLE star (user_number INTEGER, repository INTEGER)")
        lists = list(star_lists(recipe))
        users = np.repeat(np.arange(len(lists), dtype=np.int32), [len(each) for each in lists])
        connection.register("drawn", {"user_number": users, "repository": np.concatenate(lists)})
        connection.execute("INSERT INTO star SELECT user_number, repository FROM drawn")


def beside(recipe: Recipe) -> dict[int, Found] | None:
    """Measure duckdb, if it is installed."""
    if importlib.util.find_spec("duckdb") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stars.duckdb"
        write_duckdb(path, recipe)
        return {
            users: measured("duckdb", str(path), users, recipe.users)
            for users in (recipe.users, recipe.users // 10)
        }


async def filled(url: str, recipe: Recipe) -> tuple[int, float]:
    """Fill the store; returns the number of stars and the seconds."""
    began = time.perf_counter()
    async with Database.open(url, ENDPOINT_URL) as database:
        return await fill(database, recipe), time.perf_counter() - began


async def sized(url: str) -> dict[str, int]:
    """Measure what lies on disk."""
    async with Database.open(url, ENDPOINT_URL) as database:
        return await sizes(database)


def measure(recipe: Recipe) -> Found:
    """Measure everything."""
    with server() as url:
        say("filling the store")
        stars, seconds = asyncio.run(filled(url, recipe))
        say(f"{stars:,} stars in {seconds:.0f} s")
        found: Found = {"stars": stars, "users": recipe.users, "repositories": recipe.repositories}
        for users in (recipe.users, recipe.users // 10):
            found[f"first {users}"] = measured("first", url, users, recipe.users)
            found[f"all {users}"] = measured("all", url, users, recipe.users)
            found[f"make {users}"] = measured("make", url, users, recipe.users, runs=1)
            pages = measured("pages", url, found[f"make {users}"]["answer"], 0, runs=1)
            found[f"pages {users}"] = pages["pages"]
            found.setdefault("sizes", asyncio.run(sized(url)))
        found["duckdb"] = beside(recipe)
        found["load"] = os.getloadavg()[1]
    return found


def cells(one: Found) -> str:
    """Write what one way of counting took."""
    cpu = f"{one['cpu']:.2f}" if "cpu" in one else ""
    return f"{one['seconds']:.2f} | {cpu} | {one['peak_mb']:.0f} MB |"


def counting_rows(found: Found) -> list[str]:
    """Write the table of counting."""
    rows = [
        "| stargazers | stars | neighbours | what | seconds | of computing | peak of client memory |",
        "|--:|--:|--:|---|--:|--:|--:|",
    ]
    titles = {
        "first": "counted, and the first 1,000 in their order",
        "all": "counted, and all in their order, names included",
        "make": "made: the same, who shares each, and everything written",
    }
    for users in (found["users"], found["users"] // 10):
        counted = found[f"first {users}"]
        of = f"| {users:,} | {counted['stars']:,} | {counted['neighbours']:,} |"
        for way, title in titles.items():
            one = found[f"{way} {users}"]
            rows.append(f"{of} {title} | {cells(one)}")
        if found["duckdb"] is not None:
            one = found["duckdb"][users]
            title = "duckdb: counted, ordered by count, no names"
            rows.append(f"{of} {title} | {cells(one)}")
    return rows


def page_rows(found: Found) -> list[str]:
    """Write the table of pages."""
    many, few = found["users"], found["users"] // 10
    rows = [
        f"| a page of | {many:,} stargazers | first time | {few:,} stargazers | first time |",
        "|---|--:|--:|--:|--:|",
    ]
    for title in PAGES:
        of = [found[f"pages {users}"][title] for users in (many, few)]
        times = " | ".join(f"{one['median']:.1f} ms | {one['first']:.1f} ms" for one in of)
        rows.append(f"| {title} | {times} |")
    return rows


def disk_rows(found: Found) -> list[str]:
    """Write the table of bytes on disk."""
    rows = ["| on disk | MB | bytes a star |", "|---|--:|--:|"]
    lists = {
        "star lists with times": found["sizes"]["star_list"],
        "star lists without times": found["sizes"]["without_times"],
        f"one answer of {found['users']:,} stargazers": found["sizes"]["answer_part"],
    }
    if found["duckdb"] is not None:
        lists["duckdb, rows without times"] = found["duckdb"][found["users"]]["bytes"]
    for title, size in lists.items():
        rows.append(f"| {title} | {size / 1e6:,.0f} | {size / found['stars']:.2f} |")
    return rows


def report(found: Found) -> str:
    """Write the page."""
    before = found[f"first {found['users']}"]["before_mb"]
    duckdb = "" if found["duckdb"] else "\nduckdb was not installed, and is not in this run.\n"
    return f"""# Benchmark of the store

Written by `python -m tests.bench.store`: {found["users"]:,} synthetic users with {found["stars"]:,} stars
of {found["repositories"]:,} repositories, half of each list by Zipf's law, in a PostgreSQL as it comes
(128 MB of shared buffers). {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.
Each way runs in a process of its own; seconds are medians of {RUNS} (one for *made*), with the server
warm. {before:.0f} MB of the memory are the interpreter and its libraries. On average
{found["load"]:.1f} processes wanted the cores meanwhile; *of computing* is what client and server
together used of them, whoever else did.
{duckdb}
## Counting

{chr(10).join(counting_rows(found))}

*The first 1,000 in their order* is what a person is shown at once: all neighbours are counted, and the
names of those that tie are compared. *All in their order* has PostgreSQL sort every name. duckdb reads
rows from a file of its own.

## Pages of a stored answer

{chr(10).join(page_rows(found))}

Medians of twenty in one process; *first time* is with nothing remembered of the answer. By another score,
the first time sorts all neighbours.

## Disk

{chr(10).join(disk_rows(found))}
"""


def main() -> None:
    """Measure, and write the page or print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small world, printed")
    quick = parser.parse_args().quick
    text = report(measure(QUICK if quick else FULL))
    if quick:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
        say(f"wrote {PAGE.name}")


if __name__ == "__main__":
    main()
