-- Who pays for a job is found in one place: for its reading, and for what is asked once it has its answer.

CREATE FUNCTION job_payer(job_endpoint smallint, job_id uuid) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT subscriber
    FROM job_subscriber
    JOIN api_key AS key ON key.endpoint = job_endpoint AND key.name = subscriber
    LEFT JOIN api_key_day AS counted ON counted.endpoint = key.endpoint AND counted.key_number = key.number
        AND counted.day = (clock_timestamp() AT TIME ZONE 'UTC')::date
    WHERE job = job_id
    ORDER BY coalesce(
        counted.points >= key.points_per_day OR counted.github_seconds >= key.github_seconds_per_day, false),
        asked_at, subscriber
    LIMIT 1
$$;
COMMENT ON FUNCTION job_payer IS 'The key that has wanted a job longest, of those who have something left of their day.';

CREATE OR REPLACE FUNCTION charge_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    points float8 := coalesce((NEW.progress->>'points')::float8, 0);
    seconds float8 := coalesce((NEW.progress->>'github_seconds')::float8, 0);
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
        PERFORM charge_key(
            NEW.endpoint, job_payer(NEW.endpoint, NEW.id), 0,
            points - NEW.charged_points, seconds - NEW.charged_github_seconds);
        NEW.charged_points := points;
        NEW.charged_github_seconds := seconds;
    END IF;
    RETURN NEW;
END
$$;
