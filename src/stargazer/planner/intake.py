"""Take in replies: what each outcome means for the lists that were asked about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from stargazer.planner.budget import Spent
from stargazer.planner.connection import Ending, Seen
from stargazer.planner.flights import Flight
from stargazer.planner.forecast import Lengths
from stargazer.planner.known import (
    Ended,
    HalfListed,
    HalfRead,
    KnownList,
    KnownStargazers,
    Listed,
    StoredList,
)
from stargazer.planner.listing import Listing
from stargazer.planner.order import SETTLED, Order, StarList, State, place_of
from stargazer.planner.packing import Item
from stargazer.planner.page import (
    Facts,
    FactsRequest,
    Failure,
    FailureKind,
    Outcome,
    Page,
    Reply,
    Selection,
    StargazersPage,
    StargazersRequest,
    StarListPage,
    StarListRequest,
    User,
    UserRequest,
)
from stargazer.planner.refresh import Refresh
from stargazer.planner.sizing import NEARLY, WALL_SECONDS, Sizes
from stargazer.planner.suspects import Suspects
from stargazer.planner.tally import Tally

CLOCK_SHARE = 0.75
"""A time-out that came before this share of the wall was not GitHub's clock."""

HEAVY = frozenset({FailureKind.TIMEOUT, FailureKind.TOO_HEAVY})
ENDINGS = {Ending.WHOLE: State.READ, Ending.TRUNCATED: State.TRUNCATED, Ending.FAILED: State.FAILED}


class Intake:
    """The state that replies change."""

    def __init__(self, listing: Listing, sizes: Sizes, *, order_seed: int, nodes_at_most: int | None) -> None:
        self.listing = listing
        self.sizes = sizes
        self.order = Order()
        self.suspects = Suspects()
        self.lengths = Lengths()
        self.tally = Tally()
        self.retries = 0
        self._order_seed = order_seed
        self._nodes_at_most = nodes_at_most
        self._repeated = False
        self._ended: list[Ended] = []
        self._listed: list[str] = []

    def list_user(self, user: User) -> None:
        """Put a stargazer into the order, once."""
        place = place_of(user.id, self._order_seed)
        star_list = StarList(user.id, user.login, place, nodes_at_most=self._nodes_at_most)
        if self.order.add(star_list):
            self._listed.append(user.id)

    def receive(self, flight: Flight, reply: Reply, now: datetime) -> tuple[Page | User, ...]:
        """Take in the outcomes of a call that was answered; returns what was accepted."""
        accepted: list[Page | User] = []
        heavy = 0
        self._repeated = False
        for star_list in flight.star_lists:
            star_list.apart = False
        for selection, item, outcome in flight.paired(reply.outcomes):
            taken = self._outcome(flight, selection, item, outcome)
            if taken is not None:
                accepted.append(taken)
            elif item is not None and isinstance(outcome, Failure) and outcome.kind in HEAVY:
                heavy += 1
        if heavy and not flight.alone:
            self.sizes.too_heavy(len(flight.items), len(flight.items) - heavy)
        elif flight.items and not heavy:
            nodes = sum(nodes_on(page) for page in accepted)
            self.sizes.lived(flight.load, nodes, reply.seconds)
        if accepted:
            self.tally.used(now)
        return tuple(accepted)

    def _outcome(
        self, flight: Flight, selection: Selection, item: Item | None, outcome: Outcome
    ) -> Page | User | None:
        match selection, outcome:
            case FactsRequest(), Facts() | Failure():
                if not self.listing.receive_facts(outcome):
                    self.retries += 1
                return None
            case UserRequest(login=login), User() | Failure():
                user = self.listing.receive_user(login, outcome)
                if user is not None:
                    self.list_user(user)
                return user
            case StargazersRequest(), StargazersPage() | Failure():
                return self._stargazers(selection, outcome, alone=flight.alone)
            case StarListRequest(), StarListPage() if item and item.star_list:
                return self._star_list(item.star_list, outcome)
            case StarListRequest(), Failure() if item and item.star_list:
                self._star_list_failed(item, item.star_list, outcome, alone=flight.alone)
                return None
            case _:
                raise TypeError(f"{type(outcome).__name__} is no outcome of {type(selection).__name__}")

    def _stargazers(
        self, request: StargazersRequest, outcome: StargazersPage | Failure, *, alone: bool
    ) -> StargazersPage | None:
        if isinstance(outcome, Failure):
            self.retries += 1
            self.listing.receive_failure(request, outcome, alone=alone)
            return None
        for stargazer in self.listing.receive_page(outcome, listed=len(self.order)):
            self.list_user(stargazer.user)
        for user in self.listing.kept():
            self.list_user(user)
        return outcome

    def _star_list(self, star_list: StarList, page: StarListPage) -> StarListPage | None:
        if star_list.state in SETTLED:
            return None
        connection = star_list.connection
        if not connection.begun and connection.refresh is None:
            self.lengths.learn(page.total_count, len(page.stars))
        star_list.has_seed = star_list.has_seed or page.has_seed
        self.tally.items_hidden += page.hidden
        self.tally.items_private += page.private
        connection.receive(
            Seen(
                direction=page.request.direction,
                edges={star.repository.database_id or 0: star.starred_at for star in page.stars},
                hidden=page.hidden + page.private,
                total_count=page.total_count,
                has_next_page=page.has_next_page,
                end_cursor=page.end_cursor,
                is_over_limit=page.is_over_limit,
            )
        )
        self._move(star_list)
        return page

    def know_listed(self, listed: Listed) -> None:
        """Take in what is known of the list of stargazers."""
        for user in self.listing.know(listed):
            self.list_user(user)
        match listed:
            case KnownStargazers(fetched_at=at) | HalfListed(begun_at=datetime() as at):
                self.tally.used(at)
            case _:
                # An old list is read anew from its newest end, so it is of now.
                pass

    def know(self, known: KnownList | StoredList | HalfRead) -> None:
        """Take in what is known of a user's list, if nothing has been asked about it."""
        star_list = self.order.by_id.get(known.user_id)
        if star_list is None or star_list.state is not State.FRESH or star_list.connection.busy:
            return
        if star_list.connection.refresh is not None:
            # A refresh that was broken off begins anew: that costs a few nodes, its list would cost all.
            return
        star_list.has_seed = known.has_seed
        match known:
            case KnownList():
                star_list.connection.ending = Ending.WHOLE
                self.order.move(star_list, State.READ)
                self.tally.know(star_list, known)
            case StoredList(stars=stars, unseen=unseen):
                star_list.connection.refresh = Refresh(stars, unseen)
                star_list.has_seed = False
                star_list.had_seed = known.has_seed
            case HalfRead(sides=sides, low=low, high=high, unseen=unseen):
                star_list.connection.resume(sides, low=low, high=high, hidden=unseen)
                if known.begun_at is not None:
                    self.tally.used(known.begun_at)
                self.order.move(star_list, State.OPEN)
            case never:
                assert_never(never)

    def take_listed(self) -> list[str]:
        """The node ids of those who were listed since this was asked last."""
        listed, self._listed = self._listed, []
        return listed

    def take_ended(self) -> tuple[Ended, ...]:
        """The lists whose reading is over since this was asked last."""
        ended, self._ended = tuple(self._ended), []
        return ended

    def _move(self, star_list: StarList) -> None:
        ending = star_list.connection.ending
        if ending is None:
            self.order.move(star_list, State.OPEN)
        elif star_list.state not in SETTLED:
            refresh = star_list.connection.refresh
            if refresh is not None and star_list.had_seed and refresh.holds(self.listing.seed):
                star_list.has_seed = True
            kept = star_list.connection.kept
            self._ended.append(Ended(star_list.user_id, ending, kept))
            self.settle(star_list, ENDINGS[ending])

    def settle(self, star_list: StarList, state: State) -> None:
        """Note what became of a user for good."""
        self.order.move(star_list, state)
        self.tally.settle(star_list, state)

    def _star_list_failed(self, item: Item, star_list: StarList, failure: Failure, *, alone: bool) -> None:
        """Take in that one alias failed: the rest of its call is not touched."""
        if star_list.state in SETTLED:
            return
        connection = star_list.connection
        connection.failed(item.ask.direction)
        connection.strikes += 1
        self.retries += 1
        if failure.kind is FailureKind.GONE:
            connection.give_up()
            self.settle(star_list, State.GONE)
        elif failure.kind in HEAVY:
            self._heavy(star_list, alone=alone)
        elif alone and connection.strikes > 1 and not star_list.apart:
            connection.give_up()
            self._move(star_list)
        else:
            if failure.kind in (FailureKind.HIDDEN, FailureKind.RESTRICTED):
                self.tally.refused.add(star_list.user_id)
            self._apart(star_list)

    def _heavy(self, star_list: StarList, *, alone: bool) -> None:
        if alone and not star_list.apart:
            self._shrink(star_list)
        elif star_list.connection.strikes > 1:
            self._apart(star_list)

    def _apart(self, star_list: StarList) -> None:
        if not star_list.apart:
            self.suspects.ask_apart([star_list])

    def _shrink(self, star_list: StarList) -> None:
        if star_list.connection.shrink():
            self._apart(star_list)
        else:
            self._move(star_list)

    def give_back(self, flight: Flight) -> None:
        """Note that nothing of a call arrived: all of it can be asked again."""
        for selection in flight.call.selections:
            self.listing.returned(selection)
        for item in flight.items:
            if item.star_list is not None:
                item.star_list.connection.failed(item.ask.direction)
        self.retries += len(flight.call.selections)
        if flight.apart:
            self.suspects.ask_apart([one for one in flight.star_lists if one.state not in SETTLED])

    def fail(self, flight: Flight, failure: Failure, seconds: float) -> None:
        """Take in that a whole call was too long or too heavy, and look for what made it so.

        A quick 502 says nothing about size, so the same call is first asked
        again as it was.
        """
        by_clock = seconds >= CLOCK_SHARE * WALL_SECONDS
        if failure.kind is FailureKind.TIMEOUT and not by_clock and not self._repeated:
            self._repeated = True
            self.give_back(flight)
            return
        self._repeated = False
        star_lists = flight.star_lists
        flight_apart, flight.apart = flight.apart, False
        self.give_back(flight)
        telling = not flight_apart or len(flight.items) >= NEARLY * self.sizes.cap
        if telling and flight.items and not flight.alone:
            self._learn(flight, by_clock=by_clock)
        self._blame(flight, star_lists, apart=flight_apart)

    def _learn(self, flight: Flight, *, by_clock: bool) -> None:
        if by_clock:
            self.sizes.too_long(flight.load)
        else:
            self.sizes.too_heavy(len(flight.items))

    def _blame(self, flight: Flight, star_lists: list[StarList], *, apart: bool) -> None:
        for star_list in star_lists:
            star_list.connection.strikes += 1
            star_list.apart = False
        if any(item.star_list is None for item in flight.items):
            self.listing.connection.strikes += 1
            if flight.alone:
                self.listing.connection.shrink()
        if flight.alone and star_lists:
            self._shrink(star_lists[0])
        elif apart:
            self.suspects.split(star_lists)
        else:
            self.suspects.accuse(star_lists)


def nodes_on(page: Page | User) -> int:
    """How many nodes GitHub returned for a page."""
    match page:
        case StargazersPage():
            return len(page.stargazers) + page.hidden
        case StarListPage():
            return len(page.stars) + page.hidden + page.private
        case _:
            return 0


def spent_on(reply: Reply, accepted: Iterable[Page | User], *, retries: int) -> Spent:
    """What one call cost: as GitHub said, and as estimated where it said nothing."""
    told = reply.reading.cost if reply.reading is not None else None
    timeout = reply.failure is not None and reply.failure.kind is FailureKind.TIMEOUT
    pages = [page for page in accepted if not isinstance(page, User)]
    return Spent(
        calls=1,
        points=told if told is not None else reply.call.points,
        pages=len(pages),
        nodes=sum(nodes_on(page) for page in pages),
        github_seconds=reply.seconds,
        timeouts=int(timeout),
        retries=retries,
    )
