"""Estimates in the store: what a sample says there is what it says in memory, and nothing is read twice."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from tests.integration import service_world
from tests.integration.service_world import ONE, Desk, busy_graph, opened

from stargazer.find import Finding, Found
from stargazer.neighbours.sampling import Sampling
from stargazer.neighbours.stop import Until
from stargazer.planner.budget import Budget
from stargazer.planner.coverage import Kind
from stargazer.planner.plan import Plan
from stargazer.service import Reading
from stargazer.store.answers_slices import StoredNeighbour

database_url = service_world.database_url
migrated = service_world.migrated
server_url = service_world.server_url


async def in_memory(desk: Desk, plan: Plan) -> Found:
    """Carry a plan out without a store, with a token that has a budget of its own."""
    async with desk.github("bob") as github:
        return await Finding(plan, github, clock=desk.clock).answer()


def told(one: StoredNeighbour) -> tuple[object, ...]:
    return one.repo, one.shared, one.shared_low, one.shared_high, list(one.stargazers)


async def test_a_stored_estimate_is_that_of_the_library(database_url: str) -> None:
    """Counts, intervals, names and order are the same, wherever they were counted."""
    sampling = Sampling(60, seed=4)
    async with opened(busy_graph(), database_url) as desk:
        done = await desk.read(sampling=sampling)
        found = await in_memory(desk, Plan.neighbours(ONE, sample=60, order_seed=4))
        stored = await desk.neighbours(done.answer)

    assert done.answer is not None
    assert (done.answer.kind, done.answer.complete, done.coverage.sample) == (Kind.ESTIMATE, True, 60)
    assert (
        done.coverage.public() == msgspec.structs.replace(found.coverage, as_of=done.coverage.as_of).public()
    )
    assert [told(one) for one in stored] == [
        (one.repo, one.shared, one.shared_low, one.shared_high, list(one.stargazers))
        for one in found.neighbours
    ]


async def test_pages_of_an_estimate_are_those_of_the_whole(database_url: str) -> None:
    """Each page has the rows, the names and the ends that stand at its place; so has each score's order."""
    async with opened(busy_graph(), database_url) as desk:
        done = await desk.read(sampling=Sampling(60))
        found = await in_memory(desk, Plan.neighbours(ONE, sample=60))
        rows = await desk.neighbours(done.answer)
        assert done.answer is not None
        pages = desk.service.pages
        middle = await pages.page(done.answer, offset=30, limit=20, names=2)
        many = await pages.page(done.answer, limit=0, min_shared=20)
        scored = await pages.page(done.answer, sort="relevance", limit=50)
        streamed = [one async for some in pages.stream(done.answer, names=3) for one in some]

    assert middle is not None
    assert many is not None
    assert scored is not None
    assert [told(one) for one in middle.neighbours] == [
        (*told(one)[:-1], list(one.stargazers[:2])) for one in rows[30:50]
    ]
    assert many.total == sum(one.shared >= 20 for one in rows)
    best = found.neighbours.sorted_by("relevance")[:50]
    assert [one.repo for one in scored.neighbours] == [one.repo for one in best]
    assert [one.stargazers for one in streamed] == [one.stargazers[:3] for one in rows]


async def test_an_estimate_is_never_served_as_exact(database_url: str) -> None:
    """It is served for the same sample, and the exact answer for any."""
    sampling = Sampling(60)
    async with opened(busy_graph(), database_url) as desk:
        done = await desk.read(sampling=sampling)
        wanted = await desk.wanted()

        assert await desk.service.latest(wanted) is None
        assert await desk.service.latest(await desk.wanted(sampling=Sampling(61))) is None
        assert await desk.service.latest(await desk.wanted(sampling=sampling)) == done.answer
        exact = (await desk.read()).answer
        assert exact is not None
        assert exact.kind is Kind.EXACT
        assert await desk.service.latest(await desk.wanted(sampling=sampling)) == exact
        assert await desk.service.latest(wanted) == exact


async def test_an_old_estimate_is_cleaned_and_no_exact_answer_for_its_sake(database_url: str) -> None:
    """The last answer about everybody stays, however many estimates came after it."""
    async with opened(busy_graph(40), database_url) as desk:
        exact = (await desk.read()).answer
        assert exact is not None
        desk.later(days=8)
        estimate = (await desk.read(sampling=Sampling(20))).answer
        assert estimate is not None
        assert estimate.kind is Kind.ESTIMATE
        desk.later(days=1)

        assert await desk.service.answers.clean(desk.clock.now()) == 1
        assert await desk.service.answers.latest(exact.repository_number, exact.credential_user) == exact


async def test_nothing_is_read_twice_on_the_way_to_exact(database_url: str) -> None:
    """A larger sample goes on from the smaller one, and the exact answer from that."""
    async with opened(busy_graph(), database_url) as desk:
        nodes = [desk.nodes]
        for sampling in (Sampling(50), Sampling(100), None, Sampling(100)):
            await desk.read(sampling=sampling)
            nodes.append(desk.nodes)
    async with opened(busy_graph(), database_url) as alone:
        begun = alone.nodes
        done = await alone.read(login="bob")
        whole = alone.nodes - begun

    assert done.coverage.kind is Kind.EXACT
    spent = [later - before for before, later in pairwise(nodes)]
    assert all(spent[:3])
    assert spent[3] == 0
    assert sum(spent) <= whole * 1.02


async def test_a_sample_that_is_everybody_is_the_exact_answer(database_url: str) -> None:
    """It is stored as such, and served to whoever asks without a sample."""
    async with opened(busy_graph(40), database_url) as desk:
        done = await desk.read(sampling=Sampling(1_000))

        assert done.answer is not None
        assert done.answer.kind is Kind.EXACT
        assert await desk.service.latest(await desk.wanted()) == done.answer


async def test_a_rule_is_watched_in_the_store(database_url: str) -> None:
    """Whoever is known already counts: with most lists stored, the rule is met without a star list more."""
    rule = Sampling(until=Until(width=0.4))
    async with opened(busy_graph(400), database_url) as desk:
        first = await desk.read(sampling=rule)
        assert first.coverage.kind is Kind.ESTIMATE
        assert first.coverage.complete
        assert first.coverage.sample < 400
        pages = desk.pages
        again = await desk.read(sampling=rule)

    assert again.coverage.complete
    assert desk.pages - pages < pages / 4


async def test_the_most_that_a_budget_pays_for(database_url: str) -> None:
    """It is complete at the end of its budget, and the next budget goes on from there."""
    most = Sampling("max")
    async with opened(busy_graph(600), database_url) as desk:
        first = await desk.read(sampling=most, budget=Budget(seconds=10.0))
        assert await desk.service.latest(await desk.wanted(sampling=most)) is None
        second = await desk.read(sampling=most, budget=Budget(seconds=10.0))

    assert (first.coverage.kind, first.coverage.complete) == (Kind.ESTIMATE, True)
    assert first.spent.github_seconds <= 10.0 * 1.1
    assert second.coverage.sample > first.coverage.sample


async def test_lists_that_were_cut_widen_the_interval_as_they_do_in_memory(database_url: str) -> None:
    """Of a list that was cut what is known counts, and it is not taken for missing a second time."""
    cap = 60
    async with opened(busy_graph(), database_url) as desk:
        done = await desk.read(sampling=Sampling(60), max_stars_per_user=cap)
        stored = await desk.neighbours(done.answer)
        found = await in_memory(desk, Plan.neighbours(ONE, sample=60, max_stars_per_user=cap))

    assert done.coverage.users_truncated == found.coverage.users_truncated > 0
    assert [told(one)[:4] for one in stored] == [
        (one.repo, one.shared, one.shared_low, one.shared_high) for one in found.neighbours
    ]


async def test_an_interrupted_estimate_goes_on(database_url: str) -> None:
    """What was read counts, as partial while the sample is not reached; asked again it is not served."""
    sampling = Sampling(100)
    async with opened(busy_graph(), database_url) as desk:
        stopped = await desk.interrupted(6, Reading.wind_down, sampling=sampling)
        assert stopped.coverage.kind is Kind.ESTIMATE
        assert not stopped.coverage.complete
        assert await desk.service.latest(await desk.wanted(sampling=sampling)) is None
        done = await desk.read(sampling=sampling)

    assert done.coverage.complete
