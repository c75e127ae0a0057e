"""What the environment sets, read once and checked at once."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

GITHUB_URL = "https://api.github.com/graphql"


class Settings(msgspec.Struct, frozen=True):
    """The environment's settings.

    Attributes:
        github_token: `GITHUB_TOKEN`, or `GH_TOKEN`; empty: none.
        github_url: `STARGAZER_GITHUB_URL`: the GraphQL endpoint. Enterprise
            Server's is `https://HOST/api/graphql`; plain `http` goes to a
            loopback host only.
    """

    github_token: str = ""
    github_url: str = GITHUB_URL

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from *environ*; an empty variable counts as not set."""
        token = environ.get("GITHUB_TOKEN", "").strip() or environ.get("GH_TOKEN", "").strip()
        return cls(token, environ.get("STARGAZER_GITHUB_URL", "").strip() or GITHUB_URL)

    def __repr__(self) -> str:
        """Show everything but the token."""
        token = "set" if self.github_token else "not set"
        return f"Settings(github_token={token}, github_url={self.github_url!r})"
