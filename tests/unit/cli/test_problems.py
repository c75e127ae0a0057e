"""Every error is one line, without secrets, and has its exit code."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest
import rich_click as click
from click.exceptions import Exit

from stargazer import errors
from stargazer.cli.problems import Ending, one_line, say, shown

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

RAISED: list[tuple[BaseException, int]] = [
    (errors.InvalidRequest("--top", "a number"), 2),
    (errors.StargazersRestricted("o/r", 5), 4),
    (errors.StarListsRestricted("o/r", 5, read=5, without_seed=5), 4),
    (errors.RepositoryNotFound("o/r"), 6),
    (errors.BudgetTooSmall(price={"points": 9.0}, budget={"points": 3.0}), 5),
    (errors.BudgetExhausted(datetime(2026, 11, 24, tzinfo=UTC)), 5),
    (errors.GitHubUnreachable("no\nconnection"), 1),
    (errors.CredentialsRefused("Bad credentials"), 7),
    (errors.QueryRefused("no such field"), 1),
    (click.UsageError("No such option"), 2),
    (click.ClickException("no"), 2),
    (click.Abort(), 130),
    (KeyboardInterrupt(), 130),
    (PermissionError(13, "Permission denied", "/root/x"), 1),
    (TimeoutError(), 1),
    (ZeroDivisionError("division by zero"), 1),
]


@pytest.mark.parametrize(("raised", "exit_code"), RAISED, ids=lambda one: type(one).__name__)
def test_whatever_is_raised_becomes_one_line_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], raised: BaseException, exit_code: int
) -> None:
    """One line on standard error, nothing on standard output, and the exit code of the table."""
    ending = Ending()
    with shown(ending):
        raise raised
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), ending.exit_code) == ("", 1, exit_code)
    assert err.startswith("stargazer: ")


def test_every_public_code_has_an_exit_code_of_its_row() -> None:
    """The exit codes of the errors are those of the one table."""
    for raised, exit_code in RAISED:
        if isinstance(raised, errors.StargazerError):
            assert errors.PROBLEMS[raised.code].exit_code == exit_code


def test_click_exits_as_it_wants(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` and `--version` end by an exception that is no error."""
    ending = Ending()
    with shown(ending):
        raise Exit(0)
    assert (ending.exit_code, capsys.readouterr().err) == (0, "")


def test_in_development_mode_a_mistake_of_ours_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -X dev` shows the traceback of what was not raised on purpose, and of nothing else."""

    class Flags:
        dev_mode = True

    monkeypatch.setattr(sys, "flags", Flags)
    with pytest.raises(ZeroDivisionError), shown(Ending()):
        raise ZeroDivisionError
    with shown(Ending()):
        raise errors.RepositoryNotFound("o/r")


def test_a_token_is_hidden_whatever_its_form() -> None:
    """GitHub's own formats are known; another is known because the environment holds it."""
    assert TOKEN not in one_line(f"got '{TOKEN}'", {})
    assert one_line("bearer opensesame1", {"GH_TOKEN": "opensesame1"}) == "bearer ***"


def test_a_word_for_a_token_does_not_blot_the_message() -> None:
    """A token as short as a word would make every message unreadable."""
    assert one_line("anything goes", {"GITHUB_TOKEN": "any"}) == "anything goes"


def test_long_messages_keep_their_length() -> None:
    """The advice stands at the end of the line, so it is not cut off."""
    message = "word " * 100 + "advice"
    assert one_line(message, {}) == message


def test_a_closed_standard_error_is_no_second_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can be told, nothing is raised either."""

    class Closed:
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    say("hello")


@pytest.mark.parametrize("variable", ["STARGAZER_DATABASE_URL", "DATABASE_URL"])
def test_the_password_of_the_database_is_hidden(variable: str) -> None:
    """Neither the URL nor its password is told, as it is written or as it is meant."""
    url = "postgresql://me:p%40ss:w@rd/word@db.example:5432/stars"
    for said in (url, "p%40ss:w@rd/word", "p@ss:w@rd/word"):
        assert one_line(f"cannot log in with {said} today", {variable: url}) == "cannot log in with *** today"
