-- A job reads lists that are as young as the strictest of those who asked needs them.

ALTER TABLE job
    ADD COLUMN max_age_seconds bigint,
    ADD COLUMN newer_than timestamptz;
COMMENT ON COLUMN job.max_age_seconds IS 'How old lists may be at most; null: as usual.';
COMMENT ON COLUMN job.newer_than IS 'Lists that were fetched before do not count: their age is that of the moment of asking.';
