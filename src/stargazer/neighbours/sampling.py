"""Which sample of the stargazers is wanted, instead of all of them."""

from __future__ import annotations

import msgspec

from stargazer.errors import InvalidRequest
from stargazer.neighbours.stop import Until
from stargazer.planner.sample import SampleSize

USUAL_USERS = 1_000
"""How many users are read when an estimate is wanted and nobody says how good: a neighbour that a tenth of
the stargazers share is then known to a fifth of its count."""


class Sampling(msgspec.Struct, frozen=True):
    """So many users at random, or until a rule is met, whichever comes first.

    Attributes:
        sample: how many users, or "max": as many as the budget pays for; None: what `until` takes.
        until: when it is enough; None: when `sample` has been read.
        seed: another seed is another random sample.
    """

    sample: SampleSize | None = None
    until: Until | None = None
    seed: int = 0

    @classmethod
    def wanted(
        cls, sample: SampleSize | None = None, until: Until | None = None, seed: int | None = None
    ) -> Sampling:
        """Complete what somebody asked for: without a size and a rule, so many as are usual."""
        if sample is None and until is None:
            sample = USUAL_USERS
        return cls(sample, until, seed or 0)

    def __str__(self) -> str:
        """Write it as it is stored, each one in one way.

        Example:
            >>> str(Sampling(300)), str(Sampling(500, Until(width=0.1), 7))
            ('sample=300', 'sample=500;until=width=0.1;seed=7')
        """
        parts = {"sample": self.sample, "until": self.until, "seed": self.seed or None}
        return ";".join(f"{name}={value}" for name, value in parts.items() if value is not None)

    @classmethod
    def read(cls, text: str) -> Sampling:
        """Read what `str` wrote.

        Raises:
            InvalidRequest: it is nothing of the kind.

        Example:
            >>> Sampling.read("until=top=20;seed=7")
            Sampling(sample=None, until=Until(width=None, top=20, tie=0.5), seed=7)
        """
        parts = dict(part.partition("=")[::2] for part in text.split(";"))
        try:
            sample = parts.pop("sample", None)
            until = parts.pop("until", None)
            seed = int(parts.pop("seed", "0"))
            size: SampleSize | None = "max" if sample == "max" else None if sample is None else int(sample)
        except ValueError:
            parts = {text: ""}
        if parts or (sample is None and until is None):
            raise InvalidRequest("sampling", "sample=300, until=top=20 or the like", got=text)
        return cls(size, None if until is None else Until.read(until), seed)
