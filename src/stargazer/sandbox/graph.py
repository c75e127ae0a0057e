"""The bipartite graph of users, repositories and stars that the sandbox answers from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from stargazer.sandbox import history, identity, lists, moments, oddities, truth
from stargazer.sandbox.history import Change
from stargazer.sandbox.lists import Numbers, Places
from stargazer.sandbox.repositories import Repositories

FIRST_USER_ID = 5_000_000
FIRST_REPOSITORY_ID = 300_000

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
"""The moment that a graph shows until a sandbox moves it on; no star is younger."""


class Graph:
    """Who starred what and when: deterministic, compact, and able to change.

    Users are named by login, repositories by `owner/name`; case does not matter.
    Stars come and go with `star` and `unstar`, and what every list was at any
    time is remembered. `oddities` holds what is out of the ordinary: users who
    are gone, private repositories, and so on.

    Args:
        logins: one for each user.
        repositories: their names and facts.
        users: for each star, the number of its user.
        starred: for each star, the number of its repository.
        starred_seconds: for each star, when it was given, in whole seconds since 1970.
        description: one sentence about what is real in it and what is made up.
    """

    def __init__(
        self,
        logins: Sequence[str],
        repositories: Repositories,
        *,
        users: Numbers,
        starred: Numbers,
        starred_seconds: NDArray[np.int64],
        description: str = "",
    ) -> None:
        self.logins = logins
        self.repositories = repositories
        self.description = description
        self.now = AS_OF
        self.oddities = oddities.Oddities()
        self.history = history.History()
        by_time = np.argsort(starred_seconds, kind="stable")
        places: Places = (starred_seconds[by_time] << 32) | np.arange(len(by_time), dtype=np.int64)
        users, starred = users[by_time], starred[by_time]
        self.star_lists = lists.Lists(users, starred, places, len(logins))
        self.stargazers = lists.Lists(starred, users, places, len(repositories))
        self._counts = self.stargazers.sizes()
        self._next_row = len(by_time)
        self._numbers = {login.casefold(): number for number, login in enumerate(logins)}
        self._watchers: list[Callable[[int], None]] = []

    @classmethod
    def from_lists(
        cls, star_lists: Mapping[str, Iterable[str]], *, languages: Mapping[str, str] | None = None
    ) -> Graph:
        """Make a small graph by hand: each login with what it starred, oldest first.

        The stars of a user lie an hour apart; those of the next user begin a minute later.

        Example:
            >>> graph = Graph.from_lists({"ada": ["o/a", "o/b"], "bob": ["o/b"]})
            >>> graph.truth("o/b")
            {'o/a': ['ada']}
        """
        names = list(dict.fromkeys(name for starred in star_lists.values() for name in starred))
        numbers = {name: number for number, name in enumerate(names)}
        stars = [
            (user, numbers[name], user * 60 + index * 3600)
            for user, starred in enumerate(star_lists.values())
            for index, name in enumerate(starred)
        ]
        table = np.array(stars, np.int64).reshape(-1, 3)
        spoken = [(languages or {}).get(name) for name in names]
        return cls(
            list(star_lists),
            Repositories(names, languages=spoken),
            users=table[:, 0].astype(np.int32),
            starred=table[:, 1].astype(np.int32),
            starred_seconds=table[:, 2] + int(moments.to_seconds(datetime(2024, 1, 1, tzinfo=UTC))),
            description="A graph made by hand.",
        )

    # Who and what.

    def user(self, login: str) -> int:
        """Return the number of a user.

        Raises:
            KeyError: there is no such user.
        """
        return self._numbers[login.casefold()]

    def find_user(self, login: str) -> int | None:
        """Return the number of a user, or None."""
        return self._numbers.get(login.casefold())

    def user_database_id(self, user: int) -> int:
        """Return the `databaseId` of a user."""
        return FIRST_USER_ID + user

    def user_id(self, login: str) -> str:
        """Return the node id of a user.

        Raises:
            KeyError: there is no such user.
        """
        return identity.write_node_id(identity.USER_PREFIX, self.user_database_id(self.user(login)))

    def repository(self, name: str) -> int:
        """Return the number of a repository, by its name of today or an earlier one.

        Raises:
            KeyError: there is no such repository.
        """
        return self.repositories.number(name)

    def repository_database_id(self, repository: int) -> int:
        """Return the number that its node id holds; `databaseId` may still be null."""
        return FIRST_REPOSITORY_ID + repository

    def find_node(self, node_id: str) -> tuple[str, int] | None:
        """Return `User` or `Repository` and its number, or None if no node has this id."""
        read = identity.read_node_id(node_id)
        if read is None:
            return None
        prefix, database_id = read
        if prefix == identity.USER_PREFIX and 0 <= database_id - FIRST_USER_ID < len(self.logins):
            return "User", database_id - FIRST_USER_ID
        number = database_id - FIRST_REPOSITORY_ID
        if prefix == identity.REPOSITORY_PREFIX and 0 <= number < len(self.repositories):
            return "Repository", number
        return None

    # Stars.

    @property
    def star_count(self) -> int:
        """How many stars there are now."""
        return int(self._counts.sum())

    def stargazer_count(self, name: str) -> int:
        """Return GitHub's public count of a repository's stargazers."""
        return self.count_stargazers(self.repository(name))

    def count_stargazers(self, repository: int) -> int:
        """Return `stargazerCount`: those listed, and those counted but not listed."""
        return int(self._counts[repository]) + self.oddities.unlisted.get(repository, 0)

    def starred_by(self, login: str) -> list[str]:
        """Return the names of what a user starred, oldest star first."""
        _, starred = self.star_lists.of(self.user(login))
        return [self.repositories.names[number] for number in starred.tolist()]

    def stargazers_of(self, name: str) -> list[str]:
        """Return the logins of a repository's stargazers, oldest star first."""
        _, users = self.stargazers.of(self.repository(name))
        return [self.logins[number] for number in users.tolist()]

    def truth(self, name: str) -> dict[str, list[str]]:
        """Return every neighbour of a repository with the logins that star both, by brute force.

        It is what a perfect reader of the sandbox finds: what is hidden from
        readers (users who are gone, private repositories, …) is not in it.
        """
        return truth.find_neighbours(self, self.repository(name))

    def star(self, login: str, name: str, *, at: datetime | None = None) -> bool:
        """Let a user star a repository now; False if they already did."""
        user, repository = self.user(login), self.repository(name)
        if repository in self.star_lists.of(user)[1]:
            return False
        at = self.now if at is None else at
        place = identity.place(int(moments.to_seconds(at)), self._next_row)
        self._next_row += 1
        self.star_lists.add(user, repository, place)
        self.stargazers.add(repository, user, place)
        self._changed(Change(at, user, repository, starred=True), +1)
        return True

    def unstar(self, login: str, name: str, *, at: datetime | None = None) -> bool:
        """Let a user take a star back; False if there is none."""
        user, repository = self.user(login), self.repository(name)
        if self.star_lists.remove(user, repository) is None:
            return False
        self.stargazers.remove(repository, user)
        self._changed(Change(self.now if at is None else at, user, repository, starred=False), -1)
        return True

    def _changed(self, change: Change, step: int) -> None:
        self.history.add(change)
        self._counts[change.repository] += step
        for watch in self._watchers:
            watch(change.repository)

    def watch(self, watcher: Callable[[int], None]) -> None:
        """Call *watcher* with the number of every repository whose facts change."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[int], None]) -> None:
        """Stop calling *watcher*."""
        self._watchers.remove(watcher)

    # What was.

    def always(self, login: str, since: datetime, until: datetime) -> set[str]:
        """Return what a user starred during the whole of an interval, ends included."""
        return self._names(self._span(login, since, until)[0])

    def ever(self, login: str, since: datetime, until: datetime) -> set[str]:
        """Return what a user starred at any moment of an interval, ends included."""
        return self._names(self._span(login, since, until)[1])

    def stargazers_always(self, name: str, since: datetime, until: datetime) -> set[str]:
        """Return who starred a repository during the whole of an interval, ends included."""
        return self._logins(self._stargazer_span(name, since, until)[0])

    def stargazers_ever(self, name: str, since: datetime, until: datetime) -> set[str]:
        """Return who starred a repository at any moment of an interval, ends included."""
        return self._logins(self._stargazer_span(name, since, until)[1])

    def _span(self, login: str, since: datetime, until: datetime) -> tuple[set[int], set[int]]:
        user = self.user(login)
        return self.history.span_of_user(user, self.star_lists.of(user)[1].tolist(), since, until)

    def _stargazer_span(self, name: str, since: datetime, until: datetime) -> tuple[set[int], set[int]]:
        repository = self.repository(name)
        present = self.stargazers.of(repository)[1].tolist()
        return self.history.span_of_repository(repository, present, since, until)

    def _names(self, numbers: Iterable[int]) -> set[str]:
        return {self.repositories.names[number] for number in numbers}

    def _logins(self, numbers: Iterable[int]) -> set[str]:
        return {self.logins[number] for number in numbers}

    # What is out of the ordinary.

    def mark_gone(self, login: str) -> None:
        """Delete a user's account: still listed as a stargazer, but nobody can read them."""
        self.oddities.gone.add(self.user(login))

    def mark_private_profile(self, login: str) -> None:
        """Hide all that a user starred: their list is empty."""
        self.oddities.private_profiles.add(self.user(login))

    def mark_over_limit(self, login: str, listed: int) -> None:
        """Cut a user's list to its newest *listed* stars, with `isOverLimit`."""
        self.oddities.over_limit[self.user(login)] = listed

    def mark_heavy(self, login: str, first: int) -> None:
        """Let every page of a user's list run into the wall unless it asks for at most *first*."""
        self.oddities.heavy[self.user(login)] = first

    def mark_null_star(self, login: str, name: str) -> None:
        """Send one star as a null edge, in the user's list and among the repository's stargazers."""
        self.oddities.null_stars.add((self.user(login), self.repository(name)))

    def mark_unlisted(self, name: str, count: int) -> None:
        """Count *count* stargazers more than GitHub lists, in `stargazerCount` alone."""
        self._mark_repository(name, lambda number: self.oddities.unlisted.update({number: count}))

    def mark_private(self, name: str) -> None:
        """Make a repository private; this sandbox shows it to every token."""
        self._mark_repository(name, self.oddities.private.add)

    def mark_numberless(self, name: str) -> None:
        """Take a repository's `databaseId` away."""
        self._mark_repository(name, self.oddities.numberless.add)

    def rename(self, name: str, new_name: str) -> None:
        """Rename a repository; asked under its old name it answers under the new one."""
        self._mark_repository(name, lambda number: self.repositories.rename(number, new_name))

    def _mark_repository(self, name: str, mark: Callable[[int], object]) -> None:
        number = self.repository(name)
        mark(number)
        for watch in self._watchers:
            watch(number)

    def move_to(self, now: datetime) -> None:
        """Let the graph know what time it is: stars and changes from now on carry it."""
        self.now = max(self.now, now)
