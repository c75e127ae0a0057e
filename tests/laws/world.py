"""A GitHub of plain values: it answers calls without any wire, on a clock that only it moves."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from stargazer.planner import page
from stargazer.planner.page import Direction, Failure, FailureKind

EPOCH = datetime(2026, 11, 24, 10, tzinfo=UTC)
SEED = 1
WALL_SECONDS = 10.0
HOUR = timedelta(hours=1)

T = TypeVar("T")
LIMITS = (FailureKind.PRIMARY_LIMIT, FailureKind.SECONDARY_LIMIT)

Weather = Callable[["World", page.Call], tuple[Failure, float] | None]
"""What befalls a whole call: the failure and the seconds until it came, or None."""

Blight = Callable[["World", page.Selection], Failure | None]
"""What befalls one selection of a call, or None."""


def fair(_world: World, _call: page.Call) -> None:
    """No weather at all."""


def sound(_world: World, _selection: page.Selection) -> None:
    """No blight at all."""


def fortune(seed: int) -> random.Random:
    """Chance that can be had again."""
    return random.Random(seed)  # noqa: S311 - a simulation wants seeded randomness, not secrets


def star_count(rng: random.Random) -> int:
    """A heavy-tailed number of stars."""
    return max(1, min(20_000, round(math.exp(rng.gauss(4.2, 1.5)))))


class World:
    """Users and what they starred; the repository whose stargazers are read is number 1.

    A star has a stamp, which grows with time and is its cursor, so a cursor is a
    place by value. Change any attribute at any time:

    Attributes:
        lists: of each user, the numbers starred, each with its stamp, oldest first.
        listed: the stargazers, each with the stamp of their star.
        veiled: users whose edge in the list of stargazers is null.
        uncounted: how many more stargazers the public count has than the list.
        gone, over_limit: users.
        unnamed: repositories whose edges are null; private: those only some tokens see.
        restricted: how the stargazers are refused: "forbidden", "empty", or not at all.
        closed: whether star lists come back without the seed.
        stars_of: how many stars GitHub counts for a repository; those that are missing have ten more than
            their number.
        weather, blight: what befalls calls, and selections.
        calls: every call with the seconds it took and the failure that ended it.
        unpaid: how many calls were sent that the points of the hour did not pay.
    """

    def __init__(self, lists: Iterable[Iterable[int]], *, rng: random.Random | None = None) -> None:
        self.rng = rng or fortune(0)
        self._stamps = count(1)
        self.lists: dict[str, dict[int, int]] = {}
        self.listed: dict[str, int] = {}
        for number, stars in enumerate(lists):
            self.listed[f"U_{number}"] = next(self._stamps)
            self.lists[f"U_{number}"] = {star: next(self._stamps) for star in stars}
        self.facts = page.Facts("R_1", SEED, "owner/r1", 0, False)
        self.uncounted = 0
        self.missing = False
        self.restricted = ""
        self.closed = False
        self.veiled: set[str] = set()
        self.gone: set[str] = set()
        self.over_limit: set[str] = set()
        self.unnamed: Collection[int] = frozenset()
        self.private: Collection[int] = frozenset()
        self.stars_of: Mapping[int, int] = {}
        self.weather: Weather = fair
        self.blight: Blight = sound
        self.now = EPOCH
        self.model: Callable[[World, page.Call, int], float] = default_seconds
        self.jitter = 0.25
        self.calls: list[tuple[page.Call, float, Failure | None]] = []
        self.limit = 5000
        self.used = 0
        self.unpaid = 0
        self.reset_at = EPOCH + HOUR
        self._repositories: dict[int, page.Repository] = {}

    def __repr__(self) -> str:
        """Show the lengths of the lists, for reports of failed examples."""
        lengths = [len(stars) for stars in self.lists.values()]
        odd = {
            name: getattr(self, name) for name in ("gone", "over_limit", "veiled", "uncounted", "restricted")
        }
        model = getattr(self.model, "__name__", "a model")
        return f"<World of {lengths}, {model}, { ({name: value for name, value in odd.items() if value}) }>"

    @classmethod
    def sized(cls, users: int, seed: int = 0, repositories: int = 200_000) -> World:
        """A world of so many stargazers with heavy-tailed lists."""
        rng = fortune(seed)
        return cls.of([star_count(rng) for _ in range(users)], rng, repositories=repositories)

    @classmethod
    def of(
        cls, lengths: Sequence[int], rng: random.Random | None = None, *, repositories: int = 5_000
    ) -> World:
        """A world of lists of these lengths, each with the seed at a random place; an empty one has none."""
        rng = rng or fortune(1)
        lists = []
        for length in lengths:
            stars = rng.sample(range(SEED + 1, repositories), max(0, length - 1)) + [SEED] * (length > 0)
            rng.shuffle(stars)
            lists.append(stars)
        return cls(lists, rng=rng)

    @property
    def users(self) -> list[str]:
        """The node ids of the stargazers, the first first."""
        return list(self.listed)

    def shown(self, user_id: str) -> set[int]:
        """The public repositories on a user's list, as they stand now."""
        hidden = {*self.unnamed, *self.private} - {SEED}
        stars = set(self.lists[user_id]) - hidden
        return stars - {SEED} if self.closed else stars

    # Stars come and go.

    def star(self, user_id: str, number: int) -> None:
        """A user stars a repository: at the new end of their list."""
        if number not in self.lists[user_id]:
            self.lists[user_id][number] = next(self._stamps)

    def unstar(self, user_id: str, number: int) -> None:
        """A user takes a star away."""
        self.lists[user_id].pop(number, None)

    # What is answered.

    def repository(self, number: int) -> page.Repository:
        """The repository of that number."""
        known = self._repositories.get(number)
        if known is None:
            stars = self.stars_of.get(number, 10 + number)
            known = page.Repository(number, f"owner/r{number}", stars, False)
            self._repositories[number] = known
        return known

    def user(self, user_id: str) -> page.User:
        """A user by node id."""
        return page.User(user_id, int(user_id[2:]), f"user-{user_id[2:]}")

    def outcome(self, selection: page.Selection) -> page.Outcome:
        """The truth about one selection."""
        befallen = self.blight(self, selection)
        if befallen is not None:
            return befallen
        match selection:
            case page.FactsRequest():
                return self._facts()
            case page.UserRequest(login=login):
                user_id = f"U_{login.removeprefix('user-')}"
                known = user_id in self.lists and user_id not in self.gone
                return self.user(user_id) if known else Failure(FailureKind.GONE, "gone")
            case page.DetailsRequest():
                return Failure(FailureKind.GONE, "no plan asks for details")
            case page.StargazersRequest():
                return self._stargazers(selection)
            case page.StarListRequest(user_id=user_id):
                gone = user_id in self.gone
                return Failure(FailureKind.GONE, "gone") if gone else self._star_list(selection, user_id)

    def _facts(self) -> page.Outcome:
        if self.missing:
            return Failure(FailureKind.GONE, "no such repository")
        counted = len(self.listed) + self.uncounted
        return page.Facts(
            self.facts.id, self.facts.database_id, self.facts.name_with_owner, counted, self.facts.is_private
        )

    def _stargazers(self, request: page.StargazersRequest) -> page.Outcome:
        if self.missing or self.restricted == "forbidden":
            return Failure(FailureKind.RESTRICTED if self.restricted else FailureKind.GONE, "refused")
        listed = {} if self.restricted else self.listed
        users, more, cursor = part(listed, request.first, request.after, request.direction)
        edges = tuple(
            page.Stargazer(moment(listed[one]), self.user(one)) for one in users if one not in self.veiled
        )
        return page.StargazersPage(request, edges, len(users) - len(edges), len(listed), more, cursor)

    def _star_list(self, request: page.StarListRequest, user_id: str) -> page.StarListPage:
        listed = self.lists[user_id]
        if self.closed:
            listed = {number: stamp for number, stamp in listed.items() if number != SEED}
        numbers, more, cursor = part(listed, request.first, request.after, request.direction)
        named = [number for number in numbers if number not in self.unnamed]
        public = [number for number in named if number not in self.private or number == SEED]
        return page.StarListPage(
            request,
            stars=tuple(page.Star(moment(listed[one]), self.repository(one)) for one in public),
            hidden=len(numbers) - len(named),
            private=len(named) - len(public),
            total_count=len(listed),
            has_next_page=more,
            end_cursor=cursor,
            is_over_limit=user_id in self.over_limit,
            has_seed=SEED in public,
        )

    def answer(self, call: page.Call) -> page.Reply:
        """Answer a call and let its time pass."""
        self._renew()
        befallen = self.weather(self, call)
        if befallen is not None:
            return self._failed(call, *befallen)
        points = charge(call)
        if self.used + points > self.limit:
            self.unpaid += 1
            return self._failed(call, Failure(FailureKind.PRIMARY_LIMIT, "API rate limit exceeded"), 0.1)
        outcomes = tuple(self.outcome(selection) for selection in call.selections)
        seconds = self.model(self, call, sum(map(nodes_of, outcomes)))
        seconds *= math.exp(self.rng.gauss(0, self.jitter))
        if seconds > WALL_SECONDS:
            return self._failed(call, Failure(FailureKind.TIMEOUT, "502"), WALL_SECONDS)
        self._pass(call, seconds, None)
        self.used += points
        return page.Reply(call, outcomes, None, self.reading(points), seconds, self.now)

    def reading(self, cost: int | None = None) -> page.Reading:
        """What GitHub says of its rate limit now."""
        return page.Reading(self.limit, max(0, self.limit - self.used), self.used, self.reset_at, cost)

    def _failed(self, call: page.Call, failure: Failure, seconds: float) -> page.Reply:
        """Let a call fail. A refusal costs nothing; what GitHub has begun is charged, without a word."""
        self._pass(call, seconds, failure)
        if failure.kind not in LIMITS:
            self.used = min(self.limit, self.used + charge(call))
        return page.Reply(call, (), failure, None, seconds)

    def _pass(self, call: page.Call, seconds: float, failure: Failure | None) -> None:
        self.now += timedelta(seconds=seconds)
        self._renew()
        self.calls.append((call, seconds, failure))

    def _renew(self) -> None:
        while self.now >= self.reset_at:
            self.used, self.reset_at = 0, self.reset_at + HOUR


def moment(stamp: int) -> datetime:
    """When a star of that stamp was given."""
    return EPOCH + timedelta(seconds=stamp)


def part(
    listed: dict[T, int], first: int, after: str | None, direction: Direction
) -> tuple[list[T], bool, str | None]:
    """One page of a list: what is on it, whether there is more, and the cursor behind it."""
    names, stamps = list(listed), list(listed.values())
    if direction is Direction.ASC:
        start = bisect_right(stamps, int(after)) if after else 0
        end = min(len(names), start + first)
        return names[start:end], end < len(names), str(stamps[end - 1]) if end > start else after
    end = bisect_left(stamps, int(after)) if after else len(names)
    start = max(0, end - first)
    return names[start:end][::-1], start > 0, str(stamps[start]) if end > start else after


def nodes_of(outcome: page.Outcome) -> int:
    """How many edges were returned."""
    match outcome:
        case page.StarListPage():
            return len(outcome.stars) + outcome.hidden + outcome.private
        case page.StargazersPage():
            return len(outcome.stargazers) + outcome.hidden
        case _:
            return 0


def pages_of(call: page.Call) -> list[page.StargazersRequest | page.StarListRequest]:
    """The selections of a call that are pages."""
    kinds = (page.StargazersRequest, page.StarListRequest)
    return [one for one in call.selections if isinstance(one, kinds)]


def charge(call: page.Call) -> int:
    """GitHub's charge, by a reckoning of its own: the rate limit alone is free."""
    return max(1, (len(pages_of(call)) + 50) // 100) if call.selections else 0


def default_seconds(world: World, call: page.Call, nodes: int) -> float:  # noqa: ARG001 - a model may look at it
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
