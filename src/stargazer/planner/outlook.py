"""What a plan will cost, and whether its budget pays for that."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

import msgspec

from stargazer.errors import BudgetTooSmall
from stargazer.planner import forecast
from stargazer.planner.budget import Budget, Spent, Windows
from stargazer.planner.forecast import Estimate, Left
from stargazer.planner.intake import Intake
from stargazer.planner.sample import Aim
from stargazer.planner.sizing import PAGES_AT_MOST, Load

OVERRUN = 1.25
SURE_AFTER_USERS = 50
"""A budget is called too small when the estimate after so many users exceeds it by a quarter."""


PRUDENCE = 1.1
"""A sample that ends with the budget takes lists for a tenth longer than they were on average: a few are very
long, and one that is left half read ends the sample before it."""


class Outlook:
    """The price of what is left, by what is known now.

    Args:
        intake: what has been read.
        budget: what may be spent.
        windows: what GitHub allows.
        star_lists: whether star lists are to be read at all.
    """

    def __init__(self, intake: Intake, budget: Budget, windows: Windows, *, star_lists: bool) -> None:
        self._intake = intake
        self._budget = budget
        self._windows = windows
        self._star_lists = star_lists
        self.aim: Aim | None = None

    def work_left(self) -> Left:
        """The pages and nodes that are left; unknown lists are taken for average ones."""
        order, lengths, listing = self._intake.order, self._intake.lengths, self._intake.listing
        open_lists = [one.connection for one in order.open()]
        unlisted = listing.unlisted(len(order))
        unknown = order.fresh_count + unlisted if self._star_lists else 0
        if self.aim is not None and self.aim.users is not None:
            unknown = min(unknown, self.aim.users)
        return Left(
            pages=listing.pages_left() + sum(one.pages_left for one in open_lists) + unknown * lengths.pages,
            nodes=unlisted + sum(one.nodes_left for one in open_lists) + unknown * lengths.nodes,
            longest=max((one.steps_left for one in open_lists), default=0),
            least_pages=unknown + len(open_lists),
        )

    def calls_left(self) -> int:
        """How many calls are left."""
        return forecast.calls_for(self.work_left(), self._intake.sizes)

    def limit_order(self, spent: Spent) -> None:
        """Offer only those users that a sample needs, or that the budget pays for."""
        aim, order = self.aim, self._intake.order
        if aim is None or not self._intake.listing.done:
            return
        wanted = aim.users_wanted(order.settled_prefix())
        if aim.is_most:
            paid_for = order.holding_fresh(self._fresh_affordable(spent))
            wanted = paid_for if wanted is None else min(wanted, paid_for)
        order.limit_to(wanted)

    def ends_with_budget(self) -> bool:
        """Whether a sample was wanted that is as large as the budget pays for; then it is now."""
        if self.aim is None or not self.aim.is_most or not self._intake.listing.done:
            return False
        self.aim.is_reached = True
        return True

    def _fresh_affordable(self, spent: Spent) -> int:
        """How many more users the budget pays for, once the lists that are half read are finished."""
        order, lengths = self._intake.order, self._intake.lengths
        open_lists = [one.connection for one in order.open()]
        pages, nodes = sum(one.pages_left for one in open_lists), sum(one.nodes_left for one in open_lists)
        longest = max((one.steps_left for one in open_lists), default=0)

        def is_paid(users: int) -> bool:
            more_pages = PRUDENCE * users * lengths.pages
            left = Left(pages + more_pages, nodes + PRUDENCE * users * lengths.nodes, longest)
            calls = forecast.calls_for(left, self._intake.sizes)
            seconds = (
                self._intake.sizes.work(Load(left.pages, left.nodes)) + calls * self._intake.sizes.rates[0]
            )
            return not self.exceeds(spent, points=calls, seconds=seconds)

        return bisect_left(range(1, len(order) + 1), True, key=lambda users: not is_paid(users))

    def left(self, now: datetime) -> Estimate | None:
        """What is still to be spent; None until the repository is known."""
        if self._intake.listing.facts is None:
            return None
        return self._forecast(self.work_left(), now)

    def foreseen(self, left: Estimate | None) -> Estimate | None:
        """The same, or None where only whoever looks on can say when it is enough."""
        return None if self.aim is not None and self.aim.is_open else left

    def estimate(self, spent: Spent, now: datetime, begun_at: datetime) -> Estimate | None:
        """What the whole run costs; None until the repository is known."""
        left = self.left(now)
        return None if left is None else forecast.total(spent, left, (now - begun_at).total_seconds())

    def estimate_sample(self, users: int, spent: Spent, now: datetime, begun_at: datetime) -> Estimate | None:
        """What a sample of so many would cost, with the list of stargazers read alone before it."""
        listing, lengths = self._intake.listing, self._intake.lengths
        if listing.facts is None:
            return None
        unlisted = listing.unlisted(len(self._intake.order))
        pages = listing.pages_left()
        both_ends = Left(pages, unlisted, longest=-(-pages // 2))
        lists = Left(users * lengths.pages, users * lengths.nodes, longest=0)
        costs = [self._forecast(left, now) for left in (both_ends, lists)]
        whole = [forecast.total(spent, costs[0], (now - begun_at).total_seconds()), costs[1]]
        return Estimate(*(sum(each) for each in zip(*map(msgspec.structs.astuple, whole), strict=True)))

    def _forecast(self, left: Left, now: datetime) -> Estimate:
        return forecast.forecast(left, self._intake.sizes, self._windows, self._budget, now)

    def exceeds(self, spent: Spent, *, points: int, seconds: float) -> bool:
        """Whether a call of so many *points* and *seconds* is more than the budget has left."""
        allowed = self._budget
        over_points = allowed.points is not None and spent.points + points > allowed.points
        return over_points or (
            allowed.seconds is not None and spent.github_seconds + seconds > allowed.seconds
        )

    def sure_to_exceed(self, spent: Spent, price: Estimate | None) -> bool:
        """Whether the *price* is known well enough to say that the budget does not pay it.

        That every list has a page of its own is certain; how long they are is
        known well enough once everybody is listed and some lists have been read.
        """
        points, seconds = self._budget.points, self._budget.seconds
        if price is None or (points is None and seconds is None):
            return False
        if self.aim is not None and (self.aim.is_most or self.aim.is_open):
            return False
        at_least = spent.points + -(-self.work_left().least_pages // PAGES_AT_MOST)
        if points is not None and at_least > points:
            return True
        if self._intake.lengths.lists < SURE_AFTER_USERS or not self._intake.listing.done:
            return False
        over_points = points is not None and price.points > OVERRUN * points
        return over_points or (seconds is not None and price.github_seconds > OVERRUN * seconds)

    def too_small(self, price: Estimate | None) -> BudgetTooSmall:
        """The error that names the *price* and the budget."""
        costs = {} if price is None else {"points": price.points, "github_seconds": price.github_seconds}
        allowed = {"points": self._budget.points, "github_seconds": self._budget.seconds}
        return BudgetTooSmall(
            price={name: float(value) for name, value in costs.items()},
            budget={name: float(value) for name, value in allowed.items() if value is not None},
        )
