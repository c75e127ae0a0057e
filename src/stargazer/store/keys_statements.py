"""The statements about API keys."""

from __future__ import annotations

LIMITS = ("requests_per_minute", "points_per_day", "github_seconds_per_day")
GIVEN = ("name", "email", "scopes", *LIMITS)
"""What of a key the operator chooses, in the order of `MAKE`."""

MAKE = """
INSERT INTO api_key (endpoint, name, email, scopes, requests_per_minute, points_per_day,
    github_seconds_per_day, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (endpoint, name) DO NOTHING
RETURNING number
"""
"""Make a key, unless the name was ever given."""

WRITE_DIGEST = """
INSERT INTO api_key_secret (endpoint, digest, key_number, hint, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""

FIND = """
SELECT secret.digest, secret.expires_at, key.number, key.name, key.scopes, key.requests_per_minute,
    key.points_per_day, key.github_seconds_per_day
FROM api_key_secret AS secret
JOIN api_key AS key ON key.endpoint = secret.endpoint AND key.number = secret.key_number
WHERE secret.endpoint = $1 AND secret.digest = ANY ($2::bytea[]) AND key.revoked_at IS NULL
"""
"""The keys that are not revoked, by what the service was shown. Expired ones too: they are told so."""

LOCK = "SELECT number, revoked_at FROM api_key WHERE endpoint = $1 AND name = $2 FOR UPDATE"

REVOKE = "UPDATE api_key SET revoked_at = $3 WHERE endpoint = $1 AND number = $2"

EXPIRE = """
UPDATE api_key_secret SET expires_at = least(expires_at, $3) WHERE endpoint = $1 AND key_number = $2
"""
"""End the older secrets of a key; `least` passes over null."""

RECORDS = """
SELECT number, name, email, scopes, requests_per_minute, points_per_day, github_seconds_per_day,
    created_at, revoked_at, last_used_at
FROM api_key WHERE endpoint = $1 AND ($2::text IS NULL OR name = $2)
ORDER BY name
"""

SECRETS = """
SELECT key_number, hint, created_at, expires_at FROM api_key_secret
WHERE endpoint = $1 ORDER BY created_at DESC, hint
"""
