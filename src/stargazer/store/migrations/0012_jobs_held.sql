-- A key cannot fill the queue beyond its day: its jobs wait there until the next one.

CREATE FUNCTION job_is_held(job_endpoint smallint, job_id uuid) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(bool_and(key.number IS NOT NULL AND coalesce(
        counted.points >= key.points_per_day OR counted.github_seconds >= key.github_seconds_per_day, false)), false)
    FROM job_subscriber
    LEFT JOIN api_key AS key ON key.endpoint = job_endpoint AND key.name = subscriber
    LEFT JOIN api_key_day AS counted ON counted.endpoint = key.endpoint AND counted.key_number = key.number
        AND counted.day = (clock_timestamp() AT TIME ZONE 'UTC')::date
    WHERE job = job_id
$$;
COMMENT ON FUNCTION job_is_held IS 'Whether all who want a job are keys that have used up what their jobs may cost today.';

CREATE OR REPLACE FUNCTION charge_job() RETURNS trigger LANGUAGE plpgsql AS $$
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
        -- Whoever has wanted it longest, of those who have something left of their day.
        SELECT subscriber INTO payer
        FROM job_subscriber
        JOIN api_key AS key ON key.endpoint = NEW.endpoint AND key.name = subscriber
        LEFT JOIN api_key_day AS counted ON counted.endpoint = key.endpoint AND counted.key_number = key.number
            AND counted.day = (clock_timestamp() AT TIME ZONE 'UTC')::date
        WHERE job = NEW.id
        ORDER BY coalesce(
            counted.points >= key.points_per_day OR counted.github_seconds >= key.github_seconds_per_day, false),
            asked_at, subscriber
        LIMIT 1;
        PERFORM charge_key(
            NEW.endpoint, payer, 0, points - NEW.charged_points, seconds - NEW.charged_github_seconds);
        NEW.charged_points := points;
        NEW.charged_github_seconds := seconds;
    END IF;
    RETURN NEW;
END
$$;
