"""`GET /repos/{owner}/{name}/starneighbours`."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import timedelta
from typing import Any

from tests.api.api_world import COUNTS_KEY, ONE, TWO, Served, serving, small_graph
from tests.integration.service_world import truth_of
from yarl import URL

from stargazer.planner.coverage import Coverage
from stargazer.sandbox import Behaviour
from stargazer.sandbox.behaviour import Stargazers
from stargazer.store.answers import ANYBODY
from stargazer.store.forgotten import forgotten_notice
from stargazer.store.ledger_bell import announce

PATH = f"/repos/{ONE}/starneighbours"


async def ask(served: Served, path: str, **headers: str) -> tuple[int, Any, Any]:
    """Ask, and return status, header fields and what JSON there is."""
    async with served.http.get(
        path, headers={name.replace("_", "-"): v for name, v in headers.items()}
    ) as got:
        body = await got.read()
        is_json = (
            "json" in got.headers.get("Content-Type", "") and "ndjson" not in got.headers["Content-Type"]
        )
        return got.status, got.headers, json.loads(body) if is_json else body


async def test_header_fields_of_an_answer(served: Served) -> None:
    """They tell how it was come by, and where the other pages of the same answer are."""
    status, headers, items = await ask(served, f"{PATH}?per_page=10")

    assert (status, len(items)) == (200, 10)
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "private"
    assert headers["Vary"] == "X-API-Key, Accept, Accept-Encoding"
    assert headers["ETag"].startswith('W/"')
    assert headers["X-Total-Count"] == str(len(truth_of(served.sandbox.graph)))
    kind, listed, read, as_of = headers["Stargazer-Answer"].split("; ")
    assert (kind, listed, read) == ("exact", "listed=60", "read=60")
    assert as_of.startswith("as-of=2")
    assert "Content-Location" not in headers
    assert "Stargazer-Job" not in headers
    assert {part.split('rel="')[1][:-1] for part in headers["Link"].split(", ")} == {
        "first",
        "next",
        "last",
    }


async def test_pages_are_those_of_one_answer(served: Served) -> None:
    """What `Link` leads to does not shift when a later answer is made."""
    async with served.http.get(f"{PATH}?per_page=150&names=0") as first:
        pages = [await first.json()]
        following = first.links.get("next")
    served.clock.passed(3 * 86_400)
    served.sandbox.graph.move_to(served.clock.now())
    status, _, _ = await ask(served, f"{PATH}?max_age=60")
    assert status == 200

    while following:
        async with served.http.get(following["url"]) as response:
            assert response.status == 200
            pages.append(await response.json())
            following = response.links.get("next")

    repos = [item["repo"] for page in pages for item in page]
    assert sorted(repos) == sorted(truth_of(served.sandbox.graph))


async def test_whoever_has_it_gets_304(served: Served) -> None:
    """A client that shows the tag is told that nothing has changed, with the fields of a 200."""
    _, before, _ = await ask(served, PATH)
    status, after, body = await ask(served, PATH, If_None_Match=f'"other", {before["ETag"]}')

    assert (status, body) == (304, b"")
    for name in ("ETag", "Vary", "Cache-Control", "Last-Modified", "Stargazer-Answer"):
        assert after[name] == before[name]
    status, other, _ = await ask(served, f"{PATH}?sort=cosine", If_None_Match=before["ETag"])
    assert status == 200
    assert other["ETag"] != before["ETag"]


async def test_names_are_limited(served: Served) -> None:
    """`names` limits those of each neighbour; a key without the scope sees none."""
    _, _, few = await ask(served, f"{PATH}?names=1&min_shared=2")
    _, _, every = await ask(served, f"{PATH}?names=all")
    _, headers, none = await ask(served, PATH, X_API_Key=COUNTS_KEY)

    assert {len(item["stargazers"]) for item in few} == {1}
    assert all(len(item["stargazers"]) == item["shared"] for item in every)
    assert {tuple(item["stargazers"]) for item in none} == {()}
    assert [item["shared"] for item in none] == [item["shared"] for item in every]
    assert headers["Stargazer-Answer"].startswith("exact")


async def test_what_was_just_sent_is_sent_to_those_who_may_see_it(served: Served) -> None:
    """A page that is sent again is decided anew: whose key it is, what is accepted, what is known."""
    _, before, items = await ask(served, PATH)
    status, again, same = await ask(served, PATH, Accept_Encoding="gzip")
    assert (status, same, again["Content-Encoding"]) == (200, items, "gzip")
    assert again["ETag"] == before["ETag"]

    assert (await ask(served, PATH, X_API_Key="x"))[0] == 401
    assert (await ask(served, PATH, If_None_Match=before["ETag"]))[0] == 304
    assert (await ask(served, PATH, Accept="image/png"))[0] == 406
    _, _, counts = await ask(served, PATH, X_API_Key=COUNTS_KEY)
    assert {tuple(item["stargazers"]) for item in counts} == {()}
    _, _, lines = await ask(served, PATH, Accept="application/x-ndjson")
    assert len(lines.splitlines()) == int(before["X-Total-Count"])


async def test_a_partial_answer_says_how_much_it_may_miss(served: Served) -> None:
    """Every item tells how many may share it at most: those whose lists are not whole may have starred it."""
    await ask(served, PATH)
    service = served.backend.service
    known = await service.repositories.named(ONE)
    assert known is not None
    numbers = [row[0] for row in await service.database.pool.fetch("SELECT number FROM github_user")]
    coverage = Coverage(
        as_of=served.clock.now(),
        stargazers_total=60,
        stargazers_listed=60,
        users_read=57,
        users_failed=3,
        list_whole=True,
    )
    exact = await service.answers.latest(known.number, ANYBODY)
    assert exact is not None
    answer = await service.answers.make(
        known.number, numbers, coverage, credential_user=exact.credential_user, made_at=served.clock.now()
    )

    _, headers, items = await ask(served, f"{PATH}?answer={answer}")
    assert headers["Stargazer-Answer"].startswith("partial; listed=60; read=57; as-of=")
    assert items
    assert all(item["shared_high"] == item["shared"] + 3 for item in items)


async def test_nobody_is_named_once_they_were_forgotten(served: Served) -> None:
    """What is kept holds names: it is let go of as soon as the notice has come."""
    _, _, before = await ask(served, PATH)
    database = served.backend.service.database
    notice = forgotten_notice(database.endpoint)
    ear = served.backend.bell.ear(notice)
    async with database.transaction() as connection:
        await connection.execute("UPDATE github_user SET login = 'x' || number")
        await announce(connection, notice)
    await ear.wait(60)

    _, _, after = await ask(served, PATH)
    names = {name for item in before for name in item["stargazers"]}
    assert names
    assert names.isdisjoint(name for item in after for name in item["stargazers"])


async def test_all_of_it_as_ndjson_and_csv(served: Served) -> None:
    """Both stream all neighbours, whatever page is asked for; compressed if the client likes."""
    truth = truth_of(served.sandbox.graph)
    await ask(served, PATH)

    _, headers, lines = await ask(served, f"{PATH}?per_page=3", Accept="application/x-ndjson")
    items = [json.loads(line) for line in lines.splitlines()]
    assert {item["repo"]: item["stargazers"] for item in items} == truth
    assert headers["X-Total-Count"] == str(len(truth))
    _, headers, table = await ask(served, PATH, Accept="text/csv;q=0.9, image/png")
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    assert {row["repo"]: row["stargazers"].split() for row in rows} == truth
    status, _, _ = await ask(served, PATH, Accept="text/csv", If_None_Match=headers["ETag"])
    assert status == 304


async def test_not_acceptable(served: Served) -> None:
    """Whoever takes none of the formats is told those there are."""
    status, _, problem = await ask(served, PATH, Accept="image/png")

    assert (status, problem["type"]) == (406, "/problems/not-acceptable")
    assert problem["offered"] == ["application/json", "application/x-ndjson", "text/csv"]


REFUSED = {
    "sort=stars": "sort",
    "page=0": "page",
    "page=1&page=2": "page",
    "per_page=1001": "per_page",
    "names=-1": "names",
    "min_shared=one": "min_shared",
    "max_age=1.5": "max_age",
    "answer=7": "answer",
    "language=": "language",
    "archived=yes": "archived",
    "forks=1": "forks",
    "details=": "details",
    "owner=pallets/": "owner",
    "min_stars=-1": "min_stars",
    "max_stars=many": "max_stars",
    "licence=mit": "the query",
    "min_share=3": "the query",
}


async def test_what_cannot_be_asked(idle: Served) -> None:
    """A parameter that is wrong, unknown or not offered is named."""
    for query, parameter in REFUSED.items():
        status, _, problem = await ask(idle, f"{PATH}?{query}")
        assert (status, problem["type"], problem["parameter"]) == (
            400,
            "/problems/invalid-request",
            parameter,
        )


async def test_a_job_is_at_work(idle: Served) -> None:
    """What is not stored is answered with the job that reads it."""
    status, headers, job = await ask(idle, PATH, Prefer="wait=0")

    assert status == 202
    assert headers["Location"] == f"/jobs/{job['id']}"
    assert int(headers["Retry-After"]) >= 1
    assert headers["Preference-Applied"] == "wait=0"
    assert (job["repository"], job["state"], job["problem"], job["answer"]) == (ONE, "queued", None, None)
    async with idle.working():
        status, headers, items = await ask(idle, PATH, Prefer="wait=60")
    assert (status, headers["Preference-Applied"]) == (200, "wait=60")
    assert items


async def test_two_hundred_clients_start_one_job(idle: Served) -> None:
    """However many ask for the same at once: one price is asked for, and one job started."""
    asking = [asyncio.create_task(ask(idle, PATH, Prefer="wait=0")) for _ in range(200)]
    answers = await asyncio.gather(*asking)

    assert {status for status, _, _ in answers} == {202}
    assert len({job["id"] for _, _, job in answers}) == 1
    assert len(idle.sandbox.record) <= 3  # whose token it is, and the price
    async with idle.working():
        asking = [asyncio.create_task(ask(idle, PATH)) for _ in range(200)]
        answers = await asyncio.gather(*asking)
    assert {status for status, _, _ in answers} == {200}


async def test_an_old_answer_is_served_while_it_is_refreshed(served: Served) -> None:
    """After a day the stored answer comes at once, with the job that refreshes it."""
    _, before, _ = await ask(served, PATH)
    served.clock.passed(86_400 + 60)
    served.sandbox.graph.move_to(served.clock.now())
    status, headers, _ = await ask(served, f"{PATH}?page=1")

    assert status == 200
    assert headers["Stargazer-Answer"] == before["Stargazer-Answer"]
    async with served.http.get(f"{headers['Stargazer-Job']}/events") as events:
        assert b"event: done" in await events.read()
    _, after, _ = await ask(served, f"{PATH}?per_page=99")
    assert after["ETag"] != before["ETag"]
    assert "Stargazer-Job" not in after


async def test_nothing_older_than_asked_for(served: Served) -> None:
    """`max_age` has the repository read again."""
    _, before, _ = await ask(served, PATH)
    served.clock.passed(600)
    served.sandbox.graph.move_to(served.clock.now())
    _, same, _ = await ask(served, f"{PATH}?max_age=3600")
    status, after, _ = await ask(served, f"{PATH}?max_age=60")

    assert status == 200
    assert same["Stargazer-Answer"] == before["Stargazer-Answer"]
    assert after["Stargazer-Answer"] > before["Stargazer-Answer"]


async def test_a_failure_is_remembered(database_url: str) -> None:
    """A refused list is a problem, told again without asking GitHub again."""
    behaviour = Behaviour(stargazers=Stargazers.FORBIDDEN)
    async with serving(database_url, small_graph(), behaviour) as served:
        status, headers, problem = await ask(served, PATH)
        calls = len(served.sandbox.record)
        again = await ask(served, PATH)

        assert (status, problem["type"]) == (403, "/problems/stargazers-restricted")
        assert (problem["repository"], problem["stargazers_total"]) == (ONE, 60)
        assert headers["Content-Type"] == "application/problem+json"
        assert int(headers["Retry-After"]) > 60
        assert again[0] == 403
        assert len(served.sandbox.record) == calls


async def test_an_answer_that_is_gone(served: Served) -> None:
    """A pinned answer that was cleaned, or never was, or is about something else, is gone."""
    async with served.http.get(f"{PATH}?per_page=7") as first:
        pinned = str(URL(first.links["next"]["url"]).relative())
    status, _, problem = await ask(served, pinned.replace(ONE, TWO))
    assert (status, problem["type"]) == (410, "/problems/answer-gone")
    await served.backend.service.answers.clean(served.clock.now() + timedelta(seconds=1), keep_latest=False)

    status, _, problem = await ask(served, pinned)
    assert (status, problem["type"]) == (410, "/problems/answer-gone")


async def test_a_dear_repository(database_url: str) -> None:
    """What costs more than a GET may start is answered with the plan, and started by POST with a budget."""
    async with serving(database_url, small_graph(), get_seconds_at_most=1) as served:
        status, _, problem = await ask(served, PATH)
        assert (status, problem["type"]) == (422, "/problems/budget-too-small")
        assert problem["budget"] == {"github_seconds": 1.0}
        assert problem["plan"]["github_seconds"] == problem["price"]["github_seconds"] > 1
        assert problem["plan"]["repository"] == ONE
        async with served.http.get("/jobs") as response:
            assert await response.json() == []

        order = {"repositories": [ONE], "budget": {"github_seconds": 600}}
        async with served.http.post("/jobs", json=order) as response:
            [job] = await response.json()
        async with served.http.get(f"/jobs/{job['id']}/events") as events:
            assert b"event: done" in await events.read()
        assert (await ask(served, PATH))[0] == 200


async def test_a_renamed_repository(served: Served) -> None:
    """It is found by its old name too, and told under the new one."""
    await ask(served, PATH)
    served.sandbox.graph.rename(ONE, "synthetic/renamed")
    served.clock.passed(86_400 + 60)
    served.sandbox.graph.move_to(served.clock.now())
    await ask(served, f"{PATH}?max_age=60")

    for _ in range(2):
        status, headers, _ = await ask(served, f"{PATH}?per_page=5")
        assert status == 200
        assert headers["Content-Location"] == "/repos/synthetic/renamed/starneighbours?per_page=5"
        assert "</repos/synthetic/renamed/starneighbours?" in headers["Link"]
