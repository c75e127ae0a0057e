"""What sample is wanted: written in one way, and read again."""

from __future__ import annotations

import pytest

from stargazer.errors import InvalidRequest
from stargazer.neighbours.sampling import USUAL_USERS, Sampling
from stargazer.neighbours.stop import Until

SAMPLINGS = [
    Sampling(300),
    Sampling("max"),
    Sampling(until=Until(top=20)),
    Sampling(until=Until(top=20, tie=0.25), seed=-3),
    Sampling(500, Until(width=0.1), 7),
]


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_what_is_written_is_read_again(sampling: Sampling) -> None:
    """The store knows a sample by its words alone."""
    assert Sampling.read(str(sampling)) == sampling


@pytest.mark.parametrize(
    "text", ["", "seed=3", "sample=", "sample=some", "sample=3;best=2", "until=often", "sample=3;seed=x"]
)
def test_anything_else_is_refused(text: str) -> None:
    """The error tells what it may be."""
    with pytest.raises(InvalidRequest, match="until"):
        Sampling.read(text)


def test_without_a_size_so_many_are_read_as_are_usual() -> None:
    """A rule is enough by itself."""
    assert Sampling.wanted() == Sampling(USUAL_USERS)
    assert Sampling.wanted(until=Until(top=20), seed=5) == Sampling(None, Until(top=20), 5)
    assert Sampling.wanted(30) == Sampling(30)
