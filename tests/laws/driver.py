"""Drive a plan against a world, and hold every step to the laws that hold for all plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.laws.world import SEED, World, charge, pages_of

from stargazer.neighbours.answer import Neighbours
from stargazer.neighbours.merge import Merge
from stargazer.planner import page
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Direction, FailureKind
from stargazer.planner.plan import Plan
from stargazer.planner.step import Finish, Send, Wait

STEPS_AT_MOST = 20_000
"""A plan that takes more steps than this is taken to be endless."""

Place = tuple[str, Direction, str | None]


def place_of_page(request: page.StargazersRequest | page.StarListRequest) -> Place:
    """Which page of which list a request asks for; the stargazers have no user."""
    user_id = request.user_id if isinstance(request, page.StarListRequest) else ""
    return user_id, request.direction, request.after


class Driver:
    """Sends what the plan wants to the world, and hands the replies back.

    The laws, for every plan and every world: no more calls in flight than the
    budget allows; none over 149 pages or 500,000 nodes, none priced wrongly, none
    that the readings say cannot be paid, none before a refusal's wait is over;
    no page asked for again that was accepted, unless its list is read anew;
    every wait lies ahead; nobody who was listed is lost; the plan ends.

    Args:
        pick: which of so many calls in flight is answered next.
        after: what happens in the world after each reply.
    """

    def __init__(
        self,
        plan: Plan,
        world: World,
        *,
        pick: Callable[[int], int] = lambda _count: 0,
        after: Callable[[World], object] | None = None,
    ) -> None:
        self.plan = plan
        self.world = world
        self.accepted: list[page.Page] = []
        self.users: dict[str, page.User] = {}
        self.waits: list[Wait] = []
        self.replies: list[page.Reply] = []
        self.ended: list[tuple[datetime, float]] = []
        self.read_anew: Counter[str] = Counter()
        self._pick = pick
        self._after = after
        self._in_flight: list[page.Reply] = []
        self._places: set[Place] = set()
        self._refused_until = world.now
        self._refusals = 0
        self._reading: page.Reading | None = None
        self._before = plan.coverage

    def run(self) -> Finish:
        """Drive the plan to its end."""
        for _ in range(STEPS_AT_MOST):
            finish = self.step()
            if finish is not None:
                return finish
        raise AssertionError("the plan does not end")

    def step(self) -> Finish | None:
        """Take one step; returns the last."""
        match self.plan.next_step(self.world.now):
            case Send(calls):
                assert calls
                for call in calls:
                    self._send(call)
            case Wait() as wait:
                assert wait.until > self.world.now, "a wait that is over"
                if self._in_flight:
                    self._receive()
                else:
                    self.waits.append(wait)
                    self.world.now = wait.until
            case Finish() as finish:
                assert self.plan.next_step(self.world.now) == finish, "an end that is none"
                self._nobody_is_lost(self.plan.coverage)
                return finish
        if len(self._in_flight) == self.plan.budget.concurrency:
            self._receive()
        return None

    def _send(self, call: page.Call) -> None:
        pages = pages_of(call)
        assert len(self._in_flight) < self.plan.budget.concurrency, "too many calls in flight"
        assert self.world.now >= self._refused_until, "a call during the wait after a refusal"
        assert call.requests == len(pages) <= 149
        assert call.nodes == sum(one.first for one in pages) < 500_000
        assert call.points == charge(call)
        assert self._is_payable(call), "a call that cannot be paid"
        for one in pages:
            self._is_new(place_of_page(one))
        self._in_flight.append(self.world.answer(call))

    def _is_payable(self, call: page.Call) -> bool:
        reading = self._reading
        if reading is None or reading.reset_at <= self.world.now:
            return True
        pending = sum(reply.call.points for reply in self._in_flight)
        return call.points + pending + self.plan.budget.floor <= reading.remaining or call.points == 0

    def _is_new(self, place: Place) -> None:
        user_id, direction, after = place
        if place in self._places and after is None and direction is Direction.ASC:
            self._places = {one for one in self._places if one[0] != user_id}
            self.read_anew[user_id] += 1
        assert place not in self._places, "a page that is known is asked for again"

    def _receive(self) -> None:
        reply = self._in_flight.pop(self._pick(len(self._in_flight)))
        self.replies.append(reply)
        for one in self.plan.receive(reply, self.world.now):
            if isinstance(one, page.User):
                self.users[one.id] = one
                continue
            self.accepted.append(one)
            self._places.add(place_of_page(one.request))
        self.ended.append((self.world.now, reply.seconds))
        self._note(reply)
        self._nobody_is_lost(self.plan.coverage)
        if self._after is not None:
            self._after(self.world)

    def _note(self, reply: page.Reply) -> None:
        if reply.reading is not None:
            same = self._reading is not None and self._reading.reset_at == reply.reading.reset_at
            if not same or self._reading is None or reply.reading.remaining < self._reading.remaining:
                self._reading = reply.reading
        failure = reply.failure
        if failure is None:
            self._refusals = 0
        elif failure.kind in (FailureKind.PRIMARY_LIMIT, FailureKind.SECONDARY_LIMIT):
            self._refusals += 1
            waited = failure.retry_after if failure.retry_after is not None else self._least_wait()
            self._refused_until = max(self._refused_until, self.world.now + timedelta(seconds=waited))

    def _least_wait(self) -> float:
        """What GitHub's rules ask of us when a refusal does not say how long to wait."""
        reading = self._reading
        if reading is not None and reading.remaining == 0 and reading.reset_at > self.world.now:
            return (reading.reset_at - self.world.now).total_seconds()
        return 60.0

    def _nobody_is_lost(self, now: Coverage) -> None:
        before, self._before = self._before, now
        settled = ("users_read", "users_gone", "users_failed", "users_truncated")
        assert all(getattr(before, name) <= getattr(now, name) for name in settled)
        assert now.users_unread >= 0
        assert now.stargazers_listed == sum(getattr(now, name) for name in settled) + now.users_unread
        assert now.stargazers_listed >= len(self.listed)
        assert now.users_from_store <= now.users_read

    @property
    def listed(self) -> set[str]:
        """The node ids of all that were listed."""
        pages = [one for one in self.accepted if isinstance(one, page.StargazersPage)]
        return {one.user.id for each in pages for one in each.stargazers} | set(self.users)

    @property
    def stars(self) -> dict[str, set[int]]:
        """The repositories that were read, of each user."""
        read: dict[str, set[int]] = {}
        for one in self.accepted:
            if isinstance(one, page.StarListPage):
                ids = (star.repository.database_id for star in one.stars)
                read.setdefault(one.request.user_id, set()).update(number for number in ids if number)
        return read

    def neighbours(self) -> Neighbours:
        """The answer, from what was accepted."""
        merge = Merge()
        merge.add(self.accepted)
        merge.name(self.users.values())
        return merge.neighbours(self.plan.coverage)


def truth(world: World) -> dict[str, tuple[str, ...]]:
    """The neighbours that sets and a dict give: of each repository who starred it."""
    found: dict[int, list[str]] = {}
    for user_id in set(world.users) - world.gone - world.veiled:
        stars = world.shown(user_id)
        for number in stars - {SEED} if SEED in stars else ():
            found.setdefault(number, []).append(f"user-{user_id[2:]}")
    return {f"owner/r{number}": tuple(sorted(logins)) for number, logins in found.items()}


def read_truly(driver: Driver) -> None:
    """Nothing was read that is not there, and who counts as read was read to the end."""
    world, stars = driver.world, driver.stars
    assert all(stars[user_id] <= world.shown(user_id) for user_id in stars)
    short = {
        user_id
        for user_id in driver.listed - world.gone
        if stars.get(user_id, set()) != world.shown(user_id) and world.shown(user_id)
    }
    assert len(short) <= driver.plan.coverage.users_not_whole


def is_exact(driver: Driver) -> None:
    """The answer is called exact, and is the truth."""
    finish = driver.plan.next_step(driver.world.now)
    assert isinstance(finish, Finish)
    assert finish.error is None
    assert finish.coverage.kind == "exact"
    assert {one.repo: one.stargazers for one in driver.neighbours()} == truth(driver.world)


def is_bounded(driver: Driver) -> None:
    """The answer is an interval, and the truth lies in it."""
    expected = {repo: len(logins) for repo, logins in truth(driver.world).items()}
    coverage = driver.plan.coverage
    # `shared_high` is about those who were listed. Nothing is known of the others when a list breaks off.
    unlisted = 0 if coverage.list_whole else coverage.stargazers_total - coverage.stargazers_listed
    for one in driver.neighbours():
        high = one.shared if one.shared_high is None else one.shared_high
        assert one.shared <= expected.get(one.repo, 0) <= high + max(0, unlisted)
