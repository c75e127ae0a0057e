"""Commands whose last lines of help are shown as they are written: examples, tables."""

from __future__ import annotations

import rich_click as click
from rich.padding import Padding
from rich.text import Text


class VerbatimCommand(click.RichCommand):
    """A command whose epilog keeps its lines."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the epilog."""
        _write(self.epilog, formatter)


class VerbatimGroup(click.RichGroup):
    """A group whose epilog keeps its lines."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the epilog."""
        _write(self.epilog, formatter)


def _write(epilog: str | None, formatter: click.HelpFormatter) -> None:
    if epilog and isinstance(formatter, click.RichHelpFormatter):
        formatter.write(Padding(Text(epilog.strip()), (0, 1, 1, 1)))
