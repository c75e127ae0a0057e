"""What the plan must reach, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import msgspec
from tests.bench.cpu import Work
from tests.bench.ground import Floor
from tests.bench.play import PLAN, Played
from tests.bench.trials import Model, mean_seconds

POINTS_BOUND = 1.25
SECONDS_BOUNDS = {"synthetic/stars-250": 1.18, "synthetic/stars-1000": 1.08}
TIMEOUTS_BOUND = 0.01
MODEL_BOUND = 1.25
MODEL_REPOSITORY = "synthetic/stars-1000"
WORK_BOUND = 5.0
PAUSE_BOUND_MS = 50.0
REQUESTS_BOUND = 149


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured. `truths` are the digests of the true answers."""

    floors: Mapping[str, Floor]
    truths: Mapping[str, str]
    ways: Sequence[Played]
    steady: Sequence[Played]
    fast: Sequence[Played]
    models: Sequence[Model]
    work: Sequence[Work]

    @property
    def ours(self) -> list[Played]:
        """Every run of our plan as it is, on any server."""
        ways = [run for run in self.ways if run.task.way == PLAN]
        return [*ways, *self.steady, *self.fast, *(run for model in self.models for run in model.plan)]


class Bound(msgspec.Struct, frozen=True):
    """One thing to be reached: at most `limit`. `note` tells what the figure is."""

    what: str
    measured: float
    limit: float
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is reached."""
        return self.measured <= self.limit


def judge(results: Results) -> list[Bound]:
    """Hold every figure against its bound."""
    return [
        *_floors(results),
        *_models(results),
        *_rules(results),
        *_work(results),
    ]


def _floors(results: Results) -> list[Bound]:
    bounds = []
    for repository, floor in results.floors.items():
        steady, fast = of(results.steady, repository), of(results.fast, repository)
        limit = SECONDS_BOUNDS.get(repository)
        if limit is not None and steady:
            ratios = [run.seconds / floor.seconds for run in steady]
            note = f"mean of {len(ratios)} runs, worst {max(ratios):.2f}"
            bounds.append(Bound(f"GitHub seconds ÷ floor, {repository}", fmean(ratios), limit, note))
        if fast:
            ratios = [run.points / floor.points for run in fast]
            note = f"fast server, mean of {len(ratios)} runs, worst {max(ratios):.2f}"
            bounds.append(Bound(f"points ÷ floor, {repository}", fmean(ratios), POINTS_BOUND, note))
    return bounds


def _models(results: Results) -> list[Bound]:
    worst = [model for model in results.models if model.repository == MODEL_REPOSITORY]
    bounds = []
    for model in worst:
        what = f"GitHub seconds ÷ best fixed size, {model.server}"
        note = f"{mean_seconds(model.plan):,.0f} s, {len(model.plan)} runs, {model.repository}"
        bounds.append(Bound(what, model.ratio, MODEL_BOUND, note))
    return bounds


def _rules(results: Results) -> list[Bound]:
    steady = [*results.steady, *(run for run in results.ways if run.task.way == PLAN)]
    warm = sum(run.warm_calls for run in steady)
    timeouts = sum(run.warm_timeouts for run in steady)
    wrong = sum(run.digest != results.truths[run.task.repository] for run in results.ways)
    inexact = sum(not run.is_exact for run in results.ours)
    return [
        Bound(
            "share of calls that time out, warmed up",
            timeouts / max(1, warm),
            TIMEOUTS_BOUND,
            f"{timeouts} of {warm:,} calls",
        ),
        Bound("answers that differ from the truth", wrong, 0, f"{len(results.ways)} answers, every way"),
        Bound("answers of ours that are not exact", inexact, 0, f"{len(results.ours)} answers"),
        Bound(
            "rules of GitHub's that we broke",
            sum(run.violations for run in results.ours),
            0,
            "points, waits, nodes, aliases, calls in flight",
        ),
        Bound(
            "connection requests in one call",
            max(run.largest_requests for run in results.ours),
            REQUESTS_BOUND,
            "the largest",
        ),
    ]


def _work(results: Results) -> list[Bound]:
    """The quietest run counts: other processes make a client slower, never faster."""
    bounds = []
    for repository in dict.fromkeys(work.repository for work in results.work):
        works = [work for work in results.work if work.repository == repository]
        used = [work.microseconds for work in works]
        note = f"quietest of {len(used)} runs, worst {max(used):.1f}"
        bounds.append(Bound(f"client µs a star, {repository}", min(used), WORK_BOUND, note))
        quiet = min((work.pauses for work in works), key=lambda pauses: pauses.longest_ms)
        note = f"the longest; p99 {quiet.p99_ms:.0f}; quietest of {len(works)} runs"
        what = f"ms from a reply to the next call, {repository}"
        bounds.append(Bound(what, quiet.longest_ms, PAUSE_BOUND_MS, note))
    return bounds


def of(runs: Sequence[Played], repository: str) -> list[Played]:
    """Pick the runs on one repository."""
    return [run for run in runs if run.task.repository == repository]
