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


class Pauses(msgspec.Struct, frozen=True):
    """How long the client took between a reply and the next call, in milliseconds."""

    longest_ms: float
    p99_ms: float


class Work(msgspec.Struct, frozen=True):
    """What one run cost the client, in processor time.

    `answer_microseconds` is the time a star until the answer was there,
    `microseconds` that until every name of every neighbour had been listed.
    `pauses` are processor time, which is what a pause lasts on an idle machine;
    `real_pauses` hold what other processes took in between.
    """

    repository: str
    stars: int
    neighbours: int
    answer_microseconds: float
    microseconds: float
    pauses: Pauses
    real_pauses: Pauses


class _Timed(GitHub):
    """GitHub, with a note of how long the client took between a reply and the next call."""

    def __init__(self, token: str, url: str, clock: VirtualClock) -> None:
        super().__init__(token, url, now=clock.now, seconds_header=SECONDS_HEADER)
        self.pauses: list[float] = []
        self.real_pauses: list[float] = []
        self._replied_at: tuple[float, float] | None = None

    async def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, *, operation_name: str | None = None
    ) -> Answer:
        """Send a document as ever."""
        if self._replied_at is not None:
            self.pauses.append(time.thread_time() - self._replied_at[0])
            self.real_pauses.append(time.perf_counter() - self._replied_at[1])
        answer = await super().ask(document, variables, operation_name=operation_name)
        self._replied_at = time.thread_time(), time.perf_counter()
        return answer


async def measure(sandbox: SeparateSandbox, repository: str, *, seed: int) -> Work:
    """Read one repository and take the client's time: the sandbox works in its own process."""
    sandbox.reset(Behaviour(seed=seed))
    clock = VirtualClock(STARTED_AT)
    async with _Timed("bench", sandbox.url, clock) as github:
        began = time.process_time()
        found = await Finding(Plan.neighbours(repository), github, clock=clock).answer()
        answered = time.process_time()
        stars = sum(len(neighbour.stargazers) for neighbour in found.neighbours)
        listed = time.process_time()
    return Work(
        repository=repository,
        stars=stars,
        neighbours=len(found.neighbours),
        answer_microseconds=(answered - began) / stars * 1e6,
        microseconds=(listed - began) / stars * 1e6,
        pauses=_sum_up(github.pauses),
        real_pauses=_sum_up(github.real_pauses),
    )


def _sum_up(seconds: list[float]) -> Pauses:
    return Pauses(max(seconds) * 1e3, float(np.percentile(seconds, 99)) * 1e3)
