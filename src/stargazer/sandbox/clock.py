"""The sandbox's clock: virtual, moved by what is said to it, or real and scaled.

On a virtual clock nothing ever sleeps. A call says when it is sent
(`Sandbox-Now`), the answer says how long it took (`Sandbox-Seconds`), and both
sides add them up: hours of GitHub's time pass in seconds, exactly.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from stargazer.sandbox import moments

STARTED_AT = datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)
"""When a virtual clock starts unless told otherwise."""


class Clock:
    """GitHub's time as the sandbox sees it.

    Args:
        speed: GitHub seconds that pass in a real second; None for a virtual clock.
        started_at: what it shows at first; by default `STARTED_AT`, or, when it
            is real and scaled, the present moment.
    """

    def __init__(self, speed: float | None = None, started_at: datetime | None = None) -> None:
        self.speed = speed
        if started_at is None:
            started_at = STARTED_AT if speed is None else datetime.now(UTC)
        self.started_seconds = moments.to_seconds(started_at)
        self._virtual_seconds = self.started_seconds
        self._started_real = time.monotonic()

    @property
    def is_virtual(self) -> bool:
        """Whether it never sleeps."""
        return self.speed is None

    def seconds(self) -> float:
        """Return the present moment in seconds since 1970."""
        if self.speed is None:
            return self._virtual_seconds
        return self.started_seconds + (time.monotonic() - self._started_real) * self.speed

    def now(self) -> datetime:
        """Return the present moment."""
        return moments.from_seconds(self.seconds())

    def advance(self, seconds: float) -> None:
        """Let time pass on a virtual clock; a real one passes by itself."""
        self._virtual_seconds += seconds

    def arrive(self, sent_at: datetime | None) -> float:
        """Return the moment at which a call arrives, in seconds since 1970.

        A virtual clock believes the caller, and moves forward to what it says.
        A caller that has several calls in flight may say a moment earlier than
        the end of another call.
        """
        if self.speed is not None or sent_at is None:
            return self.seconds()
        arrived = moments.to_seconds(sent_at)
        self._virtual_seconds = max(self._virtual_seconds, arrived)
        return arrived

    async def spend(self, arrived: float, seconds: float) -> None:
        """Let the *seconds* of a call that *arrived* pass: by sleeping, or by moving forward."""
        if self.speed is None:
            self._virtual_seconds = max(self._virtual_seconds, arrived + seconds)
        else:
            left = arrived + seconds - self.seconds()
            await asyncio.sleep(max(0.0, left / self.speed))
