"""A connection to GitHub, or to a sandbox started for one command."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import msgspec

from stargazer.github.transport import GitHub
from stargazer.runner import Clock, ScaledClock, SystemClock
from stargazer.settings import Settings


class Session(msgspec.Struct, frozen=True):
    """Whom to ask, and the time that goes by there.

    `speed` is how much faster than this machine's the time of a sandbox runs;
    None: it is no sandbox.
    """

    github: GitHub
    clock: Clock
    settings: Settings
    speed: float | None = None


@asynccontextmanager
async def connect(
    speed: float | None = None, environ: Mapping[str, str] = os.environ
) -> AsyncGenerator[Session]:
    """Open a connection: to what the environment names, or with a *speed* to a sandbox of our own.

    A sandbox never gets to see the environment's token.

    Raises:
        CredentialsRefused: there is no token, or it cannot be one.
        SettingError: the URL cannot be used.
    """
    if speed is not None:
        async with _start_sandbox(speed) as session:
            yield session
        return
    settings = Settings.from_env(environ)
    async with GitHub(settings.github_token, settings.github_url) as github:
        yield Session(github, SystemClock(), settings)


@asynccontextmanager
async def _start_sandbox(speed: float) -> AsyncGenerator[Session]:
    # The data and the schema take memory and time that only a sandbox needs.
    from stargazer.sandbox import SECONDS_HEADER, Behaviour, Sandbox, real_graph

    sandbox = Sandbox(real_graph(), Behaviour(speed=speed))
    # The sandbox's clock began with the line above: ours has to begin with it.
    clock = ScaledClock(speed)
    async with sandbox:
        settings = Settings("sandbox", sandbox.url)
        github = GitHub(settings.github_token, settings.github_url, seconds_header=SECONDS_HEADER)
        async with github:
            yield Session(github, clock, settings, speed)
