"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import rich_click as click

from stargazer.errors import InvalidRequest
from stargazer.neighbours.filter import Filter
from stargazer.neighbours.rank import SCORES, Score
from stargazer.neighbours.stop import Until

F = TypeVar("F", bound=Callable[..., Any])

TABLE_ROWS = 20
"""How many rows a table has unless told otherwise."""

TABLE_SORT: Score = "relevance"
"""What a table is ordered by unless told otherwise."""

SPEED = 20.0
"""How much faster than GitHub the sandbox runs unless told otherwise."""

_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Span(click.ParamType[float]):
    """A span of time in seconds, written 90, 90s, 5m, 2h or 7d."""

    name = "span"

    def __init__(self, *, positive: bool = False) -> None:
        self._positive = positive

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a span."""
        read = _SPAN.fullmatch(str(value).strip())
        if read is None:
            self.fail(f"{value!r} is no span of time, such as 90s, 5m, 2h or 7d", param, ctx)
        seconds = float(read[1]) * _UNIT_SECONDS[read[2]]
        if self._positive and not seconds:
            self.fail(f"{value!r} is no time at all", param, ctx)
        return seconds


def repository_argument(*, required: bool = True) -> Callable[[F], F]:
    """Add the argument OWNER/NAME."""
    return click.argument("repository", metavar="OWNER/NAME", required=required)


def format_option(*forms: str) -> Callable[[F], F]:
    """Add `--format`; the first form is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="How to print the result.",
    )


def stargazers_option(function: F) -> F:
    """Add `--stargazers`."""
    return click.option(
        "--stargazers",
        "file",
        metavar="FILE",
        help="Who the stargazers are, in place of GitHub's list: CSV or NDJSON with `login` or `id`, or one "
        "login a line; `-` is standard input. The answer is then never called exact.",
    )(function)


LONGEST_AGE = timedelta(days=36_500)
"""Older than this is nothing."""


def age_option(function: F) -> F:
    """Add `--max-age`."""
    return click.option(
        "--max-age",
        type=Span(),
        default="7d",
        show_default=True,
        callback=lambda _context, _option, seconds: timedelta(
            seconds=min(seconds, LONGEST_AGE.total_seconds())
        ),
        help="Use what is stored and not older; 0 asks GitHub for all of it again.",
    )(function)


def max_age_option(function: F) -> F:
    """Add `--max-age`, and `--no-store` as *is_stored*."""
    no_store = click.option(
        "--no-store",
        "is_stored",
        flag_value=False,
        is_flag=True,
        default=True,
        help="Read everything from GitHub, and keep nothing.",
    )
    return age_option(no_store(function))


def budget_options(function: F) -> F:
    """Add `--budget`, and `--time` as *seconds*."""
    points = click.option(
        "--budget",
        type=click.IntRange(min=1),
        metavar="POINTS",
        help="Spend so many of GitHub's points at most, or fail with the price.",
    )
    time = click.option(
        "--time",
        "seconds",
        type=Span(positive=True),
        help="Spend so much of GitHub's time at most: 90s, 5m, 2h, 7d.",
    )
    return points(time(function))


def choice_options(function: F) -> F:
    """Add `--sort`, `--top` and `--min-shared`."""
    sort = click.option(
        "--sort",
        type=click.Choice(SCORES),
        help=f"Which come first.  [default: {TABLE_SORT} in a table, else shared]",
    )
    top = click.option(
        "--top",
        type=click.IntRange(min=0),
        metavar="N",
        help=f"Print so many; 0: all.  [default: {TABLE_ROWS} in a table, else 0]",
    )
    min_shared = click.option(
        "--min-shared",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        metavar="N",
        help="Print those that share so many stargazers.",
    )
    return sort(top(min_shared(function)))


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose neighbours; they become one argument *only*."""

    @functools.wraps(function)
    def collected(
        *,
        owner: str | None,
        min_stars: int | None,
        max_stars: int | None,
        language: str | None,
        archived: bool | None,
        forks: bool | None,
        **others: Any,
    ) -> Any:
        if max_stars is not None and max_stars < (min_stars or 0):
            raise click.UsageError("--max-stars is less than --min-stars: nothing can pass")
        only = Filter(
            owner=owner,
            min_stars=min_stars,
            max_stars=max_stars,
            language=language,
            archived=archived,
            forks=forks,
        )
        return function(only=only, **others)

    stars = click.IntRange(min=0)
    for option in (
        click.option(
            "--forks/--no-forks", default=None, help="Print those that are forks, or those that are not."
        ),
        click.option(
            "--archived/--no-archived",
            default=None,
            help="Print those that are archived, or those that are not.",
        ),
        click.option(
            "--language",
            metavar="NAME",
            help="Print those written mostly in this language. This, --archived and --forks find among the "
            "first 1,000 by shared and by relevance; GitHub is asked what these are about, for a point a "
            "hundred at most, once a month.",
        ),
        click.option("--max-stars", type=stars, metavar="N", help="Print those with so many stars at most."),
        click.option("--min-stars", type=stars, metavar="N", help="Print those with so many stars at least."),
        click.option("--owner", metavar="LOGIN", help="Print those that belong to LOGIN."),
    ):
        collected = option(collected)
    return collected


def sandbox_options(function: F) -> F:
    """Add `--sandbox` and `--speed`, which become one argument *speed*: None without the sandbox."""
    speed = click.option(
        "--speed",
        type=click.FloatRange(1, 1_000),
        metavar="N",
        callback=_pace,
        help=f"With --sandbox: run N times faster than GitHub.  [default: {SPEED:g}]",
    )
    sandbox = click.option(
        "--sandbox",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_choose_sandbox,
        help="Ask a simulated GitHub with real data of 2009, started for this command: no token, no network.",
    )
    return sandbox(speed(function))


def _choose_sandbox(context: click.Context, _: click.Parameter, chosen: bool) -> bool:
    context.meta["sandbox"] = chosen
    return chosen


def _pace(context: click.Context, _: click.Parameter, speed: float | None) -> float | None:
    chosen = context.meta.get("sandbox", False)
    if speed is not None and not chosen:
        raise click.UsageError("--speed goes with --sandbox", context)
    return (speed or SPEED) if chosen else None


class SampleUsers(click.ParamType["int | str"]):
    """How many users are read: a number, or `max`."""

    name = "sample"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Read a size."""
        written = str(value).strip()
        if written == "max":
            return written
        if not written.isdecimal() or int(written) < 1:
            self.fail(f"{value!r} is no number of users and not max", param, ctx)
        return int(written)


class Rule(click.ParamType[Until]):
    """When a sample is large enough."""

    name = "rule"

    def convert(self, value: Until | str, param: click.Parameter | None, ctx: click.Context | None) -> Until:
        """Read a rule."""
        if isinstance(value, Until):
            return value
        try:
            return Until.read(value)
        except InvalidRequest as error:
            self.fail(error.message, param, ctx)


def sample_options(function: F) -> F:
    """Add `--sample`, `--until` and `--seed`."""
    sample = click.option(
        "--sample",
        type=SampleUsers(),
        metavar="USERS",
        help="Estimate from so many stargazers, chosen at random; max: as many as --budget or --time pays "
        "for. Every count has its interval then. A larger one, or all, goes on from what was read.",
    )
    until = click.option(
        "--until",
        type=Rule(),
        metavar="RULE",
        help="Estimate, and stop when it is good enough: width=0.1 (the first 20 by shared are known to "
        "10 %), or top=20 (nobody left out belongs among the first 20 by shared).",
    )
    seed = click.option(
        "--seed", type=int, metavar="N", help="Choose other stargazers for each number.  [default: 0]"
    )
    return sample(until(seed(function)))
