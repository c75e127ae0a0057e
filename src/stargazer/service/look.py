"""A look at an answer before it is there: what the store holds of those who are listed so far.

When the list of stargazers is whole, the first of them in the order in which they
are read are a random sample of all, and tell how large the counts will be.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from stargazer.neighbours.estimate import estimate
from stargazer.planner.connection import Ending
from stargazer.planner.order import place_of
from stargazer.planner.sample import Sample
from stargazer.service.stores import Stores
from stargazer.store import counting
from stargazer.store.stargazer_lists import ListKey, StargazerRows

if TYPE_CHECKING:
    from stargazer.store.database import Connection
    from stargazer.store.packed import Int32s

_NODE_IDS = "SELECT number, node_id FROM github_user WHERE endpoint = $1 AND number = ANY ($2::integer[])"

NEIGHBOURS = 10

USERS_AT_MOST = 5_000
"""So many lists are counted: a look has to be cheap, and more would change little."""

SAMPLE_AT_LEAST = 30
"""Fewer users than that tell nothing of the others."""

MISSING_AT_MOST = 0.1
"""So large a part of a sample may lack a list: being read, gone or failed. Intervals allow for them."""


class Glimpse(msgspec.Struct, frozen=True):
    """One neighbour, as far as was counted, and within which bounds its count will lie, if that is known."""

    repo: str
    shared: int
    shared_low: int | msgspec.UnsetType = msgspec.UNSET
    shared_high: int | msgspec.UnsetType = msgspec.UNSET


class Look(msgspec.Struct, frozen=True):
    """The closest neighbours so far, counted from the lists of `users_counted` stargazers."""

    users_counted: int
    neighbours: tuple[Glimpse, ...]
    unfinished: bool = True


async def look(stores: Stores, repository: str, credential_user: int, *, seed: int = 0) -> Look | None:
    """Count what is there; None while nothing is.

    Args:
        stores: where it is.
        repository: whose neighbours they are.
        credential_user: whose list of stargazers is counted.
        seed: that of the order in which the users are read.

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
        listed, is_whole = await _listed(connection, database.endpoint, key)
        if is_whole:
            listed = await ordered(connection, database.endpoint, listed, seed)
        roster = await counting.call_roster(connection, database.endpoint, listed[:USERS_AT_MOST].tolist())
        if not len(roster):
            return None
        sample = _drawn(listed, roster.numbers) if is_whole else None
        if sample is not None:
            roster = await counting.call_roster(
                connection, database.endpoint, listed[: sample.drawn].tolist()
            )
        tally = await counting.count(connection, database.endpoint, roster, seed=known.number)
        ranking = await counting.rank(connection, database.endpoint, tally, first=NEIGHBOURS)
    numbers = ranking.numbers[:NEIGHBOURS].tolist()
    names = {one.number: one.name for one in await stores.repositories.of(numbers)}
    closest = _glimpses([names[number] for number in numbers], ranking.shared[:NEIGHBOURS], sample)
    return Look(len(roster), closest)


def _glimpses(names: list[str], shared: Int32s, sample: Sample | None) -> tuple[Glimpse, ...]:
    """The neighbours that are shown, with intervals if a sample was counted."""
    if sample is None:
        return tuple(Glimpse(name, count) for name, count in zip(names, shared.tolist(), strict=True))
    found = estimate(sample, shared, shared)
    rows = zip(names, shared.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
    return tuple(Glimpse(name, count, low, high) for name, count, low, high in rows)


async def ordered(connection: Connection, endpoint: int, listed: Int32s, seed: int) -> Int32s:
    """Put users into the order in which they are read."""
    rows = await connection.fetch(_NODE_IDS, endpoint, listed.tolist())

    def sort() -> Int32s:
        places = sorted((place_of(row["node_id"], seed), row["node_id"], row["number"]) for row in rows)
        return np.array([number for *_, number in places], dtype=np.int32)

    # Of 60,000 users it takes a tenth of a second, for which nobody else should have to wait.
    return await asyncio.to_thread(sort)


def _drawn(users: Int32s, counted: Int32s) -> Sample | None:
    """The longest sample of whom nearly all have a list; None: there is none that tells anything."""
    first = users[:USERS_AT_MOST]
    missing = np.cumsum(~np.isin(first, counted))
    enough = np.flatnonzero(missing <= MISSING_AT_MOST * np.arange(1, len(first) + 1))
    drawn = int(enough[-1]) + 1 if len(enough) else 0
    if drawn < SAMPLE_AT_LEAST:
        return None
    return Sample(len(users), drawn, int(missing[drawn - 1]))


async def _listed(connection: Connection, endpoint: int, key: ListKey) -> tuple[Int32s, bool]:
    """Those who are on the list, and whether it is whole."""
    rows = StargazerRows(connection, endpoint, key)
    parts = await rows.parts(loaded=True)
    if parts:
        return np.unique(np.concatenate([part.nodes()[0] for part in parts.values()])), False
    found = await rows.find()
    if found is None:
        return np.zeros(0, dtype=np.int32), False
    return found.users, found.ending is Ending.WHOLE
