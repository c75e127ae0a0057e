"""The decisions of a ledger, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stargazer.planner.budget import Budget
from stargazer.planner.page import Call, Failure, FailureKind, Reading, Reply
from stargazer.planner.step import Reason, Wait
from stargazer.runner import Granted
from stargazer.store.ledger_state import (
    AGEING,
    GRACE_SECONDS,
    LEASE_SECONDS,
    PRESENCE_SECONDS,
    Ask,
    LedgerState,
)

START = datetime(2026, 11, 24, 10, tzinfo=UTC)
RESET = START + timedelta(hours=1)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def ask(
    run: str, key: str = "", *, left: float = 100.0, points: int = 1, budget: Budget | None = None
) -> Ask:
    return Ask(run, key or run, points, 2.0, left, budget or Budget())


def reply(
    remaining: int | None = 4000, *, limit: int = 5000, failure: Failure | None = None, cost: int = 1
) -> Reply:
    reading = None if remaining is None else Reading(limit, remaining, limit - remaining, RESET, cost)
    return Reply(Call(1, (), 1, 100, 100, 2.0), (), failure, reading, 2.0)


def reserve(state: LedgerState, asked: Ask, seconds: float) -> Granted | Wait:
    return state.reserve(asked, after(seconds), after(seconds), lease_seconds=LEASE_SECONDS)


def settle(state: LedgerState, asked: Ask, came: Reply, seconds: float) -> None:
    state.settle(asked, came, after(seconds), after(seconds))


def granted(step: Granted | Wait) -> bool:
    return isinstance(step, Granted)


def told(step: Granted | Wait) -> Wait:
    assert isinstance(step, Wait)
    return step


def known(remaining: int = 4000) -> LedgerState:
    """A ledger that a first call has told what is left."""
    state = LedgerState()
    assert granted(reserve(state, ask("first", left=1.0), -300))
    settle(state, ask("first", left=1.0), reply(remaining), -298)
    return state


def test_one_call_is_in_flight() -> None:
    """While a call is in flight nobody else gets one, and is told when its lease ends."""
    state = known()
    assert granted(reserve(state, ask("one"), 0))
    wait = told(reserve(state, ask("two"), 1))
    assert wait == Wait(after(LEASE_SECONDS), Reason.IN_FLIGHT)


def test_more_calls_are_in_flight_only_when_the_asker_allows_it_and_something_has_come_back() -> None:
    """Concurrency is the asker's, and starts with the first reply: until then nobody knows the limit."""
    many = Budget(concurrency=3)
    state = LedgerState()
    assert granted(reserve(state, ask("one", "1", budget=many), 0))
    assert not granted(reserve(state, ask("one", "2", budget=many), 0))
    settle(state, ask("one", "1", budget=many), reply(), 2)
    assert granted(reserve(state, ask("one", "3", budget=many), 2))
    assert granted(reserve(state, ask("one", "4", budget=many), 2))
    assert not granted(reserve(state, ask("two"), 2))


def test_the_run_with_the_least_left_goes_first() -> None:
    """Of those that wait, the shortest remaining gets the next call, whoever asked first."""
    state = known()
    running = ask("running", left=2.0)
    assert granted(reserve(state, running, 0))
    for run, left in (("long", 500.0), ("short", 20.0), ("middle", 100.0)):
        assert not granted(reserve(state, ask(run, left=left), 1))
    settle(state, running, reply(), 2)
    assert told(reserve(state, ask("long", left=500.0), 2)).reason is Reason.IN_FLIGHT
    assert not granted(reserve(state, ask("middle", left=100.0), 2))
    assert granted(reserve(state, ask("short", left=20.0), 2))


def test_a_run_that_does_not_know_what_is_left_goes_first() -> None:
    """The first call of a run tells how long it is, so it does not wait behind the others."""
    state = known()
    running = ask("running", left=2.0)
    assert granted(reserve(state, running, 0))
    assert not granted(reserve(state, ask("short", left=20.0), 1))
    assert not granted(reserve(state, ask("new", left=0.0), 1))
    settle(state, running, reply(), 2)
    assert not granted(reserve(state, ask("short", left=20.0), 2))
    assert granted(reserve(state, ask("new", left=0.0), 2))


def test_a_run_keeps_its_place_for_a_moment_after_its_call() -> None:
    """The longer run does not slip in while the shorter one works up its reply."""
    state = known()
    short = ask("short", left=20.0)
    assert granted(reserve(state, short, 0))
    assert not granted(reserve(state, ask("long", left=500.0), 1))
    settle(state, short, reply(), 2)
    wait = told(reserve(state, ask("long", left=500.0), 2.1))
    assert wait.until == after(2 + GRACE_SECONDS)
    assert granted(reserve(state, ask("long", left=500.0), 2 + GRACE_SECONDS))


def test_the_last_call_of_a_run_keeps_no_place() -> None:
    """A run that has nothing left after its call holds nobody up."""
    state = known()
    last = ask("last", left=1.5)
    assert granted(reserve(state, last, 0))
    settle(state, last, reply(), 2)
    assert granted(reserve(state, ask("long", left=500.0), 2))


def test_the_long_run_is_not_starved() -> None:
    """While short runs keep coming, a long one gets a call after a tenth of what it has left."""
    state = known()
    long = ask("long", left=300.0)
    running = ask("short-0", left=1.5)
    assert granted(reserve(state, running, 0))
    for number in range(1, 100):
        seconds = 2.0 * number
        waiting = ask(f"short-{number}", left=1.5)
        assert not granted(reserve(state, waiting, seconds - 1))
        assert not granted(reserve(state, long, seconds - 1))
        settle(state, running, reply(), seconds)
        if granted(reserve(state, long, seconds)):
            break
        assert granted(reserve(state, waiting, seconds)), "until then the shorter run goes first"
        running = waiting
    assert 0.8 * 300 / AGEING < seconds <= 300 / AGEING + 4


def test_a_waiting_run_that_dies_holds_nobody_up_for_long() -> None:
    """Whoever waits has to ask again; a run that does not loses its place."""
    state = known()
    assert granted(reserve(state, ask("running", left=1.0), 0))
    assert not granted(reserve(state, ask("dead", left=5.0), 1))
    settle(state, ask("running", left=1.0), reply(), 2)
    assert not granted(reserve(state, ask("alive"), 2))
    assert granted(reserve(state, ask("alive"), 1 + PRESENCE_SECONDS))


def test_a_lost_call_counts_as_spent_at_its_estimate() -> None:
    """When a lease ends the place is free, and the points are not, until the next reading tells."""
    state = known(remaining=10)
    assert granted(reserve(state, ask("killed", points=7), 0))
    assert not granted(reserve(state, ask("next", points=3), LEASE_SECONDS - 0.1))
    assert told(reserve(state, ask("large", points=4), LEASE_SECONDS)).reason is Reason.POINTS
    following = ask("next", points=3)
    assert granted(reserve(state, following, LEASE_SECONDS))
    assert state.windows.spells[-1].seconds == 2.0
    settle(state, following, reply(7), LEASE_SECONDS + 2)
    assert state.windows.available(after(LEASE_SECONDS + 2)) == 7


def test_a_renewed_lease_lasts() -> None:
    """A slow line keeps its place for as long as its worker lives."""
    state = known()
    slow = ask("slow", "slow-1")
    assert granted(reserve(state, slow, 0))
    for seconds in range(4, 60, 4):
        state.renew("slow-1", after(seconds), after(seconds), seconds=8)
    assert not granted(reserve(state, ask("next"), 63))
    assert granted(reserve(state, ask("next"), 64))


def test_a_reply_after_the_end_of_its_lease_still_tells_what_is_left() -> None:
    """A late reply is no second spending, and its reading is believed."""
    state = known(remaining=10)
    late = ask("late", points=4)
    assert granted(reserve(state, late, 0))
    assert granted(reserve(state, ask("next"), LEASE_SECONDS + 1))
    spells = len(state.windows.spells)
    settle(state, late, reply(6), LEASE_SECONDS + 2)
    assert len(state.windows.spells) == spells
    assert list(state.leases) == ["next"]
    assert state.windows.available(after(LEASE_SECONDS + 2)) == 5


def test_who_lacks_points_lets_others_pass() -> None:
    """A run that has to wait for the reset is not in line: a smaller call goes."""
    state = known(remaining=3)
    wait = told(reserve(state, ask("large", left=5.0, points=4), 0))
    assert wait.reason is Reason.POINTS
    assert wait.until > RESET
    assert granted(reserve(state, ask("small", points=3), 0))


def test_a_refusal_holds_everybody() -> None:
    """What GitHub told one run to wait, all of them wait."""
    state = known()
    refused = ask("refused")
    assert granted(reserve(state, refused, 0))
    failure = Failure(FailureKind.SECONDARY_LIMIT, "slow down", retry_after=30)
    settle(state, refused, reply(failure=failure), 2)
    wait = told(reserve(state, ask("other", left=1.0), 3))
    assert (wait.reason, wait.until) == (Reason.REFUSAL, after(33))


@pytest.mark.parametrize("back", [10.0, 3600.0, 86400.0 * 365])
def test_a_clock_that_is_put_back_takes_what_was_noted_with_it(back: float) -> None:
    """Nobody waits an hour longer because a clock lost an hour."""
    state = known(remaining=1)
    refused = ask("refused", points=0)
    assert granted(reserve(state, refused, 0))
    failure = Failure(FailureKind.SECONDARY_LIMIT, "slow down", retry_after=30)
    settle(state, refused, reply(1, failure=failure), 2)
    wait = told(reserve(state, ask("other"), 2 - back))
    assert wait.until == after(33 - back)

    state = known()
    assert granted(reserve(state, ask("one"), 0))
    wait = told(reserve(state, ask("two"), 0 - back))
    assert wait.until == after(LEASE_SECONDS - back)


def test_a_clock_that_jumps_ahead_loses_the_calls_in_flight_and_no_points() -> None:
    """Their leases end, and what they cost stays counted."""
    state = known(remaining=2)
    assert granted(reserve(state, ask("one", points=2), 0))
    assert told(reserve(state, ask("two"), 1800)).reason is Reason.POINTS


def test_small_steps_back_are_overlooked() -> None:
    """Two workers read the clock and are served in the other order: time stands still for the second."""
    state = known()
    assert granted(reserve(state, ask("one"), 1))
    wait = told(reserve(state, ask("two"), 0.9))
    assert wait.until == after(1 + LEASE_SECONDS)


def test_estimates_are_kept_beside_what_was_charged() -> None:
    """What GitHub charged for our calls can be compared with what we said before."""
    state = known()
    asked = ask("one")
    assert granted(reserve(state, asked, 0))
    settle(state, asked, reply(cost=3), 2)
    assert (state.charged.calls, state.charged.estimated, state.charged.charged) == (2, 2, 4)


def test_a_ledger_survives_being_written() -> None:
    """What is read from the table is what was written there."""
    state = known()
    assert granted(reserve(state, ask("one"), 0))
    assert not granted(reserve(state, ask("two"), 1))
    written = msgspec.json.encode(state)
    assert msgspec.json.decode(written, type=LedgerState) == state


EVENTS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["ask", "settle", "silent", "kill"]), st.floats(0, 20)),
    max_size=60,
)


@given(events=EVENTS, limit=st.integers(2, 12))
def test_points_are_never_overspent(events: list[tuple[int, str, float]], limit: int) -> None:
    """Whatever runs do, die or hear nothing: what was sent stays within GitHub's limit."""
    state = LedgerState()
    first = ask("first", left=1.0, points=0)
    assert granted(reserve(state, first, 0))
    settle(state, first, reply(limit, limit=limit), 0)
    flying: dict[int, Ask] = {}
    spent, seconds = 0, 0.0
    for number, (run, event, passed) in enumerate(events):
        seconds += passed
        if event == "ask" and run not in flying:
            asked = ask(str(run), f"{run}-{number}", left=float(run * 50), points=1 + run % 2)
            if granted(reserve(state, asked, seconds)):
                flying[run] = asked
                spent += asked.points
            assert spent <= limit
        elif run in flying:
            asked = flying.pop(run)
            if event in ("settle", "silent"):
                left = None if event == "silent" else limit - spent
                settle(state, asked, reply(left, limit=limit), seconds)
        assert len(state.leases) <= 1
