"""`stargazer cost`: what a GraphQL document costs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from stargazer.cli.options import format_option
from stargazer.cli.output import print_for_people, print_json
from stargazer.cli.problems import say
from stargazer.cli.table import facts_table
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.errors import DocumentError, InvalidRequest
from stargazer.planner.cost import estimate_cost

EXAMPLES = """
Examples:
  stargazer cost issues.graphql
  stargazer cost issues.graphql --variables '{"first": 50}' --format json
  stargazer cost issues.graphql --variables @variables.json --operation Issues
"""


@click.command("cost", cls=VerbatimCommand, epilog=EXAMPLES)
@click.argument("file", metavar="FILE.graphql")
@click.option("--variables", metavar="JSON", help="The variables, as JSON, or @FILE.")
@click.option("--operation", metavar="NAME", help="Which operation, where the document has several.")
@format_option("table", "json")
def command(file: str, variables: str | None, operation: str | None, form: str) -> int:
    """Price any GitHub GraphQL document, without asking GitHub.

    Prints points, requests and nodes by GitHub's formula. FILE may be `-` for standard input. What is
    wrong with the document, as GitHub would see it, is told with its line and column.
    """
    document = _read(file, "FILE.graphql")
    values = _variables(variables)
    try:
        cost = estimate_cost(document, values, operation)
    except DocumentError as error:
        say(f"{file}:{error.message}" if error.facts.get("place") else f"{file}: {error.message}")
        return error.exit_code
    if form == "json":
        print_json(cost)
    else:
        rows = [(name, f"{value:,}") for name, value in msgspec.structs.asdict(cost).items()]
        print_for_people(facts_table(rows))
    return 0


def _read(file: str, parameter: str) -> str:
    """Read a text file, or standard input.

    Raises:
        InvalidRequest: it cannot be read, or is no text.
    """
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(parameter, "a text file in UTF-8", got=file) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InvalidRequest(parameter, f"a file that can be read ({why})", got=file) from error


def _variables(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    if text.startswith("@"):
        text = _read(text[1:], "--variables")
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InvalidRequest("--variables", f"a JSON object, or @FILE with one ({error})") from error
