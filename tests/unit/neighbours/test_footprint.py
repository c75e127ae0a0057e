"""What counting costs: bytes and seconds a star, at a scale a test can afford."""

from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, datetime

import numpy as np
import pytest

from stargazer.neighbours.merge import Merge
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import Direction, Repository, Star, StarListPage, StarListRequest

STARS_A_USER = 300
FIXED_BYTES = 8 << 20
SECONDS_A_STAR = 0.8e-6
STARRED_AT = datetime(2026, 11, 24, tzinfo=UTC)


def pages(users: int, repositories: int) -> list[StarListPage]:
    """Three pages of a hundred for each user, the popular repositories first."""
    rng = np.random.default_rng(1)
    pool = [
        Star(
            STARRED_AT,
            Repository(37 * each + 5, f"owner-{each % 999}/repository-{each}", 7, is_private=False),
        )
        for each in range(repositories)
    ]
    skew = np.where(rng.random((users, STARS_A_USER)) < 0.5, 3, 1)
    drawn = (repositories * rng.random((users, STARS_A_USER)) ** skew).astype(int).tolist()
    return [
        StarListPage(
            request=StarListRequest(f"U_{user:09}", 100, None, Direction.ASC, 5),
            stars=tuple(pool[each] for each in numbers[begin : begin + 100]),
            hidden=0,
            private=0,
            total_count=STARS_A_USER,
            has_next_page=True,
            end_cursor=None,
            is_over_limit=False,
            has_seed=True,
        )
        for user, numbers in enumerate(drawn)
        for begin in range(0, STARS_A_USER, 100)
    ]


@pytest.mark.parametrize(("users", "repositories"), [(4_000, 400_000), (7_000, 20_000)])
def test_memory_stays_within_its_bound(users: int, repositories: int) -> None:
    """At the peak: 12 bytes a star and 150 a repository, whichever there are more of."""
    drawn = pages(users, repositories)
    half = len(drawn) // 2
    tracemalloc.start()
    try:
        merge = Merge()
        merge.add(drawn[:half])
        look = merge.neighbours(Coverage())
        merge.add(drawn[half:])
        found = merge.neighbours(Coverage())
        leaders = [found.sorted_by(score).top(20)[0] for score in ("shared", "relevance")]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(look) <= len(found)
    assert leaders[0].shared > 1
    assert peak < FIXED_BYTES + 12 * users * STARS_A_USER + 150 * len(found)


def test_counting_takes_little_time() -> None:
    """Processor time a star, sorting included, has room within what the whole client may use.

    The bound is three times the aim, for machines that are slow, busy or measure coverage.
    """
    drawn = pages(1_000, 30_000)
    seconds = []
    for _ in range(3):
        merge = Merge()
        begin = time.process_time()
        merge.add(drawn)
        merge.neighbours(Coverage()).top(20)
        seconds.append(time.process_time() - begin)
    assert min(seconds) < 3 * SECONDS_A_STAR * STARS_A_USER * 1_000
