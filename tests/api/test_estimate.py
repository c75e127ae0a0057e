"""Estimates over HTTP: asked for by GET or by a job, and never given to whoever asks for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDictProxy
from tests.api.api_world import ONE, Served, serving

from stargazer.sandbox import synthetic_graph

PATH = f"/repos/{ONE}/starneighbours"


async def ask(served: Served, path: str) -> tuple[int, CIMultiDictProxy[str], Any]:
    """GET a path: the status, the header fields and the body."""
    async with served.http.get(path) as response:
        return response.status, response.headers, await response.json()


async def test_an_estimate_says_what_it_is(served: Served) -> None:
    """Each item has both ends, the header tells the sample, and its pages are those of one answer."""
    status, headers, items = await ask(served, f"{PATH}?sample=30&per_page=10")

    assert status == 200
    assert headers["Stargazer-Answer"].startswith("estimate; listed=60; read=30; sample=30; as-of=")
    truth = {repo: len(logins) for repo, logins in served.sandbox.graph.truth(ONE).items()}
    for item in items:
        assert item["shared_low"] <= item["shared"] <= item["shared_high"]
        assert len(item["stargazers"]) <= item["shared_low"]
    held = [item["shared_low"] <= truth[item["repo"]] <= item["shared_high"] for item in items]
    assert sum(held) >= 8
    assert "answer=" in headers["Link"]
    assert "sample" not in headers["Link"]


async def test_who_asks_for_everybody_is_not_given_a_sample(served: Served) -> None:
    """The exact answer is read then, and is better than any estimate."""
    _, estimated, _ = await ask(served, f"{PATH}?mode=estimate&sample=30")
    _, exact, items = await ask(served, PATH)
    _, again, _ = await ask(served, f"{PATH}?sample=30")
    _, forced, _ = await ask(served, f"{PATH}?mode=exact&sample=30")

    assert estimated["Stargazer-Answer"].startswith("estimate;")
    assert exact["Stargazer-Answer"].startswith("exact;")
    assert "shared_low" not in items[0]
    assert again["ETag"] == exact["ETag"]
    assert forced["Stargazer-Answer"].startswith("exact;")


async def test_the_same_sample_is_served_again(served: Served) -> None:
    """It costs nothing; another seed or rule is another answer, and goes on from what was read."""
    _, first, _ = await ask(served, f"{PATH}?sample=30")
    calls = len(served.sandbox.record)
    _, same, _ = await ask(served, f"{PATH}?sample=30&per_page=5")
    assert len(served.sandbox.record) == calls
    assert same["Stargazer-Answer"] == first["Stargazer-Answer"]

    _, other, _ = await ask(served, f"{PATH}?sample=30&seed=7")
    _, rule, _ = await ask(served, f"{PATH}?until=width=0.9")
    assert other["Stargazer-Answer"].startswith("estimate; listed=60; ")
    assert rule["Stargazer-Answer"].split(";")[0] in ("estimate", "exact")
    assert len({first["ETag"], other["ETag"], rule["ETag"]}) == 3


async def test_a_sample_as_large_as_the_list_is_exact(served: Served) -> None:
    """Without a size a thousand are read, which are all of them here."""
    _, headers, _ = await ask(served, f"{PATH}?mode=estimate")

    assert headers["Stargazer-Answer"].startswith("exact; listed=60; read=60;")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("mode=guess", "mode"),
        ("sample=0", "sample"),
        ("sample=max", "sample"),
        ("until=often", "until"),
        ("until=width=1.5", "until"),
        ("seed=-1", "seed"),
    ],
)
async def test_what_is_no_sample_is_refused(idle: Served, query: str, parameter: str) -> None:
    """The problem names the parameter and what it must be."""
    status, _, problem = await ask(idle, f"{PATH}?{query}")

    assert (status, problem["type"], problem["parameter"]) == (400, "/problems/invalid-request", parameter)


async def test_a_job_of_a_sample(served: Served) -> None:
    """It says which sample it reads; its answer is an estimate. `max` is as many as the budget pays for."""
    order = {"repositories": [ONE], "sample": "max", "seed": 3, "budget": {"github_seconds": 2}}
    async with served.http.post("/jobs", json=order) as response:
        [job] = await response.json()
        assert response.status == 202
    async with served.http.get(f"/jobs/{job['id']}/events") as events:
        await events.read()
    _, _, done = await ask(served, f"/jobs/{job['id']}")
    _, headers, items = await ask(served, f"{PATH}?answer={done['answer']}")

    assert job["estimate"] == {"sample": "max", "until": None, "seed": 3}
    assert done["state"] == "done"
    assert headers["Stargazer-Answer"].startswith("estimate; listed=60; ")
    assert all(item["shared_low"] <= item["shared_high"] for item in items)


async def test_jobs_of_other_samples_are_other_jobs(idle: Served) -> None:
    """Who asks for everybody does not join a job that reads some, nor the other way round."""
    jobs = []
    for more in ({}, {"sample": 30}, {"sample": 30.0, "mode": "estimate"}, {"until": "top=20"}, {"seed": 1}):
        async with idle.http.post("/jobs", json={"repositories": [ONE], **more}) as response:
            jobs += await response.json()

    assert len({job["id"] for job in jobs}) == 4
    assert jobs[1]["id"] == jobs[2]["id"]
    assert "estimate" not in jobs[0]
    assert jobs[3]["estimate"] == {"sample": None, "until": "top=20", "seed": 0}


@pytest.mark.parametrize(
    "more",
    [{"sample": 0}, {"sample": 1.5}, {"sample": "many"}, {"until": "top"}, {"seed": -1}, {"mode": "guess"}],
)
async def test_an_order_of_no_sample_is_refused(idle: Served, more: dict[str, Any]) -> None:
    """Nothing is started."""
    async with idle.http.post("/jobs", json={"repositories": [ONE], **more}) as response:
        problem = await response.json()
        assert (response.status, problem["type"]) == (400, "/problems/invalid-request")
    assert (await ask(idle, "/jobs"))[2] == []


async def test_a_dear_repository_can_be_estimated(database_url: str) -> None:
    """What is too dear to be read whole says what samples cost, and a sample is read."""
    graph = synthetic_graph(users=1_500, stars=90_000, repositories=4_000, subjects={ONE: 1_200})
    async with serving(database_url, graph, get_seconds_at_most=40) as served:
        status, _, problem = await ask(served, PATH)
        assert (status, problem["type"]) == (422, "/problems/budget-too-small")
        [widest, *_] = problem["plan"]["samples"]
        assert widest["github_seconds"] < problem["plan"]["github_seconds"]
        assert "mode=estimate" in problem["detail"]

        status, headers, _ = await ask(served, f"{PATH}?sample={widest['sample']}")
        assert status == 200
        assert headers["Stargazer-Answer"].startswith(f"estimate; listed=1200; read={widest['sample']};")


async def test_the_plan_shows_the_choice(served: Served) -> None:
    """Samples that are not clearly cheaper are not offered; of what is stored there is no choice."""
    _, _, plan = await ask(served, f"{PATH}/plan")
    await ask(served, PATH)
    _, _, stored = await ask(served, f"{PATH}/plan")

    assert [(one["width"], one["sample"]) for one in plan["samples"]] == [(0.4, 48)]
    assert plan["samples"][0]["pages"] < plan["pages"]
    assert stored["samples"] == []
