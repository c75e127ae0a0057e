"""What is still to be paid: calls, points, pages, nodes and seconds."""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from stargazer.planner.budget import Budget, Spent, Windows
from stargazer.planner.sizing import PAGES_AT_MOST, Load, Sizes

PRIOR_LISTS = 5
"""The first guess of a list's length weighs as much as so many lists."""

PRIOR_NODES = 100.0
PRIOR_PAGES = 1.7
PRIOR_FIRST_NODES = 55.0
"""What is assumed of a star list before any is known: its length, its pages, and
the nodes on its first page.

Source: samples of others in which 80 % of users have under 600 stars (read 2026-11-24).
"""

BURST_SECONDS = 48.0
HOUR_SECONDS = 3600.0


class Estimate(msgspec.Struct, frozen=True):
    """What a run costs: calls, points, pages, nodes, GitHub's seconds, and seconds on the wall clock."""

    calls: int
    points: int
    pages: int
    nodes: int
    github_seconds: float
    seconds: float


class Lengths:
    """The mean length of the star lists seen so far: what an unknown one is taken for."""

    def __init__(self) -> None:
        self.lists = 0
        self._nodes = 0
        self._pages = 0
        self._first_nodes = 0

    def learn(self, total_count: int, first_nodes: int) -> None:
        """Take in the length of one list, and how many nodes its first page showed."""
        self.lists += 1
        self._nodes += total_count
        self._pages += max(1, -(-total_count // 100))
        self._first_nodes += first_nodes

    def _mean(self, total: int, prior: float) -> float:
        return (total + PRIOR_LISTS * prior) / (self.lists + PRIOR_LISTS)

    @property
    def nodes(self) -> float:
        """The mean length of a list."""
        return self._mean(self._nodes, PRIOR_NODES)

    @property
    def pages(self) -> float:
        """The mean number of pages of a list."""
        return self._mean(self._pages, PRIOR_PAGES)

    @property
    def first_nodes(self) -> float:
        """The mean number of nodes on a first page."""
        return self._mean(self._first_nodes, PRIOR_FIRST_NODES)


class Left(msgspec.Struct, frozen=True):
    """The work that is left.

    `longest` is how many calls the longest chain needs; `least_pages` how many
    pages are left even if every list that is not known yet has only one.
    """

    pages: float
    nodes: float
    longest: int
    least_pages: int = 0


def calls_for(left: Left, sizes: Sizes) -> int:
    """How many calls the work that is left needs, at the size that calls will grow to."""
    if left.pages <= 0:
        return 0
    a_call = max(sizes.target_seconds - sizes.rates[0], 0.1)
    cap = sizes.cap if sizes.failed is not None else PAGES_AT_MOST
    by_clock = sizes.work(Load(left.pages, left.nodes)) / a_call
    return max(1, left.longest, math.ceil(by_clock), math.ceil(left.pages / cap))


def forecast(left: Left, sizes: Sizes, windows: Windows, budget: Budget, now: datetime) -> Estimate:
    """What the work that is left will cost, and how long it takes with the waits that the windows impose."""
    calls = calls_for(left, sizes)
    github_seconds = sizes.work(Load(left.pages, left.nodes)) + calls * sizes.rates[0] if calls else 0.0
    paced = github_seconds / windows.share(now, budget.share) / budget.concurrency
    seconds = github_seconds if github_seconds <= BURST_SECONDS else paced
    return Estimate(
        calls=calls,
        points=calls,
        pages=math.ceil(left.pages),
        nodes=math.ceil(left.nodes),
        github_seconds=github_seconds,
        seconds=max(seconds, _seconds_for_points(calls, windows, now)),
    )


def total(spent: Spent, left: Estimate, seconds_gone: float) -> Estimate:
    """The whole run: what was spent and what is left."""
    return Estimate(
        calls=spent.calls + left.calls,
        points=spent.points + left.points,
        pages=spent.pages + left.pages,
        nodes=spent.nodes + left.nodes,
        github_seconds=spent.github_seconds + left.github_seconds,
        seconds=seconds_gone + left.seconds,
    )


def _seconds_for_points(points: int, windows: Windows, now: datetime) -> float:
    """How long the points last: each further hour of GitHub's grants the limit once more."""
    available = windows.available(now)
    if available is None or windows.reading is None or points <= available:
        return 0.0
    hours_more = math.ceil((points - available) / max(1, windows.reading.limit)) - 1
    return max(0.0, (windows.reading.reset_at - now).total_seconds()) + hours_more * HOUR_SECONDS
