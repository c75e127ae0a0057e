"""Pages as GitHub would show them of lists that a test has made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from stargazer.planner.page import (
    Direction,
    Repository,
    Star,
    Stargazer,
    StargazersPage,
    StargazersRequest,
    StarListPage,
    StarListRequest,
    User,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
YEAR_2020 = datetime(2020, 1, 1, tzinfo=UTC)


def star(database_id: int, second: int | None = None, *, stars: int = 10, name: str | None = None) -> Star:
    """A star for a repository, given some seconds after 2020 began."""
    repository = Repository(database_id, name or f"owner/name{database_id}", stars, is_private=False)
    return Star(YEAR_2020 + timedelta(seconds=database_id if second is None else second), repository)


def star_list_page(
    user_id: str,
    stars: Sequence[Star],
    *,
    total_count: int | None = None,
    direction: Direction = Direction.ASC,
    after: str | None = None,
    cursor: str | None = None,
    hidden: int = 0,
) -> StarListPage:
    """A page; the last one of its end unless it has a *cursor*."""
    return StarListPage(
        request=StarListRequest(user_id, 100, after, direction, 0),
        stars=tuple(stars),
        hidden=hidden,
        private=0,
        total_count=len(stars) + hidden if total_count is None else total_count,
        has_next_page=cursor is not None,
        end_cursor=cursor or "end",
        is_over_limit=False,
        has_seed=False,
    )


def user(number: int, login: str | None = None) -> User:
    """A user with a node id, a `databaseId` and a login of that number."""
    return User(f"U_{number}", number, login or f"user{number}")


def stargazers_page(
    numbers: Sequence[int],
    *,
    total_count: int | None = None,
    direction: Direction = Direction.ASC,
    after: str | None = None,
    cursor: str | None = None,
    hidden: int = 0,
) -> StargazersPage:
    """A page of stargazers; each starred as many seconds after 2020 began as their number says."""
    return StargazersPage(
        request=StargazersRequest("owner", "name", 100, after, direction),
        stargazers=tuple(
            Stargazer(YEAR_2020 + timedelta(seconds=number), user(number)) for number in numbers
        ),
        hidden=hidden,
        total_count=len(numbers) + hidden if total_count is None else total_count,
        has_next_page=cursor is not None,
        end_cursor=cursor or "end",
    )
