"""The statements about jobs. What state may follow which is `jobs_states`' to say."""

from __future__ import annotations

from collections.abc import Iterable

from stargazer.store.jobs_states import HELD, TRANSITIONS, UNFINISHED, State

_SHOWN = """
    job.id, job.repository, job.credential_user, job.budget::text AS budget, job.state, job.attempts,
    job.created_at, job.started_at, job.finished_at, job.progress::text AS progress,
    job.problem::text AS problem, job.retry_at, job.answer,
    job.max_age_seconds, job.newer_than, job.sampling
"""


def _in(states: Iterable[State]) -> str:
    return f"IN ({', '.join(repr(state.value) for state in states)})"


def _before(state: State) -> str:
    """The states from which *state* may follow."""
    return _in(earlier for earlier, following in TRANSITIONS.items() if state in following)


# ruff: noqa: S608 - all of these are built of constants
_SAME = """
endpoint = $1 AND lower(repository) = lower($2) AND credential_user = $3 AND sampling = $4
"""
"""What is asked for: a repository, with a credential, and from which sample."""

RECENTLY_FAILED = f"""
SELECT {_SHOWN} FROM job
WHERE {_SAME} AND state = 'failed' AND retry_at > clock_timestamp()
  AND (problem->>'code' <> 'budget-too-small' OR budget = $5::text::jsonb)
  AND NOT EXISTS (
    SELECT FROM job AS newer
    WHERE newer.endpoint = $1 AND lower(newer.repository) = lower($2) AND newer.credential_user = $3
      AND newer.sampling = $4 AND newer.state {_in(UNFINISHED)})
ORDER BY retry_at DESC LIMIT 1
"""
"""The failure that is still answered. That one budget was too small says nothing about another."""

MAKE = f"""
INSERT INTO job
    (id, endpoint, repository, credential_user, sampling, budget, max_age_seconds, newer_than, state)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, 'queued')
ON CONFLICT (endpoint, lower(repository), credential_user, sampling) WHERE state {_in(UNFINISHED)} DO NOTHING
RETURNING {_SHOWN}
"""
"""Make a job, unless one is under way."""

UNDER_WAY = f"""
SELECT {_SHOWN} FROM job
WHERE {_SAME} AND state {_in(UNFINISHED)}
FOR UPDATE
"""
"""The job that is under way, which nobody cancels before we subscribe."""

TIGHTEN = f"""
UPDATE job SET max_age_seconds = least(max_age_seconds, $3), newer_than = greatest(newer_than, $4)
WHERE endpoint = $1 AND id = $2 AND state = 'queued'
RETURNING {_SHOWN}
"""
"""Have a job that no worker has read younger lists."""

SUBSCRIBE = "INSERT INTO job_subscriber (job, subscriber) VALUES ($1, $2) ON CONFLICT DO NOTHING"

LOCK = f"SELECT {_SHOWN} FROM job WHERE endpoint = $1 AND id = $2 FOR UPDATE"

WITHDRAW = "DELETE FROM job_subscriber WHERE job = $1 AND subscriber = $2"

CANCEL_UNWANTED = f"""
UPDATE job SET state = 'cancelled', finished_at = clock_timestamp(), lease = NULL, lease_until = NULL
WHERE endpoint = $1 AND id = $2 AND state {_before(State.CANCELLED)}
  AND NOT EXISTS (SELECT FROM job_subscriber WHERE job_subscriber.job = job.id)
RETURNING {_SHOWN}
"""
"""Cancel a job that nobody wants any more."""

FIND = f"SELECT {_SHOWN} FROM job WHERE endpoint = $1 AND id = $2"

PENDING = f"SELECT {_SHOWN} FROM job WHERE {_SAME} AND state {_in(UNFINISHED)}"
"""The same without a lock, for whoever only looks."""

LAST_DONE = """
SELECT answer.repository_number FROM job JOIN answer ON answer.id = job.answer
WHERE job.endpoint = $1 AND lower(job.repository) = lower($2) AND job.credential_user = $3
  AND job.state = 'done'
ORDER BY job.finished_at DESC LIMIT 1
"""
"""What the last job for a name was about: its repository may have another name today."""

SUBSCRIBED = f"""
SELECT {_SHOWN} FROM job JOIN job_subscriber ON job_subscriber.job = job.id
WHERE job.endpoint = $1 AND job_subscriber.subscriber = $2
ORDER BY job.created_at DESC, job.id LIMIT $3
"""

FAIL_POISONOUS = f"""
UPDATE job SET state = 'failed', finished_at = clock_timestamp(), lease = NULL, lease_until = NULL,
    problem = $3::text::jsonb, retry_at = clock_timestamp() + interval '1 hour'
WHERE id IN (
    SELECT id FROM job
    WHERE endpoint = $1 AND state {_in(HELD)} AND lease_until < clock_timestamp() AND attempts >= $2
    FOR UPDATE SKIP LOCKED)
RETURNING id
"""
"""End the jobs that too many workers have died of."""

TAKE = f"""
UPDATE job SET state = 'running', lease = $2, lease_until = clock_timestamp() + $3, attempts = attempts + 1,
    started_at = coalesce(started_at, clock_timestamp())
WHERE id = (
    SELECT id FROM job
    WHERE endpoint = $1 AND state {_in(UNFINISHED)}
      AND (state = 'queued' OR lease_until < clock_timestamp())
      AND ($4::int[] IS NULL OR credential_user = ANY ($4))
      AND NOT (state = 'queued' AND job_is_held(endpoint, id))
    ORDER BY created_at, id
    FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING {_SHOWN}
"""
"""Take the first job of some users that no worker has, past those that others are taking at this moment.

Those that only keys want whose day is used up wait for the next one.
"""

RENEW = "UPDATE job SET lease_until = clock_timestamp() + $3 WHERE id = $1 AND lease = $2 RETURNING id"

PROGRESS = """
UPDATE job SET lease_until = clock_timestamp() + $3, state = $4, progress = $5::text::jsonb,
    attempts = CASE WHEN $6 > furthest THEN 1 ELSE attempts END,
    furthest = greatest(furthest, $6)
WHERE id = $1 AND lease = $2 RETURNING id
"""
"""Write how far a job is. One that comes further than ever is no poison, however many workers die."""

_END = "finished_at = clock_timestamp(), lease = NULL, lease_until = NULL WHERE id = $1 AND lease = $2"

DONE = f"UPDATE job SET state = 'done', answer = $3, {_END} AND state {_before(State.DONE)} RETURNING id"

FAIL = f"""
UPDATE job SET state = 'failed', problem = $3::text::jsonb, retry_at = clock_timestamp() + $4,
{_END} AND state {_before(State.FAILED)} RETURNING id
"""

HAND_BACK = f"""
UPDATE job SET state = 'queued', attempts = greatest(attempts - 1, 0), lease = NULL, lease_until = NULL
WHERE id = $1 AND lease = $2 AND state {_before(State.QUEUED)} RETURNING id
"""

FORGIVE = """
UPDATE job SET retry_at = clock_timestamp()
WHERE endpoint = $1 AND credential_user = $2 AND state = 'failed' AND retry_at > clock_timestamp()
  AND ($3::text IS NULL OR lower(repository) = lower($3))
  AND problem->>'code' IN ('stargazers-restricted', 'star-lists-restricted', 'repository-not-found',
                           'github-credentials-refused')
"""
"""Let whoever asks again be told anew: their user has brought another token, or a list (of repository $3)."""

CLEAN = "DELETE FROM job WHERE endpoint = $1 AND finished_at < $2"

CLAIM = """
INSERT INTO chore (endpoint, name, begun_at) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (endpoint, name) DO UPDATE SET begun_at = excluded.begun_at
WHERE chore.begun_at <= excluded.begun_at - $3::interval
RETURNING name
"""
"""Take on a chore that is due."""
