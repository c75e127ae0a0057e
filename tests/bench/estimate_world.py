"""Worlds in which it is known who starred what, for measuring estimates against the truth."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from tests.laws.world import SEED, World, fortune

from stargazer.planner import page
from stargazer.planner.page import Failure, FailureKind

SHARES = (0.01, 0.05, 0.2, 0.6)
"""The planted neighbours are shared by these parts of the stargazers."""

PLANTED_EACH = 5
FIRST_FILLER = 1_000
LONGEST = 3_000
FAILING_SHARE = 0.01
"""So many users fail, and so many are gone, in a run with failures."""


class Ground(msgspec.Struct, frozen=True, eq=False):
    """What a world is made of: of each stargazer the repositories starred, in the order of their stars.

    `stars` is how many stars GitHub counts for each, where that matters.
    """

    lists: Sequence[Sequence[int]]
    planted: dict[int, float]
    stars: dict[int, int] = msgspec.field(default_factory=dict)

    def truth(self) -> Counter[int]:
        """How many stargazers share each repository."""
        counts = Counter(number for stars in self.lists for number in stars)
        del counts[SEED]
        return counts

    def world(self, seed: int) -> World:
        """A new world of it, with its own weather."""
        world = World(self.lists, rng=fortune(seed))
        world.stars_of = self.stars
        return world


def heavy_tailed(users: int, seed: int, *, fillers: int = 20_000) -> Ground:
    """Lists with a heavy tail, whose long ones hold more of the planted repositories than the short ones.

    So whoever leaves the long lists out, since they take longest, counts too little.
    """
    rng = np.random.default_rng(seed)
    lengths = np.clip(np.exp(rng.normal(3.6, 1.4, users)), 1, LONGEST).astype(int)
    eager = np.log1p(lengths) ** 1.5
    starred: list[set[int]] = [{SEED} for _ in range(users)]
    planted: dict[int, float] = {}
    for share in SHARES:
        for _ in range(PLANTED_EACH):
            number = SEED + 1 + len(planted)
            planted[number] = share
            for user in np.argsort(-(rng.random(users) ** (1 / eager)))[: round(share * users)]:
                starred[user].add(number)
    popular = (rng.pareto(0.9, int(lengths.sum())) * 20).astype(int) % fillers + FIRST_FILLER
    begin = 0
    for user, length in enumerate(lengths.tolist()):
        starred[user].update(popular[begin : begin + max(0, length - len(starred[user]))].tolist())
        begin += length
    return Ground([rng.permutation(sorted(stars)).tolist() for stars in starred], planted)


def from_lists(lists: Sequence[Sequence[int]], stars: Sequence[int]) -> Ground:
    """A ground of given lists, to which the repository itself is added where it is missing.

    Args:
        lists: of each stargazer the numbers starred, from 0.
        stars: how many stars each number has.
    """
    shifted = [[SEED, *(number + FIRST_FILLER for number in starred)] for starred in lists]
    return Ground(shifted, {}, {number + FIRST_FILLER: count for number, count in enumerate(stars)})


def failing(world: World, share: float) -> None:
    """Let GitHub serve the lists of some users never, and lose some others."""
    pick = world.rng.sample
    some = math.ceil(share * len(world.users))
    broken = set(pick(world.users, some))
    world.gone = set(pick(sorted(set(world.users) - broken), some))

    def blight(_world: World, selection: page.Selection) -> Failure | None:
        bad = isinstance(selection, page.StarListRequest) and selection.user_id in broken
        return Failure(FailureKind.UNKNOWN, "blight") if bad else None

    world.blight = blight
