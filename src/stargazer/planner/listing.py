"""The first half of a run: who the stargazers are, and what the repository is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import assert_never

from stargazer.errors import RepositoryNotFound, StargazerError, StargazersRestricted
from stargazer.planner.connection import Ask, Connection, Ending, Seen
from stargazer.planner.known import Ended, HalfListed, KnownStargazers, Listed, StoredStargazers
from stargazer.planner.page import (
    Facts,
    FactsRequest,
    Failure,
    FailureKind,
    Selection,
    Stargazer,
    StargazersPage,
    StargazersRequest,
    User,
    UserRequest,
)
from stargazer.planner.refresh import Refresh

LOOKUPS_A_CALL = 100
"""How many logins are resolved in one call."""

STRIKES_ALONE = 2
"""After so many failures a page of the list is asked in a call of its own."""


class Listing:
    """The facts of the repository and its list of stargazers, from GitHub or given.

    Args:
        owner: of the repository, as asked for.
        name: likewise.
        logins: who the stargazers are, if they are given; None: GitHub is asked.
            Whoever is given twice, in whatever case, is looked up once.
    """

    def __init__(self, owner: str, name: str, logins: Iterable[str] | None) -> None:
        self.owner = owner
        self.name = name
        self.facts: Facts | None = None
        self.error: StargazerError | None = None
        self.from_file = logins is not None
        self.connection = Connection(both_at_once=True)
        self.lookups = deque({login.casefold(): login for login in logins or ()}.values())
        self.looking_up: set[str] = set()
        self.gone: list[str] = []
        self.failed: list[str] = []
        self._facts_in_flight = False
        self._login_strikes: dict[str, int] = {}
        self._stored: tuple[User, ...] = ()
        if self.from_file:
            self.connection.ending = Ending.TRUNCATED

    def know(self, listed: Listed) -> Sequence[User]:
        """Take in what is known of the list already; returns who is on it for certain."""
        match listed:
            case KnownStargazers(users=users, hidden=hidden):
                self.connection.hidden = hidden
                self.connection.ending = Ending.WHOLE
                return users
            case StoredStargazers(edges=edges, hidden=hidden):
                self._stored = tuple(user for user, _ in edges)
                self.connection.refresh = Refresh([(user.id, at) for user, at in edges], hidden)
                return ()
            case HalfListed(users=users, sides=sides, low=low, high=high, hidden=hidden):
                self.connection.resume(sides, low=low, high=high, hidden=hidden)
                return users
            case never:
                assert_never(never)

    def kept(self) -> Sequence[User]:
        """Those of an old list, once it is refreshed, who are still on it below what was read."""
        kept = self.connection.kept if self.whole else 0
        return self._stored[len(self._stored) - kept :] if kept else ()

    @property
    def asked_name(self) -> str:
        """The name as asked for."""
        return f"{self.owner}/{self.name}"

    @property
    def repository(self) -> str:
        """The repository's name today, or as asked for while it is not known."""
        return self.facts.name_with_owner if self.facts else self.asked_name

    @property
    def seed(self) -> int:
        """The repository's `databaseId`; 0 while it is not known."""
        return (self.facts.database_id or 0) if self.facts else 0

    @property
    def done(self) -> bool:
        """Whether nothing more is to be asked about who the stargazers are."""
        listed = self.connection.ending is not None
        return self.facts is not None and listed and not self.lookups and not self.looking_up

    @property
    def whole(self) -> bool:
        """Whether the list came from GitHub and was proved to be whole."""
        return self.connection.ending is Ending.WHOLE

    def fixed(self) -> tuple[Selection, ...]:
        """The selections besides pages that the next call should hold."""
        if self.facts is None and not self._facts_in_flight:
            return (FactsRequest(self.owner, self.name),)
        return ()

    def next_logins(self) -> list[str]:
        """The logins that the next call should resolve."""
        return list(islice(self.lookups, LOOKUPS_A_CALL))

    def wants_alone(self) -> bool:
        """Whether the next page of the list is suspected of spoiling its call."""
        return self.connection.strikes >= STRIKES_ALONE and bool(self.connection.wanted())

    def request(self, ask: Ask) -> StargazersRequest:
        """One page of the list as a selection."""
        return StargazersRequest(self.owner, self.name, ask.first, ask.after, ask.direction)

    def sent(self, selections: Iterable[Selection], asks: Iterable[Ask]) -> None:
        """Note what is in flight."""
        for selection in selections:
            if isinstance(selection, FactsRequest):
                self._facts_in_flight = True
            elif isinstance(selection, UserRequest):
                self.lookups.remove(selection.login)
                self.looking_up.add(selection.login)
        for ask in asks:
            self.connection.sent(ask)

    def returned(self, selection: Selection) -> None:
        """Note that a selection got no answer; it will be asked again."""
        match selection:
            case FactsRequest():
                self._facts_in_flight = False
            case UserRequest(login=login) if login in self.looking_up:
                self.looking_up.discard(login)
                self.lookups.append(login)
            case StargazersRequest(direction=direction):
                self.connection.failed(direction)
            case _:
                pass

    def receive_facts(self, outcome: Facts | Failure) -> bool:
        """Take in the repository's facts; False when they have to be asked again."""
        self._facts_in_flight = False
        if isinstance(outcome, Facts):
            self.facts = outcome
            return True
        if outcome.kind in (FailureKind.GONE, FailureKind.HIDDEN):
            self.error = RepositoryNotFound(self.asked_name)
            return True
        return False

    def receive_user(self, login: str, outcome: User | Failure) -> User | None:
        """Take in who a login is; those gone, and those that fail twice, are counted."""
        self.looking_up.discard(login)
        if isinstance(outcome, User):
            return outcome
        if outcome.kind is FailureKind.GONE:
            self.gone.append(login)
        elif self._login_strikes.setdefault(login, 0) >= STRIKES_ALONE:
            self.failed.append(login)
        else:
            self._login_strikes[login] += 1
            self.lookups.append(login)
        return None

    def receive_page(self, page: StargazersPage, *, listed: int) -> tuple[Stargazer, ...]:
        """Take in a page of the list; returns who is on it.

        An empty list beside a positive count is a refusal: before anybody was
        listed it is an error, later the list has broken off.
        """
        if self.connection.ending is not None:
            return page.stargazers
        refused = not page.stargazers and not page.hidden and page.total_count == 0
        if refused and listed:
            self.connection.give_up()
        elif refused and self.facts is None:
            self.connection.failed(page.request.direction)
        elif refused and self.facts is not None and self.facts.stargazer_count > 0:
            self._refuse()
        else:
            self._see(page)
        return page.stargazers

    def _see(self, page: StargazersPage) -> None:
        self.connection.receive(
            Seen(
                direction=page.request.direction,
                edges={stargazer.user.id: stargazer.starred_at for stargazer in page.stargazers},
                hidden=page.hidden,
                total_count=page.total_count,
                has_next_page=page.has_next_page,
                end_cursor=page.end_cursor,
            )
        )

    def receive_failure(self, request: StargazersRequest, failure: Failure, *, alone: bool) -> None:
        """Take in that a page of the list failed by itself."""
        self.connection.failed(request.direction)
        self.connection.strikes += 1
        if failure.kind is FailureKind.RESTRICTED:
            self._refuse()
        elif alone:
            if self.facts is not None and failure.kind in (FailureKind.UNKNOWN, FailureKind.HIDDEN):
                self._refuse()
            else:
                self.connection.shrink()

    def _refuse(self) -> None:
        if not self.connection.begun and self.facts is not None:
            self.error = StargazersRestricted(self.repository, self.facts.stargazer_count)
        elif self.connection.begun:
            self.connection.give_up()

    def hidden(self, listed: int) -> int:
        """How many stargazers GitHub counts and does not list."""
        if self.from_file or self.facts is None:
            return 0
        counted = max(self.facts.stargazer_count, self.connection.total_count or 0)
        return max(0, counted - listed) if self.whole else self.connection.hidden

    def unlisted(self, listed: int) -> int:
        """How many users will probably still be listed."""
        if self.from_file:
            return len(self.lookups) + len(self.looking_up)
        if self.facts is None or self.connection.ending is not None:
            return 0
        return max(0, (self.connection.total_count or self.facts.stargazer_count) - listed)

    @property
    def ended(self) -> Ended | None:
        """How the list ended, once it has; None for one from elsewhere."""
        connection = self.connection
        if connection.ending is None or self.from_file:
            return None
        return Ended(self.repository, connection.ending, connection.kept)

    def pages_left(self) -> int:
        """How many pages of the list are left."""
        if self.from_file or self.connection.ending is not None:
            return 0
        return self.connection.pages_left if self.connection.begun else 1
