"""Three other ways to read the same: a page at a time, nested, and twenty aliases a call.

Each reads who starred a repository and everything they starred, asks for the
same members of an edge as the plan does, and asks again what failed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from tests.bench.client import RATE_LIMIT, Client

Edges = list[dict[str, Any]]

SMALLEST_FIRST = 5
ALIASES = 20

_ORDER = "orderBy:{field:STARRED_AT,direction:ASC}"
_STARS = (
    "totalCount isOverLimit pageInfo{hasNextPage endCursor} "
    "edges{starredAt node{databaseId nameWithOwner stargazerCount isPrivate}}"
)
_STARGAZERS = (
    "query($owner:String!$name:String!$first:Int!$after:String){repository(owner:$owner,name:$name){"
    f"stargazers(first:$first,after:$after,{_ORDER}){{totalCount pageInfo{{hasNextPage endCursor}} "
    f"edges{{starredAt node{{id databaseId login}}}}}}}}{RATE_LIMIT}}}"
)
_NESTED = (
    "query($owner:String!$name:String!$first:Int!$after:String){repository(owner:$owner,name:$name){"
    f"stargazers(first:$first,after:$after,{_ORDER}){{totalCount pageInfo{{hasNextPage endCursor}} "
    f"edges{{starredAt node{{id databaseId login starredRepositories(first:100,{_ORDER}){{{_STARS}}}}}}}}}}}"
    f"{RATE_LIMIT}}}"
)
_STAR_LIST = (
    "query($id:ID!$first:Int!$after:String){node(id:$id){...on User{"
    f"starredRepositories(first:$first,after:$after,{_ORDER}){{{_STARS}}}}}}}{RATE_LIMIT}}}"
)


class Reading:
    """What has been read: which repositories each stargazer starred.

    Attributes:
        repository: the repository that is read.
        stars: by login.
    """

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.owner, _, self.name = repository.partition("/")
        self.stars: dict[str, set[str]] = {}

    def add(self, login: str, edges: Edges) -> None:
        """Take in a page of one user's star list."""
        seen = self.stars.setdefault(login, set())
        seen.update(edge["node"]["nameWithOwner"] for edge in edges if not edge["node"]["isPrivate"])

    def neighbours(self) -> dict[str, list[str]]:
        """Turn the lists around: each repository with the stargazers that share it."""
        shared: dict[str, list[str]] = {}
        for login, starred in self.stars.items():
            for name in starred:
                shared.setdefault(name, []).append(login)
        shared.pop(self.repository, None)
        return shared


class Left(msgspec.Struct):
    """A star list of which pages are left."""

    user_id: str
    login: str
    after: str | None


Way = Callable[[Client, Reading], Awaitable[None]]


async def read_page_by_page(client: Client, reading: Reading) -> None:
    """Ask for one page of one connection with each call."""
    for left in await _list_stargazers(client, reading):
        await _read_rest(client, reading, left)


async def read_nested(client: Client, reading: Reading) -> None:
    """Ask for 100 stargazers with 100 stars each, then for every further page alone.

    When a call fails, the outer page is halved, and stays so.
    """
    first, after, longer = 100, None, deque[Left]()
    while True:
        values = {"owner": reading.owner, "name": reading.name, "first": first, "after": after}
        told = await client.ask(_NESTED, values, pages=1 + first)
        if told is None:
            first = max(SMALLEST_FIRST, first // 2)
            continue
        page = told["repository"]["stargazers"]
        for edge in page["edges"]:
            user, stars = edge["node"], edge["node"]["starredRepositories"]
            reading.add(user["login"], stars["edges"])
            if stars["pageInfo"]["hasNextPage"]:
                longer.append(Left(user["id"], user["login"], stars["pageInfo"]["endCursor"]))
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    for left in longer:
        await _read_rest(client, reading, left)


async def read_twenty_aliases(client: Client, reading: Reading) -> None:
    """Ask for the next pages of up to 20 users with each call.

    When a call fails, its size is halved; each success lets it grow by one.
    """
    queue = deque(await _list_stargazers(client, reading))
    size = ALIASES
    while queue:
        batch = [queue.popleft() for _ in range(min(size, len(queue)))]
        document, values = _compose(batch)
        told = await client.ask(document, values, pages=len(batch))
        if told is None:
            size = max(1, size // 2)
            queue.extendleft(reversed(batch))
            continue
        size = min(ALIASES, size + 1)
        for place, left in enumerate(batch):
            if _take(reading, left, told[f"u{place}"]["starredRepositories"]):
                queue.append(left)


async def _list_stargazers(client: Client, reading: Reading) -> list[Left]:
    users: list[Left] = []
    first, after = 100, None
    while True:
        values = {"owner": reading.owner, "name": reading.name, "first": first, "after": after}
        told = await client.ask(_STARGAZERS, values, pages=1)
        if told is None:
            continue
        page = told["repository"]["stargazers"]
        users += [Left(edge["node"]["id"], edge["node"]["login"], None) for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return users


async def _read_rest(client: Client, reading: Reading, left: Left) -> None:
    first, has_more = 100, True
    while has_more:
        values = {"id": left.user_id, "first": first, "after": left.after}
        told = await client.ask(_STAR_LIST, values, pages=1)
        if told is None:
            first = max(SMALLEST_FIRST, first // 2)
        else:
            has_more = _take(reading, left, told["node"]["starredRepositories"])


def _take(reading: Reading, left: Left, page: dict[str, Any]) -> bool:
    """Take in a page; tell whether there is another."""
    reading.add(left.login, page["edges"])
    left.after = page["pageInfo"]["endCursor"]
    return bool(page["pageInfo"]["hasNextPage"])


def _compose(batch: list[Left]) -> tuple[str, dict[str, Any]]:
    declared = "".join(f"$i{place}:ID!$a{place}:String" for place in range(len(batch)))
    fields = "".join(
        f"u{place}:node(id:$i{place}){{...on User{{starredRepositories(first:100,after:$a{place},{_ORDER})"
        f"{{{_STARS}}}}}}}"
        for place in range(len(batch))
    )
    values: dict[str, str | None] = {f"i{place}": left.user_id for place, left in enumerate(batch)}
    values |= {f"a{place}": left.after for place, left in enumerate(batch)}
    return f"query({declared}){{{fields}{RATE_LIMIT}}}", values
