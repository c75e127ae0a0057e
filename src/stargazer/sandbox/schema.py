"""GitHub's official GraphQL schema, without descriptions, from the package."""

from __future__ import annotations

import functools
import gzip
from importlib import resources

import graphql


@functools.cache
def schema() -> graphql.GraphQLSchema:
    """Return GitHub's schema; building it takes half a second, once.

    It is assumed to be valid: the published file defines one field twice.

    Source: npm package `@octokit/graphql-schema` 15.26.1 (read 2026-11-24);
        `scripts/refresh_schema.py` fetches the newest.
    """
    packed = resources.files("stargazer.sandbox") / "packed" / "schema.graphql.gz"
    return graphql.build_schema(
        gzip.decompress(packed.read_bytes()).decode(), assume_valid=True, no_location=True
    )
