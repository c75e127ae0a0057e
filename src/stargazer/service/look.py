"""A look at an answer before it is there: what the store holds of those who are listed so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from stargazer.service.stores import Stores
from stargazer.store import counting
from stargazer.store.stargazer_lists import ListKey, StargazerRows

if TYPE_CHECKING:
    from stargazer.store.database import Connection
    from stargazer.store.packed import Int32s

NEIGHBOURS = 10

USERS_AT_MOST = 5_000
"""So many lists are counted: a look has to be cheap, and more would change little."""


class Glimpse(msgspec.Struct, frozen=True):
    """One neighbour, as far as was counted."""

    repo: str
    shared: int


class Look(msgspec.Struct, frozen=True):
    """The closest neighbours so far, counted from the lists of `users_counted` stargazers."""

    users_counted: int
    neighbours: tuple[Glimpse, ...]
    unfinished: bool = True


async def look(stores: Stores, repository: str, credential_user: int) -> Look | None:
    """Count what is there; None while nothing is.

    Raises:
        StoreUnavailable: the database cannot be used.
    """
    known = await stores.repositories.named(repository)
    if known is None:
        return None
    key = ListKey(known.number, credential_user)
    database = stores.database
    async with (
        database.connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        listed = await _listed(connection, database.endpoint, key)
        roster = await counting.call_roster(connection, database.endpoint, listed.tolist())
        if not len(roster):
            return None
        tally = await counting.count(connection, database.endpoint, roster, seed=known.number)
        ranking = await counting.rank(connection, database.endpoint, tally, first=NEIGHBOURS)
    numbers = ranking.numbers[:NEIGHBOURS].tolist()
    names = {one.number: one.name for one in await stores.repositories.of(numbers)}
    closest = zip(numbers, ranking.shared[:NEIGHBOURS].tolist(), strict=True)
    return Look(len(roster), tuple(Glimpse(names[number], shared) for number, shared in closest))


async def _listed(connection: Connection, endpoint: int, key: ListKey) -> Int32s:
    """Those who are on the list, whether it is being read or is over."""
    rows = StargazerRows(connection, endpoint, key)
    parts = await rows.parts(loaded=True)
    if parts:
        listed = np.unique(np.concatenate([part.nodes()[0] for part in parts.values()]))
    else:
        found = await rows.find()
        listed = np.zeros(0, dtype=np.int32) if found is None else found.users
    return listed[:USERS_AT_MOST]
