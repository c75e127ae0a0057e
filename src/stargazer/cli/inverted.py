"""An answer from the stored star lists alone: what those who starred a repository starred too."""

from __future__ import annotations

import rich_click as click

from stargazer.cli.about import About
from stargazer.cli.answer import Shown, no_chance, no_rows, stored_chance, stored_rows
from stargazer.cli.answering import Answered, Asked, user_of
from stargazer.cli.session import Session
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.name import parse_name
from stargazer.service import Service
from stargazer.store.database import Database


def check_inverted(asked: Asked, *, is_stored: bool) -> None:
    """Refuse what asks for a reading.

    Raises:
        click.UsageError: an option does not go with `--from store`.
    """
    limited = asked.budget != Budget(concurrency=asked.budget.concurrency)
    given = asked.given.logins is not None or bool(asked.given.users)
    if (
        asked.sampling is not None
        or limited
        or given
        or asked.max_stars_per_user is not None
        or not is_stored
    ):
        raise click.UsageError(
            "--from store reads nothing: it goes without --sample, --until, --budget, --time, --stargazers, "
            "--max-stars-per-user and --no-store"
        )


async def among(session: Session, database: Database, asked: Asked, *, is_named: bool) -> Answered:
    """Ask the stored lists; GitHub is asked once, whose a new token is.

    Raises:
        StoreUnavailable: the store cannot be used.
    """
    begun_at = session.clock.now()
    service = Service(database, session.clock)
    user = await user_of(session, service)
    name = "/".join(parse_name(asked.repository))
    found = await service.among.answer(name, [user], is_named=is_named)
    shown = Shown(
        repository=found.repository,
        coverage=found.coverage,
        spent=Spent(),
        seconds=(session.clock.now() - begun_at).total_seconds(),
        neighbours=0 if found.answer is None else found.answer.neighbours,
        rows=no_rows if found.answer is None else stored_rows(service.pages, found.answer),
        chance=no_chance if found.answer is None else stored_chance(service.pages, found.answer),
    )
    about = None if found.answer is None else About(session, service, found.answer)
    return Answered(shown, about=about)
