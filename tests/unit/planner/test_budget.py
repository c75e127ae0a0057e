"""The windows of a credential, one rule at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from tests.laws.world import EPOCH

from stargazer.errors import InvalidRequest
from stargazer.planner.budget import Budget, Windows
from stargazer.planner.page import Call, Failure, FailureKind, Reading, Reply, UserRequest

ASKED = Call(1, (UserRequest("ada"),), 1, 0, 0, 0.3)
HOUR_END = EPOCH + timedelta(hours=1)
SECOND = timedelta(seconds=1)


def refused(kind: FailureKind, retry_after: float | None = None, reading: Reading | None = None) -> Reply:
    return Reply(ASKED, (), Failure(kind, "no", retry_after), reading, 0.1)


def answered(reading: Reading | None = None, *, seconds: float = 1.0, at: datetime | None = None) -> Reply:
    return Reply(ASKED, (), None, reading, seconds, at)


def settled(windows: Windows, reply: Reply, now: datetime = EPOCH) -> Windows:
    windows.reserve("k", points=1, seconds=0.3)
    windows.settle("k", reply, now)
    return windows


def earliest(
    windows: Windows, now: datetime = EPOCH, *, points: int = 1, budget: Budget | None = None
) -> datetime:
    return windows.earliest(now, points=points, seconds=1.0, budget=budget or Budget())


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (lambda: Budget(points=0), "points"),
        (lambda: Budget(seconds=0), "seconds"),
        (lambda: Budget(concurrency=0), "concurrency"),
        (lambda: Budget(concurrency=101), "concurrency"),
        (lambda: Budget(share=0), "share"),
        (lambda: Budget(share=1.1), "share"),
        (lambda: Budget(floor=-1), "floor"),
    ],
)
def test_a_budget_is_checked_when_it_is_made(wrong: Callable[[], Budget], name: str) -> None:
    """A number out of range is refused by name."""
    with pytest.raises(InvalidRequest) as caught:
        wrong()

    assert caught.value.facts["parameter"] == name


def test_nothing_known_is_no_limit() -> None:
    """Before the first reading a call may be sent at once."""
    windows = Windows()

    assert windows.available(EPOCH) is None
    assert earliest(windows) == EPOCH
    assert not windows.needs_reading(EPOCH, points=1, floor=0)


def test_points_that_are_reserved_are_not_there() -> None:
    """What a call in flight may cost is set aside until its reply."""
    windows = settled(Windows(), answered(Reading(5000, 10, 4990, HOUR_END)))

    windows.reserve("other", points=9, seconds=0.3)

    assert windows.available(EPOCH) == 1
    assert earliest(windows, points=2) == HOUR_END + SECOND
    assert earliest(windows, points=2, budget=Budget(floor=3)) == HOUR_END + SECOND
    windows.settle("other", answered(Reading(5000, 8, 4992, HOUR_END)), EPOCH)
    assert windows.available(EPOCH) == 8


def test_a_reset_grants_the_limit_anew() -> None:
    """After the moment of the reset the whole limit is there again."""
    windows = settled(Windows(), answered(Reading(5000, 0, 5000, HOUR_END)))

    assert earliest(windows) == HOUR_END + SECOND
    assert windows.available(HOUR_END + SECOND) == 5000


def test_githubs_clock_counts() -> None:
    """A reset is a moment of GitHub's clock: when ours is behind, it comes sooner by ours."""
    reading = Reading(5000, 0, 5000, HOUR_END)

    windows = settled(Windows(), answered(reading, at=EPOCH + timedelta(minutes=5)))

    assert windows.ahead_seconds == 300
    assert earliest(windows) == HOUR_END + SECOND - timedelta(minutes=5)


def test_a_reply_without_a_reading_is_booked_dearly() -> None:
    """What GitHub did not say is taken for more than the estimate, until it says."""
    windows = settled(Windows(), answered(Reading(5000, 3, 4997, HOUR_END)))

    settled(windows, answered(None))

    left = windows.available(EPOCH)
    assert left is not None
    assert left < 2
    assert windows.needs_reading(EPOCH, points=left + 1, floor=0)
    assert windows.needs_reading(EPOCH, points=left, floor=0), "it may have cost more than was booked"
    assert not windows.needs_reading(EPOCH, points=50, floor=0)
    assert not windows.needs_reading(HOUR_END + SECOND, points=left + 1, floor=0)
    assert earliest(windows, points=0) == EPOCH
    settled(windows, answered(Reading(5000, 2, 4998, HOUR_END)))
    assert windows.available(EPOCH) == 2


def test_with_much_left_no_reading_is_asked_for() -> None:
    """While what a call without a reading may have cost cannot matter, nobody is asked."""
    windows = settled(Windows(), answered(Reading(5000, 3000, 2000, HOUR_END)))

    settled(windows, answered(None))

    assert not windows.needs_reading(EPOCH, points=1, floor=0)
    assert windows.needs_reading(EPOCH, points=1, floor=2980)


def test_a_refusal_with_a_wait_is_obeyed() -> None:
    """`retry-after` is waited, and a little longer."""
    windows = settled(Windows(), refused(FailureKind.SECONDARY_LIMIT, 42.0))

    assert earliest(windows) == EPOCH + timedelta(seconds=43)


def test_a_refusal_without_a_wait_doubles() -> None:
    """Without `retry-after` it is a minute, then two, then four, up to a quarter of an hour."""
    windows, now, waits = Windows(), EPOCH, []
    for _ in range(6):
        settled(windows, refused(FailureKind.SECONDARY_LIMIT), now)
        until = earliest(windows, now)
        waits.append(round((until - now).total_seconds() - 1))
        now = until

    assert waits == [60, 120, 240, 480, 900, 900]
    assert windows.given_up


def test_a_refusal_with_no_points_left_waits_for_the_reset() -> None:
    """A refusal that says that no points remain is over when the hour is."""
    windows = settled(Windows(), refused(FailureKind.PRIMARY_LIMIT, None, Reading(5000, 0, 5000, HOUR_END)))

    assert earliest(windows) == HOUR_END + SECOND
    assert not windows.needs_reading(EPOCH, points=1, floor=0)


def test_a_refusal_that_the_reading_does_not_explain_is_cleared_up() -> None:
    """GitHub says that the points are used up, and not until when: the rate limit is asked for."""
    windows = settled(Windows(), answered(Reading(5000, 4000, 1000, HOUR_END)))

    settled(windows, refused(FailureKind.PRIMARY_LIMIT))

    assert earliest(windows) == EPOCH + timedelta(seconds=61)
    assert windows.needs_reading(EPOCH, points=1, floor=0)
    settled(windows, answered(Reading(5000, 0, 5000, HOUR_END)))
    assert not windows.needs_reading(EPOCH, points=1, floor=0)


def test_the_longest_of_several_waits_counts() -> None:
    """Of two refusals that were in flight together the later end is waited for."""
    windows = Windows()
    windows.reserve("a", points=1, seconds=0.3)
    windows.reserve("b", points=1, seconds=0.3)

    windows.settle("a", refused(FailureKind.SECONDARY_LIMIT, 100.0), EPOCH)
    windows.settle("b", refused(FailureKind.SECONDARY_LIMIT, 5.0), EPOCH)

    assert earliest(windows) == EPOCH + timedelta(seconds=101)


def test_an_answer_ends_the_refusals() -> None:
    """After an answer the next refusal is the first again; other failures neither add nor end."""
    windows = settled(Windows(), refused(FailureKind.SECONDARY_LIMIT))

    settled(windows, refused(FailureKind.TIMEOUT))
    assert windows.refusals == 1

    settled(windows, Reply(Call(2, (), 0, 0, 0, 0.3), (), None, None, 0.1))
    assert windows.refusals == 1
    settled(windows, answered())
    assert windows.refusals == 0


def test_the_share_comes_back() -> None:
    """The share of call time that refusals took comes back step by step, and no refusal takes all of it."""
    windows = Windows()
    assert windows.share(EPOCH, 0.8) == 0.8
    for _ in range(9):
        settled(windows, refused(FailureKind.SECONDARY_LIMIT, 1.0))

    shares = [windows.share(EPOCH + timedelta(minutes=minutes), 0.8) for minutes in range(0, 60, 5)]

    assert shares[0] >= 0.05
    assert shares == sorted(shares)
    assert shares[-1] == 0.8


def test_a_full_minute_is_waited_out() -> None:
    """When the last minute took all our share, the next call waits until the oldest is a minute old."""
    windows = Windows()
    for number in range(5):
        settled(windows, answered(seconds=10.0), EPOCH + timedelta(seconds=10 * number))
    now = EPOCH + timedelta(seconds=40)

    at = earliest(windows, now)

    assert at == EPOCH + timedelta(minutes=1)
    assert earliest(windows, now, budget=Budget(share=1.0)) == now
    assert earliest(windows, at) == at


def test_a_minute_full_of_calls_is_waited_out() -> None:
    """The two thousand and first call in a minute waits, however quick they were."""
    windows = Windows()
    for _ in range(2000):
        settled(windows, answered(seconds=0.001))

    assert earliest(windows) == EPOCH + timedelta(minutes=1)


def test_settling_twice_changes_nothing() -> None:
    """A reply that comes twice is booked once."""
    windows = settled(Windows(), answered(Reading(5000, 10, 4990, HOUR_END)))
    before = (windows.available(EPOCH), len(windows.spells), windows.refusals)

    windows.settle("k", answered(Reading(5000, 10, 4990, HOUR_END)), EPOCH)
    windows.settle("k", refused(FailureKind.SECONDARY_LIMIT, 99.0), EPOCH)

    assert (windows.available(EPOCH), len(windows.spells), windows.refusals) == before
    assert earliest(windows) == EPOCH
