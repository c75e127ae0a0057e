"""The first signal ends a run in order, the second at once."""

from __future__ import annotations

import asyncio
import signal

import pytest

from stargazer.cli.signals import stop_on_signal


async def interrupt(number: signal.Signals) -> tuple[list[str], int | None]:
    stopped: list[str] = []
    event = asyncio.Event()

    def stop() -> None:
        stopped.append("once")
        event.set()

    with stop_on_signal(stop) as caught:
        signal.raise_signal(number)
        await event.wait()
    return stopped, caught.exit_code


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_stops_the_run(number: signal.Signals, exit_code: int) -> None:
    """The run is told to stop, and the exit code is the shell's for this signal."""
    assert asyncio.run(interrupt(number)) == (["once"], exit_code)


def test_a_second_signal_ends_at_once() -> None:
    """After the first signal, Ctrl-C does what it does to every program."""

    async def insist() -> None:
        event = asyncio.Event()
        with stop_on_signal(event.set):
            signal.raise_signal(signal.SIGINT)
            await event.wait()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(insist())


def test_without_a_signal_there_is_no_exit_code() -> None:
    """A run that ends by itself was not interrupted, and the handlers are as before."""

    async def run() -> int | None:
        with stop_on_signal(lambda: None) as caught:
            await asyncio.sleep(0)
        return caught.exit_code

    before = signal.getsignal(signal.SIGTERM)
    assert asyncio.run(run()) is None
    assert signal.getsignal(signal.SIGTERM) is before


async def test_a_loop_outside_the_main_thread_takes_no_signals() -> None:
    """Where signals cannot be caught, the run goes on without."""

    async def run() -> int | None:
        with stop_on_signal(lambda: None) as caught:
            return caught.exit_code

    assert await asyncio.to_thread(lambda: asyncio.run(run())) is None
