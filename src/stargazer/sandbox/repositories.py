"""The repositories of a graph: names and facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

CREATED_AT = datetime(2008, 1, 1, tzinfo=UTC)


class Repositories:
    """Names and facts of repositories, by number.

    Args:
        names: `owner/name` of each.
        languages: the main language of each, or None where there is none.
        descriptions: likewise.
        archived: the numbers of those that are archived.
        forks: the numbers of those that are forks.
    """

    def __init__(
        self,
        names: list[str],
        *,
        languages: Sequence[str | None] | None = None,
        descriptions: Sequence[str | None] | None = None,
        archived: frozenset[int] = frozenset(),
        forks: frozenset[int] = frozenset(),
    ) -> None:
        self.names = names
        self.languages = languages
        self.descriptions = descriptions
        self.archived = archived
        self.forks = forks
        self._numbers = {name.casefold(): number for number, name in enumerate(names)}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str) -> int:
        """Return the number of a repository by its name of today or an earlier one.

        Raises:
            KeyError: there is no such repository.
        """
        return self._numbers[name.casefold()]

    def find(self, name: str, *, follow_renames: bool = True) -> int | None:
        """Return the number of a repository, or None."""
        number = self._numbers.get(name.casefold())
        if number is None or follow_renames:
            return number
        return number if self.names[number].casefold() == name.casefold() else None

    def language(self, number: int) -> str | None:
        """Return the main language of a repository."""
        return None if self.languages is None else self.languages[number]

    def description(self, number: int) -> str | None:
        """Return what a repository says of itself."""
        return None if self.descriptions is None else self.descriptions[number]

    def rename(self, number: int, new_name: str) -> None:
        """Give a repository a new name; the old one still leads to it."""
        self.names[number] = new_name
        self._numbers[new_name.casefold()] = number
