"""Why a repository is a neighbour: how many of its stargazers starred A too, and what chance would give.

*Chance* answers: if stars had nothing to do with A, which part of the stargazers of
any repository would have starred A too? Not A's share of all people: who stars
much stands on many lists, and A's stargazers star more than others do. So it is
counted in stars: of all stars that the neighbours have, those that stargazers of A
gave. With every star given by somebody drawn from all who give stars, each as often
as they do, that share is the expectation for every repository.

What is not known: the stars of repositories that no stargazer of A starred. They
are missing below the line, so that chance is rather too high than too low, and
what is more than chance is so for certain. In a sample fewer neighbours are seen,
and it is higher still: there it is said to be about that or less.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Counted(Protocol):
    """What is known of a neighbour."""

    @property
    def shared(self) -> int:
        """How many stargazers of A starred it; in an estimate the scaled count."""
        ...

    @property
    def stars(self) -> int:
        """How many stargazers it has, by GitHub's count."""
        ...

    @property
    def shared_low(self) -> int | None:
        """What `shared` is at least, in an estimate."""
        ...

    @property
    def shared_high(self) -> int | None:
        """What `shared` is at most, where it is not certain."""
        ...


def chance(shared: NDArray[Any], stars: NDArray[Any]) -> float:
    """Tell which share of the stars of all neighbours stargazers of A gave, 0 to 1.

    Args:
        shared: what each neighbour shares with A.
        stars: how many stars each has, by GitHub's count.

    Example:
        >>> chance(np.array([30, 5, 1]), np.array([400, 3_599, 1]))
        0.009
    """
    given = int(np.maximum(stars, shared).sum(dtype=np.int64))
    return int(shared.sum(dtype=np.int64)) / max(given, 1)


def reason(neighbour: Counted, repository: str, by_chance: float) -> str:
    """Say what makes *neighbour* one of *repository*.

    In an estimate it is an interval, in a partial answer the least that it can be.

    Example: "31 % of its stargazers also starred pallets/flask; chance would be 0.40 %".
    """
    stars = max(neighbour.stars, neighbour.shared)
    share, expected = percent(neighbour.shared / stars), f"chance would be {percent(by_chance)}"
    low, high = neighbour.shared_low, neighbour.shared_high
    if low is not None and high is not None:
        share = _between(percent(low / max(stars, low)), percent(min(1.0, high / stars)))
        expected = f"chance would be about {percent(by_chance)} or less"
    elif high is not None and high > neighbour.shared:
        share = f"at least {share}"
        expected = f"of those read, {expected}"
    return f"{share} of its stargazers also starred {repository}; {expected}"


def _between(low: str, high: str) -> str:
    return high if low == high else f"{low.removesuffix(' %')} to {high}"


def percent(share: float) -> str:
    """Write a share with two digits that count, and none behind the point from 10 % on.

    Example:
        >>> percent(0.314), percent(0.0042), percent(0.00004)
        ('31 %', '0.42 %', '0.00 %')
    """
    digits = 0 if share >= 0.0995 else 1 if share >= 0.00995 else 2
    return f"{share:.{digits}%}".replace("%", " %")
