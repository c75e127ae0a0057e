"""What the doctor looks at, one check at a time, for about three points."""

from __future__ import annotations

from enum import StrEnum

import graphql
import msgspec

from stargazer import catalogue
from stargazer.cli.session import Session
from stargazer.cli.words import count, span
from stargazer.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GitHubUnreachable,
    RepositoryNotFound,
    StargazerError,
    StargazersRestricted,
    StarListsRestricted,
)
from stargazer.planner.name import parse_name
from stargazer.planner.page import (
    Call,
    Direction,
    Facts,
    FactsRequest,
    Failure,
    FailureKind,
    Reading,
    Reply,
    Selection,
    StargazersPage,
    StargazersRequest,
    StarListPage,
    StarListRequest,
    User,
)

CLOCK_SECONDS = 60.0
"""A larger difference to GitHub's clock is worth a word."""

LOW_SHARE = 0.05
"""Less of the hour's points than this is worth a word."""

LISTED = 100
"""How many stargazers are asked for, the newest first."""

LISTS_CHECKED = 20
"""How many of their star lists are looked at: the star for the repository has to be near the top."""


class State(StrEnum):
    """What a check found."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at; `advice` says what to do unless all is well."""

    name: str
    state: State
    found: str
    advice: str = ""
    exit_code: int = 0


class Examined(msgspec.Struct):
    """What was found, and whom we met on the way: stargazers, and whose token it is."""

    checks: list[Check] = []
    users: list[User] = []
    viewer: User | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of the first problem: what follows from it comes after it."""
        return next((check.exit_code for check in self.checks if check.state is State.PROBLEM), 0)


class _ViewerOf(msgspec.Struct):
    viewer: User


class _ViewerAnswer(msgspec.Struct):
    data: _ViewerOf


def problem(name: str, found: str, error: StargazerError) -> Check:
    """Make a check of what an error says."""
    return Check(name, State.PROBLEM, found, error.message, error.exit_code)


def ask(number: int, *selections: Selection, pages: int = 0) -> Call:
    """Make a call of so many *pages* of a hundred."""
    return Call(number, selections, 1 if selections else 0, pages, pages * LISTED, 1.0)


async def examine(session: Session, repository: str | None, examined: Examined) -> None:
    """Look at one thing after the other; stop where going on makes no sense.

    Raises:
        InvalidRequest: *repository* is no `owner/name`.
    """
    owner_name = parse_name(repository) if repository else None
    if not await _check_github(session, examined):
        return
    await _check_viewer(session, examined)
    if owner_name is not None:
        await _check_repository(session, owner_name, examined)


async def _check_github(session: Session, examined: Examined) -> bool:
    reply = await session.github.send(ask(0))
    failure = reply.failure
    if failure is not None:
        examined.checks.append(_failed(failure, reply, session))
        return False
    found = f"{session.github.url} answers in {reply.seconds:.2f} s"
    examined.checks.append(Check("GitHub", State.OK, found))
    is_set = "set, and GitHub takes it" if session.settings.github_token else "not set, and not asked for"
    token = Check("token", State.OK, is_set)
    examined.checks += [token, *_check_limit(reply, session), *_check_clock(reply, session)]
    return True


def _failed(failure: Failure, reply: Reply, session: Session) -> Check:
    match failure.kind:
        case FailureKind.CREDENTIALS | FailureKind.FORBIDDEN:
            return problem("token", failure.message, CredentialsRefused(failure.message))
        case FailureKind.PRIMARY_LIMIT | FailureKind.SECONDARY_LIMIT:
            until = reply.reading.reset_at if reply.reading else session.clock.now()
            return problem("rate limit", failure.message, BudgetExhausted(until))
        case _:
            return problem("GitHub", failure.message, GitHubUnreachable(failure.message))


def _check_limit(reply: Reply, session: Session) -> list[Check]:
    reading = reply.reading
    if reading is None:
        return [Check("rate limit", State.OK, "none is told, as on an Enterprise Server")]
    found = _describe_limit(reading, reply, session)
    if reading.remaining == 0:
        return [problem("rate limit", found, BudgetExhausted(reading.reset_at))]
    if reading.remaining < LOW_SHARE * reading.limit:
        return [Check("rate limit", State.WARNING, found, "wait for the reset before a large repository")]
    return [Check("rate limit", State.OK, found)]


def _describe_limit(reading: Reading, reply: Reply, session: Session) -> str:
    now = reply.server_at or session.clock.now()
    left = max(0.0, (reading.reset_at - now).total_seconds())
    return f"{reading.remaining:,} of {count(reading.limit, 'point')} are left, the next in {span(left)}"


def _check_clock(reply: Reply, session: Session) -> list[Check]:
    if reply.server_at is None:
        return []
    ahead = (reply.server_at - session.clock.now()).total_seconds()
    found = f"within {max(1, round(abs(ahead)))} s of GitHub's"
    if abs(ahead) <= CLOCK_SECONDS:
        return [Check("clock", State.OK, found)]
    found = f"{span(abs(ahead))} {'behind' if ahead > 0 else 'ahead of'} GitHub's"
    return [Check("clock", State.WARNING, found, "set this machine's clock; stargazer goes by GitHub's")]


async def _check_viewer(session: Session, examined: Examined) -> None:
    document = graphql.print_ast(catalogue.installed().document("viewer"))
    answer = await session.github.ask(document)
    try:
        examined.viewer = msgspec.json.decode(answer.body, type=_ViewerAnswer).data.viewer
        check = Check("user", State.OK, f"GitHub knows the token as {examined.viewer.login}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        check = Check(
            "user",
            State.WARNING,
            "GitHub does not say whose token it is",
            "tokens of apps have no user; if yours should have one, make a new token",
        )
    examined.checks.append(check)


async def _check_repository(session: Session, owner_name: tuple[str, str], examined: Examined) -> None:
    asked = "/".join(owner_name)
    listing = StargazersRequest(*owner_name, LISTED, None, Direction.DESC)
    reply = await session.github.send(ask(1, FactsRequest(*owner_name), listing, pages=1))
    if reply.failure is not None:
        examined.checks.append(_failed(reply.failure, reply, session))
        return
    facts, page = reply.outcomes
    if not isinstance(facts, Facts):
        found = facts.message if isinstance(facts, Failure) else "no facts came back"
        examined.checks.append(problem("repository", found, RepositoryNotFound(asked)))
        return
    renamed = "" if facts.name_with_owner.lower() == asked.lower() else f"{asked} is now "
    found = f"{renamed}{facts.name_with_owner}, starred by {facts.stargazer_count:,}"
    examined.checks.append(Check("repository", State.OK, found))
    if _check_listing(facts, page, session.github.credential, examined):
        await _check_star_lists(session, facts, examined)


def _check_listing(facts: Facts, page: object, credential: str, examined: Examined) -> bool:
    if isinstance(page, StargazersPage) and (page.stargazers or not facts.stargazer_count):
        examined.users = [one.user for one in page.stargazers]
        total = count(facts.stargazer_count, "stargazer")
        examined.checks.append(Check("stargazers", State.OK, f"this token may list the {total}"))
        return bool(examined.users)
    found = page.message if isinstance(page, Failure) else "GitHub counts them, and lists none"
    restricted = StargazersRestricted(facts.name_with_owner, facts.stargazer_count, credential=credential)
    examined.checks.append(problem("stargazers", found, restricted))
    return False


async def _check_star_lists(session: Session, facts: Facts, examined: Examined) -> None:
    users = examined.users[:LISTS_CHECKED]
    requests = [
        StarListRequest(user.id, LISTED, None, Direction.DESC, facts.database_id or 0) for user in users
    ]
    reply = await session.github.send(ask(2, *requests, pages=len(requests)))
    if reply.failure is not None:
        examined.checks.append(_failed(reply.failure, reply, session))
        return
    examined.checks.append(_judge_star_lists(facts, reply))


def _judge_star_lists(facts: Facts, reply: Reply) -> Check:
    """Look for the repository among the newest stars of those who starred it last."""
    pages = [page for page in reply.outcomes if isinstance(page, StarListPage)]
    refused = [one for one in reply.outcomes if isinstance(one, Failure) and one.kind is FailureKind.HIDDEN]
    telling = [page for page in pages if page.has_seed or not page.has_next_page]
    showing = sum(page.has_seed for page in telling)
    checked = len(telling) + len(refused)
    if not checked:
        return Check("star lists", State.WARNING, "none could be judged", "try a repository with more stars")
    found = f"{showing} of {checked} show their star for {facts.name_with_owner}"
    if 2 * showing >= checked:
        return Check("star lists", State.OK, found)
    total, lacking = facts.stargazer_count, checked - showing
    restricted = StarListsRestricted(facts.name_with_owner, total, read=checked, without_seed=lacking)
    return problem("star lists", found, restricted)
