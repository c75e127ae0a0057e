"""What the environment sets, read once and checked at once."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

from stargazer.errors import SettingError

GITHUB_URL = "https://api.github.com/graphql"
HOST = "127.0.0.1"
PORT = 8_000
PORT_AT_MOST = 65_535
CALLS_AT_MOST = 100

_ORIGIN = re.compile(r"https?://[^/\s@]+")

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


GET_SECONDS = 3_600
SECONDS_AT_MOST = 31_536_000
"""How much of GitHub's time a GET may cost unless set otherwise: an hour; and what may be set: a year."""


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
        host: `STARGAZER_HOST`: the address that the service listens at.
        port: `STARGAZER_PORT`: its port; 0: any that is free.
        metrics_port: `STARGAZER_METRICS_PORT`: a port of its own for `/metrics`,
            where no key is asked for; 0: none.
        trusted_proxies: `STARGAZER_TRUSTED_PROXIES`: the addresses, or networks, of
            proxies whose word for a client's address is taken.
        cors_origins: `STARGAZER_CORS_ORIGINS`: the web origins whose scripts may call.
        get_seconds_at_most: `STARGAZER_GET_SECONDS`: no GET starts what needs more
            seconds of GitHub's time; `POST /jobs` with a budget does.
        secret_keys: `STARGAZER_SECRET_KEY`, which seals the GitHub tokens of API keys,
            then those of `STARGAZER_SECRET_KEY_PREVIOUS`, separated by commas, which
            still open what they sealed; empty: no token can be kept.
        shares_token: `STARGAZER_SHARE_TOKEN`: whether API keys without a GitHub token
            of their own use that of the service.
        shares_lists: `STARGAZER_SHARE_LISTS`: whether keys with a GitHub token of their own
            are served what was read with that of the service, where they have nothing.
        github_ca: `STARGAZER_GITHUB_CA`: a PEM file with the certificate authorities
            that are trusted besides the system's; None: no others.
        github_concurrency: `STARGAZER_GITHUB_CONCURRENCY`: how many calls of one run may
            be in flight at once. GitHub advises one; Enterprise Server may stand more.
    """

    github_token: str = ""
    github_url: str = GITHUB_URL
    database_url: str = ""
    data_dir: Path = msgspec.field(default_factory=default_data_dir)
    host: str = HOST
    port: int = PORT
    metrics_port: int = 0
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    get_seconds_at_most: int = GET_SECONDS
    secret_keys: tuple[str, ...] = ()
    shares_token: bool = True
    shares_lists: bool = False
    github_ca: Path | None = None
    github_concurrency: int = 1

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from *environ*; an empty variable counts as not set.

        Raises:
            SettingError: a variable has a value that it cannot have.
        """

        def first(*names: str) -> str:
            return next((value for name in names if (value := environ.get(name, "").strip())), "")

        data_dir, ca = first("STARGAZER_DATA_DIR"), first("STARGAZER_GITHUB_CA")
        return cls(
            github_token=first("GITHUB_TOKEN", "GH_TOKEN"),
            github_url=first("STARGAZER_GITHUB_URL") or GITHUB_URL,
            database_url=first("STARGAZER_DATABASE_URL", "DATABASE_URL"),
            data_dir=Path(data_dir).expanduser() if data_dir else default_data_dir(),
            host=first("STARGAZER_HOST") or HOST,
            port=_port("STARGAZER_PORT", first("STARGAZER_PORT"), PORT),
            metrics_port=_port("STARGAZER_METRICS_PORT", first("STARGAZER_METRICS_PORT"), 0),
            trusted_proxies=_networks("STARGAZER_TRUSTED_PROXIES", first("STARGAZER_TRUSTED_PROXIES")),
            cors_origins=_origins("STARGAZER_CORS_ORIGINS", first("STARGAZER_CORS_ORIGINS")),
            secret_keys=_secret_keys(first("STARGAZER_SECRET_KEY"), first("STARGAZER_SECRET_KEY_PREVIOUS")),
            shares_token=_yes_or_no("STARGAZER_SHARE_TOKEN", first("STARGAZER_SHARE_TOKEN"), default=True),
            shares_lists=_yes_or_no("STARGAZER_SHARE_LISTS", first("STARGAZER_SHARE_LISTS"), default=False),
            github_ca=Path(ca).expanduser() if ca else None,
            github_concurrency=_calls("STARGAZER_GITHUB_CONCURRENCY", first("STARGAZER_GITHUB_CONCURRENCY")),
            get_seconds_at_most=_seconds(
                "STARGAZER_GET_SECONDS", first("STARGAZER_GET_SECONDS"), GET_SECONDS
            ),
        )

    def __repr__(self) -> str:
        """Show everything but the secrets, and the database's address, which may hold a password."""
        token = "set" if self.github_token else "not set"
        database = "set" if self.database_url else "not set"
        return (
            f"Settings(github_token={token}, github_url={self.github_url!r}, "
            f"database_url={database}, data_dir={str(self.data_dir)!r}, "
            f"host={self.host!r}, port={self.port}, metrics_port={self.metrics_port}, "
            f"trusted_proxies={self.trusted_proxies!r}, cors_origins={self.cors_origins!r}, "
            f"get_seconds_at_most={self.get_seconds_at_most}, "
            f"secret_keys={len(self.secret_keys)}, shares_token={self.shares_token}, "
            f"shares_lists={self.shares_lists}, "
            f"github_ca={self.github_ca and str(self.github_ca)!r}, "
            f"github_concurrency={self.github_concurrency})"
        )


def _port(name: str, text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and int(text) <= PORT_AT_MOST):
        raise SettingError(name, f"a port, 0 to {PORT_AT_MOST}", got=text)
    return int(text)


def _seconds(name: str, text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= SECONDS_AT_MOST):
        raise SettingError(name, f"a whole number of seconds, 1 to {SECONDS_AT_MOST:,}", got=text)
    return int(text)


def _secret_keys(present: str, previous: str) -> tuple[str, ...]:
    """The secrets in the order in which they are tried; a previous one alone would seal nothing."""
    older = tuple(word for part in previous.split(",") if (word := part.strip()))
    if older and not present:
        raise SettingError("STARGAZER_SECRET_KEY", "set where STARGAZER_SECRET_KEY_PREVIOUS is")
    return (present, *older) if present else ()


def _yes_or_no(name: str, text: str, *, default: bool) -> bool:
    words = {"": default, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in words:
        raise SettingError(name, "yes or no", got=text)
    return words[text.lower()]


def _calls(name: str, text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if text and not 1 <= number <= CALLS_AT_MOST:
        raise SettingError(name, f"1 to {CALLS_AT_MOST} calls", got=text)
    return number or 1


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _networks(name: str, text: str) -> tuple[str, ...]:
    for word in _words(text):
        try:
            ipaddress.ip_network(word)
        except ValueError:
            raise SettingError(
                name, "addresses or networks such as 10.0.0.0/8, separated by commas", got=word
            ) from None
    return _words(text)


def _origins(name: str, text: str) -> tuple[str, ...]:
    for word in _words(text):
        if word != "*" and not _ORIGIN.fullmatch(word):
            raise SettingError(
                name, "origins such as https://example.org, separated by commas, or *", got=word
            )
    return _words(text)
