"""What repositories are about: asked late, many in one call, and what the reply tells of them.

It needs no plan: no call depends on another, and whatever a reply leaves open is
asked again another time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stargazer.planner.budget import Budget, Spent
from stargazer.planner.cost import points_of
from stargazer.planner.page import Call, Details, DetailsRequest, Failure, FailureKind, Reply

REPOSITORIES_A_CALL = 100

PREDICTED_SECONDS = 1.0
"""What a call of a hundred repositories is booked at in GitHub's time: a trivial one takes 0.3 s.

Source: times others measured (read 2026-11-24).
"""


def details_calls(wanted: Sequence[DetailsRequest]) -> Iterator[Call]:
    """Pack what is wanted into calls. Scalars count as no request, so each call costs the minimum.

    Example:
        >>> wanted = [DetailsRequest("pallets", "jinja", 7)] * 120
        >>> [(len(call.selections), call.points) for call in details_calls(wanted)]
        [(100, 1), (20, 1)]
    """
    for number, begin in enumerate(range(0, len(wanted), REPOSITORIES_A_CALL), start=1):
        some = tuple(wanted[begin : begin + REPOSITORIES_A_CALL])
        yield Call(number, some, points_of(0), 0, 0, PREDICTED_SECONDS)


def is_affordable(call: Call, budget: Budget, spent: Spent) -> bool:
    """Whether a budget of which so much is spent pays for one more call."""
    points = budget.points is None or spent.points + call.points <= budget.points
    seconds = budget.seconds is None or spent.github_seconds + call.predicted_seconds <= budget.seconds
    return points and seconds


def read_details(reply: Reply) -> dict[int, Details | None]:
    """What a reply says, by `databaseId`; None where GitHub shows no such public repository.

    Whatever it leaves open is left out: a refusal, a time-out, a null without a reason.
    """
    said: dict[int, Details | None] = {}
    for request, outcome in zip(reply.call.selections, reply.outcomes, strict=False):
        if not isinstance(request, DetailsRequest):
            continue
        if isinstance(outcome, Details):
            said[request.database_id] = outcome
        elif isinstance(outcome, Failure) and outcome.kind is FailureKind.GONE:
            said[request.database_id] = None
    return said
