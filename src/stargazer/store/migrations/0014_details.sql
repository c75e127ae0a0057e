-- What repositories are about (docs/reference/queries.md).

CREATE TABLE repository_details (
    endpoint smallint NOT NULL,
    repository_number int NOT NULL,
    description text,
    language text,
    is_archived boolean,
    is_fork boolean,
    fetched_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, repository_number),
    FOREIGN KEY (endpoint, repository_number) REFERENCES repository (endpoint, number) ON DELETE CASCADE,
    CHECK ((is_archived IS NULL) = (is_fork IS NULL)),
    CHECK (is_archived IS NOT NULL OR (description IS NULL AND language IS NULL))
);
COMMENT ON TABLE repository_details IS 'What GitHub said of a repository beyond its name and its stars; no row: nobody asked yet.';
COMMENT ON COLUMN repository_details.endpoint IS 'The endpoint that was asked.';
COMMENT ON COLUMN repository_details.repository_number IS 'Which repository.';
COMMENT ON COLUMN repository_details.description IS 'In the words of its owner; null when there is none.';
COMMENT ON COLUMN repository_details.language IS 'The language most of it is written in; null when GitHub names none.';
COMMENT ON COLUMN repository_details.is_archived IS 'Whether it is read-only; null when GitHub showed no such public repository.';
COMMENT ON COLUMN repository_details.is_fork IS 'Whether it is a fork; null when GitHub showed no such public repository.';
COMMENT ON COLUMN repository_details.fetched_at IS 'When GitHub was asked.';

-- Whose a repository is: neighbours are looked up by their owner.
CREATE INDEX repository_owner ON repository (endpoint, lower(split_part(name, '/', 1)));
