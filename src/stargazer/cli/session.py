"""A connection to GitHub, or to a sandbox started for one command."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from stargazer.github.transport import GitHub
from stargazer.runner import Clock, ScaledClock, SystemClock
from stargazer.settings import Settings

SANDBOX_TOKEN = "sandbox"  # noqa: S105 (the sandbox takes any)

SANDBOX_ENDPOINT = "https://sandbox.invalid/graphql"
"""What the store knows the sandbox by: its real address changes with every command."""

SANDBOX_FOLDER = "sandbox"
"""Where in the data folder all of the sandbox's is kept: a server and a database of its own."""

_CLOCK_FILE = "clock"


class Session(msgspec.Struct, frozen=True):
    """Whom to ask, and the time that goes by there.

    `endpoint` is what the store knows GitHub by. `speed` is how much faster
    than this machine's the time of a sandbox runs; None: it is no sandbox.
    """

    github: GitHub
    clock: Clock
    settings: Settings
    endpoint: str
    speed: float | None = None

    def keep_time(self) -> None:
        """Let the next sandbox that uses this store begin no earlier than now."""
        if self.speed is not None:
            self.settings.data_dir.joinpath(_CLOCK_FILE).write_text(self.clock.now().isoformat())


class _ShiftedClock:
    """A clock that is ahead of another."""

    def __init__(self, clock: Clock, ahead: timedelta) -> None:
        self._clock = clock
        self._ahead = ahead

    def now(self) -> datetime:
        """This moment, in UTC."""
        return self._clock.now() + self._ahead

    async def sleep_until(self, at: datetime) -> None:
        """Come back at *at*, or somewhat before it."""
        await self._clock.sleep_until(at - self._ahead)

    def passed(self, seconds: float) -> None:
        """Tell the other clock."""
        self._clock.passed(seconds)


def read_settings(speed: float | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; with a *speed*, those of a sandbox, which never meets what is real."""
    settings = Settings.from_env(environ)
    if speed is None:
        return settings
    return Settings(github_token=SANDBOX_TOKEN, data_dir=settings.data_dir / SANDBOX_FOLDER)


@asynccontextmanager
async def connect(
    speed: float | None = None, environ: Mapping[str, str] = os.environ, *, is_service: bool = False
) -> AsyncGenerator[Session]:
    """Open a connection: to what the environment names, or with a *speed* to a sandbox of our own.

    A sandbox never gets to see the environment's token, nor its database. A service
    needs no token of its own where its keys bring theirs and it shares none.

    Raises:
        CredentialsRefused: there is no token, or it cannot be one.
        SettingError: the URL cannot be used.
    """
    settings = read_settings(speed, environ)
    if speed is not None:
        async with _start_sandbox(speed, settings) as session:
            yield session
        return
    github = GitHub(
        settings.github_token,
        settings.github_url,
        ca=settings.github_ca,
        concurrency=settings.github_concurrency,
        needs_token=not (is_service and settings.secret_keys and not settings.shares_token),
    )
    async with github:
        yield Session(github, SystemClock(), settings, github.url)


@asynccontextmanager
async def _start_sandbox(speed: float, settings: Settings) -> AsyncGenerator[Session]:
    # The data and the schema take memory and time that only a sandbox needs.
    from stargazer.sandbox import SECONDS_HEADER, Behaviour, Sandbox, real_graph

    graph = real_graph()
    now = datetime.now(UTC)
    # Its time runs fast: what an earlier one stored must not lie in the future.
    begun_at = max(now, _kept_time(settings.data_dir) or now)
    sandbox = Sandbox(graph, Behaviour(speed=speed, started_at=begun_at))
    # The sandbox's clock began with the line above: ours has to begin with it.
    clock = _ShiftedClock(ScaledClock(speed), begun_at - now)
    async with sandbox:
        settings = msgspec.structs.replace(settings, github_url=sandbox.url)
        github = GitHub(settings.github_token, settings.github_url, seconds_header=SECONDS_HEADER)
        async with github:
            yield Session(github, clock, settings, SANDBOX_ENDPOINT, speed)


def _kept_time(folder: Path) -> datetime | None:
    try:
        return datetime.fromisoformat((folder / _CLOCK_FILE).read_text()).astimezone(UTC)
    except (OSError, ValueError):
        return None
