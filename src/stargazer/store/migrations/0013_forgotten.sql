-- People who were removed, and are kept out (docs/explanation/personal-data.md).

CREATE TABLE forgotten (
    endpoint smallint NOT NULL REFERENCES endpoint,
    number int NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    forgotten_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint, number),
    UNIQUE (endpoint, hash)
);
COMMENT ON TABLE forgotten IS 'What somebody who is kept out is recognised by; a person has several rows.';
COMMENT ON COLUMN forgotten.endpoint IS 'The endpoint the person was known at.';
COMMENT ON COLUMN forgotten.number IS 'Counts the rows of an endpoint from 1, in the order made: who knows some asks for those after.';
COMMENT ON COLUMN forgotten.hash IS 'The HMAC-SHA-256 of a node id, a databaseId or a login of theirs under the key of forgotten_key.';
COMMENT ON COLUMN forgotten.forgotten_at IS 'When the person was removed.';

CREATE TABLE forgotten_key (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    key bytea NOT NULL CHECK (length(key) = 32)
);
COMMENT ON TABLE forgotten_key IS 'The key that the hashes of forgotten are made with; there is one, and it never changes.';
COMMENT ON COLUMN forgotten_key.single IS 'Always true, so that there is one row.';
COMMENT ON COLUMN forgotten_key.key IS '32 random bytes.';

CREATE FUNCTION forgotten_since(at_endpoint smallint, known int) RETURNS TABLE (number int, hash bytea)
LANGUAGE plpgsql AS $$
BEGIN
    -- Until our transaction ends nobody is forgotten. Each statement here sees what was committed before it
    -- began, so that the second sees whoever was forgotten while the first waited.
    LOCK TABLE forgotten IN ROW SHARE MODE;
    RETURN QUERY SELECT f.number, f.hash FROM forgotten AS f WHERE f.endpoint = at_endpoint AND f.number > known;
END
$$;
COMMENT ON FUNCTION forgotten_since IS 'Who was forgotten after so many rows; nobody is until the transaction ends.';

ALTER TABLE answer ADD COLUMN revision int NOT NULL DEFAULT 0;
COMMENT ON COLUMN answer.revision IS 'How many of its people have been removed: copies of its pages made before are no longer good.';
