-- Answers: immutable, each whole in itself, each the property of the GitHub user
-- whose credential read it. Why they look so: docs/explanation/answers.md.
--
-- No foreign keys but from part to answer: an answer is made inside one snapshot, and
-- PostgreSQL refuses to check a key there against a row that was updated meanwhile.

CREATE TABLE answer (
    id uuid PRIMARY KEY,
    endpoint smallint NOT NULL,
    repository_number int NOT NULL,
    credential_user int NOT NULL,
    made_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('exact', 'partial', 'estimate')),
    complete boolean NOT NULL,
    coverage jsonb NOT NULL,
    stargazers int NOT NULL,
    not_whole int,
    neighbours int NOT NULL,
    stars bigint NOT NULL,
    format smallint NOT NULL DEFAULT 1,
    roster bytea NOT NULL
);
ALTER TABLE answer ALTER COLUMN roster SET STORAGE EXTERNAL;
CREATE INDEX answer_latest ON answer (endpoint, repository_number, credential_user, made_at DESC, id DESC);
COMMENT ON TABLE answer IS 'The neighbours of a repository as they were counted at one moment. It never changes.';
COMMENT ON COLUMN answer.id IS 'The id that pins pages to this answer.';
COMMENT ON COLUMN answer.endpoint IS 'The endpoint of the repository.';
COMMENT ON COLUMN answer.repository_number IS 'Whose neighbours they are.';
COMMENT ON COLUMN answer.credential_user IS 'The user whose credential read it: nobody else may see it.';
COMMENT ON COLUMN answer.made_at IS 'When it was made.';
COMMENT ON COLUMN answer.kind IS 'exact, partial or estimate.';
COMMENT ON COLUMN answer.complete IS 'Whether everything that was asked for was done.';
COMMENT ON COLUMN answer.coverage IS 'How it was come by, as it is published.';
COMMENT ON COLUMN answer.stargazers IS 'How many starred the repository, as the scores take it.';
COMMENT ON COLUMN answer.not_whole IS 'How many users may share more than is known; null when nobody does.';
COMMENT ON COLUMN answer.neighbours IS 'How many neighbours it has.';
COMMENT ON COLUMN answer.stars IS 'How many stars its neighbours share with the repository, all together.';
COMMENT ON COLUMN answer.format IS 'How the arrays are written: 1 is as described here.';
COMMENT ON COLUMN answer.roster IS 'The numbers of the counted users as little-endian int32, in the order of their logins. Elsewhere in the answer a stargazer is a place in this list.';

CREATE TABLE answer_part (
    answer uuid NOT NULL REFERENCES answer ON DELETE CASCADE,
    first_place int NOT NULL,
    lowest int NOT NULL,
    repositories bytea NOT NULL,
    shared bytea NOT NULL,
    stars bytea NOT NULL,
    stargazers bytea NOT NULL,
    PRIMARY KEY (answer, first_place),
    CHECK (length(shared) = length(repositories) AND length(stars) = length(repositories))
);
ALTER TABLE answer_part
    ALTER COLUMN repositories SET STORAGE EXTERNAL,
    ALTER COLUMN shared SET STORAGE EXTERNAL,
    ALTER COLUMN stars SET STORAGE EXTERNAL,
    ALTER COLUMN stargazers SET STORAGE EXTERNAL;
COMMENT ON TABLE answer_part IS 'Some of the neighbours of an answer, in its default order.';
COMMENT ON COLUMN answer_part.answer IS 'The answer.';
COMMENT ON COLUMN answer_part.first_place IS 'The place of the first of them in the order, from 0.';
COMMENT ON COLUMN answer_part.lowest IS 'How many stargazers share the last of them.';
COMMENT ON COLUMN answer_part.repositories IS 'Their numbers as little-endian int32.';
COMMENT ON COLUMN answer_part.shared IS 'How many stargazers share each, likewise.';
COMMENT ON COLUMN answer_part.stars IS 'How many stars each had by GitHub''s count when the answer was made, likewise.';
COMMENT ON COLUMN answer_part.stargazers IS 'Who shares the first, ascending, then the second, and so on: places in the roster, as uint16 where it has at most 65,536 users, else int32.';
