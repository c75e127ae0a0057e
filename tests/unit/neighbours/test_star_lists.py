from __future__ import annotations

import numpy as np

from stargazer.neighbours.star_lists import Chunk, Settled, StarLists

USERS = 200
REPOSITORIES = 5_000


def chunk(rng: np.random.Generator, stars: int, *, below: int = REPOSITORIES) -> Chunk:
    """Stars at random, a fifth of them for one repository, in runs of a hundred."""
    repositories = np.where(rng.random(stars) < 0.2, 77, rng.integers(0, below, stars))
    runs = stars // 100
    return Chunk(
        repositories.astype(np.int32),
        rng.integers(0, USERS, runs).astype(np.int32),
        np.full(runs, 100, dtype=np.int32),
    )


def pairs(*chunks: Chunk) -> list[tuple[int, int]]:
    """Every (repository, user) once, sorted, the slow way."""
    users = [np.repeat(each.users, each.lengths) for each in chunks]
    seen = zip((each.repositories for each in chunks), users, strict=True)
    return sorted(
        {pair for repositories, by in seen for pair in zip(repositories.tolist(), by.tolist(), strict=True)}
    )


def flat(settled: Settled) -> list[tuple[int, int]]:
    repositories = np.repeat(np.arange(len(settled.starts) - 1), np.diff(settled.starts))
    return list(zip(repositories.tolist(), settled.users.tolist(), strict=True))


def test_nothing_settles_to_nothing() -> None:
    """Without stars there is nothing, and no error."""
    assert flat(StarLists().settle(0)) == []


def test_each_user_counts_once_in_many_parts() -> None:
    """More stars than are sorted at once settle to every pair once, in order."""
    rng = np.random.default_rng(1)
    chunks = [chunk(rng, 200_000) for _ in range(6)]
    lists = StarLists()
    for each in chunks:
        lists.add(each)
    assert flat(lists.settle(REPOSITORIES)) == pairs(*chunks)


def test_settling_in_between_changes_nothing() -> None:
    """What came later is sorted into what was settled, and new repositories are added."""
    rng = np.random.default_rng(2)
    chunks = [chunk(rng, 2_000, below=below) for below in (100, 1_000, 300)]
    lists = StarLists()
    for each, known in zip(chunks, (100, 1_000, 1_000), strict=True):
        lists.add(each)
        settled = lists.settle(known)
    assert flat(settled) == pairs(*chunks)
    assert lists.settle(1_000) is settled
