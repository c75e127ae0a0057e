"""Measure the plan against other ways: `python -m tests.bench [--quick]`.

The whole benchmark writes `docs/reference/benchmarks.md`; `--quick` plays a
small graph in under a minute and prints its page.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import bounds, ground, report, trials
from tests.bench.cpu import Work, measure

from stargazer.sandbox import SeparateSandbox

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks.md"

FULL = trials.Extent(
    recipe=ground.FULL,
    seeds={
        "synthetic/stars-250": range(1, 13),
        "synthetic/stars-1000": range(1, 9),
        "synthetic/stars-5000": range(1, 4),
    },
    model_seeds=(1, 2, 3),
    model_repositories=("synthetic/stars-1000", "synthetic/stars-250"),
    sizes=(5, 10, 15, 20, 30, 40, 60, 80, 110, 149),
    work_runs=3,
)

QUICK = trials.Extent(
    recipe=ground.QUICK,
    seeds={"synthetic/stars-250": (1, 2)},
    model_seeds=(1,),
    model_repositories=("synthetic/stars-250",),
    sizes=(20, 60),
    work_runs=1,
)


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def measure_work(extent: trials.Extent) -> list[Work]:
    """Measure the client's own work while nothing else runs."""
    with SeparateSandbox(extent.recipe) as sandbox:
        return [
            asyncio.run(measure(sandbox, repository, seed=seed))
            for repository in extent.recipe.subjects
            for seed in range(1, extent.work_runs + 1)
        ]


def measure_all(extent: trials.Extent) -> bounds.Results:
    """Play everything."""
    say("the client's own work")
    work = measure_work(extent)
    graph = extent.recipe.make()
    floors = {name: ground.floor_of(graph, name) for name in extent.recipe.subjects}
    truths = {name: ground.digest(graph.truth(name)) for name in extent.recipe.subjects}
    with trials.Players(extent.recipe) as players:
        say("our plan beside three other ways")
        ways = trials.play_ways(players, extent)
        say("our plan against the floors")
        steady = trials.play_floors(players, extent, "default")
        fast = trials.play_floors(players, extent, "fast")
        say("six server models")
        models = trials.play_models(players, extent)
    return bounds.Results(
        floors=floors, truths=truths, ways=ways, steady=steady, fast=fast, models=models, work=work
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small graph; prints instead of writing")
    extent = QUICK if parser.parse_args().quick else FULL
    began = time.monotonic()
    results = measure_all(extent)
    page = report.write(
        results,
        measured_at=datetime.now(UTC),
        minutes=(time.monotonic() - began) / 60,
        users=extent.recipe.users,
        stars=extent.recipe.stars,
        sizes=extent.sizes,
    )
    if extent is QUICK:
        print(page)
        say("a small graph: what follows is meant for the whole benchmark")
    else:
        PAGE.write_text(page, encoding="utf-8")
        say(f"written to {PAGE.name}")
    for bound in bounds.judge(results):
        holds = "holds" if bound.holds else "DOES NOT HOLD"
        say(f"{bound.measured:10.3g} ≤ {bound.limit:<6g} {holds:14} {bound.what} ({bound.note})")


if __name__ == "__main__":
    main()
