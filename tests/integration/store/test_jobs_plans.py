"""The hot statements about jobs find their rows by an index, however many jobs are finished."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from stargazer.store import jobs_statements as sql
from stargazer.store.database import Connection, Database

FINISHED, FAILED, QUEUED, HELD, LOST = 20_000, 2_000, 300, 50, 5

FILL = f"""
INSERT INTO job (id, endpoint, repository, credential_user, budget, state, finished_at, answer)
SELECT gen_random_uuid(), $1, 'owner/done' || n, $2, '{{}}', 'done', now(), gen_random_uuid()
FROM generate_series(1, {FINISHED}) n;
INSERT INTO job (id, endpoint, repository, credential_user, budget, state, finished_at, problem, retry_at)
SELECT gen_random_uuid(), $1, 'owner/failed' || n, $2, '{{}}', 'failed', now(), '{{}}', now()
FROM generate_series(1, {FAILED}) n;
INSERT INTO job (id, endpoint, repository, credential_user, budget, state)
SELECT gen_random_uuid(), $1, 'owner/queued' || n, $2, '{{}}', 'queued'
FROM generate_series(1, {QUEUED}) n;
INSERT INTO job (id, endpoint, repository, credential_user, budget, state, lease, lease_until)
SELECT gen_random_uuid(), $1, 'owner/held' || n, $2, '{{}}', 'running', gen_random_uuid(),
    now() + CASE WHEN n <= {LOST} THEN interval '-1 s' ELSE interval '1 h' END
FROM generate_series(1, {HELD}) n;
INSERT INTO job_subscriber SELECT id, 'key-' || (row_number() OVER () % 200) FROM job
WHERE endpoint = $1 AND credential_user = $2
"""  # noqa: S608 - our own numbers

USER = """
INSERT INTO credential_user (endpoint, node_id, login) VALUES ($1, 'U_1', 'octocat') RETURNING id
"""


@pytest.fixture
async def filled(database: Database) -> AsyncIterator[tuple[Connection, int]]:
    """A database in which nearly all jobs are finished, and the user whose they are."""
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        user = await connection.fetchval(USER, database.endpoint)
        for statement in FILL.split(";"):
            await connection.execute(statement, database.endpoint, user)
        await connection.execute("ANALYZE job, job_subscriber")
        yield connection, user
        await transaction.rollback()


def hot(endpoint: int, user: int, some: UUID) -> dict[str, tuple[str, Sequence[object]]]:
    """The statements of those who ask and of those who work, with what they are given."""
    whose = (endpoint, "Owner/Queued7", user, "")
    moment = timedelta(seconds=10)
    return {
        "recently failed": (sql.RECENTLY_FAILED, (*whose, "{}")),
        "make": (sql.MAKE, (uuid4(), *whose, "{}", None, None)),
        "under way": (sql.UNDER_WAY, whose),
        "pending": (sql.PENDING, whose),
        "last done": (sql.LAST_DONE, whose[:3]),
        "tighten": (sql.TIGHTEN, (endpoint, some, 60, None)),
        "subscribe": (sql.SUBSCRIBE, (some, "key")),
        "withdraw": (sql.WITHDRAW, (some, "key")),
        "cancel": (sql.CANCEL_UNWANTED, (endpoint, some)),
        "find": (sql.FIND, (endpoint, some)),
        "subscribed": (sql.SUBSCRIBED, (endpoint, "key-7", 100)),
        "poisonous": (sql.FAIL_POISONOUS, (endpoint, 3, "{}")),
        "take anybody's": (sql.TAKE, (endpoint, uuid4(), moment, None)),
        "take some users'": (sql.TAKE, (endpoint, uuid4(), moment, [user])),
        "renew": (sql.RENEW, (some, uuid4(), moment)),
        "progress": (sql.PROGRESS, (some, uuid4(), moment, "running", "{}", 1)),
        "done": (sql.DONE, (some, uuid4(), uuid4())),
        "fail": (sql.FAIL, (some, uuid4(), "{}", moment)),
        "hand back": (sql.HAND_BACK, (some, uuid4())),
    }


async def test_no_hot_statement_reads_finished_jobs(
    filled: tuple[Connection, int], database: Database
) -> None:
    """Neither asking nor taking gets slower with the jobs that were ever done."""
    connection, user = filled
    some = await connection.fetchval("SELECT id FROM job WHERE state = 'queued' LIMIT 1")
    wasteful = {}
    for name, (statement, arguments) in hot(database.endpoint, user, some).items():
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
        scanned = [node["Relation Name"] for node in nodes(json.loads(plan)[0]["Plan"]) if is_scan(node)]
        if scanned:
            wasteful[name] = scanned
    assert wasteful == {}


async def test_taking_touches_only_unfinished_jobs(
    filled: tuple[Connection, int], database: Database
) -> None:
    """The first job in the queue is found without looking at one that is finished."""
    connection, user = filled
    taking = hot(database.endpoint, user, uuid4())
    for name in ("take anybody's", "take some users'", "poisonous"):
        statement, arguments = taking[name]
        plan = await connection.fetchval(
            f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", *arguments
        )
        looked_at = max(rows_seen(node) for node in nodes(json.loads(plan)[0]["Plan"]))
        assert looked_at <= QUEUED + HELD, name


def nodes(plan: dict[str, object]) -> Iterator[dict[str, object]]:
    """A plan and all that it consists of."""
    yield plan
    children = plan.get("Plans", [])
    assert isinstance(children, list)
    for child in children:
        yield from nodes(child)


def is_scan(node: dict[str, object]) -> bool:
    """Whether a step of a plan reads every row of a table of jobs."""
    return node["Node Type"] == "Seq Scan" and node["Relation Name"] in ("job", "job_subscriber")


def rows_seen(node: dict[str, object]) -> int:
    """How many rows a step of a plan looked at, those that it left out included."""
    seen = [node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter")]
    return sum(int(number) for number in seen if isinstance(number, int | float))
