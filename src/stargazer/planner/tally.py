"""Count what became of every listed user: nobody is lost."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from stargazer.errors import StarListsRestricted
from stargazer.planner.coverage import FAILED_NAMED_AT_MOST, Coverage
from stargazer.planner.drawing import draw
from stargazer.planner.known import KnownList
from stargazer.planner.listing import Listing
from stargazer.planner.order import Order, StarList, State
from stargazer.planner.sample import Aim

SEED_CHECKED_USERS = 50
"""After so many lists, if most lack the seed, GitHub has closed the star lists too."""

SEED_CHECKED_AT_LEAST = 3
"""Fewer lists than this prove nothing about what GitHub shows."""


class Tally:
    """The users by what became of them, and the items that were not shown."""

    def __init__(self) -> None:
        self.states: Counter[State] = Counter()
        self.without_seed: set[str] = set()
        self.uncounted: set[str] = set()
        self.refused: set[str] = set()
        self.failed: list[str] = []
        self.from_store = 0
        self.items_hidden = 0
        self.items_private = 0
        self.as_of: datetime | None = None

    def used(self, at: datetime) -> None:
        """Note the age of a list that is used."""
        self.as_of = at if self.as_of is None else min(self.as_of, at)

    def settle(self, star_list: StarList, state: State) -> None:
        """Count a user whose list will not be asked about again."""
        self.states[state] += 1
        if state is State.FAILED:
            self.fail(star_list.login or star_list.user_id)
        elif state is State.GONE:
            self.uncounted.add(star_list.user_id)
        elif state is State.READ:
            self.refused.discard(star_list.user_id)
            if not star_list.has_seed:
                self.without_seed.add(star_list.user_id)

    def fail(self, login: str) -> None:
        """Name a user that could not be read, if not too many are named already."""
        if len(self.failed) < FAILED_NAMED_AT_MOST:
            self.failed.append(login)

    def know(self, star_list: StarList, known: KnownList) -> None:
        """Count a user whose list was known before."""
        star_list.has_seed = known.has_seed
        self.settle(star_list, State.READ)
        self.from_store += 1
        self.used(known.fetched_at)

    def star_lists_closed(self, *, finished: bool, from_file: bool) -> bool:
        """Whether so many lists lack the seed or are refused that GitHub must have closed them.

        A list of stargazers from a file may be old: then only lists that all
        lack the seed prove anything.
        """
        checked = self.states[State.READ] + len(self.refused)
        lacking = len(self.without_seed) + len(self.refused)
        if checked < (SEED_CHECKED_AT_LEAST if finished else SEED_CHECKED_USERS):
            return False
        return lacking == checked if from_file else 2 * lacking > checked

    @property
    def star_lists_doubtful(self) -> bool:
        """Whether most lists so far are refused, and too few to be sure of more than these users."""
        checked = self.states[State.READ] + len(self.refused)
        return checked < SEED_CHECKED_USERS and 2 * len(self.refused) > checked

    def star_lists_error(self, listing: Listing) -> StarListsRestricted:
        """The error that says how many lists lack the seed."""
        return StarListsRestricted(
            listing.repository,
            listing.facts.stargazer_count if listing.facts else 0,
            read=self.states[State.READ] + len(self.refused),
            without_seed=len(self.without_seed) + len(self.refused),
        )

    def coverage(self, listing: Listing, order: Order, aim: Aim | None = None) -> Coverage:
        """What was read and what was not, at this moment; with an *aim*, which sample that makes."""
        gone = self.states[State.GONE] + len(listing.gone)
        failed = self.states[State.FAILED] + len(listing.failed)
        pending = len(listing.lookups) + len(listing.looking_up)
        listed = len(order) + len(listing.gone) + len(listing.failed) + pending
        read, truncated = self.states[State.READ], self.states[State.TRUNCATED]
        settled = order.settled_prefix() if listing.done else 0
        unresolved = len(listing.gone) + len(listing.failed)
        sampled = None if aim is None else draw(listing, order, aim)
        return Coverage(
            source="file" if listing.from_file else "github",
            as_of=self.as_of,
            stargazers_total=listing.facts.stargazer_count if listing.facts else 0,
            stargazers_listed=listed,
            users_read=read,
            users_gone=gone,
            users_failed=failed,
            users_truncated=truncated,
            users_unread=listed - read - gone - failed - truncated,
            users_without_seed=len(self.without_seed),
            stargazers_hidden=listing.hidden(listed),
            users_from_store=self.from_store,
            items_hidden=self.items_hidden,
            items_private=self.items_private,
            sample=(settled if sampled is None else sampled.drawn) + unresolved if listing.done else 0,
            failed=tuple([*self.failed, *listing.failed][:FAILED_NAMED_AT_MOST]),
            list_whole=listing.whole,
            uncounted=frozenset(self.without_seed | self.uncounted),
            sampled=sampled,
        )
