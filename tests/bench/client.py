"""A plain client for the other ways: one call in flight, and the pace that the plan keeps too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from stargazer.github import decode
from stargazer.github.transport import GitHub
from stargazer.planner.budget import Budget, Windows
from stargazer.planner.page import Call
from stargazer.runner import VirtualClock

RATE_LIMIT = "rateLimit{cost limit remaining used resetAt}"

TYPICAL_SECONDS = 5.0
SETBACK_SECONDS = 0.5
LONGEST_SETBACK_SECONDS = 60.0


class Client:
    """Sends one document after the other, and counts what has to be asked again.

    Attributes:
        retries: pages that had to be asked again.
    """

    def __init__(self, github: GitHub, clock: VirtualClock) -> None:
        self._github = github
        self._clock = clock
        self._windows = Windows()
        self._budget = Budget()
        self._number = 0
        self._setbacks = 0
        self.retries = 0

    async def ask(self, document: str, variables: Mapping[str, Any], *, pages: int) -> dict[str, Any] | None:
        """Send a document when the windows allow it; None when the answer is not whole.

        After None the caller asks again, and less if it can.
        """
        call = Call(self._number, (), 1, pages, 0, TYPICAL_SECONDS)
        self._number += 1
        await self._wait(call)
        self._windows.reserve(str(call.number), points=call.points, seconds=call.predicted_seconds)
        answer = await self._github.ask(document, variables)
        self._clock.passed(answer.seconds)
        reply = decode.decode(call, answer.status, answer.headers, answer.body, answer.seconds)
        self._windows.settle(str(call.number), reply, self._clock.now())
        if reply.failure is None:
            told = msgspec.json.decode(answer.body)
            if "errors" not in told:
                self._setbacks = 0
                return dict(told["data"])
        self._setbacks += 1
        self.retries += pages
        return None

    async def _wait(self, call: Call) -> None:
        if self._setbacks:
            pause = min(SETBACK_SECONDS * 2 ** (self._setbacks - 1), LONGEST_SETBACK_SECONDS)
            await self._clock.sleep_until(self._clock.now() + timedelta(seconds=pause))
        while True:
            now = self._clock.now()
            at = self._windows.earliest(
                now, points=call.points, seconds=call.predicted_seconds, budget=self._budget
            )
            if at <= now:
                return
            await self._clock.sleep_until(at)
