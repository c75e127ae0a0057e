"""The name of a repository, as people write it."""

from __future__ import annotations

import re

from stargazer.errors import InvalidRequest

OWNER = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:_[A-Za-z0-9]{1,10})?"
NAME = re.compile(rf"{OWNER}/[A-Za-z0-9._-]{{1,100}}", re.ASCII)
"""GitHub's rules for the characters of an owner, and of a repository with its owner."""


def parse_name(repository: str) -> tuple[str, str]:
    """Split `owner/name`; GitHub's rules for the characters of both.

    Raises:
        InvalidRequest: it is not of that form.

    Example:
        >>> parse_name("pallets/flask")
        ('pallets', 'flask')
    """
    if NAME.fullmatch(repository) is None or repository.endswith(("/.", "/..")):
        raise InvalidRequest("the repository", "OWNER/NAME, for example pallets/flask", got=repository[:120])
    owner, _, name = repository.partition("/")
    return owner, name
