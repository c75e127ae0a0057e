"""Where every error of the command line ends: one line on standard error, and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import unquote

import rich_click as click
from click.exceptions import Exit

from stargazer.errors import StargazerError, exit_code_of
from stargazer.github.envelope import clean

PARTIAL = 3
"""The exit code of an answer that is not complete."""

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""

USAGE = exit_code_of("invalid-request")
MISTAKE = exit_code_of("internal-error")

LETTERS_OF_A_SECRET = 8
"""A secret of the environment that is shorter is taken for a word, and not looked for."""


class Ending:
    """How a command ended."""

    def __init__(self) -> None:
        self.exit_code = 0


@contextmanager
def shown(ending: Ending) -> Generator[None]:
    """Show what is raised inside as one line, and keep its exit code in *ending*."""
    try:
        yield
    except Exit as exited:
        ending.exit_code = exited.exit_code
    except BrokenPipeError:
        silence()
    except (Exception, KeyboardInterrupt) as error:
        if sys.flags.dev_mode and _is_mistake(error):
            raise
        ending.exit_code, message = judge(error)
        say(message)


def judge(error: BaseException) -> tuple[int, str]:
    """Return the exit code and the line for what was raised."""
    match error:
        case click.ClickException():
            return USAGE, _with_hint(error)
        case StargazerError():
            return error.exit_code, error.message
        case KeyboardInterrupt() | click.Abort():
            return INTERRUPTED, "interrupted"
        case OSError():
            return MISTAKE, f"cannot go on ({_name(error)}): mend that, then try again"
        case _:
            said = f"{type(error).__name__}: {error}"
            return MISTAKE, (
                f"a mistake of stargazer's own ({said}): "
                "report it with what `python -X dev -m stargazer …` shows"
            )


def _is_mistake(error: BaseException) -> bool:
    told = (click.ClickException, click.Abort, StargazerError, KeyboardInterrupt, OSError)
    return not isinstance(error, told)


def say(message: str) -> None:
    """Write one line to standard error, without secrets."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        print(f"stargazer: {one_line(message)}", file=sys.stderr, flush=True)


def one_line(message: str, environ: Mapping[str, str] = os.environ) -> str:
    """Fold *message* into one line, and hide tokens, and the password of the database.

    Example:
        >>> one_line("no such command   ghp_0123456789", {})
        'no such command ***'
    """
    line = " ".join(clean(word) for word in message.split())
    for secret in secrets_of(environ):
        if len(secret) >= LETTERS_OF_A_SECRET:
            line = line.replace(secret, "***")
    return line


def secrets_of(environ: Mapping[str, str]) -> Iterator[str]:
    """Everything in the environment that must not be shown; some of it may be empty."""
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "STARGAZER_SECRET_KEY"):
        yield environ.get(name, "").strip()
    yield from (part.strip() for part in environ.get("STARGAZER_SECRET_KEY_PREVIOUS", "").split(","))
    for name in ("STARGAZER_DATABASE_URL", "DATABASE_URL"):
        url = environ.get(name, "").strip()
        yield url
        # Even a URL that cannot be parsed has its password between these two.
        _, _, password = url.partition("://")[2].rpartition("@")[0].partition(":")
        yield from (password, unquote(password))


def silence() -> None:
    """Write nothing more to standard output: whoever read it has left."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _with_hint(mistake: click.ClickException) -> str:
    context = mistake.ctx if isinstance(mistake, click.UsageError) else None
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return mistake.format_message().rstrip(".") + hint


def _name(error: OSError) -> str:
    name = error.strerror or type(error).__name__
    return f"{name}: {error.filename}" if error.filename else name
