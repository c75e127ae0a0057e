-- What the last job for a name was about, so that a repository is found by a name it had once.

CREATE INDEX job_done ON job (endpoint, lower(repository), credential_user, finished_at) WHERE state = 'done';
