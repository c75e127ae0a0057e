"""What the service counts."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from tests.api.api_world import Served

from stargazer.api.frame import Seen
from stargazer.api.metrics import NEIGHBOURS, Counted, Metrics
from stargazer.planner.page import Call, Failure, FailureKind, Reply


def values(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """All samples, by their names and the values of their labels."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def seen(status: int) -> Seen:
    return Seen(
        request_id="1", method="GET", route=NEIGHBOURS, status=status, seconds=0.01, sent_bytes=5, client=""
    )


async def test_requests_and_jobs_are_counted(idle: Served) -> None:
    """Each request counts under its route's template; the jobs are those of the store."""
    metrics = Metrics()
    for status in (200, 200, 304, 202, 404):
        metrics.observe(seen(status))

    told = values((await metrics.exposition(idle.backend.service.database)).decode())

    assert told["stargazer_requests_total", ("GET", NEIGHBOURS, "200")] == 2
    assert told["stargazer_request_seconds_count", (NEIGHBOURS,)] == 5
    assert told["stargazer_answers_total", ("served",)] == 2
    assert told["stargazer_answers_total", ("unchanged",)] == 1
    assert told["stargazer_answers_total", ("job",)] == 1
    assert told["stargazer_answers_total", ("problem",)] == 1
    assert told["stargazer_jobs", ("queued",)] == 0
    assert told["stargazer_store_up", ()] == 1


async def test_calls_to_github_are_counted() -> None:
    """What came back for a call is counted by its meaning, and passed on."""
    call = Call(number=1, selections=(), points=1, requests=1, nodes=1, predicted_seconds=1.0)
    failure = Failure(FailureKind.SECONDARY_LIMIT, "slow down", 60)
    reply = Reply(call, (), failure, None, 1.5)

    class Refusing:
        async def send(self, call: Call) -> Reply:
            assert call is reply.call
            return reply

    metrics = Metrics()
    assert await Counted(Refusing(), metrics).send(call) is reply
    registry = metrics.registry
    assert registry.get_sample_value("stargazer_github_calls_total", {"result": "secondary-limit"}) == 1
    assert registry.get_sample_value("stargazer_github_refusals_total", {"limit": "secondary"}) == 1
    assert registry.get_sample_value("stargazer_github_seconds_total") == 1.5


async def test_the_numbers_need_the_scope_admin(idle: Served) -> None:
    """Whoever may ask for neighbours may not yet see what others ask for."""
    async with idle.http.get("/metrics") as response:
        assert response.status == 403
        assert (await response.json(content_type=None))["scope"] == "admin"
