"""What GitHub sends, without the people who are kept out."""

from __future__ import annotations

import msgspec

from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Call, Failure, FailureKind, Outcome, Reply, StargazersPage, User
from stargazer.runner import Transport
from stargazer.store.forgotten import Forgotten

_KEPT_OUT = Failure(FailureKind.GONE, "kept out")


class Sieve:
    """A transport whose replies show nobody who was forgotten.

    On a list of stargazers they count as hidden, as an edge does that GitHub
    sends as null; whoever is looked up by login is gone.

    Args:
        transport: what sends.
        forgotten: who is kept out; whoever writes to the store keeps it up to date.
    """

    def __init__(self, transport: Transport, forgotten: Forgotten) -> None:
        self._transport = transport
        self._forgotten = forgotten
        self.credential: str = getattr(transport, "credential", "")

    async def send(self, call: Call) -> Reply:
        """Send *call*, and sift what comes back."""
        reply = await self._transport.send(call)
        if not self._forgotten.any:
            return reply
        return msgspec.structs.replace(reply, outcomes=tuple(map(self._sifted, reply.outcomes)))

    def _sifted(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, StargazersPage):
            return self._forgotten.sift_page(outcome)
        if isinstance(outcome, User) and self._forgotten.has(outcome):
            return _KEPT_OUT
        return outcome


def sifted_coverage(coverage: Coverage, people: int) -> Coverage:
    """The same, with so many of the users unread counted as hidden: they were forgotten while we read."""
    if not people:
        return coverage
    listed = coverage.stargazers_listed - people
    read = coverage.users_read
    return msgspec.structs.replace(
        coverage,
        stargazers_listed=listed,
        stargazers_hidden=coverage.stargazers_hidden + people,
        users_unread=coverage.users_unread - people,
        users_from_store=min(coverage.users_from_store, read),
        sample=min(coverage.sample, listed),
    )
