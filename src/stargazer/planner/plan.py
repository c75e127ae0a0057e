"""The plan: what to ask GitHub next, and when. It decides and never acts.

Theory of operation
-------------------

A plan is driven from outside. `Plan.next_step` says what to do now, as a value:
send these calls, wait until a moment, or finish. Whoever drives it sends the
calls by any means and gives each `Reply` to `Plan.receive`, which returns the
pages that it accepted. Replies may come late, twice or out of order.

*What to ask.* The list of stargazers is read from both ends (`listing`); each
user on it gets a place in a random order (`order`), and their star list is read
to its end, long ones from both ends (`connection`). For a `sample` the list is
read first and alone, and then the first of that order. A call is filled with the
next pages of many lists at once (`packing`), up to what GitHub's clock has been
seen to stand (`sizing`).

*When to ask.* Four windows of the credential (`budget`) say when the next call
may go. A call is reserved before it is sent and settled by its reply.

*When something fails.* A limit blocks the windows. A failure of the whole call
gives back everything that was in it; if it was GitHub's clock or its secret
limits, the size of calls is halved and the lists that may be to blame are asked
apart (`suspects`). A failure of one alias costs only that list. Nothing the
network does raises an error here; what a person has to mend ends the plan, with
everything that was read still in its coverage.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from stargazer.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GitHubUnreachable,
    InvalidRequest,
    StargazerError,
)
from stargazer.planner.budget import Budget, Spent, Windows
from stargazer.planner.connection import Ending
from stargazer.planner.coverage import Coverage
from stargazer.planner.draft import Draft, draft_call
from stargazer.planner.flights import Flight, Flights
from stargazer.planner.forecast import Estimate
from stargazer.planner.intake import Intake, spent_on
from stargazer.planner.known import Ended, HalfRead, KnownList, Listed, StoredList
from stargazer.planner.listing import Listing
from stargazer.planner.name import parse_name
from stargazer.planner.order import State
from stargazer.planner.outlook import Outlook
from stargazer.planner.page import (
    Call,
    Facts,
    Failure,
    FailureKind,
    Page,
    Reply,
    User,
)
from stargazer.planner.sample import Aim, SampleSize
from stargazer.planner.setbacks import Setbacks
from stargazer.planner.sizing import Load, Sizes
from stargazer.planner.step import Finish, Progress, Reason, Send, Step, Wait, why_wait

POLL = timedelta(seconds=1)


class Plan:
    """The reading of one repository's stargazers and of what they starred.

    Make one with `Plan.neighbours`.

    Attributes:
        spent: what the plan has cost so far.
        sizes: what was learnt about sizes; give it to the next plan.
        windows: what is known of the credential's limits; share it among the
            plans that use one credential.
    """

    def __init__(
        self,
        listing: Listing,
        intake: Intake,
        budget: Budget,
        windows: Windows,
        *,
        star_lists: bool,
        aim: Aim | None = None,
    ) -> None:
        self.budget = budget
        self.sizes = intake.sizes
        self.windows = windows
        self._star_lists = star_lists
        self.spent = Spent()
        self._listing = listing
        self._intake = intake
        self._flights = Flights()
        self._error: StargazerError | None = None
        self._stopped = False
        self._setbacks = Setbacks()
        self._outlook = Outlook(intake, budget, windows, star_lists=star_lists)
        self._aim = self._outlook.aim = aim
        self._begun_at: datetime | None = None
        self._now: datetime | None = None

    @classmethod
    def neighbours(
        cls,
        repository: str,
        *,
        budget: Budget | None = None,
        logins: Iterable[str] | None = None,
        users: Iterable[User] = (),
        listed: Listed | None = None,
        max_stars_per_user: int | None = None,
        sizes: Sizes | None = None,
        windows: Windows | None = None,
        order_seed: int = 0,
        sample: SampleSize | None = None,
        is_watched: bool = False,
    ) -> Plan:
        """Plan to read the stargazers of *repository* and what they starred.

        Args:
            repository: `owner/name`.
            budget: what may be spent; None: as much as it takes.
            logins: who the stargazers are, when they are not to be asked from GitHub.
            users: further stargazers, whose node id is known already.
            listed: what is known of GitHub's own list of stargazers.
            max_stars_per_user: read so many stars of a user at most; None: all.
            sizes: what an earlier plan learnt about sizes.
            windows: what is known of the credential's limits.
            order_seed: users are read in a random order that depends on it.
            sample: read so many users at random, or as many as the budget pays for; None: all.
            is_watched: read users at random until `suffice` is called.

        Raises:
            InvalidRequest: *repository* is no `owner/name`, or a number is out of range.
        """
        owner, name = parse_name(repository)
        if max_stars_per_user is not None and max_stars_per_user < 1:
            raise InvalidRequest("max_stars_per_user", "1 star or more", got=str(max_stars_per_user))
        listing = Listing(owner, name, logins)
        intake = Intake(listing, sizes or Sizes(), order_seed=order_seed, nodes_at_most=max_stars_per_user)
        for user in users:
            intake.list_user(user)
        if listed is not None:
            intake.know_listed(listed)
        budget = budget or Budget()
        aim = Aim.of(sample, is_watched=is_watched, is_bounded=budget.bounded)
        return cls(listing, intake, budget, windows or Windows(), star_lists=True, aim=aim)

    @classmethod
    def stargazers(
        cls,
        repository: str,
        *,
        budget: Budget | None = None,
        sizes: Sizes | None = None,
        windows: Windows | None = None,
    ) -> Plan:
        """Plan to read who the stargazers of *repository* are, and nothing else.

        The arguments are those of `Plan.neighbours`.

        Raises:
            InvalidRequest: *repository* is no `owner/name`.
        """
        listing = Listing(*parse_name(repository), None)
        intake = Intake(listing, sizes or Sizes(), order_seed=0, nodes_at_most=None)
        return cls(listing, intake, budget or Budget(), windows or Windows(), star_lists=False)

    # What to do next.

    def next_step(self, now: datetime) -> Step:
        """Decide what to do at *now*: send calls, wait, or finish.

        After `Finish` every further step is `Finish` again.
        """
        self._begun_at = self._begun_at or now
        self._now = now
        self._judge(now)
        if self._error is not None or self._stopped:
            return Finish(self.coverage, self._error)
        calls, wait = self._next_calls(now)
        if calls:
            return Send(calls)
        if self._flights:
            return Wait(now + POLL, Reason.IN_FLIGHT)
        if wait is not None:
            return wait
        if self._error is None:
            self._finish()
        return Finish(self.coverage, self._error)

    def _next_calls(self, now: datetime) -> tuple[tuple[Call, ...], Wait | None]:
        """As many calls as may be sent now, and the wait before the next if there is one."""
        calls: list[Call] = []
        while len(self._flights) < self.budget.concurrency:
            step = self._next_call(now)
            if not isinstance(step, Call):
                return tuple(calls), step
            calls.append(step)
        return tuple(calls), None

    def _next_call(self, now: datetime) -> Call | Wait | None:
        """The next call, the wait before it, or None when there is nothing to ask now."""
        pause = self._setbacks.not_before
        if pause is not None and now < pause:
            return Wait(pause, Reason.SETBACK)
        committed = self.spent + self._flights.committed()
        self._outlook.limit_order(committed)
        draft = draft_call(
            self._intake,
            probing=self._setbacks.probing,
            calls_left=self._outlook.calls_left(),
            star_lists=self._star_lists and (self._aim is None or self._listing.done),
        )
        if draft is None:
            return None
        seconds = self.sizes.predict(draft.load)
        if self._outlook.exceeds(committed, points=draft.points, seconds=seconds):
            if not self._outlook.ends_with_budget():
                self._error = self._outlook.too_small(self.estimate(now))
            return None
        if self.windows.needs_reading(now, points=draft.points, floor=self.budget.floor):
            draft = Draft((), (), Load(0, 0), apart=False)
        at = self.windows.earliest(now, points=draft.points, seconds=seconds, budget=self.budget)
        if at > now:
            return Wait(at, why_wait(self.windows, now, floor=self.budget.floor))
        return self._send(draft)

    def _send(self, draft: Draft) -> Call:
        flight = self._flights.begin(draft, self.sizes.predict(draft.load))
        call = flight.call
        self.windows.reserve(flight.key, points=call.points, seconds=call.predicted_seconds)
        if draft.apart:
            self._intake.suspects.sent(flight.star_lists)
        self._listing.sent(draft.selections, (item.ask for item in draft.items if item.star_list is None))
        for item in draft.items:
            if item.star_list is not None:
                item.star_list.connection.sent(item.ask)
        return call

    # What came back.

    def receive(self, reply: Reply, now: datetime) -> tuple[Page | User, ...]:
        """Take in a reply; returns the pages that were accepted, for a `Merge`.

        A reply to a call that is not in flight changes nothing but the reading
        of the rate limit.
        """
        self._now = now
        flight = self._flights.end(reply)
        self.windows.settle(flight.key if flight else "", reply, now)
        if flight is None:
            return ()
        accepted: tuple[Page | User, ...] = ()
        if reply.failure is None:
            if reply.call.selections:  # That GitHub tells its rate limit means nothing else.
                self._setbacks.answered()
            accepted = self._intake.receive(flight, reply, now)
        else:
            self._failed(flight, reply.failure, reply.seconds, now)
        self.spent += spent_on(reply, accepted, retries=self._intake.retries - self.spent.retries)
        self._look()
        return accepted

    def _failed(self, flight: Flight, failure: Failure, seconds: float, now: datetime) -> None:
        match failure.kind:
            case FailureKind.CREDENTIALS | FailureKind.FORBIDDEN:
                self._intake.give_back(flight)
                self._error = CredentialsRefused(failure.message)
            case FailureKind.PRIMARY_LIMIT | FailureKind.SECONDARY_LIMIT:
                self._intake.give_back(flight)
            case FailureKind.TIMEOUT | FailureKind.TOO_HEAVY:
                self._setbacks.failed(failure, now)
                self._intake.fail(flight, failure, seconds)
            case _:
                self._setbacks.failed(failure, now)
                self._intake.give_back(flight)

    def know(self, lists: Iterable[KnownList | StoredList | HalfRead]) -> None:
        """Tell the plan what is known of users' lists already.

        A whole, fresh list costs nothing; an old one is refreshed from its newest
        end; one that was half read goes on from its cursors. Users that are not
        listed, or whose list has been asked for, are passed over.
        """
        for known in lists:
            self._intake.know(known)

    def listed(self) -> list[str]:
        """The node ids of those who were listed since this was asked last, for a memory."""
        return self._intake.take_listed()

    def counted_users(self) -> list[str]:
        """The node ids of those whose lists were read, whole or truncated."""
        counted = (State.READ, State.TRUNCATED)
        return [star_list.user_id for star_list in self._intake.order if star_list.state in counted]

    def ended(self) -> tuple[Ended, ...]:
        """The lists whose reading is over since this was asked last, for a memory."""
        return self._intake.take_ended()

    @property
    def listing_ended(self) -> Ended | None:
        """How the list of stargazers ended, once it has; `user_id` is the repository's name."""
        return self._listing.ended

    def stop(self) -> None:
        """Ask for nothing more: the next step is `Finish`, with what was read until now."""
        self._stopped = True

    def suffice(self) -> None:
        """Ask for nothing more, since the sample that was read is large enough."""
        if self._aim is not None:
            self._aim.is_reached = True
        self._stopped = True

    def extend(self, sample: SampleSize | None = None) -> None:
        """Go on to a larger sample, or to everybody (None); what was read is not asked for again.

        Raises:
            InvalidRequest: it is no size of a sample.
        """
        self._aim = Aim.of(sample, is_watched=False, is_bounded=self.budget.bounded)
        self._outlook.aim = self._aim
        self._intake.order.limit_to(None)
        self._stopped = False

    # When to end.

    def _look(self) -> None:
        """End the plan when what has been read shows that going on is useless."""
        listing = self._listing
        self._error = self._error or listing.error
        tally = self._intake.tally
        if tally.star_lists_closed(finished=False, from_file=listing.from_file):
            self._error = self._error or tally.star_lists_error(self._listing)

    def _judge(self, now: datetime) -> None:
        """End the plan when the budget, GitHub's patience or ours is at its end."""
        if self._error is not None:
            return
        self._error = self._setbacks.error
        if self.windows.given_up:
            self._error = BudgetExhausted(self.windows.blocked_until or now)
        price = self.estimate(now) if self.budget.bounded else None
        if self._outlook.sure_to_exceed(self.spent, price):
            self._error = self._outlook.too_small(price)

    def _finish(self) -> None:
        """End the plan because nothing is left to ask."""
        self._stopped = True
        self._outlook.ends_with_budget()
        tally = self._intake.tally
        if self._listing.connection.ending is Ending.FAILED and not len(self._intake.order):
            self._error = GitHubUnreachable("it cannot list the stargazers")
        elif tally.star_lists_closed(finished=True, from_file=self._listing.from_file):
            self._error = self._error or tally.star_lists_error(self._listing)

    # What it will cost, and how far it is.
    def left(self, now: datetime | None = None) -> Estimate | None:
        """What is still to be spent: None until the first reply. Its `seconds` are the ETA."""
        now = now or self._now
        return None if now is None else self._outlook.left(now)

    def estimate(self, now: datetime | None = None) -> Estimate | None:
        """What the whole run costs, spent and left together: None until the first reply."""
        now = now or self._now
        if now is None or self._begun_at is None:
            return None
        return self._outlook.estimate(self.spent, now, self._begun_at)

    def estimate_sample(self, users: int, now: datetime) -> Estimate | None:
        """What a sample of so many would cost in all: None until the first reply."""
        return self._outlook.estimate_sample(users, self.spent, now, self._begun_at or now)

    @property
    def coverage(self) -> Coverage:
        """What was read and what was not, at this moment."""
        return self._intake.tally.coverage(self._listing, self._intake.order, self._aim)

    @property
    def repository(self) -> str:
        """The repository's name as GitHub spells it today; as asked for while that is not known."""
        return self._listing.repository

    @property
    def facts(self) -> Facts | None:
        """The repository's facts, once they have arrived."""
        return self._listing.facts

    def progress(self) -> Progress:
        """How far the run is."""
        left = self._outlook.foreseen(self.left())
        return Progress.of(self.repository, self.facts, self.coverage, self.spent, left)
