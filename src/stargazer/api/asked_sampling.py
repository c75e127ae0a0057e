"""What a request asks of an estimate: the same words for a GET and for a job."""

from __future__ import annotations

from stargazer.api.parameters import Choice, Number, Parameter, Rule
from stargazer.neighbours.sampling import USUAL_USERS, Sampling
from stargazer.neighbours.stop import Until
from stargazer.planner.sample import SampleSize

MODES = ("exact", "estimate")
"""Whether everybody is read, or a random sample will do."""

SEED_AT_MOST = (1 << 31) - 1

SAMPLE_USERS_AT_MOST = 1_000_000_000

SAMPLING: tuple[Parameter, ...] = (
    Choice(
        name="mode",
        text="Whether every stargazer is read, or an estimate from a random sample of them will do: then "
        "each count has its interval (95 %). It is estimate where sample, until or seed is given. A stored "
        "answer about everybody is better still, and served to both.",
        words=MODES,
        default="exact",
        example="exact",
    ),
    Number(
        name="sample",
        text=f"Estimate from so many stargazers; {USUAL_USERS:,} unless until says when to stop.",
        least=1,
        most=SAMPLE_USERS_AT_MOST,
        default=None,
        example=300,
    ),
    Rule(
        name="until",
        text="Estimate, and stop when it is good enough: `width=0.1` (the first 20 are known to 10 %), or "
        "`top=20` (nobody left out belongs among the first 20).",
        example="width=0.2",
    ),
    Number(
        name="seed",
        text="Choose other stargazers for each number.",
        least=0,
        most=SEED_AT_MOST,
        default=None,
        example=7,
    ),
)
"""What may be asked of an estimate."""


def read_sampling(
    mode: str | None, sample: SampleSize | None, until: Until | None, seed: int | None
) -> Sampling | None:
    """Tell which sample will do; None: everybody is to be read.

    An exact answer is what every estimate is about: in that mode the rest does not matter.
    """
    is_estimate = (sample, until, seed) != (None, None, None) if mode is None else mode == "estimate"
    return Sampling.wanted(sample, until, seed) if is_estimate else None
