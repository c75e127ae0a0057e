"""Write what was measured of estimates as a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np
from tests.bench.estimate_rules import DECEIVED, Limit, Stopped
from tests.bench.estimate_trials import MODES, PLANTED, REAL, SYNTHETIC, Held, Key, Size, over_modes
from tests.bench.estimate_world import SHARES

LEAST_CELL = 0.93
POOLED = (0.94, 0.98)
NOISE = 0.1
"""An estimate is called biased when it is off by more than this part of half its interval."""


class Largest(msgspec.Struct, frozen=True):
    """The first intervals of a large repository."""

    stargazers: int
    github_seconds: float
    sample: int


class Tenth(msgspec.Struct, frozen=True):
    """What a tenth of the exact price finds: runs, and what it would find if only star lists had a price."""

    runs: list[tuple[float, ...]]
    free_users: int
    free_recall: float


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured."""

    sums: dict[Key, Held]
    rules: dict[tuple[str, float], list[Stopped]]
    limits: dict[tuple[str, float], Limit]
    deceived: dict[tuple[int, int, int], float]
    recalls: dict[str, Tenth]
    largest: Largest
    milliseconds: float
    planted_users: int
    planted_runs: int
    real_users: int


HEAD = """\
# How good estimates are

Written by `make bench-estimate` on {date} ({minutes:.0f} min); measured against brute force: the truth is
counted from everybody's lists. What an estimate is, in plain words: [estimates](../explanation/estimates.md).
"""

CELLS = """
## How often the 95 % intervals hold

{runs:,} seeded runs of the planner for each sample, of a repository with {users} stargazers whose lists have
a heavy tail: the long ones hold more of everything, and take longest. A quarter of the runs is carried out
as asked, in a quarter 1 % of the users fail and 1 % are gone, a quarter is interrupted after 30 to 90 % of
its time, and a quarter is both. What ends with its budget, 30 to 90 % of the price of all, is not interrupted
besides. Five neighbours for each share, whether they were seen or not.

"""

BIAS = """
## How far estimates are off, on average

The mean of estimate less truth, as a part of half the interval, and the same for the naive way: to scale up
the lists that were finished when the run ended, whoever they are of. Up to {noise:.0%} counts as noise.

"""

SHOWN = """
## The rows that are shown

Who looks at the top sees those whose counts came out high. Intervals of the first 20 and the first 100, as
often as they hold: for the repository above, for {real} of the real stars of 2009 ({users:,} stargazers), and
for a synthetic one with 145,000 neighbours to choose from; by `shared`, and by `relevance` as in tables.

"""

RULES = """
## `--until top=20`

Right: nobody left out shares more than the tie over anybody in it. Price: the part of the GitHub seconds of
an exact answer, the list of stargazers included. Recall: which part of the true first 20 was among them.
Floor: what the smallest sample costs that is right in 95 of 100 draws, though nobody proves it. Wanted: right
in 95 of 100 runs, and a quarter of the price. Where star lists are as short as those of 2009 the list of
stargazers alone is a tenth of the price, and the floor is above the quarter.

"""

DECEIVING = """
Worlds made to deceive the rule: of {users:,} stargazers so many share each of the first 20, and just so many
fewer each of many others that it is no tie. One sees why the rule does not stop earlier.

"""

RECALLS = """
## The first 20 for a tenth of the price

`--sample max` with a tenth of the GitHub seconds of the exact answer. Wanted: a recall of 0.9 where there are
5,000 stargazers. Around rank 20 of the synthetic repository neighbours lie 1 % apart, which no sample of
that price can tell: the last column is what a tenth of the stargazers would find, if the list and the calls
cost nothing. Where star lists are as short as those of 2009, a tenth of the price pays for the list of
stargazers alone, and leaves no sample.

"""


def write(results: Results, *, measured_at: datetime, minutes: float) -> str:
    """Write the page."""
    cells = over_modes(results.sums)
    parts = [
        HEAD.format(date=measured_at.date(), minutes=minutes),
        CELLS.format(runs=results.planted_runs, users=results.planted_users),
        _cells(cells),
        _verdict(cells, results.sums),
        BIAS.format(noise=NOISE),
        _bias(results.sums),
        SHOWN.format(real=REAL, users=results.real_users),
        _shown(cells),
        RULES,
        _rules(results.rules, results.limits),
        _deceived(results.deceived),
        RECALLS if results.recalls else "",
        _recalls(results.recalls) if results.recalls else "",
        _rest(results),
    ]
    return "".join(parts)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table: the first column is text, the others are figures."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _samples(cells: dict[tuple[str, Size, str], Held], name: str) -> list[Size]:
    found = {sample for ground, sample, _ in cells if ground == name}
    return sorted(found, key=lambda one: one if isinstance(one, int) else 1 << 30 + (one is None))


def _called(sample: Size) -> str:
    if isinstance(sample, int):
        return f"{sample:,} users"
    return "all users" if sample is None else "what a budget pays for"


def _cells(cells: dict[tuple[str, Size, str], Held]) -> str:
    rows = [
        [_called(sample)] + [f"{cells[PLANTED, sample, f'{share:.0%}'].coverage:.1%}" for share in SHARES]
        for sample in _samples(cells, PLANTED)
    ]
    return table(["sample", *(f"shared by {share:.0%}" for share in SHARES)], rows)


def _verdict(cells: dict[tuple[str, Size, str], Held], sums: dict[Key, Held]) -> str:
    named = {f"{share:.0%}" for share in SHARES}
    planted = [held for (_, _, what), held in cells.items() if what in named]
    pooled, least = Held(), min(held.coverage for held in planted)
    for held in planted:
        pooled.join(held)
    parts = []
    for mode in MODES:
        part = Held()
        for (_, sample, its_mode, what), held in sums.items():
            if its_mode == mode and what in named and sample is not None:
                part.join(held)
        parts.append(f"{mode} {part.coverage:.1%}")
    return (
        f"\nThe least of a cell: {least:.1%} (wanted: at least {LEAST_CELL:.0%}). All together: "
        f"{pooled.coverage:.1%} of {pooled.rows:,}\nintervals (wanted: {POOLED[0]:.0%} to {POOLED[1]:.0%}).\n"
        f"Samples that are not all, by kind of run: {', '.join(parts)}.\nWhere lists are missing, "
        "intervals are wider than they need be: each list may hold a neighbour or not, and\nboth are allowed "
        "for.\n"
    )


def _bias(sums: dict[Key, Held]) -> str:
    rows = []
    for mode in MODES:
        for share in SHARES:
            ours, naive = [], []
            for (name, sample, its_mode, what), held in sums.items():
                if (name, its_mode, what) == (PLANTED, mode, f"{share:.0%}") and sample and held.half:
                    ours.append(held.off / held.half)
                    naive.append(held.naive / held.half)
            if ours:
                cells = [f"{_worst(ours):+.1%}", f"{_worst(naive):+.1%}"]
                rows.append([f"{mode}, shared by {share:.0%}", *cells])
    return table(["runs", "estimate, the worst sample", "the naive way, the worst sample"], rows)


def _worst(values: Sequence[float]) -> float:
    return max(values, key=abs)


def _shown(cells: dict[tuple[str, Size, str], Held]) -> str:
    groups = ("top 20", "top 100", "top 20 by relevance", "top 100 by relevance")
    rows = [
        [f"{'the repository above' if name == PLANTED else name}, {_called(sample)}"]
        + [
            f"{cells[name, sample, what].coverage:.1%}" if (name, sample, what) in cells else ""
            for what in groups
        ]
        for name in (PLANTED, REAL, SYNTHETIC)
        for sample in _samples(cells, name)
    ]
    return table(["sample", *(what.replace("top", "first") for what in groups)], rows)


def _rules(rules: dict[tuple[str, float], list[Stopped]], limits: dict[tuple[str, float], Limit]) -> str:
    rows = [
        [
            f"{name}, tie {tie:.0%}",
            f"{len(runs)}",
            f"{np.mean([one.is_right for one in runs]):.1%}",
            f"{np.median([one.part for one in runs]):.0%}",
            f"{np.mean([one.recall for one in runs]):.2f}",
            f"{limits[name, tie].part:.0%}",
        ]
        for (name, tie), runs in rules.items()
        if runs
    ]
    return table(["repository", "runs", "right", "price, median", "recall, mean", "floor"], rows)


def _deceived(wrong: dict[tuple[int, int, int], float]) -> str:
    rows = [
        [f"{others} by each of {many:,} others", f"{first:,}", f"{1 - share:.1%}"]
        for (first, others, many), share in wrong.items()
    ]
    head = ["shared", "shared by each of the first", "right"]
    return DECEIVING.format(users=DECEIVED) + table(head, rows)


def _recalls(recalls: dict[str, Tenth]) -> str:
    rows = []
    for name, tenth in recalls.items():
        means = np.mean(tenth.runs, axis=0)
        cells = [f"{means[0]:.2f}", f"{means[1]:.2f}", f"{means[2]:.1%}", f"{means[3]:,.0f}"]
        free = f"{tenth.free_recall:.2f} ({tenth.free_users} users)"
        rows.append([name, f"{len(tenth.runs)}", *cells, free])
    head = ["repository", "runs", "recall", "recall, 5 % is a tie", "price, mean", "users, mean", "possible"]
    return table(head, rows)


def _rest(results: Results) -> str:
    large = results.largest
    return (
        "\n## Large repositories\n\n"
        f"With {large.stargazers:,} stargazers the first intervals, from {large.sample} users, are there\n"
        f"after {large.github_seconds:,.0f} GitHub seconds, most of them for the list of stargazers.\n\n"
        f"The intervals of 100,000 neighbours are computed in {results.milliseconds:.0f} ms.\n"
    )
