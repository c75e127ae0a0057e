"""The settings are told where people look for them, and nowhere told otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from stargazer.api.connection import HEAD_LIMIT_BYTES, REQUEST_SECONDS
from stargazer.api.problems import BODY_LIMIT_BYTES
from stargazer.cli.serving import IDLE_SECONDS
from stargazer.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "settings.md").read_text()

ALTERNATIVES = {"GH_TOKEN", "DATABASE_URL"}
"""What is read where the first name is not set."""

OF_COMPOSE = {"POSTGRES_PASSWORD"}
"""What only compose.yaml reads."""


class Recorder(Mapping[str, str]):
    """An empty environment that remembers what was looked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def asked() -> set[str]:
    """Every variable that the settings are read from."""
    recorder = Recorder()
    Settings.from_env(recorder)
    return recorder.asked


def example() -> dict[str, str]:
    """Every variable of `.env.example` with its value."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_has_every_setting_and_changes_none() -> None:
    """Copied as it is, `.env.example` sets what would be so without it."""
    told = example()

    assert set(told) == asked() - ALTERNATIVES | OF_COMPOSE
    assert Settings.from_env(told) == Settings.from_env({})


def test_every_setting_has_its_row() -> None:
    """The reference has a row for each variable, with the default that holds, and for no other."""
    rows = re.findall(r"^\| `(\w+)`(?:, or else `(\w+)`)? \| (?:`(.*?)`)?", PAGE, re.MULTILINE)
    values = example()

    assert {name for row in rows for name in row[:2] if name} == asked()
    defaults = {name: default for name, _, default in rows if default}
    assert defaults == {name: values[name] for name in defaults}
    assert {name for name, value in values.items() if value} <= set(defaults)


def test_what_is_fixed_is_told_as_it_is() -> None:
    """The limits that nobody sets stand in the reference too."""
    for number in (
        f"{BODY_LIMIT_BYTES:,} bytes",
        f"{HEAD_LIMIT_BYTES:,} bytes",
        f"{REQUEST_SECONDS:.0f} seconds",
    ):
        assert number in PAGE
    assert f"for {IDLE_SECONDS} seconds" in PAGE
