"""Give numbers to the repositories and users of one reply, and write what is new of them.

Locks are taken in one order by everybody, so that no two writers ever wait for
each other in a circle: the endpoint's row (only by those who bring somebody
new), then repositories by number, then users by number; the lists of a user are
written only by whoever holds the user.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from stargazer.planner.page import User
from stargazer.store.columns import Sighting
from stargazer.store.database import Connection
from stargazer.store.packed import Int32s
from stargazer.store.repositories import Repositories
from stargazer.store.users import KnownUsers

_NEXT_NUMBERS = "SELECT repositories, users FROM endpoint WHERE id = $1 FOR NO KEY UPDATE"
"""Which numbers come next; nobody else can give any until the transaction ends."""


class Numbered(msgspec.Struct, frozen=True, eq=False):
    """The numbers of the repositories of a sighting, and of users by node id."""

    repositories: Int32s
    users: dict[str, int]


async def number(
    connection: Connection,
    endpoint: int,
    repositories: Repositories,
    sighting: Sighting,
    *,
    named: Iterable[User],
    listed: Iterable[str],
    now: datetime,
) -> Numbered:
    """Number everything, and lock the users whose lists will be written.

    Args:
        connection: in a transaction that has taken no lock yet.
        endpoint: whose they are.
        repositories: where repositories are looked up.
        sighting: the repositories.
        named: the users that the reply showed.
        listed: the node ids of those whose lists it showed.
        now: when the reply came.
    """
    owners = list(listed)
    users = KnownUsers(named, owners)
    await users.find(connection, endpoint)
    places = await repositories.find(connection, sighting)
    if users.missing() or (places.numbers < 0).any():
        ((next_repository, next_user),) = await connection.fetch(_NEXT_NUMBERS, endpoint)
        await repositories.admit(connection, sighting, places, next_number=next_repository, now=now)
        await users.admit(connection, endpoint, next_number=next_user, now=now)
    await repositories.correct(connection, sighting, places, now)
    renamed = await users.lock(connection, endpoint, owners)
    await users.rename(connection, endpoint, renamed, now)
    return Numbered(places.numbers, users.numbers)
