"""How close a neighbour is: the four scores, as plain functions.

Every function takes `shared` (how many stargazers of A starred B), `stars`
(B's stargazers by GitHub's count) and `stargazers` (A's), as numbers or as
arrays. GitHub's counts may be older or newer than our lists, so a count below
`shared` is read as `shared`: no score divides by zero or exceeds one, save
`shared` itself, which is a count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast, get_args

import numpy as np
from numpy.typing import NDArray

from stargazer.errors import InvalidRequest

Score = Literal["shared", "relevance", "jaccard", "cosine"]
"""The name of a score."""

SCORES: tuple[Score, ...] = get_args(Score)

Numbers = TypeVar("Numbers", float, NDArray[Any])
"""One number, or an array with one for each repository."""


def score(name: str) -> Score:
    """Tell which score a person means by *name*.

    Raises:
        InvalidRequest: there is no such score.

    Example:
        >>> score("cosine")
        'cosine'
    """
    for known in SCORES:
        if name == known:
            return known
    raise InvalidRequest("sort", "one of " + ", ".join(SCORES), got=name)


def shared(shared: Numbers, stars: Numbers, stargazers: float) -> Numbers:  # noqa: ARG001
    """Count the stargazers of A who starred B too: s, the contract.

    Example:
        >>> shared(30.0, 400.0, 100)
        30.0
    """
    return shared


def relevance(shared: Numbers, stars: Numbers, stargazers: float) -> Numbers:
    """Weigh the share of B's stargazers who starred A too: s / (b + 2·√a).

    The constant added to b shrinks the score of tiny repositories, whose
    share is large by chance.

    Example:
        >>> relevance(30.0, 400.0, 100)
        0.07142857142857142
        >>> relevance(1.0, 1.0, 100)
        0.047619047619047616
    """
    return _ratio(shared, np.maximum(stars, shared) + 2 * np.sqrt(stargazers))


def jaccard(shared: Numbers, stars: Numbers, stargazers: float) -> Numbers:
    """Divide those who starred both by those who starred either: s / (a + b - s).

    Example:
        >>> jaccard(30.0, 400.0, 100)
        0.06382978723404255
    """
    return _ratio(shared, np.maximum(stargazers, shared) + np.maximum(stars, shared) - shared)


def cosine(shared: Numbers, stars: Numbers, stargazers: float) -> Numbers:
    """Measure the angle between the two sets of stargazers: s / √(a·b).

    Example:
        >>> cosine(30.0, 400.0, 100)
        0.15
    """
    a, b = np.maximum(stargazers, shared), np.maximum(stars, shared)
    return _ratio(shared, np.sqrt(np.multiply(a, b, dtype=np.float64)))


def _ratio(part: Numbers, whole: Any) -> Numbers:
    # √(a·b) may be rounded below its smaller factor: hence the minimum.
    ratios = np.minimum(np.asarray(part, dtype=np.float64) / np.maximum(whole, 1), 1.0)
    return cast("Numbers", ratios if ratios.ndim else ratios.item())


Formula = Callable[[NDArray[Any], NDArray[Any], float], NDArray[Any]]

FORMULAS: dict[Score, Formula] = {
    "shared": shared,
    "relevance": relevance,
    "jaccard": jaccard,
    "cosine": cosine,
}
"""The formula of each score, for arrays."""


def standing(
    name: Score,
    shared: NDArray[Any],
    stars: NDArray[Any],
    stargazers: float,
    *,
    stands_for: float = 1.0,
) -> NDArray[np.float64]:
    """Compute what repositories are ordered by: their score, in an estimate a steadier one.

    In a sample each stargazer stands for several. A repository with few stars that one of them starred
    would stand, by any score that divides, above those that are close. So its count is read as no more than
    its stars, and the constant that holds down tiny repositories grows as much as a single name counts.

    Args:
        name: the score.
        shared: what each repository shares, scaled.
        stars: how many stars each has, by GitHub's count.
        stargazers: how many A has.
        stands_for: how many stargazers each one that was read stands for.

    Example:
        >>> stars, shared = np.array([2, 900]), np.array([50, 300])
        >>> lucky, close = standing("relevance", shared, stars, 2_500, stands_for=50)
        >>> bool(lucky < close)
        True
    """
    if stands_for == 1.0 or name == "shared":
        return np.asarray(FORMULAS[name](shared, stars, stargazers), dtype=np.float64)
    held_down = 2 * np.sqrt(stargazers) * (stands_for - 1)
    return np.asarray(FORMULAS[name](np.minimum(shared, stars), stars + held_down, stargazers))


def bounds(name: Score, low: float, high: float, stars: float, stargazers: float) -> tuple[float, float]:
    """Bound a score by the ends of what is shared: every score grows with it.

    Example:
        >>> bounds("cosine", 20.0, 40.0, 400.0, 100)
        (0.1, 0.2)
    """
    ends = FORMULAS[name](np.array([low, high]), np.full(2, float(stars)), stargazers)
    lower, upper = ends.tolist()
    return lower, upper
