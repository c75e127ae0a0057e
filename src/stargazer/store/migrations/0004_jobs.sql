-- Work that was asked for: one row a job, which is also its place in the queue.
--
-- A worker that takes a job holds a lease on its row and renews it. When the lease
-- ends, the worker is gone and another takes the job (docs/decisions/0009-jobs.md).

CREATE TABLE job (
    id uuid PRIMARY KEY,
    endpoint smallint NOT NULL,
    repository text NOT NULL,
    credential_user int NOT NULL,
    budget jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
    attempts smallint NOT NULL DEFAULT 0,
    furthest int NOT NULL DEFAULT 0,
    lease uuid,
    lease_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    progress jsonb,
    problem jsonb,
    retry_at timestamptz,
    answer uuid,
    FOREIGN KEY (endpoint, credential_user) REFERENCES credential_user,
    CHECK ((state IN ('running', 'waiting')) = (lease IS NOT NULL AND lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK ((state = 'done') = (answer IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX job_unfinished ON job (endpoint, lower(repository), credential_user)
    WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX job_queue ON job (endpoint, created_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX job_failed ON job (endpoint, lower(repository), credential_user, retry_at) WHERE state = 'failed';
COMMENT ON TABLE job IS 'The reading of one repository with one credential, asked for by anybody.';
COMMENT ON COLUMN job.id IS 'What the job is called outside.';
COMMENT ON COLUMN job.endpoint IS 'The endpoint that is asked.';
COMMENT ON COLUMN job.repository IS 'Its owner and name, as they were asked for.';
COMMENT ON COLUMN job.credential_user IS 'Whose credential reads it, and whose budget it spends.';
COMMENT ON COLUMN job.budget IS 'What it may spend, as the planner writes it.';
COMMENT ON COLUMN job.state IS 'Where it is in its life.';
COMMENT ON COLUMN job.attempts IS 'How many workers have taken it since it last came further.';
COMMENT ON COLUMN job.furthest IS 'How far it came: users listed and read.';
COMMENT ON COLUMN job.lease IS 'The taking by which a worker has it; each taking has its own.';
COMMENT ON COLUMN job.lease_until IS 'When the worker is taken for gone.';
COMMENT ON COLUMN job.created_at IS 'When it was first asked for.';
COMMENT ON COLUMN job.started_at IS 'When a worker first took it.';
COMMENT ON COLUMN job.finished_at IS 'When it was done, failed or was cancelled.';
COMMENT ON COLUMN job.progress IS 'How far it is, as it is shown outside.';
COMMENT ON COLUMN job.problem IS 'Why it failed: code, detail, facts.';
COMMENT ON COLUMN job.retry_at IS 'Until then whoever asks again is told the problem.';
COMMENT ON COLUMN job.answer IS 'The answer it made; that may have been cleaned since.';

CREATE TABLE job_subscriber (
    job uuid NOT NULL REFERENCES job ON DELETE CASCADE,
    subscriber text NOT NULL,
    PRIMARY KEY (job, subscriber)
);
CREATE INDEX job_subscriber_subscriber ON job_subscriber (subscriber);
COMMENT ON TABLE job_subscriber IS 'Who asked for a job; when nobody is left it is cancelled.';
COMMENT ON COLUMN job_subscriber.job IS 'What was asked for.';
COMMENT ON COLUMN job_subscriber.subscriber IS 'Who asked: the name of an API key.';

CREATE TABLE chore (
    endpoint smallint NOT NULL REFERENCES endpoint,
    name text NOT NULL,
    begun_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, name)
);
COMMENT ON TABLE chore IS 'What workers do from time to time, such as cleaning.';
COMMENT ON COLUMN chore.endpoint IS 'The endpoint whose rows it is about.';
COMMENT ON COLUMN chore.name IS 'What it is called.';
COMMENT ON COLUMN chore.begun_at IS 'When a worker last took it on.';
