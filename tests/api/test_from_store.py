"""`GET …/starneighbours?from=store`: the stored star lists, asked the other way round."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

from tests.api.api_world import COUNTS_KEY, ONE, TWO, Served
from tests.api.test_neighbours import ask

from stargazer.store.forgotten import forgotten_notice
from stargazer.store.ledger_bell import announce


async def read(served: Served, repository: str = ONE) -> list[dict[str, Any]]:
    """Have a repository read, and return its neighbours."""
    status, _, items = await ask(served, f"/repos/{repository}/starneighbours?names=all")
    assert status == 200
    return list(items)


def path(repository: str, query: str = "") -> str:
    return f"/repos/{repository}/starneighbours?from=store{query}"


def expected(served: Served, repository: str) -> dict[str, int]:
    """What the stargazers of `ONE` starred who starred a repository, too."""
    graph = served.sandbox.graph
    both = set(graph.stargazers_of(ONE)) & set(graph.stargazers_of(repository))
    starred = Counter(name for login in both for name in graph.starred_by(login))
    del starred[repository]
    return dict(starred)


async def test_any_repository_on_the_lists_is_answered(served: Served) -> None:
    """Without a call and without a job: partial, with how many lists there are and whose they are."""
    closest = (await read(served))[0]
    calls = len(served.sandbox.record)

    status, headers, items = await ask(served, path(closest["repo"].upper(), "&names=all&per_page=1000"))

    assert (status, len(served.sandbox.record)) == (200, calls)
    assert {item["repo"]: item["shared"] for item in items} == expected(served, closest["repo"])
    [seed] = [item for item in items if item["repo"] == ONE]
    assert seed["stargazers"] == closest["stargazers"]
    assert headers["Stargazer-Answer"].startswith(
        f"partial; source=store; lists=60; listed={closest['shared']}; read={closest['shared']}; as-of=2"
    )
    assert headers["Stargazer-Lists-Of"] == ONE
    assert headers["Content-Location"] == path(closest["repo"], "&names=all&per_page=1000")
    assert "Stargazer-Job" not in headers
    _, _, jobs = await ask(served, "/jobs")
    assert [job["repository"] for job in jobs] == [ONE]


async def test_what_nobody_starred_is_not_found(served: Served) -> None:
    """The store has never seen it, or not on lists that count: both are the same problem."""
    for lists in (0, 60):
        status, _, problem = await ask(served, path("no/body"))
        assert (status, problem["type"], problem["lists"]) == (404, "/problems/repository-not-found", lists)
        assert "never seen no/body" in problem["detail"]
        await read(served)
    await read(served, TWO)
    stranger = await served.stranger()
    async with served.backend.service.database.transaction() as connection:
        await connection.execute("UPDATE stargazer_list SET credential_user = $1", stranger)
    status, _, problem = await ask(served, path("no/body", "&page=2"))
    assert (status, problem["lists"]) == (404, 0)


async def test_pages_are_those_of_one_answer(served: Served) -> None:
    """What `Link` leads to does not shift while lists are read; what is not held any more is gone."""
    repository = (await read(served))[0]["repo"]
    before = expected(served, repository)
    async with served.http.get(path(repository, "&per_page=40&sort=relevance")) as first:
        pages = [await first.json()]
        following = first.links.get("next")
        pinned = str(first.links["first"]["url"])
    await read(served, TWO)

    while following:
        async with served.http.get(following["url"]) as response:
            assert response.status == 200
            assert "from=store" in str(following["url"])
            pages.append(await response.json())
            following = response.links.get("next")

    assert {item["repo"]: item["shared"] for page in pages for item in page} == before
    assert max(map(len, pages)) == 40
    _, headers, _ = await ask(served, path(repository))
    assert headers["Stargazer-Lists-Of"] == f"{ONE}, {TWO}"
    async with served.backend.service.database.transaction() as connection:
        await announce(connection, forgotten_notice(served.backend.service.database.endpoint))
    status = 200
    while status == 200:
        status, _, problem = await ask(served, pinned)
    assert (status, problem["type"]) == (410, "/problems/answer-gone")


async def test_whoever_has_it_gets_304_from_any_server(served: Served) -> None:
    """The tag is made of what was counted, wherever it was counted; so are the pages."""
    repository = (await read(served))[0]["repo"]
    _, before, _ = await ask(served, path(repository, "&per_page=10"))
    tag = before["ETag"]

    assert (await ask(served, path(repository, "&per_page=10"), If_None_Match=tag))[0] == 304
    async with served.twin() as twin:
        assert (await ask(twin, path(repository, "&per_page=10"), If_None_Match=tag))[0] == 304
        following = before["Link"].split('>; rel="next"')[0].rsplit("<", 1)[1]
        _, _, theirs = await ask(twin, following)
        _, _, ours = await ask(served, following)
        assert theirs == ours


async def test_names_and_filters(served: Served) -> None:
    """Names are limited, and told to keys that may know them; filters work as ever."""
    repository = (await read(served))[0]["repo"]
    _, _, few = await ask(served, path(repository, "&names=1&min_shared=2&per_page=1000"))
    _, _, none = await ask(served, path(repository, "&per_page=1000"), X_API_Key=COUNTS_KEY)

    assert {len(item["stargazers"]) for item in few} == {1}
    assert {item["repo"] for item in few} == {
        name for name, shared in expected(served, repository).items() if shared >= 2
    }
    owner = none[0]["repo"].partition("/")[0]
    _, owned_headers, owned = await ask(served, path(repository, f"&owner={owner}&per_page=2"))
    _, _, known = await ask(served, path(repository, "&min_stars=20&max_stars=60&per_page=1000"))

    assert {tuple(item["stargazers"]) for item in none} == {()}
    of_owner = [item["repo"] for item in none if item["repo"].startswith(f"{owner}/")]
    assert [item["repo"] for item in owned] == of_owner[:2]
    assert owned_headers["X-Total-Count"] == str(len(of_owner))
    assert {item["repo"] for item in known} == {item["repo"] for item in none if 20 <= item["stars"] <= 60}
    assert {item["repo"]: item["shared"] for item in none} == expected(served, repository)


async def test_streams_have_all_of_it(served: Served) -> None:
    """NDJSON and CSV, with every name."""
    repository = (await read(served))[0]["repo"]
    _, _, lines = await ask(served, path(repository, "&names=all"), Accept="application/x-ndjson")
    _, headers, table = await ask(served, path(repository, "&names=all"), Accept="text/csv")

    items = [json.loads(line) for line in lines.splitlines()]
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert {item["repo"]: item["shared"] for item in items} == expected(served, repository)
    assert [len(item["stargazers"]) for item in items] == [item["shared"] for item in items]
    assert [row["repo"] for row in rows] == [item["repo"] for item in items]
    assert headers["X-Total-Count"] == str(len(items))


async def test_an_age_is_refused(idle: Served) -> None:
    """Stored lists count however old they are, so that an age would be ignored."""
    status, _, problem = await ask(idle, path(ONE, "&max_age=60"))
    assert (status, problem["parameter"]) == (400, "max_age")
    status, _, problem = await ask(idle, f"/repos/{ONE}/starneighbours?from=elsewhere")
    assert (status, problem["parameter"]) == (400, "from")
