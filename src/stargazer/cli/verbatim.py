"""Commands whose last lines of help are shown as they are written: examples, tables."""

from __future__ import annotations

import rich_click as click
from rich.padding import Padding
from rich.text import Text


class VerbatimCommand(click.RichCommand):
    """A command whose epilog keeps its lines."""

    # rich-click narrows the types of both arguments, as its own comments regret.
    def format_epilog(self, ctx: click.RichContext, formatter: click.RichHelpFormatter) -> None:  # type: ignore[override]
        """Write the epilog."""
        if self.epilog:
            formatter.write(Padding(Text(self.epilog.strip()), (0, 1, 1, 1)))


class VerbatimGroup(VerbatimCommand, click.RichGroup):
    """A group whose epilog keeps its lines."""
