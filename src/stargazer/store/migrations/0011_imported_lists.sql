-- Lists of stargazers from elsewhere: each belongs to the GitHub user in whose name it was
-- imported, as the list that GitHub shows does.

CREATE TABLE imported_list (
    endpoint smallint NOT NULL,
    repository_number int NOT NULL,
    credential_user int NOT NULL,
    source text NOT NULL,
    imported_at timestamptz NOT NULL,
    entries int NOT NULL,
    first_starred_at timestamptz,
    last_starred_at timestamptz,
    PRIMARY KEY (endpoint, repository_number, credential_user),
    FOREIGN KEY (endpoint, repository_number) REFERENCES repository,
    FOREIGN KEY (endpoint, credential_user) REFERENCES credential_user
);
COMMENT ON TABLE imported_list IS 'A list of a repository''s stargazers that came from elsewhere than GitHub.';
COMMENT ON COLUMN imported_list.endpoint IS 'The endpoint of the repository.';
COMMENT ON COLUMN imported_list.repository_number IS 'Whose stargazers they are.';
COMMENT ON COLUMN imported_list.credential_user IS 'The user in whose name it was imported: nobody else may see it.';
COMMENT ON COLUMN imported_list.source IS 'Where it came from, in the words of whoever imported it.';
COMMENT ON COLUMN imported_list.imported_at IS 'When it was imported.';
COMMENT ON COLUMN imported_list.entries IS 'How many people it names.';
COMMENT ON COLUMN imported_list.first_starred_at IS 'The oldest star in it; null: it tells no moments.';
COMMENT ON COLUMN imported_list.last_starred_at IS 'The newest star in it; null likewise.';

CREATE TABLE imported_part (
    endpoint smallint NOT NULL,
    repository_number int NOT NULL,
    credential_user int NOT NULL,
    part int NOT NULL,
    entries bytea NOT NULL,
    PRIMARY KEY (endpoint, repository_number, credential_user, part),
    FOREIGN KEY (endpoint, repository_number, credential_user) REFERENCES imported_list ON DELETE CASCADE
);
ALTER TABLE imported_part ALTER COLUMN entries SET STORAGE EXTERNAL;
COMMENT ON TABLE imported_part IS 'Some of the people whom an imported list names.';
COMMENT ON COLUMN imported_part.endpoint IS 'The endpoint of the repository.';
COMMENT ON COLUMN imported_part.repository_number IS 'The repository of the list.';
COMMENT ON COLUMN imported_part.credential_user IS 'The user of the list.';
COMMENT ON COLUMN imported_part.part IS 'Its place in the list, from 0.';
COMMENT ON COLUMN imported_part.entries IS 'Who: an array of [login, node id] in MessagePack, under zlib; null where the list does not tell.';
