"""The next call as it would be sent: the listing first, then star lists, suspects apart."""

from __future__ import annotations

import msgspec

from stargazer.planner.cost import points_of
from stargazer.planner.intake import Intake
from stargazer.planner.packing import Item, Packing, pack_star_lists
from stargazer.planner.page import Selection, StarListRequest, UserRequest
from stargazer.planner.sizing import Load


class Draft(msgspec.Struct, frozen=True):
    """A call that would be sent if the windows allow it."""

    selections: tuple[Selection, ...]
    items: tuple[Item, ...]
    load: Load
    apart: bool

    @property
    def points(self) -> int:
        """The estimate by GitHub's formula: each page is one request of a connection at the root."""
        return points_of(len(self.items)) if self.selections else 0

    @property
    def nodes(self) -> int:
        """The nodes that GitHub counts: as many as every page may hold."""
        return sum(item.ask.first for item in self.items)


def draft_call(intake: Intake, *, probing: bool, calls_left: int, star_lists: bool) -> Draft | None:
    """Fill the next call without sending it; None when there is nothing to ask now.

    Args:
        intake: what has been read, and what is suspected.
        probing: leave the suspects alone this time, if there is anybody else to ask.
            So they are, too, while it seems that all star lists are refused.
        calls_left: how many calls the run still needs.
        star_lists: whether star lists are to be read at all.
    """
    packing = Packing(intake.sizes, first_nodes=intake.lengths.first_nodes)
    suspects = intake.suspects
    while suspects and not any(one.connection.wanted() for one in suspects.first().star_lists):
        suspects.sent(suspects.first().star_lists)
    others_first = probing or intake.tally.star_lists_doubtful
    if suspects and not (others_first and _others(intake)):
        packing.take_all(suspects.first().star_lists)
        return _drafted(intake, packing, (), apart=True)
    listing = intake.listing
    packing.find(listing.next_logins())
    alone = listing.wants_alone()
    for ask in listing.connection.wanted()[: 1 if alone else None]:
        packing.take(None, ask)
    if star_lists and listing.facts is not None and not alone:
        pack_star_lists(packing, intake.order, calls_left=calls_left)
    return _drafted(intake, packing, listing.fixed(), apart=False)


def _others(intake: Intake) -> bool:
    """Whether there is anything to ask besides suspects."""
    return (
        bool(intake.listing.connection.wanted())
        or any(True for _ in intake.order.fresh())
        or any(not one.apart and one.connection.wanted() for one in intake.order.open())
    )


def _drafted(intake: Intake, packing: Packing, fixed: tuple[Selection, ...], *, apart: bool) -> Draft | None:
    lookups = tuple(UserRequest(login) for login in packing.lookups)
    pages = tuple(_request(intake, item) for item in packing.items)
    if not (fixed or lookups or pages):
        return None
    return Draft(fixed + lookups + pages, tuple(packing.items), packing.load, apart=apart)


def _request(intake: Intake, item: Item) -> Selection:
    if item.star_list is None:
        return intake.listing.request(item.ask)
    ask = item.ask
    return StarListRequest(item.star_list.user_id, ask.first, ask.after, ask.direction, intake.listing.seed)
