"""Estimates as one call: a sample, a rule, and what each neighbour says of itself."""

from __future__ import annotations

import pytest
from tests.laws.world import EPOCH, SEED, World, fortune
from tests.unit.test_find import REPOSITORY, Transport

from stargazer.errors import InvalidRequest
from stargazer.find import Finding, find_neighbours
from stargazer.neighbours.stop import Until
from stargazer.planner.budget import Budget
from stargazer.planner.plan import Plan
from stargazer.runner import VirtualClock

LEADERS = 5


def crowd(users: int = 400) -> World:
    """Stargazers of whom many share a few repositories; 2 is shared by all."""
    rng = fortune(3)
    lists = [
        [
            SEED,
            2,
            *(number for number in range(3, 2 + LEADERS) if rng.random() < 0.6),
            *rng.sample(range(50, 900), 8),
        ]
        for _ in range(users)
    ]
    return World(lists, rng=rng)


async def test_a_sample_is_found() -> None:
    """Counts are scaled, each with an interval that is not below the names that were seen."""
    found = await find_neighbours(REPOSITORY, Transport(crowd()), sample=100)

    assert (found.kind, found.complete) == ("estimate", True)
    assert (found.coverage.sample, found.coverage.users_unread) == (100, 300)
    first = found.neighbours[0]
    assert (first.repo, first.shared, first.shared_high) == ("owner/r2", 400, 400)
    assert first.shared_low is not None
    assert 100 == len(first.stargazers) <= first.shared_low < 400
    low, high = first.bounds("jaccard")
    assert low <= first.jaccard <= high
    assert first.why("owner/r1").endswith(" or less")


async def test_another_seed_is_another_sample() -> None:
    """The seed decides who is in it, and nothing else does."""
    names = [
        {one.repo: one.stargazers for one in (await found).neighbours}
        for found in (
            find_neighbours(REPOSITORY, Transport(crowd()), sample=50, seed=seed) for seed in (1, 1, 2)
        )
    ]

    assert names[0] == names[1] != names[2]


async def test_a_rule_ends_the_reading() -> None:
    """With a clear gap behind the leaders a part of the stargazers settles them."""
    found = await find_neighbours(REPOSITORY, Transport(crowd()), until=f"top={LEADERS}")

    assert (found.kind, found.complete) == ("estimate", True)
    assert found.coverage.sample < 350
    assert {one.repo for one in found.neighbours[:LEADERS]} == {f"owner/r{n}" for n in range(2, 2 + LEADERS)}


async def test_a_rule_that_is_never_met_ends_with_the_exact_answer() -> None:
    """When nothing is left to be read the answer is exact."""
    found = await find_neighbours(REPOSITORY, Transport(crowd(120)), until=Until(width=0.0001))

    assert (found.kind, found.complete) == ("exact", True)


async def test_as_many_as_the_budget_pays_for() -> None:
    """`max` is complete at the end of its budget, and needs one."""
    budget = Budget(seconds=6.0)

    found = await find_neighbours(REPOSITORY, Transport(crowd(2000)), sample="max", budget=budget)

    assert (found.kind, found.complete, found.error) == ("estimate", True, None)
    with pytest.raises(InvalidRequest, match="together with a budget"):
        await find_neighbours(REPOSITORY, Transport(crowd()), sample="max")


async def test_the_best_answer_so_far_can_be_had_meanwhile() -> None:
    """While reading goes on, what is known is an estimate already."""
    kinds = []
    clock = VirtualClock(EPOCH)
    plan = Plan.neighbours(REPOSITORY, sample=300)
    finding = Finding(
        plan, Transport(crowd(), clock), clock=clock, on_progress=lambda _: kinds.append(finding.now().kind)
    )

    await finding.answer()

    assert "estimate" in kinds[:-1]
