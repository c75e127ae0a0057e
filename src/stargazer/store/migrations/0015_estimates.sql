-- Answers from a random sample of the stargazers, and the jobs that read them.

ALTER TABLE answer ADD COLUMN sampling text NOT NULL DEFAULT '';
COMMENT ON COLUMN answer.sampling IS 'Which sample it was asked with, as in sample=300 or until=top=20; empty: everybody was asked about.';

ALTER TABLE answer_part
    ADD COLUMN seen bytea,
    ADD COLUMN shared_low bytea,
    ADD COLUMN shared_high bytea,
    ADD CHECK (length(seen) = length(shared)),
    ADD CHECK (length(shared_low) = length(shared) AND length(shared_high) = length(shared));
ALTER TABLE answer_part
    ALTER COLUMN seen SET STORAGE EXTERNAL,
    ALTER COLUMN shared_low SET STORAGE EXTERNAL,
    ALTER COLUMN shared_high SET STORAGE EXTERNAL;
COMMENT ON COLUMN answer_part.seen IS 'In an estimate, how many stargazers were seen to share each, likewise: so many are named. Null: as many as share it.';
COMMENT ON COLUMN answer_part.shared_low IS 'In an estimate, how many share each at least, likewise.';
COMMENT ON COLUMN answer_part.shared_high IS 'In an estimate, how many share each at most, likewise.';

ALTER TABLE job ADD COLUMN sampling text NOT NULL DEFAULT '';
COMMENT ON COLUMN job.sampling IS 'Which sample is read, as an answer has it; empty: everybody.';
DROP INDEX job_unfinished;
CREATE UNIQUE INDEX job_unfinished ON job (endpoint, lower(repository), credential_user, sampling)
    WHERE state IN ('queued', 'running', 'waiting');
