"""Draw the sample from what was read: how far down the order it goes, and who stands in for whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

from stargazer.planner.listing import Listing
from stargazer.planner.order import SETTLED, Order, StarList, State
from stargazer.planner.sample import Aim, Sample

WHOLE = frozenset({State.READ, State.GONE})

BEGUN = frozenset({State.OPEN, State.FAILED, State.TRUNCATED})

KNOWN = SETTLED - {State.FAILED}
"""Of whom all is known that there is to know, or that was asked for."""

NOISE = 0.6
"""The half-width of a share of a tenth, in a sample of one: 1.96 standard deviations."""

MOST = 20.0
"""One star stands for so many at most, or the luck of one user would decide."""


def draw(listing: Listing, order: Order, aim: Aim) -> Sample | None:
    """Draw the sample; None when it is everybody, nobody, or no random part of all stargazers."""
    if not (listing.done and (listing.whole or listing.from_file)):
        return None
    settled = order.settled_prefix()
    if settled == len(order):
        return None
    drawn, missing = _narrowest(order)
    if missing == drawn:
        return None
    return Sample(
        listed=len(order),
        drawn=drawn,
        missing=missing,
        unknown=len(listing.failed),
        unfinished=frozenset(one.user_id for one in islice(order, drawn) if one.state in BEGUN),
        beyond=frozenset(one.user_id for one in order.behind(drawn)),
        stand_ins=_stand_ins([*islice(order, drawn)]),
        stood_in_for=sum(one.state not in KNOWN for one in islice(order, drawn)),
        is_reached=aim.is_met(settled),
    )


def _narrowest(order: Order) -> tuple[int, int]:
    """How far down the order the sample goes, and how many lists are missing in it.

    It goes on past a list that is not finished if that makes the intervals
    narrower. To end it before the first such list would not only be wasteful: the
    lists that are unfinished when a run ends are the long ones, so that what
    comes before the first would hold too few of them.
    """
    best, missing = (1, 1), 0
    least = math.inf
    for place, one in enumerate(order, 1):
        missing += one.state not in WHOLE
        width = NOISE / math.sqrt(place) + missing / place
        if width < least:
            best, least = (place, missing), width
        elif missing >= least * len(order):
            break
    return best


def _stand_ins(drawn: Sequence[StarList]) -> dict[str, float]:
    """Let what was read stand in, in the estimate, for what was not.

    Of a list of which a quarter was read, each star found stands for four. Those of
    whom nothing was read are stood in for by all others. It makes no difference whether
    a list has not been read yet or cannot be: to take it for empty would be wrong for sure.

    Returns:
        How much more than one each user counts; empty when everybody counts just one.
    """
    shares = {one.user_id: one.connection.share_shown for one in drawn if one.state not in KNOWN}
    unread = sum(not share for share in shares.values())
    everybody = len(drawn) / max(1, len(drawn) - unread)
    if not unread:
        return {user_id: min(1 / share, MOST) - 1 for user_id, share in shares.items()}
    weights = {user_id: min(1 / share, MOST) if share else 1.0 for user_id, share in shares.items()}
    return {one.user_id: everybody * weights.get(one.user_id, 1.0) - 1 for one in drawn}
