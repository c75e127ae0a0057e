"""What is decided about quotas: laws over any number of servers, quotas and arrivals."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from stargazer.store.keys import Key
from stargazer.store.quota_state import (
    Admission,
    RequestWindow,
    daily_standings,
    limit_field,
    minute_of,
    policy_field,
)
from stargazer.store.usage import Spent

NOON = datetime(2026, 11, 24, 12, 0, 27, tzinfo=UTC)


class Row:
    """What the servers share: how many requests they asked for."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, window: RequestWindow) -> None:
        asked = window.wanted()
        if asked:
            self.taken += asked
            window.lease(asked, window.minute, self.taken)


def servers(quota: int, number: int) -> list[RequestWindow]:
    windows = [RequestWindow(quota) for _ in range(number)]
    for window in windows:
        window.move_to(NOON)
    return windows


@given(st.integers(1, 500), st.lists(st.integers(0, 3), max_size=900), st.integers(0, 10))
def test_the_quota_holds_to_within_a_block_per_server(quota: int, arrivals: list[int], every: int) -> None:
    """However requests arrive and however late leases are, no more get in than that."""
    row, windows = Row(), servers(quota, 4)
    for place, chosen in enumerate(arrivals):
        if windows[chosen].admit() is Admission.AFTER_LEASE or (every and place % every == 0):
            row.take(windows[chosen])
    assert sum(window.used for window in windows) <= quota + 4 * windows[0].block
    assert sum(window.granted for window in windows) <= quota


@given(st.integers(1, 2_000))
def test_one_server_gives_the_whole_quota(quota: int) -> None:
    """Nothing is refused before the quota is used up, and not much more than it is let in."""
    row, (window,) = Row(), servers(quota, 1)
    for _ in range(quota):
        if window.admit() is not Admission.IN:
            row.take(window)
            assert window.admit() is Admission.IN
        row.take(window)
    row.take(window)
    assert window.admit() is Admission.REFUSED
    assert window.used == quota


@given(st.integers(1, 2_000), st.integers(0, 200))
def test_what_remains_is_never_less_than_nothing(quota: int, requests: int) -> None:
    """The fields tell a number from nought to the quota, and a time within the minute."""
    row, (window,) = Row(), servers(quota, 1)
    for _ in range(requests):
        window.admit()
        row.take(window)
    standing = window.standing(NOON)
    assert 0 <= standing.remaining <= quota
    assert standing.remaining == max(0, quota - window.used)
    assert standing.reset_seconds == 33


def test_a_new_minute_begins_anew() -> None:
    """What was used in the last minute does not count, and a late lease of it is not taken."""
    row, (window,) = Row(), servers(2, 1)
    for _ in range(3):
        window.admit()
        row.take(window)
    assert window.admit() is Admission.REFUSED
    window.move_to(NOON + timedelta(seconds=33))
    assert window.admit() is Admission.IN
    window.lease(5, minute_of(NOON), 5)
    assert window.granted == 0


def test_a_clock_that_was_wrong_is_followed_back() -> None:
    """A little back is the same minute still; far back is where the time really is."""
    window = servers(10, 1)[0]
    window.admit()
    window.move_to(NOON - timedelta(minutes=1))
    assert window.used == 1
    window.move_to(NOON - timedelta(hours=1))
    assert (window.used, window.minute) == (0, minute_of(NOON) - 60)


def test_a_day_ends_at_midnight() -> None:
    """What jobs cost is limited by the day, in UTC; what is not limited is not told."""
    key = Key(1, "ci", frozenset(), points_per_day=100)
    (points,) = daily_standings(key, Spent(points=40.5), NOON)
    assert (points.policy, points.remaining) == ("points", 59)
    assert points.reset_seconds == 12 * 3_600 - 27
    limited = Key(1, "ci", frozenset(), points_per_day=100, github_seconds_per_day=60)
    assert [one.remaining for one in daily_standings(limited, Spent(200, 59.5), NOON)] == [0, 0]


def test_the_fields_are_lists_of_strings_with_parameters() -> None:
    """They are written as the draft has them."""
    window = servers(60, 1)[0]
    standings = [
        window.standing(NOON),
        *daily_standings(Key(1, "ci", frozenset(), points_per_day=100), Spent(), NOON),
    ]
    assert policy_field(standings) == b'"requests";q=60;w=60, "points";q=100;w=86400'
    assert limit_field(standings) == b'"requests";r=60;t=33, "points";r=100;t=43173'


def test_a_block_is_never_nothing() -> None:
    """The smallest quota has one too."""
    assert [RequestWindow(quota).block for quota in (1, 20, 21, 600)] == [1, 1, 2, math.ceil(600 / 20)]
