"""What is known already spares calls and changes no answer: fresh lists, old ones, and those half read."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.laws.driver import Driver, is_exact
from tests.laws.world import EPOCH, SEED, World, fortune, moment
from tests.laws.worlds import LENGTHS, Fault, befalls, passing_faults

from stargazer.planner import page
from stargazer.planner.connection import Ending, Side
from stargazer.planner.known import HalfListed, HalfRead, KnownStargazers, StoredList, StoredStargazers
from stargazer.planner.page import Direction
from stargazer.planner.plan import Plan

REPOSITORY = "owner/r1"
MODEST = settings(max_examples=40, deadline=None)


def second(stamp: int) -> int:
    return int(moment(stamp).timestamp())


def stored(world: World, user_id: str) -> StoredList:
    """A user's list as it stands now, as a store would keep it."""
    hidden = {*world.unnamed, *world.private} - {SEED}
    stars = world.lists[user_id]
    shown = [(number, second(stamp)) for number, stamp in reversed(stars.items()) if number not in hidden]
    return StoredList(user_id, shown, SEED in stars, len(stars) - len(shown))


def churn(world: World, rng: random.Random, user_id: str, changes: int) -> None:
    """A user stars, unstars, and stars again so many times."""
    for _ in range(changes):
        held = [number for number in world.lists[user_id] if number != SEED]
        number = rng.choice(held) if held and rng.random() < 0.6 else rng.randrange(2, 5000)
        again = number not in world.lists[user_id] or rng.random() < 0.5
        world.unstar(user_id, number)
        if again:
            world.star(user_id, number)


class Memory:
    """Old lists, and what a plan says has become of them."""

    def __init__(self, plan: Plan, lists: Iterable[StoredList]) -> None:
        self.plan = plan
        self.lists = {one.user_id: one for one in lists}
        self.kept: dict[str, int] = {}
        self.endings: dict[str, Ending] = {}

    def follow(self, _world: World) -> None:
        self.plan.know(self.lists.values())
        for ended in self.plan.ended():
            self.kept[ended.user_id] = ended.kept
            self.endings[ended.user_id] = ended.ending

    def stars(self, driver: Driver) -> dict[str, set[int | str]]:
        """What was read now, and what is kept of the old lists."""
        found: dict[str, set[int | str]] = {user_id: set(stars) for user_id, stars in driver.stars.items()}
        for user_id, kept in self.kept.items():
            if user_id in self.lists:
                edges = self.lists[user_id].stars
                found.setdefault(user_id, set()).update(one for one, _ in edges[len(edges) - kept :])
        return found


CHANGES = st.lists(st.tuples(LENGTHS, st.sampled_from((0, 0, 1, 2, 5, 40))), min_size=1, max_size=8)


@MODEST
@given(CHANGES, st.integers(0, 9999), passing_faults())
def test_an_old_list_is_refreshed_truly(lists: list[tuple[int, int]], seed: int, faults: list[Fault]) -> None:
    """What is read of the new end and what is kept of the old list are the list as it is now."""
    rng = fortune(seed)
    world = World.of([length for length, _ in lists], rng)
    old = [stored(world, user_id) for user_id in world.users]
    for user_id, (_, changes) in zip(world.users, lists, strict=True):
        churn(world, rng, user_id, changes)
    world.weather = befalls(faults)
    plan = Plan.neighbours(REPOSITORY)
    memory = Memory(plan, old)
    driver = Driver(plan, world, after=memory.follow)

    finish = driver.run()

    assert finish.coverage.users_read == len(world.users)
    assert set(memory.endings.values()) == {Ending.WHOLE}
    assert {user_id: stars for user_id, stars in memory.stars(driver).items() if stars} == {
        user_id: world.shown(user_id) for user_id in world.users if world.shown(user_id)
    }
    lacking = {user_id for user_id in world.users if SEED not in world.lists[user_id]}
    assert finish.coverage.users_without_seed == len(lacking)


@MODEST
@given(st.integers(1, 900), st.integers(0, 9999), st.sampled_from((50, 500, 2500)), st.integers(0, 6))
def test_an_old_list_with_hidden_stars_is_refreshed_truly(
    length: int, seed: int, hidden: int, changes: int
) -> None:
    """Stars that are counted and not shown do not hide that others were taken back."""
    rng = fortune(seed)
    world = World.of([length], rng)
    world.unnamed = frozenset(rng.sample(range(2, 5000), hidden))
    old = stored(world, "U_0")
    for _ in range(changes):
        shown = sorted(world.shown("U_0") - {SEED})
        if shown:
            world.unstar("U_0", rng.choice(shown))
        world.star("U_0", rng.randrange(5000, 10_000))
    plan = Plan.neighbours(REPOSITORY)
    memory = Memory(plan, [old])
    driver = Driver(plan, world, after=memory.follow)

    finish = driver.run()

    assert finish.coverage.users_read == 1
    assert memory.stars(driver)["U_0"] == world.shown("U_0")


@MODEST
@given(st.lists(LENGTHS.filter(bool), min_size=1, max_size=8), st.integers(0, 3))
def test_an_old_list_that_still_stands_costs_one_small_page(lengths: list[int], news: int) -> None:
    """Whoever starred little since costs a page of a few stars, however long the list."""
    world = World.of(lengths)
    old = [stored(world, user_id) for user_id in world.users]
    for user_id in world.users:
        for number in range(news):
            world.star(user_id, 6000 + number)
    plan = Plan.neighbours(REPOSITORY)
    memory = Memory(plan, old)
    driver = Driver(plan, world, after=memory.follow)

    finish = driver.run()

    assert finish.coverage.users_read == len(lengths)
    pages = [one for one in driver.accepted if isinstance(one, page.StarListPage)]
    assert len(pages) == len(lengths)
    assert all(one.request.first <= 10 for one in pages)


def halves(driver: Driver) -> list[HalfRead]:
    """What was read of each list, by a run that broke off."""
    pages: dict[str, list[page.StarListPage]] = {}
    for one in driver.accepted:
        if isinstance(one, page.StarListPage):
            pages.setdefault(one.request.user_id, []).append(one)
    return [half(user_id, read) for user_id, read in pages.items()]


def half(user_id: str, read: list[page.StarListPage]) -> HalfRead:
    sides: dict[Direction, Side] = {}
    for direction in Direction:
        mine = [one for one in read if one.request.direction is direction]
        if mine:
            stars = [star for one in mine for star in one.stars]
            shown: dict[int | str, datetime] = {
                star.repository.database_id or 0: star.starred_at for star in stars
            }
            sides[direction] = Side(shown, mine[-1].end_cursor)
    return HalfRead(
        user_id,
        sides,
        low=min(one.total_count for one in read),
        high=max(one.total_count for one in read),
        unseen=sum(one.hidden + one.private for one in read),
        has_seed=any(one.has_seed for one in read),
    )


@MODEST
@given(st.lists(LENGTHS.filter(bool), min_size=1, max_size=10), st.integers(1, 20), st.sampled_from((0, 500)))
def test_a_list_half_read_goes_on_from_its_cursors(lengths: list[int], steps: int, hidden: int) -> None:
    """A run that broke off is taken up: nothing that was read is asked for again, and all is true."""
    world = World.of(lengths)
    world.unnamed = frozenset(world.rng.sample(range(2, 5000), hidden))
    first = Driver(Plan.neighbours(REPOSITORY), world)
    for _ in range(steps):
        if first.step() is not None:
            break
    ended = {one.user_id for one in first.plan.ended()}
    known = [one for one in halves(first) if one.user_id not in ended]
    before = {one.request for one in first.accepted if isinstance(one, page.StarListPage)}

    plan = Plan.neighbours(REPOSITORY)
    second = Driver(plan, world, after=lambda _world: plan.know(known))
    second.run()

    again = {one.request for one in second.accepted if isinstance(one, page.StarListPage)} & before
    assert {one.user_id for one in again} <= ended
    second.accepted = [*first.accepted, *second.accepted]
    is_exact(second)


# The list of stargazers.


def edges(world: World) -> list[tuple[page.User, int]]:
    return [(world.user(user_id), second(stamp)) for user_id, stamp in reversed(world.listed.items())]


@MODEST
@given(st.integers(1, 700))
def test_known_stargazers_are_not_asked_for(count: int) -> None:
    """A fresh list of stargazers costs nothing, and is as good as one that was read."""
    world = World.of([3] * count)
    listed = KnownStargazers([world.user(user_id) for user_id in world.users], 0, EPOCH)
    plan = Plan.neighbours(REPOSITORY, listed=listed)
    driver = Driver(plan, world)

    finish = driver.run()

    assert finish.coverage.kind == "exact"
    assert not any(
        isinstance(one, page.StargazersRequest) for call, _, _ in world.calls for one in call.selections
    )
    assert plan.listing_ended is not None
    assert plan.listing_ended.ending is Ending.WHOLE


@MODEST
@given(st.integers(0, 700), st.integers(0, 30), st.integers(0, 30), st.integers(0, 999))
def test_old_stargazers_are_refreshed_truly(count: int, came: int, went: int, seed: int) -> None:
    """Who came is read, who went is found out, and the others are not asked for again."""
    rng = fortune(seed)
    world = World.of([3] * (count + came), rng)
    new = world.users[count:]
    stamps = {user_id: world.listed.pop(user_id) for user_id in new}
    old = StoredStargazers(edges(world))
    for user_id in rng.sample(world.users, min(went, count)):
        del world.listed[user_id]
    world.listed.update(stamps)
    plan = Plan.neighbours(REPOSITORY, listed=old)
    driver = Driver(plan, world)
    assert plan.listing_ended is None

    finish = driver.run()

    assert finish.error is None
    assert finish.coverage.stargazers_listed == len(world.listed)
    assert finish.coverage.users_read == len(world.listed)
    assert finish.coverage.list_whole
    assert {one.request.user_id for one in driver.accepted if isinstance(one, page.StarListPage)} == set(
        world.listed
    )


@MODEST
@given(st.integers(201, 1500), st.integers(1, 4))
def test_stargazers_half_listed_go_on_from_their_cursors(count: int, calls: int) -> None:
    """A list of stargazers that broke off is taken up where it was."""
    world = World.of([1] * count)
    first = Driver(Plan.stargazers(REPOSITORY), world)
    for _ in range(calls):
        if first.step() is not None:
            break
    pages = [one for one in first.accepted if isinstance(one, page.StargazersPage)]
    sides = {
        direction: Side(
            {one.user.id: one.starred_at for each in mine for one in each.stargazers}, mine[-1].end_cursor
        )
        for direction in Direction
        if (mine := [one for one in pages if one.request.direction is direction])
    }
    users = [one.user for each in pages for one in each.stargazers]
    before = {one.request for one in pages}

    plan = Plan.neighbours(REPOSITORY, listed=HalfListed(users, sides, count, count, 0))
    driver = Driver(plan, world)
    finish = driver.run()

    assert finish.coverage.stargazers_listed == finish.coverage.users_read == count
    if first.plan.listing_ended is None:
        assert not {one.request for one in driver.accepted} & before


def test_what_ended_is_told_once() -> None:
    """A plan says of each list once that its reading is over, and nothing of stargazers that are given."""
    world = World.of([3] * 30)
    driver = Driver(Plan.neighbours(REPOSITORY), world)
    driver.run()

    told = driver.plan.ended()

    assert {one.user_id for one in told} == set(world.users)
    assert driver.plan.ended() == ()
    assert Plan.neighbours(REPOSITORY, logins=["ada"]).listing_ended is None


def test_who_was_listed_and_who_counts_is_told() -> None:
    """A memory is told of everybody listed, once, and of those whose lists were read, whole or not."""
    world = World.of([3] * 30)
    world.gone, world.over_limit = {"U_3"}, {"U_4"}
    plan = Plan.neighbours(REPOSITORY)
    driver = Driver(plan, world)
    driver.step()

    assert sorted(plan.listed()) == sorted(world.users)
    assert plan.counted_users() == []
    driver.run()

    assert plan.listed() == []
    assert set(plan.counted_users()) == set(world.users) - world.gone


def test_an_answer_is_as_old_as_what_was_half_read() -> None:
    """The age of an answer is that of its oldest part, also of a list that was begun before."""
    world = World.of([900, 3])
    first = Driver(Plan.neighbours(REPOSITORY), world)
    for _ in range(2):
        first.step()
    begun_at = EPOCH - timedelta(hours=1)
    known = [replace(one, begun_at=begun_at) for one in halves(first)]
    plan = Plan.neighbours(REPOSITORY)
    driver = Driver(plan, world, after=lambda _world: plan.know(known))

    finish = driver.run()

    assert known
    assert finish.coverage.as_of == begun_at
