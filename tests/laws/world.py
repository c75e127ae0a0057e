"""A GitHub of plain values: it answers calls without any wire, on a clock that only it moves."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from stargazer.planner import page
from stargazer.planner.page import Direction, Failure, FailureKind

EPOCH = datetime(2026, 11, 24, 10, tzinfo=UTC)
SEED = 1


def star_count(rng: random.Random) -> int:
    """A heavy-tailed number of stars."""
    return max(1, min(20_000, round(math.exp(rng.gauss(4.2, 1.5)))))


class World:
    """Users and what they starred; the repository whose stargazers are read is number 1."""

    def __init__(self, lists: Sequence[Sequence[int]], *, rng: random.Random | None = None) -> None:
        self.rng = rng or random.Random(0)
        self.lists = {f"U_{number}": tuple(stars) for number, stars in enumerate(lists)}
        self.users = list(self.lists)
        self.gone: set[str] = set()
        self.over_limit: set[str] = set()
        self.now = EPOCH
        self.model: Callable[[World, page.Call, int], float] = default_seconds
        self.jitter = 0.25
        self.calls: list[tuple[page.Call, float, Failure | None]] = []
        self.limit = 5000
        self.used = 0
        self.reset_at = EPOCH + timedelta(hours=1)
        self.repositories: dict[int, page.Repository] = {}

    @classmethod
    def sized(cls, users: int, seed: int = 0, repositories: int = 200_000) -> World:
        """A world of so many stargazers with heavy-tailed lists."""
        rng = random.Random(seed)
        lists = []
        for _ in range(users):
            count = star_count(rng)
            stars = set(rng.sample(range(2, repositories), count - 1))
            ordered = [*stars, SEED]
            rng.shuffle(ordered)
            lists.append(ordered)
        return cls(lists, rng=rng)

    def repository(self, number: int) -> page.Repository:
        """The repository of that number."""
        known = self.repositories.get(number)
        if known is None:
            known = page.Repository(number, f"owner/r{number}", 10 + number, False)
            self.repositories[number] = known
        return known

    def _slice(self, count: int, first: int, after: str | None, direction: Direction) -> tuple[list[int], bool, str]:
        start = int(after or 0)
        end = min(count, start + first)
        places = range(start, end)
        if direction is Direction.DESC:
            return [count - 1 - place for place in places], end < count, str(end)
        return list(places), end < count, str(end)

    def outcome(self, selection: page.Selection) -> page.Outcome:
        """The truth about one selection."""
        match selection:
            case page.FactsRequest(owner=owner, name=name):
                return page.Facts("R_1", SEED, f"{owner}/{name}", len(self.users), False)
            case page.UserRequest(login=login):
                user_id = f"U_{login.removeprefix('user-')}"
                if user_id in self.gone or user_id not in self.lists:
                    return Failure(FailureKind.GONE, "gone")
                return page.User(user_id, int(user_id[2:]), login)
            case page.StargazersRequest(first=first, after=after, direction=direction):
                places, more, cursor = self._slice(len(self.users), first, after, direction)
                shown = tuple(page.Stargazer(EPOCH, self.user(self.users[place])) for place in places)
                return page.StargazersPage(selection, shown, 0, len(self.users), more, cursor)
            case page.StarListRequest(user_id=user_id):
                return self._star_list(selection, user_id)

    def user(self, user_id: str) -> page.User:
        """A user by node id."""
        return page.User(user_id, int(user_id[2:]), f"user-{user_id[2:]}")

    def _star_list(self, request: page.StarListRequest, user_id: str) -> page.Outcome:
        if user_id in self.gone:
            return Failure(FailureKind.GONE, "gone")
        numbers = self.lists[user_id]
        places, more, cursor = self._slice(len(numbers), request.first, request.after, request.direction)
        stars = tuple(page.Star(EPOCH, self.repository(numbers[place])) for place in places)
        return page.StarListPage(
            request, stars, 0, 0, len(numbers), more, cursor,
            user_id in self.over_limit, any(numbers[place] == request.seed for place in places),
        )  # fmt: skip

    def answer(self, call: page.Call) -> page.Reply:
        """Answer a call and let its time pass."""
        outcomes = tuple(self.outcome(selection) for selection in call.selections)
        nodes = sum(
            len(one.stars) if isinstance(one, page.StarListPage) else len(one.stargazers)
            for one in outcomes
            if isinstance(one, page.StarListPage | page.StargazersPage)
        )
        seconds = self.model(self, call, nodes) * math.exp(self.rng.gauss(0, self.jitter))
        if self.now >= self.reset_at:
            self.used, self.reset_at = 0, self.reset_at + timedelta(hours=1)
        self.used += call.points
        if seconds > 10.0:
            self.now += timedelta(seconds=10)
            failure = Failure(FailureKind.TIMEOUT, "502")
            self.calls.append((call, 10.0, failure))
            return page.Reply(call, (), failure, None, 10.0)
        self.now += timedelta(seconds=seconds)
        self.calls.append((call, seconds, None))
        reading = page.Reading(self.limit, self.limit - self.used, self.used, self.reset_at, call.points)
        return page.Reply(call, outcomes, None, reading, seconds, self.now)


def default_seconds(world: World, call: page.Call, nodes: int) -> float:
    """0.25 s a call, 4 ms a connection, 0.8 ms a node."""
    return 0.25 + 0.004 * call.requests + 0.0008 * nodes


def work_floor(world: World) -> tuple[float, int, int]:
    """The two floors: GitHub seconds and points; and the requests."""
    lengths = [len(stars) for stars in world.lists.values()]
    requests = sum(max(1, -(-n // 100)) for n in lengths) + -(-len(lengths) // 100)
    nodes = sum(lengths) + len(lengths)
    work = 0.004 * requests + 0.0008 * nodes
    longest = max(max(1, -(-n // 100)) for n in lengths)
    points = max(-(-requests // 149), 2 + -(-longest // 2))
    overhead = 0.25 * max(work / 5, points)
    return (work + overhead) * math.exp(0.25**2 / 2), points, requests
