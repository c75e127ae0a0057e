"""Calls in flight: sent, and not yet answered."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from stargazer.planner.budget import Spent
from stargazer.planner.order import StarList
from stargazer.planner.packing import Item
from stargazer.planner.page import Call, Outcome, Reply, Selection
from stargazer.planner.sizing import Load

if TYPE_CHECKING:
    from stargazer.planner.draft import Draft


class Flight(msgspec.Struct):
    """A call in flight.

    `items` are the pages in it, in the order of their selections, which stand
    behind the others; `apart` tells that its lists are asked apart from the rest.
    `key` names it among the calls of all plans that share a credential's windows.
    """

    key: str

    call: Call
    items: tuple[Item, ...]
    load: Load
    apart: bool

    @property
    def star_lists(self) -> list[StarList]:
        """The star lists in the call, each once."""
        return list({id(one.star_list): one.star_list for one in self.items if one.star_list}.values())

    @property
    def alone(self) -> bool:
        """Whether the call holds pages of one connection only."""
        return len({id(item.star_list) for item in self.items}) == 1

    def paired(self, outcomes: Sequence[Outcome]) -> list[tuple[Selection, Item | None, Outcome]]:
        """Each selection with the page it belongs to, if any, and its outcome."""
        others = len(self.call.selections) - len(self.items)
        items: list[Item | None] = [None] * others
        return list(zip(self.call.selections, items + list(self.items), outcomes, strict=True))


class Flights:
    """All calls of a plan that are in flight."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._flights: dict[int, Flight] = {}

    def __len__(self) -> int:
        """How many calls are in flight."""
        return len(self._flights)

    def begin(self, draft: Draft, predicted_seconds: float) -> Flight:
        """Make a call of a draft, and remember what is in it."""
        call = Call(
            number=next(self._numbers),
            selections=draft.selections,
            points=draft.points,
            requests=len(draft.items),
            nodes=draft.nodes,
            predicted_seconds=predicted_seconds,
        )
        flight = self._flights[call.number] = Flight(
            f"{id(self):x}-{call.number}", call, draft.items, draft.load, draft.apart
        )
        return flight

    def end(self, reply: Reply) -> Flight | None:
        """Find what a reply answers; None when its call is not in flight, or no longer."""
        flight = self._flights.get(reply.call.number)
        if flight is None or (flight.call is not reply.call and flight.call != reply.call):
            return None
        return self._flights.pop(reply.call.number)

    def committed(self) -> Spent:
        """What the calls in flight will cost."""
        calls = [flight.call for flight in self._flights.values()]
        return Spent(
            points=sum(call.points for call in calls),
            github_seconds=sum(call.predicted_seconds for call in calls),
        )
