"""What the store is measured on: a server of its own, and a hundred thousand star lists in it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.store.database import Database

SEED = 0

_REPOSITORIES = """
INSERT INTO repository (endpoint, number, database_id, name, stars, seen_at)
SELECT $1, number, number + 1000,
       substr(md5((number / 4)::text), 1, 9) || '/' || substr(md5(number::text), 1, 12),
       1 + (3e6 / (number + 5))::int, now()
FROM generate_series(0, $2 - 1) AS number
"""

_USERS = """
INSERT INTO github_user (endpoint, number, node_id, login, seen_at)
SELECT $1, number, 'U_' || number, substr(md5(number::text), 1, 10), now()
FROM generate_series(0, $2 - 1) AS number
"""

_COLUMNS = (
    "endpoint",
    "user_number",
    "fetched_at",
    "read_at",
    "total_count",
    "unseen",
    "ending",
    "starred_at",
    "repositories",
)


class Recipe(msgspec.Struct, frozen=True):
    """How large the world is. The lengths of lists are lognormal: a few are very long."""

    users: int = 100_000
    stars: int = 30_000_000
    repositories: int = 5_000_000


FULL = Recipe()
QUICK = Recipe(users=5_000, stars=1_500_000, repositories=400_000)


@contextmanager
def server() -> Iterator[str]:
    """Run PostgreSQL as it comes, in a folder that goes when it ends; yields its URL."""
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    prepare: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "--auth=trust",
        "--username=postgres",
        "--locale=C.UTF-8",
    ]
    subprocess.run(  # noqa: S603
        prepare, user=user, check=True, capture_output=True, cwd=folder
    )
    command: list[str | Path] = [binaries / "postgres", "-D", data, "-h", "", "-k", folder]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(  # noqa: S603
            command, user=user, stdout=log, stderr=log, cwd=folder
        )
    try:
        ready: list[str | Path] = [binaries / "pg_isready", "-q", "-h", folder]
        while subprocess.run(ready, check=False).returncode:  # noqa: S603
            if running.poll() is not None:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.05)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        running.send_signal(2)
        running.wait()
        shutil.rmtree(folder, ignore_errors=True)


def star_lists(recipe: Recipe) -> Iterator[NDArray[np.int32]]:
    """Draw the list of each user: half of it by Zipf's law, half further down the tail."""
    rng = np.random.default_rng(1)
    weights = rng.lognormal(0, 1.3, recipe.users)
    # Some stars are drawn twice and count once: draw a few more.
    lengths = (weights / weights.sum() * recipe.stars * 1.1).astype(np.int64) + 1
    for length in lengths.tolist():
        drawn = rng.random(length)
        popular = recipe.repositories ** drawn[: length // 2]
        others = recipe.repositories * drawn[length // 2 :] ** 2
        starred = np.unique(np.concatenate([popular, others, [SEED]]).astype(np.int32))
        yield np.minimum(starred, recipe.repositories - 1)


async def fill(database: Database, recipe: Recipe) -> int:
    """Write the world into the store; returns how many stars it has."""
    endpoint = database.endpoint
    rng = np.random.default_rng(2)
    stars = 0

    def records() -> Iterator[tuple[object, ...]]:
        nonlocal stars
        for user, starred in enumerate(star_lists(recipe)):
            stars += len(starred)
            times = rng.integers(1_400_000_000, 1_795_000_000, len(starred)).astype("<i4")
            row = (endpoint, user, now, now, len(starred), 0, "whole")
            yield (*row, times.tobytes(), starred.astype("<i4").tobytes())

    async with database.connection() as connection:
        now = await connection.fetchval("SELECT now()")
        await connection.execute(_REPOSITORIES, endpoint, recipe.repositories, timeout=600)
        await connection.execute(_USERS, endpoint, recipe.users)
        await connection.copy_records_to_table("star_list", columns=_COLUMNS, records=records(), timeout=600)
        await connection.execute("VACUUM ANALYZE", timeout=600)
        await connection.execute("CHECKPOINT", timeout=600)
    return stars


async def sizes(database: Database) -> dict[str, int]:
    """Measure the bytes on disk of the lists with and without times, and of the answers."""
    async with database.connection() as connection:
        await connection.execute(
            "CREATE TABLE without_times (LIKE star_list INCLUDING STORAGE INCLUDING DEFAULTS)"
        )
        await connection.execute(
            """
            INSERT INTO without_times
                (endpoint, user_number, fetched_at, read_at, total_count, unseen, ending, starred_at,
                 repositories)
            SELECT endpoint, user_number, fetched_at, read_at, total_count, unseen, ending, '', repositories
            FROM star_list
            """,
            timeout=600,
        )
        await connection.execute("ALTER TABLE without_times ADD PRIMARY KEY (endpoint, user_number)")
        found = {
            table: await connection.fetchval(f"SELECT pg_total_relation_size('{table}')")
            for table in ("star_list", "without_times", "answer_part", "repository")
        }
        await connection.execute("DROP TABLE without_times")
    return found
