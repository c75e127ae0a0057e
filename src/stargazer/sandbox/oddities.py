"""What is out of the ordinary in a graph, by number of user or repository."""

from __future__ import annotations

from stargazer.sandbox.lists import Numbers, Places


class Oddities:
    """The users and repositories that GitHub answers differently.

    Attributes:
        gone: users whose account is deleted.
        private_profiles: users whose star list is empty to everybody.
        over_limit: users whose list is cut, with the number of stars it shows.
        heavy: users whose pages run into the wall unless `first` is at most this.
        null_stars: stars that are sent as null edges, as (user, repository).
        unlisted: repositories with stargazers that are counted and not listed.
        private: repositories that are private.
        numberless: repositories without `databaseId`.
    """

    def __init__(self) -> None:
        self.gone: set[int] = set()
        self.private_profiles: set[int] = set()
        self.over_limit: dict[int, int] = {}
        self.heavy: dict[int, int] = {}
        self.null_stars: set[tuple[int, int]] = set()
        self.unlisted: dict[int, int] = {}
        self.private: set[int] = set()
        self.numberless: set[int] = set()

    def shown(self, user: int, places: Places, starred: Numbers) -> tuple[Places, Numbers]:
        """Return what a user's list shows to a reader."""
        if user in self.private_profiles:
            return places[:0], starred[:0]
        listed = self.over_limit.get(user)
        if listed is not None:
            return places[-listed:], starred[-listed:]
        return places, starred
