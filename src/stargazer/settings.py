"""What the environment sets, read once and checked at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

GITHUB_URL = "https://api.github.com/graphql"


IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def default_data_dir(*, is_root: bool = IS_ROOT, platform: str = sys.platform) -> Path:
    """The platform's folder for what a user, or the system, keeps.

    PostgreSQL does not run as root: for root it is a folder that the account
    which root drops to can reach.
    """
    if not is_root:
        return platformdirs.user_data_path("stargazer", appauthor=False)
    if platform == "darwin":
        return Path("/Library/Application Support/stargazer")
    return Path("/var/lib/stargazer")


class Settings(msgspec.Struct, frozen=True):
    """The environment's settings.

    Attributes:
        github_token: `GITHUB_TOKEN`, or `GH_TOKEN`; empty: none.
        github_url: `STARGAZER_GITHUB_URL`: the GraphQL endpoint. Enterprise
            Server's is `https://HOST/api/graphql`; plain `http` goes to a
            loopback host only.
        database_url: `STARGAZER_DATABASE_URL`, or `DATABASE_URL` as hosting
            platforms set it; empty: the embedded server.
        data_dir: `STARGAZER_DATA_DIR`: where the embedded server keeps its database.
    """

    github_token: str = ""
    github_url: str = GITHUB_URL
    database_url: str = ""
    data_dir: Path = msgspec.field(default_factory=default_data_dir)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from *environ*; an empty variable counts as not set."""

        def first(*names: str) -> str:
            return next((value for name in names if (value := environ.get(name, "").strip())), "")

        data_dir = first("STARGAZER_DATA_DIR")
        return cls(
            github_token=first("GITHUB_TOKEN", "GH_TOKEN"),
            github_url=first("STARGAZER_GITHUB_URL") or GITHUB_URL,
            database_url=first("STARGAZER_DATABASE_URL", "DATABASE_URL"),
            data_dir=Path(data_dir).expanduser() if data_dir else default_data_dir(),
        )

    def __repr__(self) -> str:
        """Show everything but the token, and the database's address, which may hold a password."""
        token = "set" if self.github_token else "not set"
        database = "set" if self.database_url else "not set"
        return (
            f"Settings(github_token={token}, github_url={self.github_url!r}, "
            f"database_url={database}, data_dir={str(self.data_dir)!r})"
        )
