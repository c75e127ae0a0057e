"""An answer in words: what it may be called, and what it cost."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from stargazer.cli.words import count, span
from stargazer.neighbours.rank import Score
from stargazer.planner.budget import Spent
from stargazer.planner.coverage import Coverage, Kind
from stargazer.store.among import StoreCoverage

CALL_OVERHEAD_SECONDS = 0.25
"""What each further call costs in GitHub's time, at least: the price of reading a page at a time.

Source: times others measured: a trivial call takes 0.3 s (read 2026-11-24).
"""

NOTHING_SPENT = Spent()


class Answer(Protocol):
    """What is said of an answer."""

    @property
    def repository(self) -> str:
        """Whose neighbours they are."""
        ...

    @property
    def coverage(self) -> Coverage:
        """How it was come by."""
        ...

    @property
    def kind(self) -> Kind:
        """What it may be called."""
        ...

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was done."""
        ...

    @property
    def seconds(self) -> float:
        """How long it took, by the clock that it went by."""
        ...


def describe_kind(answer: Answer) -> str:
    """Say what the answer may be called, and of whom it tells.

    Example: "exact: all 2,768 stargazers were read, 3 of them are gone".
    """
    coverage = answer.coverage
    if isinstance(coverage, StoreCoverage):
        return _describe_among(answer.repository, coverage)
    if not coverage.stargazers_listed and answer.complete:
        return f"exact: {answer.repository} has no stargazers, so it has no neighbours"
    if answer.kind is Kind.ESTIMATE:
        return ", ".join([_describe_sample(coverage), *_shortfalls(coverage), *_asides(coverage)])
    if answer.complete:
        whose = "all " if coverage.stargazers_listed > 1 else ""
        total = count(coverage.stargazers_listed, "stargazer")
        return ", ".join(
            [f"exact: {whose}{total} {_were(coverage.stargazers_listed)} read", *_asides(coverage)]
        )
    read = f"{coverage.users_read:,} of {count(coverage.stargazers_listed, 'stargazer')} were read"
    return ", ".join([f"{answer.kind}: {read}", *_shortfalls(coverage), *_asides(coverage)])


def _describe_sample(coverage: Coverage) -> str:
    """Say how large the sample is."""
    drawn = f"{coverage.sample:,} of {count(coverage.stargazers_listed, 'stargazer')}"
    return f"estimate: from {drawn}, chosen at random; 95 of 100 intervals hold the truth"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _shortfalls(coverage: Coverage) -> list[str]:
    """Say what is missing."""
    parts = [
        (0 if coverage.kind is Kind.ESTIMATE else coverage.users_unread, "not read"),
        (coverage.users_failed, "could not be read"),
        (coverage.users_truncated, "cut short"),
    ]
    missing = [f"{number:,} {what}" for number, what in parts if number]
    if coverage.source == "file":
        return [*missing, "the list came from a file"]
    if not coverage.list_whole:
        missing.append(f"GitHub's list of {coverage.stargazers_total:,} was not read to its end")
    elif not missing and coverage.stargazers_total != coverage.stargazers_listed:
        missing.append(f"GitHub counts {coverage.stargazers_total:,}")
    return missing


def _asides(coverage: Coverage) -> list[str]:
    """Say what an answer may lack and still be exact, and what was known before."""
    parts = [
        (coverage.users_from_store, "known from the store"),
        (coverage.users_gone, "gone from GitHub"),
        (coverage.users_without_seed, "no longer showing their star"),
        (coverage.stargazers_hidden, "counted by GitHub and not listed"),
    ]
    return [f"{number:,} {what}" for number, what in parts if number]


def _describe_among(repository: str, coverage: StoreCoverage) -> str:
    """Say among whom they were counted: they are not the repository's own neighbours."""
    people = count(coverage.lists, "star list")
    if not coverage.lists:
        return "partial: no star lists of people on your stored lists are here; read a repository first"
    return (
        f"partial: among the {people} of people on your stored lists, {coverage.stargazers_listed:,} "
        f"hold {repository}; these are what they starred too, not its own neighbours"
    )


def describe_order(sort: Score, kind: Kind) -> str:
    """Say in which order neighbours stand, and how to get the other.

    Example:
        >>> describe_order("shared", Kind.EXACT)
        'by shared, the most first; --sort relevance puts those first whose own stargazers starred it too'
    """
    if sort == "shared":
        return (
            "by shared, the most first; --sort relevance puts those first whose own stargazers starred it too"
        )
    how = "what was seen seldom held down" if kind is Kind.ESTIMATE else "the closest first"
    return f"by {sort}, {how}; --sort shared puts those first that share most"


def describe_cost(spent: Spent) -> str:
    """Say what was spent, beside what it would have been a page at a time.

    A page at a time, each page is a call of its own: a point, and the time that
    every call takes whatever is in it.
    """
    cost = (
        f"{count(spent.points, 'point')} and {span(spent.github_seconds)} of GitHub's time "
        f"in {count(spent.calls, 'call')}"
    )
    if spent.pages <= spent.calls:
        return cost
    alone = spent.github_seconds + CALL_OVERHEAD_SECONDS * (spent.pages - spent.calls)
    return f"{cost}; a page at a time it would be {count(spent.pages, 'point')} and about {span(alone)}"


def describe_age(made_at: datetime, now: datetime, spent: Spent = NOTHING_SPENT) -> str:
    """Say that an answer is a stored one, how old it is, and how to get another.

    What was *spent* all the same is what asking about its neighbours has cost.
    """
    age = max((now - made_at).total_seconds(), 0.0)
    asked = "without asking GitHub"
    if spent.calls:
        asked = f"and GitHub was asked what its neighbours are about, for {count(spent.points, 'point')}"
    return f"from the store, made {span(age)} ago, {asked}; --max-age 0 asks again"


def describe_pace(answer: Answer, speed: float | None) -> str:
    """Say how long it took, and that a sandbox is one."""
    if speed is None:
        return f"took {span(answer.seconds)}"
    pace = "at GitHub's pace" if speed == 1 else f"{speed:g} times faster than GitHub"
    return f"took {span(answer.seconds / speed)}, simulated {pace}; the stars are of 2009, the logins made up"
