"""Laws of refreshing an old list: whatever came and went, and whatever comes and goes meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.driver import Driver, Place
from tests.laws.world import EPOCH, SEED, World, fortune, moment
from tests.laws.worlds import Fault, befalls, passing_faults

from stargazer.planner import page
from stargazer.planner.connection import Ending
from stargazer.planner.known import Ended, KnownStargazers, StoredList, StoredStargazers
from stargazer.planner.page import Direction
from stargazer.planner.plan import Plan
from stargazer.planner.step import Finish

REPOSITORY = "owner/r1"
MODEST = settings(max_examples=60, deadline=None)
HIDDEN = range(4_000, 4_200)
SMALL = st.integers(1, 60)
LONG = st.integers(90, 450)


def old_list(world: World, user_id: str, *, ties: int = 1) -> StoredList:
    """A user's list as a store would keep it, which sorts the stars of one second its own way."""
    shown = [
        (number, int(moment(stamp // ties * ties).timestamp()))
        for number, stamp in world.lists[user_id].items()
        if number not in world.unnamed
    ]
    shown.sort(key=lambda star: (-star[1], star[0]))
    return StoredList(user_id, shown, SEED in world.lists[user_id], len(world.lists[user_id]) - len(shown))


class Tied(World):
    """A world in which so many stamps fall into one second."""

    ties = 1

    def outcome(self, selection: page.Selection) -> page.Outcome:
        """Answer as ever, with rougher moments."""
        outcome = super().outcome(selection)
        if not isinstance(outcome, page.StarListPage) or self.ties == 1:
            return outcome
        stamps = self.lists[outcome.request.user_id]
        stars = tuple(
            page.Star(
                moment(stamps[star.repository.database_id or 0] // self.ties * self.ties), star.repository
            )
            for star in outcome.stars
        )
        return page.StarListPage(
            outcome.request,
            stars=stars,
            hidden=outcome.hidden,
            private=outcome.private,
            total_count=outcome.total_count,
            has_next_page=outcome.has_next_page,
            end_cursor=outcome.end_cursor,
            is_over_limit=outcome.is_over_limit,
            has_seed=outcome.has_seed,
        )


def still(_world: World) -> None:
    """Nothing happens."""


def change(world: World, rng: random.Random, user_id: str, note: Callable[[World], object] = still) -> None:
    """A user gives a star, takes one back (mostly a new one), or gives one again."""
    held = [number for number in world.lists[user_id] if number != SEED and number not in world.unnamed]
    what = rng.choice(("star", "unstar", "restar"))
    if what == "star" or not held:
        world.star(user_id, rng.randrange(5_000, 10_000))
        return
    number = held[-1 - min(len(held) - 1, int(rng.expovariate(0.1)))]
    world.unstar(user_id, number)
    note(world)
    if what == "restar":
        world.star(user_id, number)


class Watch:
    """What was on the lists at every moment since the refresh began, and what the plan says of them."""

    def __init__(self, plan: Plan, world: World, old: list[StoredList]) -> None:
        self.plan = plan
        self.old = {one.user_id: one for one in old}
        self.ended: dict[str, Ended] = {}
        self.always = {user_id: world.shown(user_id) for user_id in world.users}
        self.ever = {user_id: world.shown(user_id) for user_id in world.users}

    def follow(self, _world: World) -> None:
        """Tell the plan what is known, and hear what has ended."""
        self.plan.know(self.old.values())
        self.ended.update({one.user_id: one for one in self.plan.ended()})

    def note(self, world: World) -> None:
        """Note how the lists are now."""
        for user_id in world.users:
            shown = world.shown(user_id)
            self.always[user_id] = self.always[user_id] & shown
            self.ever[user_id] = self.ever[user_id] | shown

    def list_of(self, user_id: str, driver: Driver) -> set[int | str]:
        """What a store has now: what was read, and what it keeps of the old list."""
        kept = self.ended[user_id].kept
        stars = self.old[user_id].stars
        return {one for one, _ in stars[len(stars) - kept :]} | set(driver.stars.get(user_id, set()))


class Anew(Driver):
    """A driver that knows that a refresh which does not add up is followed by a reading from the old end."""

    def _is_new(self, place: Place) -> None:
        user_id, direction, after = place
        if after is None and direction is Direction.ASC:
            self._places = {one for one in self._places if one[0] != user_id}
        super()._is_new(place)


Busy = Callable[[World, Callable[[World], object]], object]


def refresh(
    world: World, old: list[StoredList], busy: Busy = lambda _world, _note: None
) -> tuple[Watch, Driver, Finish]:
    """Refresh the old lists while the world is *busy*, and notes whatever it does."""
    plan = Plan.neighbours(REPOSITORY)
    watch = Watch(plan, world, old)

    def after(world: World) -> None:
        watch.follow(world)
        busy(world, watch.note)
        watch.note(world)

    driver = Anew(plan, world, after=after)
    return watch, driver, driver.run()


LISTS = st.lists(
    st.tuples(st.one_of(SMALL, SMALL, LONG), st.sampled_from((0, 1, 2, 5, 30))), min_size=1, max_size=6
)


@MODEST
@given(LISTS, st.integers(0, 9999), st.sampled_from((1, 3, 8)), st.booleans(), passing_faults())
def test_a_refreshed_list_is_the_list(
    lists: list[tuple[int, int]], seed: int, ties: int, hides: bool, faults: list[Fault]
) -> None:
    """What is kept and what was read are the list as it is, even where many stars fall into one second."""
    rng = fortune(seed)
    world = Tied.of([length for length, _ in lists], rng)
    assert isinstance(world, Tied)
    world.ties = ties
    world.unnamed = HIDDEN if hides else ()
    old = [old_list(world, user_id, ties=ties) for user_id in world.users]
    for user_id, (_, changes) in zip(world.users, lists, strict=True):
        for _ in range(changes):
            change(world, rng, user_id)
    world.weather = befalls(faults)

    watch, driver, finish = refresh(world, old)

    assert finish.coverage.users_read == len(world.users)
    for user_id in world.users:
        assert watch.list_of(user_id, driver) == world.shown(user_id)
        assert watch.ended[user_id].ending is Ending.WHOLE
        assert watch.ended[user_id].kept <= len(watch.old[user_id].stars)


@MODEST
@given(LISTS, st.integers(0, 9999), st.integers(1, 6))
def test_churn_over_a_refresh(lists: list[tuple[int, int]], seed: int, pace: int) -> None:
    """What was there all along is reported, and nothing that was neither there nor on the old list."""
    rng = fortune(seed)
    world = World.of([length for length, _ in lists], rng)
    old = [old_list(world, user_id) for user_id in world.users]
    for user_id, (_, changes) in zip(world.users, lists, strict=True):
        for _ in range(changes):
            change(world, rng, user_id)

    def busy(world: World, note: Callable[[World], object]) -> None:
        for _ in range(pace):
            change(world, rng, rng.choice(world.users), note)

    watch, driver, _ = refresh(world, old, busy)

    for user_id, ended in watch.ended.items():
        if ended.ending is Ending.WHOLE:
            found = watch.list_of(user_id, driver)
            assert watch.always[user_id] <= found
            assert found <= watch.ever[user_id] | {number for number, _ in watch.old[user_id].stars}


@MODEST
@given(st.integers(10, 300), st.integers(1, 25), st.integers(0, 9999))
def test_a_star_that_comes_meanwhile_hides_no_gap(length: int, news: int, seed: int) -> None:
    """A star taken back long ago is missed even if another is given between two pages."""
    rng = fortune(seed)
    world = World.of([length], rng)
    old = [old_list(world, "U_0")]
    held = sorted(world.shown("U_0") - {SEED})
    for number in rng.sample(held, min(2, len(held))):
        world.unstar("U_0", number)
    for number in range(news):
        world.star("U_0", 6_000 + number)
    fresh = iter(range(7_000, 8_000))

    watch, driver, _ = refresh(world, old, lambda world, _note: world.star("U_0", next(fresh)))

    if watch.ended["U_0"].ending is Ending.WHOLE:
        assert watch.list_of("U_0", driver) <= watch.ever["U_0"]


@MODEST
@given(st.integers(5, 400), st.integers(0, 40), st.booleans())
def test_the_seed_is_found_where_it_lies(length: int, news: int, leaves: bool) -> None:
    """The repository is on a list if it is in what was kept or in what was read, and only then."""
    world = World.of([length])
    old = [old_list(world, "U_0")]
    for number in range(news):
        world.star("U_0", 6_000 + number)
    if leaves:
        world.unstar("U_0", SEED)

    watch, driver, finish = refresh(world, old)

    assert finish.coverage.users_without_seed == int(leaves)
    assert (SEED in watch.list_of("U_0", driver)) is not leaves


@MODEST
@given(LISTS, st.integers(0, 9999), st.integers(2, 30))
def test_a_refresh_that_broke_off_begins_anew(lists: list[tuple[int, int]], seed: int, steps: int) -> None:
    """A run that goes on with refreshes that broke off tells the lists as they are."""
    rng = fortune(seed)
    world = World.of([length for length, _ in lists], rng)
    old = [old_list(world, user_id) for user_id in world.users]
    for user_id, (_, changes) in zip(world.users, lists, strict=True):
        for _ in range(changes):
            change(world, rng, user_id)
    plan = Plan.neighbours(REPOSITORY)
    first = Driver(plan, world, after=lambda _world: plan.know(old))
    for _ in range(steps):
        if first.step() is not None:
            break
    done = {one.user_id for one in plan.ended()}

    left = [one for one in old if one.user_id not in done]
    watch, driver, _ = refresh(world, left)

    for one in left:
        assert watch.list_of(one.user_id, driver) == world.shown(one.user_id)


# The list of stargazers.


def old_stargazers(world: World, ties: int = 1) -> StoredStargazers:
    """The list of stargazers as a store would keep it."""
    edges = [
        (world.user(user_id), int(moment(stamp // ties * ties).timestamp()))
        for user_id, stamp in world.listed.items()
        if user_id not in world.veiled
    ]
    edges.sort(key=lambda edge: (-edge[1], edge[0].id))
    return StoredStargazers(edges, len(world.listed) - len(edges))


@MODEST
@given(st.integers(1, 500), st.integers(0, 20), st.integers(0, 20), st.integers(0, 5), st.integers(0, 9999))
def test_stargazers_that_come_and_go_meanwhile(
    count: int, came: int, went: int, veiled: int, seed: int
) -> None:
    """Who starred all along is listed, and nobody who neither starred nor is on the old list."""
    rng = fortune(seed)
    world = World.of([2] * (count + 2 * came), rng)
    new = world.users[count:]
    stamps = {user_id: world.listed.pop(user_id) for user_id in new}
    world.veiled = set(rng.sample(world.users, min(veiled, count)))
    old = old_stargazers(world)
    for user_id in rng.sample(sorted(set(world.users) - world.veiled), min(went, count - len(world.veiled))):
        del world.listed[user_id]
    before = new[:came]
    world.listed.update({user_id: stamps[user_id] for user_id in before})
    always, ever = set(world.listed), set(world.listed)
    later = iter(new[came:])

    def busy(world: World) -> None:
        comes = next(later, None)
        if comes is not None:
            world.listed[comes] = stamps[comes]
            ever.add(comes)
        leaves = rng.choice(world.users) if len(world.listed) > 1 else None
        if leaves is not None and rng.random() < 0.5:
            del world.listed[leaves]
            always.discard(leaves)

    plan = Plan.neighbours(REPOSITORY, listed=old)
    driver = Anew(plan, world, after=busy)
    listed: set[str] = set()
    while driver.step() is None:
        listed.update(plan.listed())
    listed.update(plan.listed())

    if plan.coverage.list_whole:
        assert always - world.veiled <= listed <= ever | {user.id for user, _ in old.edges}


@MODEST
@given(st.integers(0, 300), st.integers(0, 5))
def test_known_stargazers_tell_how_old_they_are(count: int, hidden: int) -> None:
    """A fresh list of stargazers is used as it is, and the answer is no younger than it."""
    world = World.of([2] * count)
    listed = KnownStargazers([world.user(user_id) for user_id in world.users], hidden, EPOCH)
    world.now = moment(5_000)
    driver = Driver(Plan.neighbours(REPOSITORY, listed=listed), world)

    finish = driver.run()

    assert finish.coverage.stargazers_listed == count
    assert finish.coverage.as_of == EPOCH


@MODEST
@given(LISTS, st.integers(0, 9999))
def test_a_refresh_asks_for_nothing_twice(lists: list[tuple[int, int]], seed: int) -> None:
    """Pages of a refresh go down from the new end, each from the cursor of the one before it."""
    rng = fortune(seed)
    world = World.of([length for length, _ in lists], rng)
    old = [old_list(world, user_id) for user_id in world.users]
    for user_id, (_, changes) in zip(world.users, lists, strict=True):
        for _ in range(changes):
            change(world, rng, user_id)

    _, driver, _ = refresh(world, old)

    cursors: dict[str, str | None] = {}
    for one in driver.accepted:
        if isinstance(one, page.StarListPage):
            assert one.request.direction is Direction.DESC
            assert one.request.after == cursors.get(one.request.user_id)
            cursors[one.request.user_id] = one.end_cursor
