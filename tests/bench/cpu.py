"""How much work the client itself is: processor time a star, and the pause before the next call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from stargazer.find import Finding
from stargazer.github.transport import Answer, GitHub
from stargazer.planner.plan import Plan
from stargazer.runner import VirtualClock
from stargazer.sandbox import SECONDS_HEADER, Behaviour, SeparateSandbox
from stargazer.sandbox.clock import STARTED_AT


class Work(msgspec.Struct, frozen=True):
    """What one run cost the client.

    `microseconds_a_star` holds everything from the first call to the last name
    of the last neighbour; pauses last from the end of a reply to the sending of
    the next call.
    """

    repository: str
    stars: int
    microseconds_a_star: float
    longest_pause_ms: float
    p99_pause_ms: float


class _Timed(GitHub):
    """GitHub, with a note of how long the client took between a reply and the next call."""

    def __init__(self, token: str, url: str, clock: VirtualClock) -> None:
        super().__init__(token, url, now=clock.now, seconds_header=SECONDS_HEADER)
        self.pauses: list[float] = []
        self._replied_at: float | None = None

    async def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, *, operation_name: str | None = None
    ) -> Answer:
        """Send a document as ever."""
        if self._replied_at is not None:
            self.pauses.append(time.perf_counter() - self._replied_at)
        answer = await super().ask(document, variables, operation_name=operation_name)
        self._replied_at = time.perf_counter()
        return answer


async def measure(sandbox: SeparateSandbox, repository: str, *, seed: int) -> Work:
    """Read one repository and take the client's time: the sandbox works in its own process."""
    sandbox.reset(Behaviour(seed=seed))
    clock = VirtualClock(STARTED_AT)
    async with _Timed("bench", sandbox.url, clock) as github:
        began = time.process_time()
        found = await Finding(Plan.neighbours(repository), github, clock=clock).answer()
        stars = sum(len(neighbour.stargazers) for neighbour in found.neighbours)
        used = time.process_time() - began
    return Work(
        repository=repository,
        stars=stars,
        microseconds_a_star=used / stars * 1e6,
        longest_pause_ms=max(github.pauses) * 1e3,
        p99_pause_ms=float(np.percentile(github.pauses, 99)) * 1e3,
    )
