-- GitHub tokens of API keys, sealed; and what GitHub refused to which token.

CREATE TABLE github_token (
    endpoint smallint NOT NULL,
    key_number int NOT NULL,
    credential_user int NOT NULL,
    sealed bytea NOT NULL,
    last_four text NOT NULL CHECK (length(last_four) <= 4),
    kind text NOT NULL,
    scopes text[],
    added_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, key_number),
    FOREIGN KEY (endpoint, key_number) REFERENCES api_key ON DELETE CASCADE,
    FOREIGN KEY (endpoint, credential_user) REFERENCES credential_user
);
CREATE INDEX github_token_user ON github_token (endpoint, credential_user, added_at DESC);
COMMENT ON TABLE github_token IS 'The GitHub token that a key brought: with it, and on its user''s rate limit, the key''s jobs run.';
COMMENT ON COLUMN github_token.endpoint IS 'The endpoint of the key.';
COMMENT ON COLUMN github_token.key_number IS 'The key.';
COMMENT ON COLUMN github_token.credential_user IS 'The GitHub user the token belongs to, as GitHub said when it was added.';
COMMENT ON COLUMN github_token.sealed IS 'The token under AES-256-GCM, bound to this row; STARGAZER_SECRET_KEY opens it, and nothing in the database does.';
COMMENT ON COLUMN github_token.last_four IS 'Its last four characters: what people know it by.';
COMMENT ON COLUMN github_token.kind IS 'What kind of token it is, in words.';
COMMENT ON COLUMN github_token.scopes IS 'What GitHub said it may do; null: GitHub said nothing, as of fine-grained tokens.';
COMMENT ON COLUMN github_token.added_at IS 'When it was added, and GitHub knew it.';

-- A revoked key needs no token, whoever revokes it and however.
CREATE FUNCTION drop_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM github_token WHERE endpoint = NEW.endpoint AND key_number = NEW.number;
    RETURN NULL;
END
$$;
CREATE TRIGGER api_key_revoked AFTER UPDATE OF revoked_at ON api_key
    FOR EACH ROW WHEN (NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION drop_token();

CREATE TABLE refusal (
    endpoint smallint NOT NULL,
    repository_number int NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    code text NOT NULL CHECK (code IN ('stargazers-restricted', 'star-lists-restricted')),
    counts jsonb NOT NULL,
    refused_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, repository_number, fingerprint),
    FOREIGN KEY (endpoint, repository_number) REFERENCES repository
);
CREATE INDEX refusal_age ON refusal (endpoint, refused_at);
COMMENT ON TABLE refusal IS 'What GitHub refused to a token, so that nobody asks again for a day. Another token asks anew.';
COMMENT ON COLUMN refusal.endpoint IS 'The endpoint of the repository.';
COMMENT ON COLUMN refusal.repository_number IS 'The repository that was asked about.';
COMMENT ON COLUMN refusal.fingerprint IS 'The SHA-256 of the token that was refused.';
COMMENT ON COLUMN refusal.code IS 'Which refusal: of the list of stargazers, or of what they starred.';
COMMENT ON COLUMN refusal.counts IS 'The figures that the refusal is told with.';
COMMENT ON COLUMN refusal.refused_at IS 'When GitHub refused.';
