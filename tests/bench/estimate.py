"""Measure estimates against the truth: `python -m tests.bench.estimate [--quick]`.

The whole benchmark writes `docs/reference/estimates.md`; `--quick` makes few runs and prints its page.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Executor, ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from tests.bench import estimate_report
from tests.bench.estimate_report import Largest, Results, Tenth
from tests.bench.estimate_rules import (
    DECEPTIVE,
    Limit,
    Stopped,
    deceived,
    free_recall,
    limit,
    stop_runs,
)
from tests.bench.estimate_runs import Trial, run
from tests.bench.estimate_trials import (
    PLANTED,
    PLANTED_USERS,
    REAL,
    SYNTHETIC,
    Size,
    Task,
    ground,
    joined,
    play,
    recalled,
    usual_seconds,
)
from tests.bench.estimate_world import heavy_tailed

from stargazer.neighbours.estimate import estimate
from stargazer.planner.sample import Sample

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "estimates.md"
PART = 0.1
"""The part of the exact price for which the recall of the first 20 is measured."""


RUNS_A_TASK = 20

LIMIT_RUNS = 100
"""With so many runs it is found out what is possible at all."""


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs are made."""

    planted: int
    everybody: int
    shown: int
    shown_among_many: int
    recalls: int
    rules: int
    largest: int


FULL = Extent(
    planted=2_000, everybody=200, shown=200, shown_among_many=40, recalls=20, rules=500, largest=60_000
)
QUICK = Extent(planted=40, everybody=8, shown=8, shown_among_many=2, recalls=0, rules=20, largest=2_000)


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def tasks(extent: Extent) -> list[Task]:
    """All runs whose intervals are looked at, in parts."""
    kinds: list[tuple[str, Size, int]] = [
        *((PLANTED, sample, extent.planted) for sample in (30, 100, 200)),
        (PLANTED, "max", extent.planted),
        (PLANTED, None, extent.everybody),
        *((REAL, sample, extent.shown) for sample in (30, 100, 300, 1000)),
        *((SYNTHETIC, sample, extent.shown_among_many) for sample in (100, 300, 1000)),
    ]
    return [
        Task(name, sample, (begin, min(runs, begin + RUNS_A_TASK)))
        for name, sample, runs in kinds
        for begin in range(0, runs, RUNS_A_TASK)
    ]


def played_rules(pool: Executor, runs: int) -> dict[tuple[str, float], list[Stopped]]:
    """All runs of the stop rule, by ground and tie."""
    found: dict[tuple[str, float], list[Stopped]] = {}
    half = runs // 2
    for name, tie, parts in (
        (SYNTHETIC, 0.5, (range(half), range(half, runs))),
        (SYNTHETIC, 0.25, (range(runs // 20), range(half, half + runs // 20))),
        (REAL, 0.5, (range(half), range(half, runs))),
        (REAL, 0.25, (range(half), range(half, runs))),
    ):
        pending = [pool.submit(stop_runs, name, tie, seeds) for seeds in parts]
        found[name, tie] = [one for part in pending for one in part.result()]
    return found


def deceptions(pool: Executor, runs: int) -> dict[tuple[int, int, int], float]:
    """How often the rule is wrong in worlds that are made to deceive it."""
    pending = {world: pool.submit(deceived, *world, runs) for world in DECEPTIVE}
    return {world: one.result() for world, one in pending.items()}


def limits(pool: Executor, kinds: Iterable[tuple[str, float]], runs: int) -> dict[tuple[str, float], Limit]:
    """What the rule would cost at the least."""
    pending = {kind: pool.submit(limit, *kind, range(runs)) for kind in kinds}
    return {kind: one.result() for kind, one in pending.items()}


def tenths(pool: Executor, runs: int) -> dict[str, Tenth]:
    """What a tenth of the exact price finds."""
    found = {}
    for name in (SYNTHETIC, REAL) if runs else ():
        exact_seconds = pool.submit(usual_seconds, name, None).result()
        free = pool.submit(free_recall, name, PART, range(LIMIT_RUNS))
        parts = [range(runs // 2), range(runs // 2, runs)]
        pending = [pool.submit(recalled, name, seeds, PART, exact_seconds) for seeds in parts]
        found[name] = Tenth([one for part in pending for one in part.result()], *free.result())
    return found


def largest(users: int) -> Largest:
    """What the first intervals of a large repository cost."""
    ran = run(heavy_tailed(users, 1, fillers=200_000), Trial(300, 1))
    return Largest(users, ran.github_seconds, ran.coverage.sample)


def milliseconds() -> float:
    """How long the intervals of 100,000 neighbours take to compute, at best of seven."""
    rng = np.random.default_rng(1)
    shares = np.minimum(1, 0.6 * np.arange(1, 100_001) ** -0.7)
    counted = np.maximum(rng.binomial(1_250, shares), 1).astype(np.int32)
    times = []
    for _ in range(7):
        began = time.perf_counter()
        estimate(Sample(5_000, 1_250, 2), counted, counted)
        times.append(time.perf_counter() - began)
    return 1_000 * min(times)


def measure(extent: Extent) -> Results:
    """Make all runs."""
    say("how long intervals take")
    fast = milliseconds()
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        say("seeded runs against the truth")
        sums = joined(list(pool.map(play, tasks(extent))))
        say("the rule top=20")
        rules = played_rules(pool, extent.rules)
        least = limits(pool, rules, min(LIMIT_RUNS, extent.rules))
        wrong = deceptions(pool, extent.rules)
        say("the first 20 for a tenth of the price")
        recalls = tenths(pool, extent.recalls)
    say("a large repository")
    return Results(
        sums=sums,
        rules=rules,
        limits=least,
        deceived=wrong,
        recalls=recalls,
        largest=largest(extent.largest),
        milliseconds=fast,
        planted_users=PLANTED_USERS,
        planted_runs=extent.planted,
        real_users=len(ground(REAL).lists),
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.estimate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few runs; prints instead of writing")
    is_quick = parser.parse_args().quick
    began = time.monotonic()
    results = measure(QUICK if is_quick else FULL)
    minutes = (time.monotonic() - began) / 60
    page = estimate_report.write(results, measured_at=datetime.now(UTC), minutes=minutes)
    if is_quick:
        print(page)
    else:
        PAGE.write_text(page, encoding="utf-8")
        say(f"written to {PAGE.name}")


if __name__ == "__main__":
    main()
