"""`stargazer list`: the stargazers alone."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence

import msgspec
import rich_click as click

from stargazer.cli.options import format_option, repository_argument, sandbox_options
from stargazer.cli.output import is_quiet, standard_output
from stargazer.cli.problems import PARTIAL, say
from stargazer.cli.progress import watched
from stargazer.cli.render import ArrayWriter
from stargazer.cli.session import connect
from stargazer.cli.signals import stop_on_signal
from stargazer.cli.summary import describe_cost
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.cli.words import count
from stargazer.errors import StargazerError
from stargazer.planner.page import Page, Stargazer, StargazersPage, User
from stargazer.planner.plan import Plan
from stargazer.runner import Run
from stargazer.sources.file import write_stargazers

EXAMPLES = """
Examples:
  stargazer list pallets/flask > flask.ndjson
  stargazer neighbours pallets/flask --stargazers flask.ndjson
"""


class Listed(msgspec.Struct, frozen=True):
    """Who was listed, oldest star first, and what ended it early."""

    stargazers: list[Stargazer]
    whole: bool
    summary: str
    error: StargazerError | None = None
    interrupted: int | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        if self.interrupted is not None:
            return self.interrupted
        if self.error is not None:
            return self.error.exit_code
        return 0 if self.whole else PARTIAL


@click.command("list", cls=VerbatimCommand, epilog=EXAMPLES)
@repository_argument()
@format_option("ndjson", "json")
@sandbox_options
def command(repository: str, form: str, speed: float | None) -> int:
    """List the stargazers of OWNER/NAME, as NDJSON.

    Run it once where the powerful token is: GitHub lists the stargazers of a repository only to its
    admins and collaborators. The neighbours can then be found from the file with any token. Each line
    has `login`, `id`, `database_id` and `starred_at`, the oldest star first.
    """
    listed = asyncio.run(_list(Plan.stargazers(repository), speed))
    with standard_output() as file:
        if form == "json":
            lines = io.BytesIO()
            write_stargazers(listed.stargazers, lines)
            array = ArrayWriter(file)
            array.write_items(map(msgspec.Raw, lines.getvalue().splitlines()))
            array.close()
        else:
            write_stargazers(listed.stargazers, file)
    if not is_quiet() or not listed.whole:
        say(listed.summary)
    if listed.error is not None:
        say(listed.error.message)
    return listed.exit_code


async def _list(plan: Plan, speed: float | None) -> Listed:
    """Read the list.

    Raises:
        StargazerError: it could not even be begun.
    """
    seen: dict[str, Stargazer] = {}
    async with connect(speed) as session:
        with watched(session.clock, speed, star_lists=False) as on_progress:
            run = Run(
                plan,
                session.github,
                session.clock,
                on_pages=lambda accepted: _keep(seen, accepted),
                on_progress=on_progress,
            )
            with stop_on_signal(run.stop) as caught:
                finish = await run.finish()
    if finish.error is not None and not seen:
        raise finish.error
    coverage = plan.coverage
    whole = coverage.list_whole and finish.error is None
    total = count(len(seen), "stargazer")
    said = f"all {total}" if whole else f"only {total} of {coverage.stargazers_total:,}"
    return Listed(
        stargazers=sorted(seen.values(), key=lambda one: (one.starred_at, one.user.id)),
        whole=whole,
        summary=f"{said} of {plan.repository}; {describe_cost(plan.spent)}",
        error=finish.error,
        interrupted=caught.exit_code,
    )


def _keep(seen: dict[str, Stargazer], accepted: Sequence[Page | User]) -> None:
    """Keep everybody once: who came back while we read counts from their later star."""
    for page in accepted:
        if isinstance(page, StargazersPage):
            for one in page.stargazers:
                known = seen.get(one.user.id)
                if known is None or known.starred_at < one.starred_at:
                    seen[one.user.id] = one
