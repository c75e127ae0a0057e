"""The price before it is spent: what the neighbours of a repository would cost now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from stargazer.errors import RepositoryNotFound
from stargazer.neighbours.estimate import users_for
from stargazer.planner.forecast import Estimate
from stargazer.planner.plan import Plan
from stargazer.planner.step import Progress
from stargazer.runner import Ledger, Transport
from stargazer.service.service import Service
from stargazer.service.wanted import Wanted
from stargazer.store.answers import StoredAnswer

NOTHING = Estimate(calls=0, points=0, pages=0, nodes=0, github_seconds=0.0, seconds=0.0)
"""What an answer costs that is stored."""

DECIMALS = 3

CLEARLY_CHEAPER = 0.8
"""A sample of more than this part of the stargazers is not worth it."""


WIDTHS = (0.4, 0.2)
"""To which parts of their counts the neighbours that a tenth of the stargazers share would be known."""


class SamplePrice(msgspec.Struct, frozen=True):
    """What an estimate would cost: `width` is half of an interval, as a part of its count."""

    width: float
    users: int
    estimate: Estimate


def price_samples(plan: Plan, stargazers: int, now: datetime) -> tuple[SamplePrice, ...]:
    """The prices of samples that are clearly cheaper than everybody."""
    prices = []
    for width in WIDTHS:
        users = users_for(width, stargazers)
        estimate = plan.estimate_sample(users, now)
        if estimate is not None and users <= CLEARLY_CHEAPER * stargazers:
            prices.append(SamplePrice(width, users, estimate))
    return tuple(prices)


class Price(msgspec.Struct, frozen=True):
    """What the neighbours of a repository would cost.

    `stargazers` is how many are listed by GitHub's public count, or in the file
    they come from. Of a private repository the service may tell nothing.
    """

    repository: str
    stargazers: int
    estimate: Estimate
    is_private: bool = False
    samples: tuple[SamplePrice, ...] = ()

    def public(self) -> dict[str, Any]:
        """The published members."""
        return {"repository": self.repository, "stargazers": self.stargazers, **_rounded(self.estimate)}

    def choice(self) -> dict[str, Any]:
        """The same beside what estimates would cost: each from a sample of so many, known to so much."""
        samples = [
            {"sample": one.users, "width": one.width, **_rounded(one.estimate)} for one in self.samples
        ]
        return {**self.public(), "samples": samples}


def _rounded(estimate: Estimate) -> dict[str, Any]:
    return {name: round(value, DECIMALS) for name, value in msgspec.to_builtins(estimate).items()}


async def price_stored(service: Service, stored: StoredAnswer) -> Price:
    """The price of what is stored, under the name that the repository has today."""
    [repository] = await service.repositories.of([stored.repository_number])
    return Price(repository.name, stored.coverage["stargazers_total"], NOTHING)


async def price(
    service: Service,
    wanted: Wanted,
    github: Transport,
    ledger: Ledger | None,
    *,
    hides_private: bool = False,
) -> Price:
    """Ask GitHub for the repository and the ends of its list; what comes is stored.

    With *hides_private* a private repository counts as none, also where it is refused.

    Raises:
        StargazersRestricted: this token may not list the stargazers.
        RepositoryNotFound: there is no such repository.
        StargazerError: what ended it before the repository was known.
    """

    def look(_: Progress) -> None:
        if reading.plan.facts is not None:
            reading.stop()

    async with service.reading(wanted, github, on_progress=look, ledger=ledger) as reading:
        error = await reading.read()
    if hides_private and reading.plan.facts is not None and reading.plan.facts.is_private:
        raise RepositoryNotFound(wanted.repository)
    if error is not None:
        raise error
    estimate = reading.plan.estimate(service.clock.now())
    facts = reading.plan.facts
    # A run that ended without an error has got its first reply.
    assert estimate is not None  # noqa: S101
    assert facts is not None  # noqa: S101
    is_listed = wanted.logins is None
    listed = facts.stargazer_count if is_listed else reading.plan.coverage.stargazers_listed
    samples = price_samples(reading.plan, listed, service.clock.now())
    return Price(reading.plan.repository, listed, estimate, facts.is_private, samples)
