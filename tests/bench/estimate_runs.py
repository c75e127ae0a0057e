"""One seeded run against a world: what it estimates, and whether its intervals hold the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from tests.bench.estimate_world import FAILING_SHARE, Ground, failing
from tests.laws.driver import Driver
from tests.laws.world import World

from stargazer.neighbours.answer import Neighbours
from stargazer.neighbours.estimate import estimate
from stargazer.neighbours.rank import Score
from stargazer.planner.budget import Budget
from stargazer.planner.coverage import Coverage
from stargazer.planner.plan import Plan
from stargazer.planner.sample import SampleSize

REPOSITORY = "owner/r1"


class Trial(msgspec.Struct, frozen=True):
    """What one run is like.

    Attributes:
        sample: how many users are asked for; None: all, as for an exact answer.
        seed: of the order, of the weather and of what fails.
        is_failing: whether some lists cannot be read and some users are gone.
        cut_seconds: after so many GitHub seconds it is interrupted; None: it is not.
        budget_seconds: for a sample of `max`.
    """

    sample: SampleSize | None
    seed: int
    is_failing: bool = False
    cut_seconds: float | None = None
    budget_seconds: float | None = None


class Ran(msgspec.Struct, frozen=True, eq=False):
    """What came of it.

    Attributes:
        neighbours: the answer.
        coverage: how it was come by.
        truth: what everybody's lists would have given.
        github_seconds: what it cost.
        naive: the counts of those lists alone that were finished, whoever they are of.
        finished: how many lists that were.
    """

    neighbours: Neighbours
    coverage: Coverage
    truth: Counter[int]
    github_seconds: float
    naive: Counter[int]
    finished: int

    @property
    def unseen_high(self) -> int:
        """The end of the interval of a repository that nobody was seen to star."""
        if self.coverage.sampled is None:
            return self.coverage.users_not_whole
        nothing = np.zeros(1, dtype=np.int32)
        return int(estimate(self.coverage.sampled, nothing, nothing).high[0])


def run(ground: Ground, trial: Trial) -> Ran:
    """Carry out one run."""
    world = ground.world(trial.seed)
    if trial.is_failing:
        failing(world, FAILING_SHARE)
    plan = Plan.neighbours(
        REPOSITORY,
        sample=trial.sample,
        order_seed=trial.seed,
        budget=Budget(seconds=trial.budget_seconds),
    )
    driver = Driver(plan, world)
    drive(driver, trial.cut_seconds)
    counted, stars = plan.counted_users(), driver.stars
    naive = Counter(number for user_id in counted for number in stars.get(user_id, ()))
    spent = plan.spent.github_seconds
    return Ran(driver.neighbours(), plan.coverage, truth_of(ground, world), spent, naive, len(counted))


def drive(driver: Driver, cut_seconds: float | None) -> None:
    """Drive a run to its end, or until so many GitHub seconds are spent and somebody was read."""
    while driver.step() is None:
        spent = driver.plan.spent.github_seconds
        if cut_seconds is not None and spent >= cut_seconds and driver.plan.coverage.users_read:
            driver.plan.stop()


def truth_of(ground: Ground, world: World) -> Counter[int]:
    """The truth of a world: who is gone starred nothing."""
    if not world.gone:
        return whole_truth(ground)
    gone = {int(user_id[2:]) for user_id in world.gone}
    return Ground([stars for user, stars in enumerate(ground.lists) if user not in gone], {}).truth()


@lru_cache(maxsize=2)
def whole_truth(ground: Ground) -> Counter[int]:
    """The truth of a ground where nobody is gone."""
    return ground.truth()


def number_of(repo: str) -> int:
    """The number of a repository of these worlds."""
    return int(repo.removeprefix("owner/r"))


class Row(msgspec.Struct, frozen=True):
    """One neighbour beside the truth."""

    number: int
    shared: int
    low: int
    high: int
    true: int

    @property
    def holds(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.true <= self.high


def first_rows(ran: Ran, count: int, *, sort: Score = "shared") -> list[Row]:
    """The first neighbours as they are shown."""
    rows = []
    for one in ran.neighbours.sorted_by(sort).top(count):
        low = one.shared if one.shared_low is None else one.shared_low
        high = one.shared if one.shared_high is None else one.shared_high
        number = number_of(one.repo)
        rows.append(Row(number, one.shared, low, high, ran.truth[number]))
    return rows


def rows_of(ran: Ran, numbers: Sequence[int]) -> list[Row]:
    """Certain repositories, whether they were seen or not."""
    seen = {row.number: row for row in first_rows(ran, len(ran.neighbours))}
    return [seen.get(one) or Row(one, 0, 0, ran.unseen_high, ran.truth[one]) for one in numbers]
