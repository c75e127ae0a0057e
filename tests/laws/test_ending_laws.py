"""How a plan ends when GitHub refuses, breaks off, or has nothing to show."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, is_bounded, is_exact, read_truly
from tests.laws.world import EPOCH, SEED, World
from tests.laws.worlds import befalls, of, worlds

from stargazer.errors import GitHubUnreachable, RepositoryNotFound, StargazersRestricted, StarListsRestricted
from stargazer.planner import page
from stargazer.planner.coverage import Kind
from stargazer.planner.known import KnownList
from stargazer.planner.page import Direction, Failure, FailureKind
from stargazer.planner.plan import Plan
from stargazer.planner.sizing import PAGES_AT_MOST, Sizes
from stargazer.planner.step import Finish, Send

REPOSITORY = "owner/r1"
MODEST = settings(max_examples=30, deadline=None)


def driven(world: World) -> Driver:
    return Driver(Plan.neighbours(REPOSITORY), world)


# The list of stargazers.


@pytest.mark.parametrize("disguise", ["forbidden", "empty"])
@pytest.mark.parametrize("stargazers", [1, 40, 2000])
def test_refused_stargazers_cost_one_call(disguise: str, stargazers: int) -> None:
    """A refused list is no empty answer, whatever its disguise: one call finds it out."""
    world = World.of([3] * stargazers)
    world.restricted = disguise
    driver = driven(world)

    finish = driver.run()

    assert isinstance(finish.error, StargazersRestricted)
    assert finish.error.facts["repository"] == REPOSITORY
    assert finish.error.facts["stargazers_total"] == stargazers
    assert len(world.calls) == 1
    assert finish.coverage.kind is Kind.PARTIAL


@pytest.mark.parametrize("disguise", ["forbidden", "empty"])
def test_facts_that_come_late_still_tell_a_refusal(disguise: str) -> None:
    """While the public count is not known, an empty list proves nothing; then it proves a refusal."""
    world = World.of([3] * 40)
    world.restricted = disguise
    pending = [Failure(FailureKind.UNKNOWN, "null")]
    world.blight = lambda _world, one: (
        pending.pop() if pending and isinstance(one, page.FactsRequest) else None
    )
    driver = driven(world)

    finish = driver.run()

    assert isinstance(finish.error, StargazersRestricted)
    assert len(world.calls) == 2


@pytest.mark.parametrize("kind", [FailureKind.UNKNOWN, FailureKind.HIDDEN])
def test_a_list_that_is_null_for_no_reason_is_refused(kind: FailureKind) -> None:
    """The repository exists and has stars, and its list comes back null: that is a refusal."""
    world = World.of([3] * 40)
    world.blight = lambda _world, one: (
        Failure(kind, "null") if isinstance(one, page.StargazersRequest) else None
    )

    finish = driven(world).run()

    assert isinstance(finish.error, StargazersRestricted)


@pytest.mark.parametrize("disguise", ["forbidden", "empty"])
def test_a_list_that_breaks_off_later_is_partial(disguise: str) -> None:
    """Who was listed before GitHub broke off is read; the answer is partial."""
    world = World.of([3] * 900)

    def break_off(world: World) -> None:
        if len(world.calls) == 2:
            world.restricted = disguise

    driver = Driver(Plan.neighbours(REPOSITORY), world, after=break_off)

    finish = driver.run()

    assert finish.error is None
    assert finish.coverage.kind is Kind.PARTIAL
    assert 0 < finish.coverage.stargazers_listed < 900
    assert finish.coverage.users_read == finish.coverage.stargazers_listed
    read_truly(driver)


def test_an_unknown_repository_costs_one_call() -> None:
    """A repository that does not exist is found out by the first call."""
    world = World.of([3])
    world.missing = True

    finish = driven(world).run()

    assert isinstance(finish.error, RepositoryNotFound)
    assert len(world.calls) == 1


def test_a_repository_without_stars_is_exact() -> None:
    """Nobody starred it: nothing to read, nothing missing."""
    world = World.of([])
    driver = driven(world)

    driver.run()

    is_exact(driver)
    assert len(world.calls) == 1
    assert list(driver.neighbours()) == []


def test_a_renamed_repository_is_known_by_its_name_today() -> None:
    """The answer bears the name that GitHub gives today."""
    world = World.of([3])
    world.facts = page.Facts("R_1", SEED, "new/name", 0, False)
    plan = Plan.neighbours("old/name")
    assert plan.repository == "old/name"
    driver = Driver(plan, world)

    driver.run()

    assert plan.repository == "new/name"
    assert plan.facts is not None
    is_exact(driver)


@pytest.mark.parametrize("kind", [FailureKind.TIMEOUT, FailureKind.TOO_HEAVY])
@pytest.mark.parametrize("whole", [True, False])
def test_a_list_that_cannot_be_had_is_no_answer(kind: FailureKind, whole: bool) -> None:
    """When not even five stargazers come in one call, GitHub cannot list them: an error."""
    world = World.of([3] * 40)

    def heavy(_world: World, call: page.Call) -> tuple[Failure, float] | None:
        asked = any(isinstance(one, page.StargazersRequest) for one in call.selections)
        return of(kind, 10.0) if whole and asked and world.calls else None

    def blight(_world: World, selection: page.Selection) -> Failure | None:
        listed = isinstance(selection, page.StargazersRequest)
        return Failure(kind, "too much") if listed and (not whole or not world.calls) else None

    world.weather, world.blight = heavy, blight

    finish = driven(world).run()

    assert isinstance(finish.error, GitHubUnreachable)
    assert len(world.calls) < 30


@pytest.mark.parametrize("seconds", [0.4, 10.0])
def test_a_bad_page_of_stargazers_spoils_nothing_else(seconds: float) -> None:
    """A page of the list that always fails is asked alone, smaller, and then given up; the rest is read."""
    world = World.of([30] * 500)

    def heavy(_world: World, call: page.Call) -> tuple[Failure, float] | None:
        bad = any(
            isinstance(one, page.StargazersRequest) and one.direction is Direction.DESC and one.after
            for one in call.selections
        )
        return of(FailureKind.TIMEOUT, seconds) if bad else None

    world.weather = heavy
    driver = driven(world)

    finish = driver.run()

    assert finish.error is None
    assert finish.coverage.kind is Kind.PARTIAL
    assert finish.coverage.users_read == finish.coverage.stargazers_listed >= 200
    read_truly(driver)


@pytest.mark.parametrize("times", [1, 2, 3, 99])
def test_a_page_of_stargazers_that_fails_among_others_is_asked_again(times: int) -> None:
    """An alias of the list that fails costs only itself; one that keeps failing makes it partial."""
    world = World.of([30] * 500)
    left = [times]

    def blight(_world: World, selection: page.Selection) -> Failure | None:
        if isinstance(selection, page.StargazersRequest) and selection.after and left[0]:
            left[0] -= 1
            return Failure(FailureKind.TIMEOUT, "Something went wrong")
        return None

    world.blight = blight
    driver = driven(world)

    finish = driver.run()

    assert finish.error is None
    assert finish.coverage.kind is (Kind.PARTIAL if times > 9 else Kind.EXACT)
    assert finish.coverage.users_read == finish.coverage.stargazers_listed


def test_a_repository_that_is_hidden_is_not_found() -> None:
    """A repository whose facts are hidden from the token does not exist for it."""
    world = World.of([3])
    world.blight = lambda _world, one: (
        Failure(FailureKind.HIDDEN, "saml") if isinstance(one, page.FactsRequest) else None
    )

    assert isinstance(driven(world).run().error, RepositoryNotFound)


# The seed.


@pytest.mark.parametrize("users", [3, 30, 400])
def test_lists_without_the_seed_are_refused_lists(users: int) -> None:
    """When most lists lack the repository they come from, GitHub has closed them."""
    world = World.of([30] * users)
    world.closed = True
    driver = driven(world)

    finish = driver.run()

    assert isinstance(finish.error, StarListsRestricted)
    assert finish.error.facts["users_without_seed"] == finish.error.facts["users_read"]
    assert finish.coverage.users_read <= 150


@pytest.mark.parametrize("kind", [FailureKind.HIDDEN, FailureKind.RESTRICTED])
def test_lists_that_are_hidden_are_refused_lists(kind: FailureKind) -> None:
    """When most lists are refused to the token, it is said so after the first fifty."""
    world = World.of([30] * 300)
    world.blight = lambda _world, one: (
        Failure(kind, "hidden") if isinstance(one, page.StarListRequest) else None
    )

    finish = driven(world).run()

    assert isinstance(finish.error, StarListsRestricted)
    assert len(world.calls) < 8


@MODEST
@given(worlds(clean=True), st.integers(1, 40))
def test_a_few_lists_without_the_seed_are_counted(world: World, every: int) -> None:
    """Who took their star away shares nothing: they are read, counted, and not among the neighbours."""
    lacking = set(world.users[::every]) - world.gone
    for user_id in lacking:
        world.unstar(user_id, SEED)
    driver = driven(world)

    finish = driver.run()

    if finish.error is None:
        assert finish.coverage.users_without_seed == len(lacking)
        is_bounded(driver)
    else:
        assert isinstance(finish.error, StarListsRestricted)
        assert 2 * len(lacking) > len(set(world.users) - world.gone) or len(world.users) > 50


def test_two_lists_without_the_seed_prove_nothing() -> None:
    """Fewer than three lists say nothing about what GitHub shows."""
    world = World.of([30, 30])
    world.closed = True

    finish = driven(world).run()

    assert finish.error is None
    assert finish.coverage.users_without_seed == 2
    assert finish.coverage.kind is Kind.PARTIAL


# What is known already, and who wants to stop.


@MODEST
@given(worlds(clean=True), st.randoms(use_true_random=False))
def test_known_lists_cost_nothing(world: World, rng: object) -> None:
    """Users whose lists are known are counted as read and never asked for, the others are read as ever."""
    choose = getattr(rng, "random")  # noqa: B009 - Hypothesis gives an object
    known = {user_id for user_id in world.users if choose() < 0.5} - world.gone
    lacking = {user_id for user_id in known if choose() < 0.01}
    plan = Plan.neighbours(REPOSITORY)

    def tell(_world: World) -> None:
        plan.know(KnownList(user_id, user_id not in lacking, EPOCH) for user_id in known)

    driver = Driver(plan, world, after=tell)

    finish = driver.run()

    asked = {one.request.user_id for one in driver.accepted if isinstance(one, page.StarListPage)}
    coverage = finish.coverage
    assert coverage.users_from_store == len(known - asked)
    assert coverage.users_read + coverage.users_gone == len(world.users)
    assert coverage.users_without_seed == len(lacking - asked)
    assert not (coverage.users_from_store and coverage.as_of != EPOCH)
    tell(world)
    assert plan.coverage == coverage


def test_a_plan_that_is_stopped_asks_for_nothing_more() -> None:
    """After `stop` the next step is the end, with what was read until then."""
    world = World.of([250] * 60)
    plan = Plan.neighbours(REPOSITORY)
    driver = Driver(plan, world)
    for _ in range(4):
        driver.step()

    plan.stop()
    finish = plan.next_step(world.now)

    assert isinstance(finish, Finish)
    assert finish.error is None
    assert finish.coverage.users_unread > 0
    assert not finish.coverage.complete
    is_bounded(driver)


@MODEST
@given(worlds(clean=True))
def test_a_plan_may_read_the_stargazers_alone(world: World) -> None:
    """Who the stargazers are can be read without what they starred."""
    driver = Driver(Plan.stargazers(REPOSITORY), world)

    finish = driver.run()

    assert finish.error is None
    assert driver.listed == set(world.users)
    assert finish.coverage.list_whole
    assert all(isinstance(one, page.StargazersPage) for one in driver.accepted)
    assert len(world.calls) <= 2 + len(world.users) // 200


def test_a_bare_first_step_asks_for_facts_and_both_ends() -> None:
    """The first call asks who the repository is and for both ends of its list, and costs a point."""
    step = Plan.neighbours(REPOSITORY).next_step(EPOCH)

    assert isinstance(step, Send)
    (call,) = step.calls
    assert [type(one) for one in call.selections] == [page.FactsRequest, *[page.StargazersRequest] * 2]
    assert call.points == 1


def test_weather_at_the_first_call_is_got_over() -> None:
    """A first call that fails is asked again, facts and all."""
    world = World.of([250] * 6)
    world.weather = befalls([of(FailureKind.TRANSIENT, 0.1), of(FailureKind.TIMEOUT, 10.0)])
    driver = driven(world)

    driver.run()

    is_exact(driver)


def test_closed_star_lists_are_noticed_however_large_the_first_call_is() -> None:
    """A plan that knows GitHub to stand large calls judges by the first of them."""
    world = World.of([3] * 200)
    world.closed = True
    driver = Driver(Plan.neighbours(REPOSITORY, sizes=Sizes(cap=PAGES_AT_MOST)), world)

    finish = driver.run()

    assert isinstance(finish.error, StarListsRestricted)
    assert len(world.calls) <= 3
