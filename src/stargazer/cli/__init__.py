"""The command line: `stargazer COMMAND …`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from stargazer.cli.problems import Ending, shown
from stargazer.cli.root import root


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Standard output gets the result and nothing else; every error is one line
    on standard error.

    Args:
        args: the words after `stargazer`; None: those of this program.
    """
    if "_STARGAZER_COMPLETE" in os.environ:
        root.main(prog_name="stargazer")
    ending = Ending()
    with (
        shown(ending),
        root.make_context("stargazer", list(sys.argv[1:] if args is None else args)) as context,
    ):
        ending.exit_code = root.invoke(context) or 0
    return ending.exit_code
