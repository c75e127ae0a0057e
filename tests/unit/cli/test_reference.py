"""The commands and what is written about them."""

from __future__ import annotations

from pathlib import Path

import pytest
import rich_click as click

from stargazer.cli import main
from stargazer.cli.options import Span
from stargazer.cli.reference import reference
from stargazer.cli.root import load, root
from stargazer.cli.words import COMMANDS

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


def test_the_reference_is_what_the_commands_say() -> None:
    """docs/reference/cli.md is written by `python -m stargazer.cli.reference`."""
    assert REFERENCE.read_text("utf-8") == reference()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained_and_documented(name: str) -> None:
    """Every option that is not hidden has a help text, and stands in the reference."""
    written = reference()
    for parameter in load(name).params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.name
            assert f"`{parameter.opts[0]}" in written


@pytest.mark.parametrize("name", COMMANDS)
def test_summaries_are_the_first_lines_of_the_commands(name: str) -> None:
    """The stub in the list of commands says what the command itself says first."""
    command = load(name)
    assert command.help is not None
    assert command.help.split("\n\n")[0].replace("\n", " ") == COMMANDS[name]
    assert command.name == name
    assert command.epilog is not None
    assert f"stargazer {name}" in command.epilog


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_examples_line_by_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` is on standard output, and ends with examples that can be copied."""
    assert main([name, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    examples = [line.strip() for line in out.split("Examples:")[1].splitlines()]
    assert any(line.startswith(f"stargazer {name}") for line in examples)


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """`stargazer` alone tells what there is, and how to try it without a token."""
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(name in out for name in COMMANDS)
    assert "stargazer neighbours rails/rails --sandbox" in out


def test_what_makes_an_estimate_is_written_down() -> None:
    """The options of an estimate stand in the reference."""
    written = reference()
    assert all(f"`{name}" in written for name in ("--sample", "--until", "--seed"))


def test_commands_stand_in_the_order_of_use() -> None:
    """The main job comes first, in the help and in the reference."""
    assert root.list_commands(click.Context(root)) == list(COMMANDS)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("5m", 300), ("2h", 7_200), ("7d", 604_800), ("1.5h", 5_400)],
)
def test_spans_are_written_short(text: str, seconds: float) -> None:
    """A span is a number and a unit; without one it is in seconds."""
    assert Span().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "5 minutes", "5w", "1h30m", "nan", "1e3"])
def test_what_is_no_span_is_refused(text: str) -> None:
    """Nothing else is guessed at."""
    with pytest.raises(click.BadParameter, match="such as 90s, 5m, 2h or 7d"):
        Span().convert(text, None, None)
