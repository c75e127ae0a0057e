"""Pages built from as little as a test has to say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

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

STARRED_AT = datetime(2026, 11, 24, 10, tzinfo=UTC)

Shown = tuple[int | None, str] | tuple[int | None, str, int]

StarListMaker = Callable[..., StarListPage]
StargazersMaker = Callable[..., StargazersPage]


@pytest.fixture(scope="session")
def star_list() -> StarListMaker:
    """Make a page of a star list: user, then (database id, name[, stars]) of each repository."""

    def make(user: str, *repositories: Shown, seed: int = 1) -> StarListPage:
        stars = tuple(
            Star(STARRED_AT, Repository(number, name, count[0] if count else 10, is_private=False))
            for number, name, *count in repositories
        )
        return StarListPage(
            request=StarListRequest(f"U_{user}", 100, None, Direction.ASC, seed),
            stars=stars,
            hidden=0,
            private=0,
            total_count=len(stars),
            has_next_page=False,
            end_cursor=None,
            is_over_limit=False,
            has_seed=True,
        )

    return make


@pytest.fixture(scope="session")
def stargazers() -> StargazersMaker:
    """Make a page of stargazers: (node id without its prefix, login) of each."""

    def make(*users: tuple[str, str]) -> StargazersPage:
        return StargazersPage(
            request=StargazersRequest("acme", "anvil", 100, None, Direction.ASC),
            stargazers=tuple(Stargazer(STARRED_AT, User(f"U_{user}", None, login)) for user, login in users),
            hidden=0,
            total_count=len(users),
            has_next_page=False,
            end_cursor=None,
        )

    return make
