"""Filters of `GET /repos/{owner}/{name}/starneighbours`, and what it tells of neighbours."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.api.api_world import ONE, Served
from tests.api.test_neighbours import PATH, ask

from stargazer.runner import NoLedger
from stargazer.sandbox import Graph
from stargazer.service.details import Purse, fetch_details


async def learn(served: Served, calls: int | None = None) -> int:
    """Find out what neighbours are about, of all or of so many hundred; returns of how many."""
    service = served.backend.service
    known = await service.repositories.named(ONE)
    assert known is not None
    answer = await service.answers.latest(known.number, await served.backend.connections.own_user())
    assert answer is not None
    numbers = await service.pages.closest(answer)
    assert numbers is not None
    some = numbers if calls is None else numbers[: 100 * calls]
    fetched = await fetch_details(service, some, Purse(served.github, NoLedger()))
    assert fetched.left is None
    return len(numbers)


async def all_of(served: Served, query: str = "") -> list[dict[str, Any]]:
    """All neighbours without names; a page holds a thousand at most."""
    status, _, lines = await ask(served, f"{PATH}?names=0{query}", Accept="application/x-ndjson")
    assert status == 200
    return [json.loads(line) for line in lines.splitlines()]


async def closest_of(served: Served) -> list[dict[str, Any]]:
    """Those whose details are found out, in the default order."""
    firsts = [
        await ask(served, f"{PATH}?names=0&per_page=1000&sort={sort}") for sort in ("shared", "relevance")
    ]
    near = {one["repo"] for _, _, items in firsts for one in items}
    everything = await all_of(served)
    assert 1_000 < len(near) < len(everything)
    return [one for one in everything if one["repo"] in near]


def language_of(graph: Graph, repo: str) -> str | None:
    return graph.repositories.language(graph.repository(repo))


async def test_by_owner_and_stars(served: Served) -> None:
    """They need no details; total, links and pages are those of what passes."""
    everything = await all_of(served)
    owner = everything[0]["repo"].partition("/")[0]
    status, headers, items = await ask(served, f"{PATH}?owner={owner.upper()}&per_page=1000&names=0")
    assert (status, items) == (200, [one for one in everything if one["repo"].startswith(f"{owner}/")])
    assert headers["X-Total-Count"] == str(len(items))
    assert "Stargazer-Details" not in headers

    expected = [one for one in everything if 5 <= one["stars"] <= 9]
    query = "min_stars=5&max_stars=9&names=0"
    read: list[dict[str, Any]] = []
    following: Any = f"{PATH}?{query}&per_page=40"
    while following is not None:
        async with served.http.get(following) as response:
            read += await response.json()
            following = response.links["next"]["url"] if 'rel="next"' in response.headers["Link"] else None
            if following is not None:
                assert {("min_stars", "5"), ("max_stars", "9")} <= set(following.query.items())
    assert len(expected) > 80
    assert read == expected
    _, _, none = await ask(served, f"{PATH}?min_stars=9&max_stars=5")
    assert none == []


async def test_by_what_they_are_about(served: Served) -> None:
    """Language in any case, archives and forks; whatever is not known passes no such filter."""
    closest = await closest_of(served)
    _, headers, before = await ask(served, f"{PATH}?language=python&names=0")
    wanted = len(closest)
    assert (before, headers["Stargazer-Details"]) == ([], f"known=0; wanted={wanted}")

    assert await learn(served) == wanted
    graph = served.sandbox.graph
    repositories = graph.repositories
    python = [one for one in closest if language_of(graph, one["repo"]) == "Python"]
    _, headers, items = await ask(served, f"{PATH}?language=PYTHON&names=0&per_page=1000")
    assert items == python
    assert headers["Stargazer-Details"] == f"known={wanted}; wanted={wanted}"
    assert headers["X-Total-Count"] == str(len(python))
    usual = [
        one
        for one in closest
        if graph.repository(one["repo"]) not in repositories.archived | repositories.forks
    ]
    found = await all_of(served, "&language=C%2B%2B&archived=false&forks=false")
    assert found == [one for one in usual if language_of(graph, one["repo"]) == "C++"]
    for query, numbers in (("archived=true", repositories.archived), ("forks=true", repositories.forks)):
        _, _, items = await ask(served, f"{PATH}?{query}&per_page=1000&names=0&sort=relevance")
        assert items
        assert {one["repo"] for one in items} == {
            one["repo"] for one in closest if graph.repository(one["repo"]) in numbers
        }


async def test_the_tag_changes_with_what_is_known(served: Served) -> None:
    """A client that has a page gets it again when more is known; other pages keep their tags."""
    _, plain, _ = await ask(served, f"{PATH}?names=0")
    path = f"{PATH}?language=python&names=0"
    _, before, _ = await ask(served, path)
    assert before["ETag"] != plain["ETag"]
    status, headers, _ = await ask(served, f"{path}&page=1", If_None_Match=before["ETag"])
    assert (status, headers["Stargazer-Details"]) == (304, before["Stargazer-Details"])
    await learn(served, calls=1)
    # Replies to the very same request are kept for a second.
    status, after, items = await ask(served, f"{path}&page=1&per_page=100", If_None_Match=before["ETag"])
    assert (status, bool(items)) == (200, True)
    known, _ = after["Stargazer-Details"].split("; ")
    assert known == "known=100"
    _, again, _ = await ask(served, f"{PATH}?names=0&page=1")
    assert again["ETag"] == plain["ETag"]
    assert "Stargazer-Details" not in again


ABOUT = ("language", "description", "archived", "fork")


def told(graph: Graph, repo: str) -> dict[str, Any]:
    number, repositories = graph.repository(repo), graph.repositories
    return {
        "language": repositories.language(number),
        "description": repositories.description(number),
        "archived": number in repositories.archived,
        "fork": number in repositories.forks,
    }


async def test_details_are_told_when_asked_for(served: Served) -> None:
    """Members of items, null while they are not known; pages without them stay as they were."""
    _, _, plain = await ask(served, f"{PATH}?names=1")
    assert not set(plain[0]) & set(ABOUT)
    _, headers, unknown = await ask(served, f"{PATH}?names=1&details=true")
    assert [{**one, **dict.fromkeys(ABOUT)} for one in plain] == unknown
    assert headers["Stargazer-Details"].startswith("known=0; ")
    await learn(served)
    _, _, known = await ask(served, f"{PATH}?names=1&details=true&page=1")
    graph = served.sandbox.graph
    assert known == [{**one, **told(graph, one["repo"])} for one in plain]


async def test_streams_are_filtered_and_detailed_too(served: Served) -> None:
    """NDJSON and CSV hold all that passes, and columns for what neighbours are about."""
    await ask(served, PATH)
    await learn(served)
    graph = served.sandbox.graph
    query = f"{PATH}?language=ruby&min_stars=3&names=0&details=true"
    _, _, items = await ask(served, f"{query}&per_page=1000")
    assert items
    _, headers, lines = await ask(served, query, Accept="application/x-ndjson")
    assert [json.loads(line) for line in lines.splitlines()] == items
    assert headers["X-Total-Count"] == str(len(items))
    assert headers["Stargazer-Details"]
    _, headers, table = await ask(served, query, Accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert [row["repo"] for row in rows] == [one["repo"] for one in items]
    for row in rows:
        about = told(graph, row["repo"])
        assert (row["language"], row["description"]) == (about["language"], about["description"])
        assert (row["archived"], row["fork"]) == (str(about["archived"]).lower(), str(about["fork"]).lower())
    status, _, _ = await ask(served, query, Accept="text/csv", If_None_Match=headers["ETag"])
    assert status == 304
    _, _, nothing = await ask(served, f"{PATH}?owner=nobody&details=true", Accept="text/csv")
    assert nothing.decode().strip().split(",")[-4:] == list(ABOUT)


async def test_answers_from_the_store_are_filtered_too(served: Served) -> None:
    """Nobody is asked for them: of their neighbours those pass of whom it is known already."""
    _, _, items = await ask(served, PATH)
    await learn(served, calls=1)
    graph, calls = served.sandbox.graph, len(served.sandbox.record)
    path = f"/repos/{items[0]['repo']}/starneighbours?from=store&names=0&per_page=1000"
    _, _, everything = await ask(served, path)
    _, headers, found = await ask(served, f"{path}&language=python&details=true")
    known = int(headers["Stargazer-Details"].split(";")[0].removeprefix("known="))
    assert 0 < len(found) < known < len(everything)
    for one in found:
        assert {name: one[name] for name in ABOUT} == told(graph, one["repo"])
        assert one["language"] == "Python"
    _, _, few = await ask(served, f"{path}&min_stars=5&max_stars=8")
    assert few == [one for one in everything if 5 <= one["stars"] <= 8]
    assert len(served.sandbox.record) == calls
