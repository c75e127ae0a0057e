-- What all workers with one credential have reserved and spent together.
--
-- The state is one value, since every decision needs all of it: whoever decides
-- locks the row, and the rest is a plain function (stargazer.store.ledger_state).

CREATE TABLE ledger (
    endpoint smallint NOT NULL,
    credential_user int NOT NULL,
    state jsonb NOT NULL,
    PRIMARY KEY (endpoint, credential_user),
    FOREIGN KEY (endpoint, credential_user) REFERENCES credential_user
) WITH (fillfactor = 50);
COMMENT ON TABLE ledger IS 'The budget of a credential: what GitHub grants it, what is reserved, and whose turn it is.';
COMMENT ON COLUMN ledger.endpoint IS 'The endpoint of the credential.';
COMMENT ON COLUMN ledger.credential_user IS 'The GitHub user whose tokens share the budget.';
COMMENT ON COLUMN ledger.state IS 'The windows of the planner, the calls in flight and the runs that wait, as the ledger writes them.';
