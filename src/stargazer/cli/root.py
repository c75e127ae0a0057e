"""The root command: it loads a command's module when the command is run, and not before."""

from __future__ import annotations

import importlib
import importlib.metadata
import keyword

import rich_click as click

from stargazer.cli.verbatim import VerbatimGroup
from stargazer.cli.words import COMMANDS

VERSION = importlib.metadata.version("stargazer")

EPILOG = """
Try it without a token:
  stargazer neighbours rails/rails --sandbox

Environment:
  GITHUB_TOKEN          GitHub's token, or GH_TOKEN; it is never an argument
  STARGAZER_GITHUB_URL  the GraphQL endpoint, if it is not GitHub's own;
                        Enterprise Server's is https://HOST/api/graphql
  STARGAZER_DATABASE_URL
                        the PostgreSQL that keeps the store, or DATABASE_URL;
                        without it stargazer runs one of its own
  STARGAZER_DATA_DIR    where its own PostgreSQL keeps the store

Exit codes:
  0    done
  1    GitHub or the database cannot be used, or a mistake of stargazer's own
  2    the request is not valid
  3    answered, but not complete
  4    GitHub refuses the list of stargazers, or the star lists
  5    over the budget
  6    no such repository, or nobody of that name to forget
  7    GitHub refuses the token
  130  interrupted: what was read is printed
"""


class Root(VerbatimGroup):
    """The group of all commands. Until one is run, a stub with its summary stands for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Load the command that *args* begin with."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(str(name)), rest


def load(name: str) -> click.Command:
    """Load one command."""
    module = f"{name}_" if keyword.iskeyword(name) else name
    command: click.Command = importlib.import_module(f"stargazer.cli.commands.{module}").command
    return command


def _stubs() -> dict[str, click.Command]:
    return {name: click.RichCommand(name=name, help=summary) for name, summary in COMMANDS.items()}


@click.rich_config({"text_markup": "ansi", "max_width": 100})
@click.group(
    "stargazer",
    cls=Root,
    commands=_stubs(),
    epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, message="stargazer %(version)s")
@click.pass_context
def root(context: click.RichContext, /) -> int:
    """Which other repositories do the people who starred yours star?"""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 0
