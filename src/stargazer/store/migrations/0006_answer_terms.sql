-- What an answer was asked with: whoever asks for more is not served by it.

ALTER TABLE answer
    ADD COLUMN max_age_seconds bigint NOT NULL DEFAULT 604800,
    ADD COLUMN max_stars_per_user int;
COMMENT ON COLUMN answer.max_age_seconds IS 'How old the star lists that it was made from might be at most.';
COMMENT ON COLUMN answer.max_stars_per_user IS 'How many stars of a user were read at most; null: all.';
