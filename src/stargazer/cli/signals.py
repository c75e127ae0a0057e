"""End a run by a signal: the first one ends it in order, a second one at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Caught:
    """The signal that came, if one did."""

    def __init__(self) -> None:
        self.number: int | None = None

    @property
    def exit_code(self) -> int | None:
        """The exit code that shells give to this signal; None: none came."""
        return None if self.number is None else 128 + self.number


@contextmanager
def stop_on_signal(stop: Callable[[], None]) -> Generator[Caught]:
    """Call *stop* at the first signal; the next one does what it does to every program."""
    loop = asyncio.get_running_loop()
    caught = Caught()

    def release() -> None:
        for number in SIGNALS:
            # Outside the main thread, and on some systems, a loop takes no signals.
            with suppress(NotImplementedError, ValueError, RuntimeError):
                loop.remove_signal_handler(number)

    def take(number: int) -> None:
        caught.number = number
        release()
        stop()

    for number in SIGNALS:
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, take, number)
    try:
        yield caught
    finally:
        release()
