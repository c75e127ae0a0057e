"""The main job as one call: what it answers, what it raises, and what it keeps."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.laws.driver import truth
from tests.laws.world import EPOCH, World
from tests.laws.worlds import befalls, of

from stargazer.errors import (
    BudgetTooSmall,
    CredentialsRefused,
    GitHubUnreachable,
    InvalidRequest,
    QueryRefused,
    RepositoryNotFound,
    StargazerError,
    StargazersRestricted,
    StarListsRestricted,
)
from stargazer.find import Finding, find_neighbours, split_stargazers
from stargazer.planner.budget import Budget
from stargazer.planner.coverage import Kind
from stargazer.planner.page import Call, FailureKind, Reply, User
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import VirtualClock
from stargazer.sources.entry import FileStargazer

REPOSITORY = "owner/r1"


class Transport:
    """Asks a world; the call of the number `bad` is a mistake of ours."""

    def __init__(self, world: World, clock: VirtualClock | None = None, *, bad: int = 0) -> None:
        self.world = world
        self.clock = clock
        self.bad = bad

    async def send(self, call: Call) -> Reply:
        if call.number == self.bad:
            raise QueryRefused("Field 'stars' doesn't exist")
        if self.clock is not None:
            self.world.now = self.clock.now()
        return self.world.answer(call)


def finding(world: World, *, budget: Budget | None = None, bad: int = 0) -> Finding:
    clock = VirtualClock(EPOCH)
    plan = Plan.neighbours(REPOSITORY, budget=budget)
    return Finding(plan, Transport(world, clock, bad=bad), clock=clock)


async def test_neighbours_are_found() -> None:
    """One call from a repository to its neighbours, on the time of this machine."""
    world = World.of([30, 40, 50])
    records: list[Progress] = []

    found = await find_neighbours(REPOSITORY, Transport(world), on_progress=records.append)

    assert {one.repo: one.stargazers for one in found.neighbours} == truth(world)
    assert (found.repository, found.kind, found.complete, found.error) == (REPOSITORY, Kind.EXACT, True, None)
    assert found.spent.calls == len(world.calls) == len(records)
    assert 0 <= found.seconds < 60


async def test_an_answer_tells_what_it_took() -> None:
    """The time on the wall clock and the waits in it are told."""
    world = World.of([2500] * 5)
    world.limit = 4

    found = await finding(world).answer()

    assert found.complete
    assert found.spent.waited_seconds > 3600
    assert found.seconds == pytest.approx(found.spent.github_seconds + found.spent.waited_seconds)


async def test_a_report_has_the_published_members() -> None:
    """The report is about the answer, without the neighbours, and can be written as JSON."""
    world = World.of([30, 40, 50])

    found = await finding(world).answer()

    report = msgspec.json.decode(msgspec.json.encode(found.report(["a line was skipped"])))
    assert list(report) == [
        "repository", "kind", "complete", "coverage", "spent", "seconds", "neighbours", "warnings"
    ]  # fmt: skip
    assert report["kind"] == "exact"
    assert report["neighbours"] == len(found.neighbours)
    assert report["warnings"] == ["a line was skipped"]
    assert list(report["spent"]) == [
        "calls", "points", "pages", "nodes", "github_seconds", "timeouts", "retries", "waited_seconds"
    ]  # fmt: skip
    assert report["coverage"]["users_read"] == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [(FailureKind.CREDENTIALS, CredentialsRefused), (FailureKind.TRANSIENT, GitHubUnreachable)],
)
async def test_what_was_read_is_kept(fault: FailureKind, error: type[StargazerError]) -> None:
    """When something ends the reading early, the answer is partial, and its error and report say why."""
    world = World.of([30] * 100)
    world.weather = befalls([None] * 3 + [of(fault, 0.1)] * 20)

    found = await finding(world).answer()

    assert isinstance(found.error, error)
    assert found.kind is Kind.PARTIAL
    assert not found.complete
    assert found.coverage.users_read > 0
    assert len(found.neighbours) > 0
    assert found.report()["warnings"] == [found.error.message]


async def test_a_mistake_of_ours_keeps_what_was_read() -> None:
    """A refused query ends the reading; what had been read is answered, with the error."""
    found = await finding(World.of([30] * 100), bad=4).answer()

    assert isinstance(found.error, QueryRefused)
    assert found.coverage.users_read > 0


@pytest.mark.parametrize("bad", [1, 2])
async def test_an_error_with_nothing_read_is_raised(bad: int) -> None:
    """When nothing has been read there is no answer to give."""
    with pytest.raises(QueryRefused):
        await finding(World.of([30] * 100), bad=bad).answer()


async def test_what_has_no_answer_is_raised() -> None:
    """Refused lists and unknown repositories are errors, whatever was read."""
    restricted, closed, missing = World.of([30] * 100), World.of([30] * 100), World.of([])
    restricted.restricted = "empty"
    closed.closed = True
    missing.missing = True

    with pytest.raises(StargazersRestricted):
        await finding(restricted).answer()
    with pytest.raises(StarListsRestricted):
        await finding(closed).answer()
    with pytest.raises(RepositoryNotFound):
        await finding(missing).answer()


async def test_a_budget_that_is_too_small_is_raised_or_told() -> None:
    """A price that is known before anybody was read is an error; later it comes with what was read."""
    with pytest.raises(BudgetTooSmall):
        await finding(World.of([1] * 2000), budget=Budget(points=2)).answer()

    found = await finding(World.of([10] * 60 + [900] * 60), budget=Budget(points=6)).answer()
    assert isinstance(found.error, BudgetTooSmall)


async def test_a_name_that_is_none_is_refused_before_anything_is_asked() -> None:
    """What is no owner/name costs no call."""
    world = World.of([1])

    with pytest.raises(InvalidRequest):
        await find_neighbours("no name", Transport(world))

    assert not world.calls


async def test_an_answer_may_be_ended_early() -> None:
    """After `stop` the answer holds what was read until then."""
    early = finding(World.of([30] * 100))
    early.stop()

    found = await early.answer()

    assert found.error is None
    assert found.kind is Kind.PARTIAL
    assert list(found.neighbours) == []


async def test_stargazers_may_be_given() -> None:
    """Logins, entries with a login, and entries with a node id are all read; everybody has a name."""
    world = World.of([30, 40, 50, 60])
    known = [FileStargazer(login="user-2", id="U_2"), FileStargazer(id="U_3")]
    stargazers: list[str | FileStargazer] = ["user-0", FileStargazer(login="user-1"), *known, FileStargazer()]

    found = await find_neighbours(REPOSITORY, Transport(world), stargazers=stargazers)

    assert found.coverage.source == "file"
    assert found.coverage.users_read == 4
    names = {login for one in found.neighbours for login in one.stargazers}
    assert names == {"user-0", "user-1", "user-2", "U_3"}


def test_given_stargazers_are_parted() -> None:
    """Whoever has a node id needs no lookup; nobody given is not the same as none given."""
    assert split_stargazers(None) == (None, [])
    assert split_stargazers([]) == ([], [])
    entry = FileStargazer(login="ada", id="U_1", database_id=7, starred_at=EPOCH + timedelta(days=1))
    assert split_stargazers(["bob", entry]) == (["bob"], [User("U_1", 7, "ada")])
