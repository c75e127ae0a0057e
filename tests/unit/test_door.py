"""The library's door: what it lets out, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

import stargazer

FRAMEWORKS = ("litestar", "asyncpg", "rich", "rich_click", "click")
OURS = ("stargazer.sandbox", "stargazer.cli", "stargazer.store")


def test_the_door_lets_out_what_it_says() -> None:
    """`__all__` is sorted, names each thing once, and each of them is there and has that name."""
    assert sorted(stargazer.__all__) == list(stargazer.__all__)
    assert len(set(stargazer.__all__)) == len(stargazer.__all__)
    assert [getattr(stargazer, name).__name__ for name in stargazer.__all__] == list(stargazer.__all__)
    assert set(stargazer.__all__) <= set(dir(stargazer))


def test_the_door_has_nothing_else() -> None:
    """A name that is not let out is an `AttributeError`, as in every module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = stargazer.nothing


def test_what_the_door_lets_out_is_described() -> None:
    """Everything exported has a docstring of its own."""
    assert all((getattr(stargazer, name).__doc__ or "").strip() for name in stargazer.__all__)


def test_the_library_loads_no_more_than_it_needs() -> None:
    """A program that imports the library gets no web framework, no database, no terminal, no sandbox."""
    script = (
        "import sys, stargazer; stargazer.find_neighbours; stargazer.GitHub; print('\\n'.join(sys.modules))"
    )

    loaded = subprocess.run(  # noqa: S603 - our own interpreter, our own words
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "stargazer.find" in loaded
    assert [name for name in FRAMEWORKS + OURS if name in loaded] == []
