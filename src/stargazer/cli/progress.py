"""How far a run is, on standard error while it goes; nothing where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stargazer.cli.output import errors_console
from stargazer.cli.words import count, span
from stargazer.planner.step import Progress
from stargazer.runner import Clock

UPDATES_PER_SECOND = 5
BAR_WIDTH = 30


class Meter:
    """What a terminal shows: drawn anew several times a second, so that waits count down.

    Args:
        clock: the time that the run goes by.
        speed: how much faster it runs than the watcher's.
        star_lists: whether users are read, or only listed.
    """

    def __init__(self, clock: Clock, speed: float | None, *, star_lists: bool = True) -> None:
        self._clock = clock
        self._speed = speed or 1.0
        self._star_lists = star_lists
        self._progress: Progress | None = None

    def show(self, progress: Progress) -> None:
        """Take in how far the run is."""
        self._progress = progress

    def __rich__(self) -> RenderableType:
        """Draw."""
        progress = self._progress
        if progress is None:
            return Text("asking GitHub …")
        rows = [("stargazers listed", progress.stargazers_listed, progress.stargazers_total)]
        if self._star_lists:
            rows.append(("users read", progress.users_read, self._users(progress)))
        grid = Table.grid(padding=(0, 2))
        for name, done, total in rows:
            bar = ProgressBar(total=max(total or done, 1), completed=done, width=BAR_WIDTH)
            grid.add_row(Text(name), bar, Text(f"{done:,}" if total is None else f"{done:,} of {total:,}"))
        return Group(grid, Text(self._line(progress)))

    def _users(self, progress: Progress) -> int:
        return max(progress.stargazers_listed, progress.stargazers_total or 0)

    def _line(self, progress: Progress) -> str:
        parts = [count(progress.points, "point"), f"{span(progress.github_seconds)} of GitHub's time"]
        if progress.eta_seconds is not None:
            parts.append(f"about {span(progress.eta_seconds / self._speed)} left")
        if progress.waiting_until is not None:
            left = (progress.waiting_until - self._clock.now()).total_seconds() / self._speed
            parts.append(f"waiting {span(max(left, 0.0))}: {progress.waiting_for}")
        return " · ".join(parts)


@contextmanager
def watched(
    clock: Clock, speed: float | None, *, star_lists: bool = True
) -> Generator[Callable[[Progress], None] | None]:
    """Give what takes in progress while it is shown; None where standard error is no terminal."""
    console = errors_console()
    if not console.is_terminal:
        yield None
        return
    meter = Meter(clock, speed, star_lists=star_lists)
    with Live(meter, console=console, transient=True, refresh_per_second=UPDATES_PER_SECOND):
        yield meter.show
