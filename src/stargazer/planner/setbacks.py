"""Failures in a row: how long to wait after one, and when to give up."""

from __future__ import annotations

from datetime import datetime, timedelta

from stargazer.errors import GitHubUnreachable
from stargazer.planner.page import Failure, FailureKind

AT_FIRST = 4
"""So many failures in a row before any success mean that there is no GitHub at this address."""

AT_FIRST_IN_BAD_WEATHER = 8
"""As `AT_FIRST`, once a time-out has shown that there is a GitHub, or its gateway."""

AT_MOST = 16
"""So many failures in a row mean that GitHub is down: the search for one bad page needs up to twelve."""

PROBE_AFTER = 3
"""After so many failures of suspects in a row, others are asked: is it they, or is it GitHub?"""

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 60.0


class Setbacks:
    """The failures since the last success."""

    def __init__(self) -> None:
        self.count = 0
        self.not_before: datetime | None = None
        self._ever_answered = False
        self._ever_timed_out = False
        self._reason = ""

    def answered(self) -> None:
        """Note that GitHub answered."""
        self.count = 0
        self.not_before = None
        self._ever_answered = True

    def failed(self, failure: Failure, now: datetime) -> None:
        """Note a failure; the wait after it doubles."""
        self.count += 1
        self._reason = failure.message
        self._ever_timed_out = self._ever_timed_out or failure.kind is FailureKind.TIMEOUT
        wait = min(FIRST_SECONDS * 2 ** (self.count - 1), LONGEST_SECONDS)
        self.not_before = now + timedelta(seconds=wait)

    @property
    def probing(self) -> bool:
        """Whether it is time to ask somebody else than the suspects."""
        return self.count >= PROBE_AFTER and self.count % 2 == 1

    @property
    def error(self) -> GitHubUnreachable | None:
        """What to say when it is time to give up, and None until then."""
        at_first = AT_FIRST_IN_BAD_WEATHER if self._ever_timed_out else AT_FIRST
        at_most = AT_MOST if self._ever_answered else at_first
        return GitHubUnreachable(self._reason, attempts=self.count) if self.count >= at_most else None
