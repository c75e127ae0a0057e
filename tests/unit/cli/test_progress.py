"""What a terminal shows while a run goes."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from rich.console import Console

from stargazer.cli import progress as shown
from stargazer.cli.progress import Meter, watched
from stargazer.planner.step import Progress
from stargazer.runner import VirtualClock

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)

HALFWAY = Progress(
    repository="o/seed",
    stargazers_listed=1_000,
    stargazers_total=2_768,
    users_read=700,
    calls=12,
    points=12,
    github_seconds=34.0,
    eta_seconds=80.0,
)


def drawn(meter: Meter) -> str:
    console = Console(file=io.StringIO(), width=120)
    with console.capture() as captured:
        console.print(meter)
    return captured.get()


def test_before_the_first_reply_it_says_that_github_is_asked() -> None:
    """Nothing is known yet, and the watcher sees that something goes on."""
    assert "asking GitHub" in drawn(Meter(VirtualClock(NOW), None))


def test_it_shows_stargazers_users_points_seconds_and_what_is_left() -> None:
    """Everything that the contract names stands on three lines."""
    meter = Meter(VirtualClock(NOW), None)
    meter.show(HALFWAY)
    text = drawn(meter)
    assert "1,000 of 2,768" in text
    assert "700 of 2,768" in text
    assert "12 points · 34 s of GitHub's time · about 1 min 20 s left" in text


def test_a_wait_counts_down_and_says_what_for() -> None:
    """A waiting run says how long it still waits, by its own clock, and why."""
    clock = VirtualClock(NOW)
    meter = Meter(clock, None)
    until = NOW + timedelta(seconds=90)
    meter.show(
        msgspec.structs.replace(HALFWAY, eta_seconds=None, waiting_until=until, waiting_for="the points")
    )
    assert "waiting 1 min 30 s: the points" in drawn(meter)
    clock.passed(100)
    assert "waiting under 1 s: the points" in drawn(meter)


def test_in_the_sandbox_what_is_left_is_in_the_watchers_time() -> None:
    """Twenty times faster, eighty seconds of GitHub's pass in four."""
    meter = Meter(VirtualClock(NOW), 20)
    meter.show(HALFWAY)
    assert "about 4 s left" in drawn(meter)


def test_a_list_alone_has_no_users_to_read() -> None:
    """`stargazer list` reads no star lists; a total that is not known is not shown."""
    meter = Meter(VirtualClock(NOW), None, star_lists=False)
    meter.show(msgspec.structs.replace(HALFWAY, stargazers_total=None))
    assert "users read" not in drawn(meter)
    assert "1,000 of" not in drawn(meter)


@pytest.mark.parametrize("terminal", [True, False])
def test_it_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """Where nobody watches there is nobody to tell."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=120)
    monkeypatch.setattr(shown, "errors_console", lambda: console)
    with watched(VirtualClock(NOW), None) as on_progress:
        assert (on_progress is not None) == terminal
        if on_progress is not None:
            on_progress(HALFWAY)
    assert ("users read" in file.getvalue()) == terminal
