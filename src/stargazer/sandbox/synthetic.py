"""Synthetic graphs of any size: a heavy tail of collectors, a power law of repositories, shared interests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

from stargazer.sandbox import fiction, graph, moments, noise
from stargazer.sandbox.repositories import Repositories

SUBJECTS: Mapping[str, int] = MappingProxyType(
    {"synthetic/stars-250": 250, "synthetic/stars-1000": 1_000, "synthetic/stars-5000": 5_000}
)
"""Repositories that have exactly so many stargazers, by name."""

_SPREAD = 1.15
"""Of the logarithm of list lengths: most users have under 200 stars, some have thousands.

Source: two samples of users measured by others: 80 % under 600 stars in one, under
    1 % over 500 in another (read 2026-11-24).
"""

_LONGEST_PER_STARGAZER = 9.6
"""The longest list among a subject's stargazers, for each stargazer: 24 pages among 250."""

_SUBJECT_DESCRIPTION = "A made-up repository of a known size"

_FIRST_STAR = int(moments.to_seconds(datetime(2012, 1, 1, tzinfo=UTC)))


class _World(msgspec.Struct, frozen=True):
    """Repositories laid topic after topic, with their popularity added up."""

    topics: NDArray[np.int64]
    summed: NDArray[np.float64]
    first_of_topic: NDArray[np.int64]
    interests: NDArray[np.int64]


def synthetic_graph(
    *,
    users: int = 20_000,
    stars: int = 2_000_000,
    repositories: int = 150_000,
    seed: int = 1,
    subjects: Mapping[str, int] = SUBJECTS,
) -> graph.Graph:
    """Make a graph of made-up users and repositories.

    The lengths of star lists are log-normal; one user in a thousand is a
    collector with 24 to 240 times as many stars as the mean, which is 2,400 to
    24,000 in the default graph. Equal parameters give equal graphs.

    Args:
        users: how many; each has a made-up login.
        stars: in all; a few may be missing when users star most of what there is.
        repositories: how many there are, beside the subjects.
        seed: of all that is drawn.
        subjects: repositories that have exactly so many stargazers; where there
            are fewer users, all of them star it.
    """
    wanted = {name: min(count, users) for name, count in subjects.items()}
    lengths = _draw_lengths(users, stars - sum(wanted.values()), repositories, seed)
    world = _make_world(users, repositories, seed)
    owners, starred = _draw_stars(world, lengths, repositories, seed)
    for index, count in enumerate(wanted.values()):
        chosen = _choose_stargazers(
            lengths, world.interests == index % len(fiction.TOPICS), count, seed + index
        )
        owners = np.concatenate((owners, chosen))
        starred = np.concatenate((starred, np.full(len(chosen), repositories + index, np.int64)))
    return graph.Graph(
        [fiction.write_login(number) for number in range(users)],
        _name_repositories(world.topics, list(wanted)),
        users=owners.astype(np.int32),
        starred=starred.astype(np.int32),
        starred_seconds=_draw_seconds(owners, users, seed),
        description="A synthetic graph: users, repositories and stars are made up.",
    )


def _draw_lengths(users: int, stars: int, repositories: int, seed: int) -> NDArray[np.int64]:
    mean = stars / users
    collectors = np.geomspace(240.0 * mean, 24.0 * mean, num=users // 1000)
    body = np.exp(_SPREAD * noise.normals(seed, users - len(collectors)))
    body *= max(0.0, stars - collectors.sum()) / body.sum()
    lengths = np.concatenate((body, collectors))
    order = np.argsort(noise.fractions(seed + 2, users), kind="stable")
    limit = max(1, repositories // 3)
    lengths = np.clip(np.rint(lengths[order]), 0, limit).astype(np.int64)
    _spread_rest(lengths, stars - int(lengths.sum()), limit)
    return lengths


def _spread_rest(lengths: NDArray[np.int64], rest: int, limit: int) -> None:
    """Add or take one star here and there until the lengths add up."""
    while rest:
        step = 1 if rest > 0 else -1
        able = np.flatnonzero(lengths < limit if step > 0 else lengths > 1)[: abs(rest)]
        if not len(able):
            return
        lengths[able] += step
        rest -= step * len(able)


def _make_world(users: int, repositories: int, seed: int) -> _World:
    count = len(fiction.TOPICS)
    topics = np.sort((noise.fractions(seed + 3, repositories) ** 1.5 * count).astype(np.int64))
    ranks = np.argsort(np.argsort(noise.fractions(seed + 4, repositories), kind="stable"), kind="stable")
    summed = np.concatenate(([0.0], np.cumsum((ranks + 12.0) ** -0.85)))
    interests = (noise.fractions(seed + 5, users) ** 1.5 * count).astype(np.int64)
    return _World(topics, summed, np.searchsorted(topics, np.arange(count + 1)), interests)


def _draw_stars(
    world: _World, lengths: NDArray[np.int64], repositories: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw each user's stars: mostly from one topic, some from another, some from anywhere."""
    found = np.empty(0, np.int64)
    missing = lengths
    for attempt in range(12):
        owners = np.repeat(np.arange(len(lengths), dtype=np.int64), missing)
        if not len(owners):
            break
        drawn = _draw_repositories(world, owners, attempt, seed + 100 + 10 * attempt)
        found = _join(found, owners * repositories + drawn)
        missing = lengths - np.bincount(found // repositories, minlength=len(lengths))
    return found // repositories, found % repositories


def _join(found: NDArray[np.int64], drawn: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return both without repetitions, sorted: numpy's hash-based `unique` is ten times slower here."""
    both: NDArray[np.int64] = np.sort(np.concatenate((found, drawn)))
    is_new = np.ones(len(both), np.bool_)
    is_new[1:] = both[1:] != both[:-1]
    return both[is_new]


def _draw_repositories(
    world: _World, owners: NDArray[np.int64], attempt: int, seed: int
) -> NDArray[np.int64]:
    size, count = len(owners), len(fiction.TOPICS)
    if attempt >= 8:
        anything: NDArray[np.int64] = (noise.fractions(seed, size) * len(world.topics)).astype(np.int64)
        return anything
    main = world.interests[owners]
    side = (main * 7 + owners % 5 + 1) % count
    choice = noise.fractions(seed, size)
    topic = np.where(choice < 0.55, main, side)
    low = world.summed[world.first_of_topic[topic]]
    high = world.summed[world.first_of_topic[topic + 1]]
    anywhere = choice >= 0.75 - 0.09 * attempt
    low, high = np.where(anywhere, 0.0, low), np.where(anywhere, world.summed[-1], high)
    aim = low + noise.fractions(seed + 1, size) * (high - low)
    drawn = np.searchsorted(world.summed, aim, side="right") - 1
    clipped: NDArray[np.int64] = np.clip(drawn, 0, len(world.topics) - 1).astype(np.int64)
    return clipped


def _choose_stargazers(
    lengths: NDArray[np.int64], interested: NDArray[np.bool_], count: int, seed: int
) -> NDArray[np.int64]:
    """Choose *count* users, the more likely the more they star, and by shared interest."""
    mean = float(lengths.mean())
    longest = max(_LONGEST_PER_STARGAZER * count * mean / 100.0, mean)
    weights = np.where(lengths <= longest, lengths, 0) * np.where(interested, 2.0, 1.0)
    if np.count_nonzero(weights) < count:
        weights = lengths + 1.0
    order = np.argsort(lengths, kind="stable")
    chances = _scale_to(weights[order].astype(np.float64), count)
    ends = np.cumsum(chances) + noise.fractions(seed + 7, 1)[0]
    picked = np.flatnonzero(np.diff(np.floor(np.concatenate((ends[:1] - chances[:1], ends)))))
    picked = _exactly(picked, chances, count)
    return order[picked].astype(np.int64)


def _scale_to(weights: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Scale weights to chances of at most 1 that add up to *count*."""
    low, high = 0.0, count / float(np.min(weights[weights > 0]))
    for _ in range(60):
        middle = (low + high) / 2.0
        if np.minimum(1.0, weights * middle).sum() < count:
            low = middle
        else:
            high = middle
    return np.minimum(1.0, weights * high)


def _exactly(picked: NDArray[np.int64], chances: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Add or drop what rounding left over."""
    if len(picked) >= count:
        return picked[:count]
    rest = np.setdiff1d(np.flatnonzero(chances > 0), picked)
    likeliest = rest[np.argsort(-chances[rest], kind="stable")]
    return np.concatenate((picked, likeliest[: count - len(picked)]))


def _draw_seconds(owners: NDArray[np.int64], users: int, seed: int) -> NDArray[np.int64]:
    """Spread every user's stars between the day they joined and the moment the graph shows."""
    end = int(moments.to_seconds(graph.AS_OF)) - 1
    joined = _FIRST_STAR + noise.fractions(seed + 8, users) * (end - _FIRST_STAR) * 0.9
    since = joined[owners]
    return (since + noise.fractions(seed + 9, len(owners)) * (end - since)).astype(np.int64)


def _name_repositories(topics: NDArray[np.int64], subjects: list[str]) -> Repositories:
    by_number: list[int] = topics.tolist()
    names = [fiction.write_repository(number, topic) for number, topic in enumerate(by_number)]
    languages = [fiction.choose_language(number, topic) for number, topic in enumerate(by_number)]
    about = [f"A made-up repository about {topic}" for topic in fiction.TOPICS]
    size = len(by_number)
    return Repositories(
        names + subjects,
        languages=languages + ["Python"] * len(subjects),
        descriptions=[about[topic] for topic in by_number]
        + ["A made-up repository of a known size"] * len(subjects),
        archived=fiction.choose_archived(size),
        forks=fiction.choose_forks(size),
    )
