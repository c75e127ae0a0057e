-- Which GitHub user a token belongs to, so that nobody has to ask GitHub again.

CREATE TABLE credential (
    endpoint smallint NOT NULL REFERENCES endpoint,
    fingerprint bytea NOT NULL,
    credential_user int NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, fingerprint),
    FOREIGN KEY (endpoint, credential_user) REFERENCES credential_user
);
COMMENT ON TABLE credential IS 'A GitHub token that was used, by its fingerprint; the token itself is not here.';
COMMENT ON COLUMN credential.endpoint IS 'The endpoint it is for.';
COMMENT ON COLUMN credential.fingerprint IS 'The SHA-256 of the token, which is long and random.';
COMMENT ON COLUMN credential.credential_user IS 'The GitHub user it belongs to.';
COMMENT ON COLUMN credential.seen_at IS 'When GitHub said so.';
