"""`GET /compare`: several repositories side by side."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from tests.api.api_world import COUNTS_KEY, ONE, TWO, Served
from tests.api.test_neighbours import ask

from stargazer.planner.step import Progress
from stargazer.service import Wanted

PATH = f"/compare?repo={ONE}&repo={TWO}"


def neighbours(served: Served, people: set[str]) -> dict[str, int]:
    """What some people starred besides the two repositories."""
    graph = served.sandbox.graph
    starred = Counter(name for login in people for name in graph.starred_by(login))
    return {name: shared for name, shared in starred.items() if name not in (ONE, TWO)}


def stargazers(served: Served) -> tuple[set[str], set[str]]:
    graph = served.sandbox.graph
    return set(graph.stargazers_of(ONE)), set(graph.stargazers_of(TWO))


async def test_exact_answers_give_exact_counts(served: Served) -> None:
    """What is not stored is read first; then each repository, each pair and all together are counted."""
    one, two = stargazers(served)
    status, headers, told = await ask(served, f"{PATH}&per_page=1000&names=all&min_shared=2")

    assert status == 200
    assert headers["Cache-Control"] == "private"
    assert [(each["repository"], each["stargazers"], each["kind"]) for each in told["repositories"]] == [
        (ONE, len(one), "exact"),
        (TWO, len(two), "exact"),
    ]
    assert told["repositories"][0]["coverage"]["users_read"] == len(one)
    shared = len(one & two)
    assert told["pairs"] == [
        {"repositories": [ONE, TWO], "shared": shared, "jaccard": round(shared / len(one | two), 6)}
    ]
    assert told["union"] == {"stargazers": len(one | two)}
    assert told["intersection"] == {"stargazers": shared}
    assert (told["of"], told["kind"], told["complete"]) == ("union", "exact", True)
    truth = neighbours(served, one | two)
    assert {each["repo"]: each["shared"] for each in told["neighbours"]} == {
        name: count for name, count in truth.items() if count >= 2
    }
    assert all(len(each["stargazers"]) == each["shared"] for each in told["neighbours"])
    assert all("shared_high" not in each for each in told["neighbours"])
    assert len(told["neighbours"]) == int(headers["X-Total-Count"])
    assert told["neighbours_total"] == len(truth)


async def test_the_intersection_has_neighbours_of_its_own(served: Served) -> None:
    """Only those who starred each of them count; a key without names is told counts."""
    one, two = stargazers(served)
    status, _, told = await ask(served, f"{PATH}&of=intersection&per_page=1000", X_API_Key=COUNTS_KEY)

    assert status == 200
    assert {each["repo"]: each["shared"] for each in told["neighbours"]} == neighbours(served, one & two)
    assert {tuple(each["stargazers"]) for each in told["neighbours"]} <= {()}


async def test_pages_are_those_of_one_comparison(served: Served) -> None:
    """`Link` pins them; whoever has one is told that nothing has changed."""
    one, two = stargazers(served)
    pages: list[dict[str, Any]] = []
    async with served.http.get(f"{PATH}&per_page=300&sort=relevance&names=0") as first:
        pages.append(await first.json())
        following, tag = first.links.get("next"), first.headers["ETag"]
    while following:
        async with served.http.get(following["url"]) as response:
            assert response.status == 200
            pages.append(await response.json())
            following = response.links.get("next")

    told = [each["repo"] for page in pages for each in page["neighbours"]]
    assert len(pages) > 1
    assert sorted(told) == sorted(neighbours(served, one | two))
    status, _, _ = await ask(served, f"{PATH}&per_page=300&sort=relevance&names=0", If_None_Match=tag)
    assert status == 304
    gone = "00000000-0000-0000-0000-000000000000"
    status, _, problem = await ask(served, f"{PATH}&answer={gone}")
    assert (status, problem["type"]) == (410, "/problems/answer-gone")


async def test_what_takes_longer_is_a_job(idle: Served) -> None:
    """Each repository that is not stored gets a job, and is waited for no longer than is wanted."""
    status, headers, jobs = await ask(idle, PATH, Prefer="wait=0")
    assert (status, headers["Location"]) == (202, "/jobs")
    assert int(headers["Retry-After"]) > 0
    assert [job["repository"] for job in jobs] == [ONE, TWO]

    async with idle.working():
        status, _, _ = await ask(idle, PATH)
    assert status == 200


async def test_what_cannot_be_had_is_a_problem(served: Served) -> None:
    """One that there is not, too few, the same twice, and what is not offered."""
    status, _, problem = await ask(served, f"/compare?repo={ONE}&repo=no/body")
    assert (status, problem["type"], problem["repository"]) == (
        404,
        "/problems/repository-not-found",
        "no/body",
    )
    for query in (f"repo={ONE}", "", f"repo={ONE}&repo={ONE.upper()}", f"repo={ONE}&repo=x"):
        status, _, problem = await ask(served, f"/compare?{query}")
        assert (status, problem["parameter"]) == (400, "repo")
    assert (await ask(served, PATH, Accept="text/csv"))[0] == 406


async def test_a_list_that_broke_off_widens_what_is_told(served: Served) -> None:
    """Whoever is not on the list may have starred the other too; and neighbours may be shared by them."""
    one, two = stargazers(served)
    assert (await ask(served, PATH))[0] == 200
    async with served.backend.service.database.transaction() as connection:
        await connection.execute(
            "UPDATE stargazer_list SET ending = 'truncated', users = substring(users FOR 200), "
            "starred_at = substring(starred_at FOR 200) "
            "WHERE repository_number = (SELECT number FROM repository WHERE name = $1)",
            ONE,
        )
        await connection.execute(
            "UPDATE answer SET kind = 'partial', complete = false "
            "WHERE repository_number = (SELECT number FROM repository WHERE name = $1)",
            ONE,
        )

    # A server that has not counted them before.
    async with served.twin() as twin:
        _, _, told = await ask(twin, f"{PATH}&min_shared=2")

    first = told["repositories"][0]
    assert (first["stargazers"], first["stargazers_high"], first["kind"]) == (50, len(one), "partial")
    assert "stargazers_high" not in told["repositories"][1]
    [pair] = told["pairs"]
    assert pair["shared"] <= len(one & two) <= pair["shared_high"]
    assert pair["jaccard_low"] <= len(one & two) / len(one | two) <= pair["jaccard_high"]
    assert told["union"]["stargazers"] <= len(one | two) <= told["union"]["stargazers_high"]
    assert told["intersection"]["stargazers"] <= len(one & two) <= told["intersection"]["stargazers_high"]
    assert (told["kind"], told["complete"]) == ("partial", False)
    truth = neighbours(served, one | two)
    for each in told["neighbours"]:
        assert each["shared"] <= truth[each["repo"]] <= each["shared_high"]


async def test_whoever_came_after_the_answer_is_not_taken_for_read(idle: Served) -> None:
    """A list that was read again names people whose star lists nobody has read: the count is partial."""
    async with idle.working():
        assert (await ask(idle, PATH))[2]["kind"] == "exact"
    graph, service = idle.sandbox.graph, idle.backend.service
    one, two = stargazers(idle)
    popular = max(neighbours(idle, one), key=graph.stargazer_count)
    [newcomer, *_] = sorted(set(graph.stargazers_of(popular)) - one - two)
    idle.clock.passed(60)
    graph.star(newcomer, ONE, at=idle.clock.now())
    wanted = Wanted(repository=ONE, credential_user=1, max_age=timedelta(0))

    def look(_: Progress) -> None:
        if reading.plan.listing_ended is not None:
            reading.stop()

    async with service.reading(wanted, idle.github, on_progress=look) as reading:
        await reading.read()

    async with idle.twin() as twin:
        _, _, told = await ask(twin, f"{PATH}&min_shared=2")
    assert told["union"] == {"stargazers": len(one | two) + 1}
    assert (told["kind"], told["complete"]) == ("partial", False)
    assert told["coverage"]["users_unread"] >= 1
    assert told["coverage"]["users_gone"] == 0


async def test_samples_will_do(served: Served) -> None:
    """With `sample` a part of each is read: the overlap is exact, and neighbours have intervals."""
    one, two = stargazers(served)
    async with served.http.get(f"{PATH}&sample=30&per_page=50&min_shared=2") as response:
        told = await response.json()
        following = response.links["next"]["url"]

    assert [each["kind"] for each in told["repositories"]] == ["estimate", "estimate"]
    assert told["union"] == {"stargazers": len(one | two)}
    assert (told["kind"], told["complete"]) == ("estimate", True)
    truth = neighbours(served, one | two)
    held = [each["shared_low"] <= truth[each["repo"]] <= each["shared_high"] for each in told["neighbours"]]
    assert sum(held) >= 0.9 * len(held)
    async with served.http.get(following) as response:
        assert response.status == 200
        more = await response.json()
    assert not {each["repo"] for each in more["neighbours"]} & {each["repo"] for each in told["neighbours"]}


async def test_nobody_compares_what_others_read(idle: Served) -> None:
    """Answers of another GitHub user are as good as not stored."""
    async with idle.working():
        assert (await ask(idle, PATH))[0] == 200
    stranger = await idle.stranger()
    async with idle.backend.service.database.transaction() as connection:
        await connection.execute("UPDATE stargazer_list SET credential_user = $1", stranger)
        await connection.execute("UPDATE answer SET credential_user = $1", stranger)
        await connection.execute("UPDATE job SET credential_user = $1", stranger)
    assert (await ask(idle, f"{PATH}&page=2", Prefer="wait=0"))[0] == 202
