"""An answer from the stored star lists alone: what those who starred a repository starred too."""

from __future__ import annotations

import numpy as np
import rich_click as click

from stargazer.cli.answer import Choice, Rows, Shown
from stargazer.cli.answering import Asked, user_of
from stargazer.cli.session import Session
from stargazer.neighbours.rank import FORMULAS
from stargazer.neighbours.why import chance
from stargazer.planner.budget import Budget, Spent
from stargazer.planner.name import parse_name
from stargazer.service import Service
from stargazer.store.among import AmongLists
from stargazer.store.answers_slices import StoredNeighbour
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


async def among(session: Session, database: Database, asked: Asked) -> Shown:
    """Ask the stored lists; GitHub is asked once, whose a new token is.

    Raises:
        StoreUnavailable: the store cannot be used.
    """
    begun_at = session.clock.now()
    user = await user_of(session, Service(database, session.clock))
    found = await AmongLists(database).neighbours("/".join(parse_name(asked.repository)), user)

    async def rows(choice: Choice) -> Rows:
        yield _chosen(found.neighbours, found.coverage.stargazers_listed, choice)

    async def by_chance() -> float:
        shared = np.array([each.shared for each in found.neighbours], dtype=np.int64)
        return chance(shared, np.array([each.stars for each in found.neighbours], dtype=np.int64))

    return Shown(
        repository=found.repository,
        coverage=found.coverage,
        spent=Spent(),
        seconds=(session.clock.now() - begun_at).total_seconds(),
        neighbours=len(found.neighbours),
        rows=rows,
        chance=by_chance,
    )


def _chosen(
    neighbours: tuple[StoredNeighbour, ...], stargazers: int, choice: Choice
) -> list[StoredNeighbour]:
    """Those that are chosen, the highest score first; the default order decides between equals."""
    kept = [each for each in neighbours if each.shared >= choice.min_shared]
    shared = np.array([each.shared for each in kept], dtype=np.int64)
    stars = np.array([each.stars for each in kept], dtype=np.int64)
    scores = FORMULAS[choice.sort](shared, stars, stargazers)
    order = np.argsort(-scores, kind="stable").tolist()
    return [kept[place] for place in (order[: choice.top] if choice.top else order)]
