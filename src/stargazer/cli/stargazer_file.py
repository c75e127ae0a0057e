"""Stargazers from a file, for the commands that take one."""

from __future__ import annotations

import msgspec

from stargazer.cli.problems import say
from stargazer.find import split_stargazers
from stargazer.planner.page import User
from stargazer.sources.file import read_stargazers


class Given(msgspec.Struct, frozen=True):
    """Who the stargazers are: logins to be looked up, and users whose node id is known.

    `logins` is None when GitHub is to be asked.
    """

    logins: list[str] | None = None
    users: list[User] = []
    warnings: tuple[str, ...] = ()


def read_given(file: str | None) -> Given:
    """Read a list of stargazers; without a *file*, GitHub is to be asked.

    Raises:
        InvalidRequest: it cannot be read, or no line names anybody.
    """
    if file is None:
        return Given()
    read = read_stargazers(file)
    logins, users = split_stargazers(read.stargazers)
    if read.skipped:
        more = f" ({read.skipped - 1:,} more were skipped)" if read.skipped > 1 else ""
        say(f"warning: --stargazers: skipped {read.warnings[0]}{more}")
    return Given(logins, users, read.warnings)
