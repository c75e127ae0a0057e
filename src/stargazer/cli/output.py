"""Standard output: the result and nothing else, as bytes."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any, BinaryIO

import msgspec
from rich.console import Console, RenderableType

from stargazer.cli.problems import silence

PLAIN_WIDTH = 120
"""How wide a table is where nobody says how much room there is."""


@contextmanager
def standard_output() -> Generator[BinaryIO]:
    """Give standard output; when its reader leaves early, as `head` does, end the writing quietly."""
    try:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        silence()


def print_json(value: Any) -> None:
    """Print one JSON value on one line."""
    with standard_output() as file:
        file.write(msgspec.json.encode(value) + b"\n")


def print_for_people(*parts: RenderableType) -> None:
    """Print tables and text, coloured where standard output is a terminal."""
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    with console.capture() as captured:
        for part in parts:
            console.print(part, markup=False)
    with standard_output() as file:
        file.write(captured.get().encode())


def print_words(lines: Iterable[str]) -> None:
    """Print plain lines."""
    with standard_output() as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def errors_console() -> Console:
    """Return a console for standard error."""
    return Console(stderr=True, highlight=False, emoji=False)


def is_quiet() -> bool:
    """Tell whether standard error is no terminal, so that nobody watches."""
    return not sys.stderr.isatty()
