"""The reference of the command line, written from the commands themselves.

`python -m stargazer.cli.reference > docs/reference/cli.md` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import rich_click as click

from stargazer.cli.root import load, root
from stargazer.cli.words import COMMANDS
from stargazer.errors import PROBLEMS

INTRODUCTION = """\
# The command line

<!-- Written by `python -m stargazer.cli.reference`; a test compares it. -->

Standard output has the result and nothing else. Progress is shown on standard error if that is a
terminal. Every error is one line on standard error, `stargazer: …`, that says what to do. Every
command that prints a result takes `--format json`, and then prints one JSON value.

## Environment

| variable | meaning |
|---|---|
| `GITHUB_TOKEN`, or else `GH_TOKEN` | the token for GitHub. It is never an argument, and never shown |
| `STARGAZER_GITHUB_URL` | the GraphQL endpoint, if not GitHub's own: `https://HOST/api/graphql` |
| `STARGAZER_DATABASE_URL`, or else `DATABASE_URL` | the PostgreSQL that keeps the store |
| `STARGAZER_DATA_DIR` | where stargazer's own PostgreSQL keeps it otherwise |

## The store

What is read is kept, and nothing is read twice. The store is a PostgreSQL database: the one that the
environment names (`postgresql://USER:PASSWORD@HOST:PORT/DATABASE`), or else [one of stargazer's
own](../explanation/embedded-server.md), which starts and stops by itself. Where no PostgreSQL is
installed, commands say so and go on as with `--no-store`; a database that is named and cannot be used
is an error.

Answers are kept apart by GitHub endpoint, and by the GitHub user whose token read them. With
`--sandbox` everything is kept in the folder `sandbox` of the data folder, by a server and in a database
of its own, whatever the environment names: what is made up there never meets what is real. Its time
goes on where the last sandbox ended. Nothing of a private repository is stored; it is answered all the
same.

## Exit codes
"""

EXIT_CODES = {
    0: "done",
    3: "answered, but not complete: standard error says what is missing",
    130: "interrupted by Ctrl-C: what was read is printed; 143 after SIGTERM",
}
"""The exit codes that are not in the table of errors."""

OUTPUT = """\
### What it prints

`--format json` prints one array, `ndjson` an object a line. Each item has `repo`, `stargazers` (sorted
logins), `shared`, `stars`, `relevance`, `jaccard` and `cosine`; in a partial answer also `shared_high`,
the most it can be; in an estimate `shared_low` and `shared_high`, and the ends of each score:
`relevance_low`, `relevance_high` and so on. `csv` has the columns
`repo,shared,stars,relevance,jaccard,cosine,stargazers`, logins separated by spaces; in a partial answer
and an estimate `shared_low,shared_high` follow, empty where an end is not known.

`table` shows for people what is close: how many a neighbour shares, which part of its own stargazers that
is, and the score of the order, which an arrow marks. With `--why` each neighbour says [why it is
one](../explanation/scores.md#why-a-neighbour-is-one).

The order is that of `--sort`: without it a table goes by `relevance`, unless `--until` is about the first by
`shared`; everything else goes by `shared`. What is
equal comes by `shared`, then by name. In an estimate [an order by `relevance`, `jaccard` or
`cosine`](../explanation/scores.md#details) holds down what was seen seldom, so that nothing leads by luck.

`--report FILE` writes one JSON object with `repository`, `kind` (`exact`, `partial` or `estimate`),
`complete`, `coverage`, `spent`, `seconds`, `neighbours` (their number, whatever `--top` says) and
`warnings`; it is written for an interrupted run too. [How to read the report](../howto/read-the-report.md)
explains it.
"""

MORE = {"neighbours": OUTPUT}
"""What a command's own help has no room for."""


def reference() -> str:
    """Write the reference as Markdown."""
    return "\n".join([INTRODUCTION, *_exit_codes(), "", *(_command(name) for name in COMMANDS)])


def _exit_codes() -> Iterator[str]:
    codes: dict[int, list[str]] = {code: [meaning] for code, meaning in EXIT_CODES.items()}
    for name, problem in PROBLEMS.items():
        if problem.exit_code is not None:
            codes.setdefault(problem.exit_code, []).append(f"{problem.title} (`{name}`)")
    yield "| code | meaning |"
    yield "|--:|---|"
    for code, meanings in sorted(codes.items()):
        yield f"| {code} | {'; '.join(meanings)} |"


def _command(name: str) -> str:
    command = load(name)
    # Which options stand for help is a setting of the root.
    above = click.Context(root, help_option_names=root.context_settings["help_option_names"])
    context = click.Context(command, info_name=name, parent=above)
    lines = list(_words("##", f"stargazer {name}", command, context))
    if isinstance(command, click.Group):
        for part in command.commands.values():
            inner = click.Context(part, info_name=part.name, parent=context)
            lines += _words("###", f"stargazer {name} {part.name}", part, inner)
    examples = (command.epilog or "").strip().splitlines()[1:]
    lines += [*(f"    {line.strip()}" for line in examples), ""]
    return "\n".join([*lines, *([MORE[name]] if name in MORE else [])])


def _words(level: str, path: str, command: click.Command, context: click.Context) -> Iterator[str]:
    """Say how one command is written, what it does, and what its options mean."""
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f"{level} {path}", "", f"    {path} {usage}", "", _text(command.help), "")
    yield from ("| option | meaning |", "|---|---|")
    yield from (f"| `{_cell(names)}` | {_cell(meaning)} |" for names, meaning in _options(command, context))
    yield ""


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record is not None:
            yield record


def _text(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _cell(text: str) -> str:
    """Make text fit for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
