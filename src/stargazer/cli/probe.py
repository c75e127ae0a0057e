"""Measure the real GitHub with about ten points, for a report that can be shown to everybody."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from stargazer.cli.checks import Check, State
from stargazer.cli.root import VERSION
from stargazer.cli.session import Session
from stargazer.errors import QueryRefused
from stargazer.github import decode
from stargazer.github.compose import compose
from stargazer.github.envelope import clean
from stargazer.github.transport import Answer
from stargazer.planner.cost import points_of
from stargazer.planner.page import Call, Direction, Failure, Reply, StarListPage, StarListRequest
from stargazer.settings import GITHUB_URL

DRY_RUNS = (20, 50, 100, 149)
"""Aliases whose cost GitHub is asked for; a dry run costs nothing."""

SIZES = (1, 5, 20, 50, 100, 149)
"""Star lists in a call, each a point; the first that fails is the last."""

HEADERS = ("server", "content-encoding", "retry-after", "x-oauth-scopes", "x-accepted-oauth-scopes")
"""Headers that are reported beside those of the rate limit: none of them names anybody."""


class DryRun(msgspec.Struct, frozen=True):
    """What GitHub says a call would cost."""

    aliases: int
    points: int | None
    points_by_formula: int
    seconds: float
    outcome: str


class Timing(msgspec.Struct, frozen=True):
    """How a call of so many star lists went."""

    star_lists: int
    points: int | None
    nodes: int
    seconds: float
    outcome: str


class Probe(msgspec.Struct, frozen=True):
    """What was measured. It holds no token, no login and no host of one's own."""

    at: datetime
    stargazer: str
    python: str
    endpoint: str
    users: int
    checks: list[tuple[str, State]]
    dry_runs: list[DryRun]
    timings: list[Timing]
    headers: dict[str, str]

    def lines(self) -> Iterator[str]:
        """Write the report as Markdown."""
        where = f"{self.endpoint}, {self.at:%Y-%m-%d %H:%M} UTC"
        yield f"stargazer {self.stargazer}, Python {self.python}, {where}"
        yield "checks: " + ", ".join(f"{name} {state.value}" for name, state in self.checks)
        yield ""
        yield "| aliases | points, dry run | points, formula | seconds | outcome |"
        yield "|--:|--:|--:|--:|---|"
        for run in self.dry_runs:
            points = _or_unknown(run.points)
            yield _row(run.aliases, points, run.points_by_formula, f"{run.seconds:.2f}", run.outcome)
        yield ""
        yield f"| star lists of {self.users} users | points | nodes | seconds | seconds a list | outcome |"
        yield "|--:|--:|--:|--:|--:|---|"
        for timing in self.timings:
            seconds, each = f"{timing.seconds:.2f}", f"{timing.seconds / timing.star_lists:.3f}"
            points = _or_unknown(timing.points)
            yield _row(timing.star_lists, points, timing.nodes, seconds, each, timing.outcome)
        yield ""
        yield from (f"    {name}: {value}" for name, value in self.headers.items())


async def probe(session: Session, users: list[str], checks: list[Check]) -> Probe:
    """Measure: costs by dry run, then calls that grow until one fails.

    Args:
        session: whom to ask.
        users: node ids whose star lists are read; where a call needs more, they repeat.
        checks: what was found before.
    """
    headers: dict[str, str] = {}
    dry_runs = [await _dry_run(session, users, aliases, headers) for aliases in DRY_RUNS]
    timings: list[Timing] = []
    for size in SIZES:
        timings.append(await _time(session, users, size, headers))
        if timings[-1].outcome != "answered":
            break
    official = session.github.url == GITHUB_URL
    return Probe(
        at=datetime.now(UTC),
        stargazer=VERSION,
        python=platform.python_version(),
        endpoint=urlsplit(GITHUB_URL).netloc if official else "another endpoint",
        users=len(set(users)),
        checks=[(check.name, check.state) for check in checks],
        dry_runs=dry_runs,
        timings=timings,
        headers=dict(sorted(headers.items())),
    )


def _call(users: list[str], size: int) -> Call:
    ids = itertools.islice(itertools.cycle(users), size)
    selections = tuple(StarListRequest(one, 100, None, Direction.DESC, 0) for one in ids)
    return Call(1, selections, points_of(size), size, 100 * size, 4.0)


async def _dry_run(session: Session, users: list[str], aliases: int, headers: dict[str, str]) -> DryRun:
    call = _call(users, aliases)
    composed = compose(call)
    document = composed.document.replace("rateLimit{", "rateLimit(dryRun:true){")
    answer = await session.github.ask(document, composed.variables, operation_name=composed.operation_name)
    headers |= _shown_headers(answer.headers)
    reply, outcome = _decode(call, answer)
    points = reply.reading.cost if reply and reply.reading else None
    # A dry run answers the rate limit alone, so nothing else came back, and should not.
    dry_outcome = "answered" if points is not None else outcome
    return DryRun(aliases, points, call.points, round(answer.seconds, 3), dry_outcome)


async def _time(session: Session, users: list[str], size: int, headers: dict[str, str]) -> Timing:
    call = _call(users, size)
    composed = compose(call)
    answer = await session.github.ask(
        composed.document, composed.variables, operation_name=composed.operation_name
    )
    headers |= _shown_headers(answer.headers)
    reply, outcome = _decode(call, answer)
    pages = [page for page in reply.outcomes if isinstance(page, StarListPage)] if reply else []
    points = reply.reading.cost if reply and reply.reading else None
    nodes = sum(len(page.stars) for page in pages)
    return Timing(size, points, nodes, round(answer.seconds, 3), outcome)


def _decode(call: Call, answer: Answer) -> tuple[Reply | None, str]:
    """Decode an answer, and say in words how it went."""
    if answer.broken is not None:
        return None, answer.broken.message
    try:
        reply = decode.decode(call, answer.status, answer.headers, answer.body, answer.seconds)
    except QueryRefused as refused:
        return None, refused.message
    if reply.failure is not None:
        return reply, f"{reply.failure.kind.value}: {reply.failure.message}"
    failures = [one for one in reply.outcomes if isinstance(one, Failure)]
    if failures:
        return reply, f"{len(failures)} aliases failed: {failures[0].kind.value}: {failures[0].message}"
    return reply, "answered"


def _shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    named = {name.lower(): clean(value) for name, value in headers.items()}
    return {
        name: value for name, value in named.items() if name in HEADERS or name.startswith("x-ratelimit-")
    }


def _row(*cells: object) -> str:
    """Write a row of a Markdown table; a bar in a message would end its cell."""
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"


def _or_unknown(points: int | None) -> str:
    return "?" if points is None else str(points)
