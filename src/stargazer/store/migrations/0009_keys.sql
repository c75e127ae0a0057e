-- API keys, what each may use, and what it has used (docs/decisions: keys and quotas).
--
-- A key is a name with rights; its secrets come and go (rotation). What it used is
-- counted by its number, which outlives them.

CREATE TABLE api_key (
    endpoint smallint NOT NULL REFERENCES endpoint,
    number int GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    email text,
    scopes text[] NOT NULL,
    requests_per_minute int CHECK (requests_per_minute > 0),
    points_per_day int CHECK (points_per_day > 0),
    github_seconds_per_day int CHECK (github_seconds_per_day > 0),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (endpoint, number),
    UNIQUE (endpoint, name)
);
COMMENT ON TABLE api_key IS 'An API key: who may ask the service, what for, and how much.';
COMMENT ON COLUMN api_key.endpoint IS 'The GitHub endpoint whose stars it may ask for.';
COMMENT ON COLUMN api_key.number IS 'Our number of the key; a rotated key keeps it.';
COMMENT ON COLUMN api_key.name IS 'What the operator calls it. A name is never given twice, since jobs know it.';
COMMENT ON COLUMN api_key.email IS 'Whom to ask about it: a note of the operator.';
COMMENT ON COLUMN api_key.scopes IS 'What it may do.';
COMMENT ON COLUMN api_key.requests_per_minute IS 'How many requests it may make in a minute; null: any number.';
COMMENT ON COLUMN api_key.points_per_day IS 'How many of GitHub''s points its jobs may spend in a day (UTC); null: any number.';
COMMENT ON COLUMN api_key.github_seconds_per_day IS 'How many seconds of GitHub''s time its jobs may take in a day (UTC); null: any number.';
COMMENT ON COLUMN api_key.created_at IS 'When it was made.';
COMMENT ON COLUMN api_key.revoked_at IS 'When it was revoked; null: it was not.';
COMMENT ON COLUMN api_key.last_used_at IS 'When it last opened anything, to the second.';

CREATE TABLE api_key_secret (
    endpoint smallint NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    key_number int NOT NULL,
    hint text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (endpoint, digest),
    FOREIGN KEY (endpoint, key_number) REFERENCES api_key ON DELETE CASCADE
);
CREATE INDEX api_key_secret_key ON api_key_secret (endpoint, key_number);
COMMENT ON TABLE api_key_secret IS 'What opens the service in the name of a key. After a rotation a key has two for a while.';
COMMENT ON COLUMN api_key_secret.endpoint IS 'The endpoint of the key.';
COMMENT ON COLUMN api_key_secret.digest IS 'The SHA-256 of the key''s text, which is random; the text itself is nowhere.';
COMMENT ON COLUMN api_key_secret.key_number IS 'The key.';
COMMENT ON COLUMN api_key_secret.hint IS 'How its text begins, so that people can tell which it is.';
COMMENT ON COLUMN api_key_secret.created_at IS 'When it was made.';
COMMENT ON COLUMN api_key_secret.expires_at IS 'From when it opens nothing; null: never.';

CREATE TABLE api_quota (
    endpoint smallint NOT NULL,
    key_number int NOT NULL,
    minute bigint NOT NULL,
    taken bigint NOT NULL,
    PRIMARY KEY (endpoint, key_number),
    FOREIGN KEY (endpoint, key_number) REFERENCES api_key ON DELETE CASCADE
) WITH (fillfactor = 50);
COMMENT ON TABLE api_quota IS 'The requests of the present minute that servers have taken for a key, a block at a time.';
COMMENT ON COLUMN api_quota.endpoint IS 'The endpoint of the key.';
COMMENT ON COLUMN api_quota.key_number IS 'The key.';
COMMENT ON COLUMN api_quota.minute IS 'Which minute it is, counted since 1970 (UTC).';
COMMENT ON COLUMN api_quota.taken IS 'How many were asked for in that minute; what is above the quota was not given.';

CREATE TABLE api_key_day (
    endpoint smallint NOT NULL,
    key_number int NOT NULL,
    day date NOT NULL,
    requests bigint NOT NULL DEFAULT 0,
    not_modified bigint NOT NULL DEFAULT 0,
    jobs bigint NOT NULL DEFAULT 0,
    points double precision NOT NULL DEFAULT 0,
    github_seconds double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (endpoint, key_number, day),
    FOREIGN KEY (endpoint, key_number) REFERENCES api_key ON DELETE CASCADE
) WITH (fillfactor = 50);
COMMENT ON TABLE api_key_day IS 'What a key used on one day.';
COMMENT ON COLUMN api_key_day.endpoint IS 'The endpoint of the key.';
COMMENT ON COLUMN api_key_day.key_number IS 'The key.';
COMMENT ON COLUMN api_key_day.day IS 'The day, in UTC.';
COMMENT ON COLUMN api_key_day.requests IS 'Requests that were let in.';
COMMENT ON COLUMN api_key_day.not_modified IS 'Those of them that were answered with 304.';
COMMENT ON COLUMN api_key_day.jobs IS 'Jobs it asked for, those included that were under way.';
COMMENT ON COLUMN api_key_day.points IS 'GitHub''s points that were spent for it.';
COMMENT ON COLUMN api_key_day.github_seconds IS 'Seconds of GitHub''s time that were taken for it.';

-- What a job costs is charged as it is spent, to whoever has wanted it longest. That
-- stands here and not in a program: a job has many ends (done, failed, cancelled, its
-- worker killed), and none of them may be one without the charge.

ALTER TABLE job_subscriber ADD COLUMN asked_at timestamptz NOT NULL DEFAULT clock_timestamp();
COMMENT ON COLUMN job_subscriber.asked_at IS 'When it was asked for: who has wanted it longest pays.';

ALTER TABLE job
    ADD COLUMN charged_points double precision NOT NULL DEFAULT 0,
    ADD COLUMN charged_github_seconds double precision NOT NULL DEFAULT 0;
COMMENT ON COLUMN job.charged_points IS 'How many points of the present reading have been charged to a key.';
COMMENT ON COLUMN job.charged_github_seconds IS 'How many seconds of it, likewise.';

CREATE FUNCTION charge_key(key_endpoint smallint, key_name text, new_jobs int, new_points float8, new_seconds float8)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO api_key_day AS known (endpoint, key_number, day, jobs, points, github_seconds)
    SELECT endpoint, number, (clock_timestamp() AT TIME ZONE 'UTC')::date, new_jobs, new_points, new_seconds
    FROM api_key WHERE endpoint = key_endpoint AND name = key_name
    ON CONFLICT (endpoint, key_number, day) DO UPDATE SET
        jobs = known.jobs + excluded.jobs,
        points = known.points + excluded.points,
        github_seconds = known.github_seconds + excluded.github_seconds
$$;

CREATE FUNCTION charge_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    points float8 := coalesce((NEW.progress->>'points')::float8, 0);
    seconds float8 := coalesce((NEW.progress->>'github_seconds')::float8, 0);
    payer text;
BEGIN
    -- Whoever takes a job begins to count anew, and so does a second reading of it.
    IF NEW.lease IS NOT NULL AND NEW.lease IS DISTINCT FROM OLD.lease THEN
        NEW.charged_points := 0;
        NEW.charged_github_seconds := 0;
    END IF;
    IF NEW.progress IS NULL OR NEW.progress IS NOT DISTINCT FROM OLD.progress THEN
        RETURN NEW;
    END IF;
    IF points < NEW.charged_points OR seconds < NEW.charged_github_seconds THEN
        NEW.charged_points := 0;
        NEW.charged_github_seconds := 0;
    END IF;
    IF points > NEW.charged_points OR seconds > NEW.charged_github_seconds THEN
        SELECT subscriber INTO payer
        FROM job_subscriber JOIN api_key ON api_key.endpoint = NEW.endpoint AND api_key.name = subscriber
        WHERE job = NEW.id ORDER BY asked_at, subscriber LIMIT 1;
        PERFORM charge_key(
            NEW.endpoint, payer, 0, points - NEW.charged_points, seconds - NEW.charged_github_seconds);
        NEW.charged_points := points;
        NEW.charged_github_seconds := seconds;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER job_charged BEFORE UPDATE OF progress, lease ON job
    FOR EACH ROW EXECUTE FUNCTION charge_job();

CREATE FUNCTION count_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM charge_key((SELECT endpoint FROM job WHERE id = NEW.job), NEW.subscriber, 1, 0, 0);
    RETURN NULL;
END
$$;
CREATE TRIGGER job_counted AFTER INSERT ON job_subscriber
    FOR EACH ROW EXECUTE FUNCTION count_job();
