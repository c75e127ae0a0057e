-- Who starred what, as GitHub told it.
--
-- Every row belongs to a GitHub endpoint. Lists are arrays of little-endian int32
-- in a bytea: a star as a row of its own takes 59 bytes and is counted 20 times
-- more slowly (docs/decisions/0008-star-lists-as-bytes.md).
--
-- The large tables have no foreign key to endpoint: its row is updated whenever
-- numbers are given, and checking the key would lock that row once a row.

CREATE TABLE endpoint (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url text NOT NULL UNIQUE,
    repositories int NOT NULL DEFAULT 0,
    users int NOT NULL DEFAULT 0
);
COMMENT ON TABLE endpoint IS 'A GitHub whose GraphQL API was read: GitHub itself, an Enterprise Server, or a sandbox.';
COMMENT ON COLUMN endpoint.id IS 'Our number of the endpoint.';
COMMENT ON COLUMN endpoint.url IS 'The address of its GraphQL API.';
COMMENT ON COLUMN endpoint.repositories IS 'How many repositories have a number: the next one gets this.';
COMMENT ON COLUMN endpoint.users IS 'How many users have a number: the next one gets this.';

CREATE TABLE repository (
    endpoint smallint NOT NULL,
    number int NOT NULL,
    database_id bigint NOT NULL,
    name text NOT NULL,
    stars int NOT NULL,
    seen_at timestamptz NOT NULL,
    asked boolean NOT NULL DEFAULT false,
    PRIMARY KEY (endpoint, number),
    UNIQUE (endpoint, database_id)
) WITH (fillfactor = 90);
-- Millions were seen, hundreds asked about: an index of all names costs a third of the writing.
CREATE INDEX repository_asked ON repository (endpoint, lower(name)) WHERE asked;
COMMENT ON TABLE repository IS 'A public GitHub repository that was on a page.';
COMMENT ON COLUMN repository.endpoint IS 'The endpoint it lives at.';
COMMENT ON COLUMN repository.number IS 'Its dense number within the endpoint: 0, 1, 2 and so on, in the order first seen.';
COMMENT ON COLUMN repository.database_id IS 'GitHub''s databaseId, which survives renames.';
COMMENT ON COLUMN repository.name IS 'Its owner and name (nameWithOwner) when it was last seen.';
COMMENT ON COLUMN repository.stars IS 'GitHub''s stargazerCount when it was last seen.';
COMMENT ON COLUMN repository.seen_at IS 'When its name or its count of stars was last seen to be new.';
COMMENT ON COLUMN repository.asked IS 'Whether its neighbours were ever asked for, so that it is found by name.';

CREATE TABLE github_user (
    endpoint smallint NOT NULL,
    number int NOT NULL,
    node_id text NOT NULL,
    database_id bigint,
    login text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, number),
    UNIQUE (endpoint, node_id)
);
CREATE INDEX github_user_login ON github_user (endpoint, lower(login));
COMMENT ON TABLE github_user IS 'A GitHub user who was on a list of stargazers.';
COMMENT ON COLUMN github_user.endpoint IS 'The endpoint the user lives at.';
COMMENT ON COLUMN github_user.number IS 'The user''s dense number within the endpoint: 0, 1, 2 and so on, in the order first seen.';
COMMENT ON COLUMN github_user.node_id IS 'GitHub''s node id, which survives renames.';
COMMENT ON COLUMN github_user.database_id IS 'GitHub''s databaseId; null while it is not known.';
COMMENT ON COLUMN github_user.login IS 'The login when the user was last seen; the node id while it is not known.';
COMMENT ON COLUMN github_user.seen_at IS 'When the login was last seen to be new.';

-- starred_at stands before repositories on purpose: when a row is too long for its
-- page, the longest column is moved out of it, and of two equally long ones the
-- first. Counting reads repositories alone, which so stay in the row longer.
CREATE TABLE star_list (
    endpoint smallint NOT NULL,
    user_number int NOT NULL,
    fetched_at timestamptz NOT NULL,
    read_at timestamptz NOT NULL,
    total_count int NOT NULL,
    unseen int NOT NULL,
    format smallint NOT NULL DEFAULT 1,
    ending text NOT NULL CHECK (ending IN ('whole', 'truncated')),
    starred_at bytea NOT NULL,
    repositories bytea NOT NULL,
    PRIMARY KEY (endpoint, user_number),
    FOREIGN KEY (endpoint, user_number) REFERENCES github_user ON DELETE CASCADE,
    CHECK (length(starred_at) = length(repositories))
);
ALTER TABLE star_list ALTER COLUMN starred_at SET STORAGE EXTERNAL;
ALTER TABLE star_list ALTER COLUMN repositories SET STORAGE EXTERNAL;
COMMENT ON TABLE star_list IS 'The star list of a user, read to its end or to where it was cut.';
COMMENT ON COLUMN star_list.endpoint IS 'The endpoint of the user.';
COMMENT ON COLUMN star_list.user_number IS 'Whose list it is.';
COMMENT ON COLUMN star_list.fetched_at IS 'When its reading began.';
COMMENT ON COLUMN star_list.read_at IS 'When its last page came; what came no later is part of it.';
COMMENT ON COLUMN star_list.total_count IS 'GitHub''s totalCount of the list.';
COMMENT ON COLUMN star_list.unseen IS 'How many stars were counted and not shown: hidden, or of private repositories.';
COMMENT ON COLUMN star_list.format IS 'How the two arrays are written: 1 is little-endian int32.';
COMMENT ON COLUMN star_list.ending IS 'whole, or truncated by GitHub or by our cap.';
COMMENT ON COLUMN star_list.starred_at IS 'When each star was given, in seconds since 1970 (UTC), in the order of repositories.';
COMMENT ON COLUMN star_list.repositories IS 'The numbers of the starred repositories, sorted.';

CREATE TABLE star_list_part (
    endpoint smallint NOT NULL,
    user_number int NOT NULL,
    direction text NOT NULL CHECK (direction IN ('ASC', 'DESC')),
    begun_at timestamptz NOT NULL,
    cursor text,
    low int NOT NULL,
    high int NOT NULL,
    unseen int NOT NULL,
    starred_at bytea NOT NULL,
    repositories bytea NOT NULL,
    PRIMARY KEY (endpoint, user_number, direction),
    FOREIGN KEY (endpoint, user_number) REFERENCES github_user ON DELETE CASCADE,
    CHECK (length(starred_at) = length(repositories))
);
ALTER TABLE star_list_part ALTER COLUMN starred_at SET STORAGE EXTERNAL;
ALTER TABLE star_list_part ALTER COLUMN repositories SET STORAGE EXTERNAL;
COMMENT ON TABLE star_list_part IS 'What was read from one end of a star list that is half read.';
COMMENT ON COLUMN star_list_part.endpoint IS 'The endpoint of the user.';
COMMENT ON COLUMN star_list_part.user_number IS 'Whose list it is.';
COMMENT ON COLUMN star_list_part.direction IS 'Which end: ASC reads the oldest star first, DESC the newest.';
COMMENT ON COLUMN star_list_part.begun_at IS 'When its first page was read.';
COMMENT ON COLUMN star_list_part.cursor IS 'The endCursor of its last page, to go on from.';
COMMENT ON COLUMN star_list_part.low IS 'The smallest totalCount that its pages told.';
COMMENT ON COLUMN star_list_part.high IS 'The largest totalCount that its pages told.';
COMMENT ON COLUMN star_list_part.unseen IS 'How many edges on its pages showed no public repository.';
COMMENT ON COLUMN star_list_part.starred_at IS 'When each star was given, in seconds since 1970 (UTC), in the order of repositories.';
COMMENT ON COLUMN star_list_part.repositories IS 'The numbers of the starred repositories, in the order read, as in star_list.';

CREATE TABLE credential_user (
    endpoint smallint NOT NULL REFERENCES endpoint,
    id int GENERATED ALWAYS AS IDENTITY,
    node_id text NOT NULL,
    login text NOT NULL,
    PRIMARY KEY (endpoint, id),
    UNIQUE (endpoint, node_id)
);
COMMENT ON TABLE credential_user IS 'The GitHub user a credential belongs to: who may see what it read, and whose rate limit it spends.';
COMMENT ON COLUMN credential_user.endpoint IS 'The endpoint of the credential.';
COMMENT ON COLUMN credential_user.id IS 'Our number of the user.';
COMMENT ON COLUMN credential_user.node_id IS 'GitHub''s node id.';
COMMENT ON COLUMN credential_user.login IS 'The login when the credential was last used.';

CREATE TABLE stargazer_list (
    endpoint smallint NOT NULL,
    repository_number int NOT NULL,
    credential_user int NOT NULL,
    source text NOT NULL CHECK (source IN ('github', 'file')),
    fetched_at timestamptz NOT NULL,
    read_at timestamptz NOT NULL,
    total_count int NOT NULL,
    hidden int NOT NULL,
    ending text NOT NULL CHECK (ending IN ('whole', 'truncated')),
    ascending_cursor text,
    descending_cursor text,
    starred_at bytea NOT NULL,
    users bytea NOT NULL,
    PRIMARY KEY (endpoint, repository_number, credential_user, source),
    FOREIGN KEY (endpoint, repository_number) REFERENCES repository,
    FOREIGN KEY (endpoint, credential_user) REFERENCES credential_user,
    CHECK (length(starred_at) = length(users))
);
ALTER TABLE stargazer_list ALTER COLUMN starred_at SET STORAGE EXTERNAL;
ALTER TABLE stargazer_list ALTER COLUMN users SET STORAGE EXTERNAL;
COMMENT ON TABLE stargazer_list IS 'The stargazers of a repository as one credential was shown them, or as a file gave them.';
COMMENT ON COLUMN stargazer_list.endpoint IS 'The endpoint of the repository.';
COMMENT ON COLUMN stargazer_list.repository_number IS 'Whose stargazers they are.';
COMMENT ON COLUMN stargazer_list.credential_user IS 'The user whose credential read or gave the list: nobody else may see it.';
COMMENT ON COLUMN stargazer_list.source IS 'github, or file.';
COMMENT ON COLUMN stargazer_list.fetched_at IS 'When its reading began.';
COMMENT ON COLUMN stargazer_list.read_at IS 'When its last page came; what came no later is part of it.';
COMMENT ON COLUMN stargazer_list.total_count IS 'The connection''s totalCount.';
COMMENT ON COLUMN stargazer_list.hidden IS 'How many stargazers were counted and not shown.';
COMMENT ON COLUMN stargazer_list.ending IS 'whole, or truncated: the list broke off, or came from a file.';
COMMENT ON COLUMN stargazer_list.ascending_cursor IS 'The last endCursor from the oldest end; null when that end was not read.';
COMMENT ON COLUMN stargazer_list.descending_cursor IS 'The last endCursor from the newest end; null when that end was not read.';
COMMENT ON COLUMN stargazer_list.starred_at IS 'When each star was given, in seconds since 1970 (UTC), in the order of users; 0 when unknown.';
COMMENT ON COLUMN stargazer_list.users IS 'The numbers of the users as little-endian int32, the oldest star first.';

CREATE TABLE stargazer_list_part (
    endpoint smallint NOT NULL,
    repository_number int NOT NULL,
    credential_user int NOT NULL,
    source text NOT NULL CHECK (source IN ('github', 'file')),
    direction text NOT NULL CHECK (direction IN ('ASC', 'DESC')),
    begun_at timestamptz NOT NULL,
    cursor text,
    low int NOT NULL,
    high int NOT NULL,
    hidden int NOT NULL,
    starred_at bytea NOT NULL,
    users bytea NOT NULL,
    PRIMARY KEY (endpoint, repository_number, credential_user, source, direction),
    FOREIGN KEY (endpoint, repository_number) REFERENCES repository,
    FOREIGN KEY (endpoint, credential_user) REFERENCES credential_user,
    CHECK (length(starred_at) = length(users))
);
ALTER TABLE stargazer_list_part ALTER COLUMN starred_at SET STORAGE EXTERNAL;
ALTER TABLE stargazer_list_part ALTER COLUMN users SET STORAGE EXTERNAL;
COMMENT ON TABLE stargazer_list_part IS 'What was read from one end of a list of stargazers that is half read.';
COMMENT ON COLUMN stargazer_list_part.endpoint IS 'The endpoint of the repository.';
COMMENT ON COLUMN stargazer_list_part.repository_number IS 'Whose stargazers they are.';
COMMENT ON COLUMN stargazer_list_part.credential_user IS 'The user whose credential reads the list: nobody else may see it.';
COMMENT ON COLUMN stargazer_list_part.source IS 'github, or file.';
COMMENT ON COLUMN stargazer_list_part.direction IS 'Which end: ASC reads the oldest star first, DESC the newest.';
COMMENT ON COLUMN stargazer_list_part.begun_at IS 'When its first page was read.';
COMMENT ON COLUMN stargazer_list_part.cursor IS 'The endCursor of its last page, to go on from.';
COMMENT ON COLUMN stargazer_list_part.low IS 'The smallest totalCount that its pages told.';
COMMENT ON COLUMN stargazer_list_part.high IS 'The largest totalCount that its pages told.';
COMMENT ON COLUMN stargazer_list_part.hidden IS 'How many edges on its pages showed no user.';
COMMENT ON COLUMN stargazer_list_part.starred_at IS 'When each star was given, in seconds since 1970 (UTC), in the order of users.';
COMMENT ON COLUMN stargazer_list_part.users IS 'The numbers of the users as little-endian int32, in the order read.';

CREATE TABLE sizes (
    endpoint smallint PRIMARY KEY REFERENCES endpoint,
    sizes jsonb NOT NULL,
    learnt_at timestamptz NOT NULL
);
COMMENT ON TABLE sizes IS 'What was learnt about the sizes of calls that an endpoint stands.';
COMMENT ON COLUMN sizes.endpoint IS 'The endpoint that taught it.';
COMMENT ON COLUMN sizes.sizes IS 'The rates and the cap of the planner, as it writes them.';
COMMENT ON COLUMN sizes.learnt_at IS 'When it was last corrected.';
