"""The operation of the OpenAPI document that compares repositories."""

from __future__ import annotations

from typing import Any

from stargazer.api import openapi_examples as examples
from stargazer.api import openapi_parts as parts
from stargazer.api.compare import COMPARE_QUERY, PATH
from stargazer.api.openapi_paths import GITHUB_PROBLEMS, READING_PROBLEMS, operation
from stargazer.service.comparing import OF

_COUNT = {"type": "integer", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_MANY = {"stargazers": _COUNT, "stargazers_high": {**_COUNT, "description": "At most so many."}}

_COVERAGE: dict[str, Any] = {
    "source": "github",
    "as_of": "2026-11-24T10:00:00Z",
    "stargazers_total": 1_204,
    "stargazers_listed": 1_203,
    "users_read": 1_194,
    "users_gone": 9,
    "users_failed": 0,
    "users_truncated": 0,
    "users_unread": 0,
    "users_without_seed": 0,
    "stargazers_hidden": 1,
    "users_from_store": 800,
    "items_hidden": 0,
    "items_private": 0,
    "sample": 1_203,
    "failed": [],
}


def _side(repository: str, stargazers: int) -> dict[str, Any]:
    return {
        "repository": repository,
        "stargazers": stargazers,
        "kind": "exact",
        "complete": True,
        "made_at": "2026-11-24T10:01:24Z",
        "coverage": {**_COVERAGE, "stargazers_listed": stargazers},
    }


_EXAMPLE: dict[str, Any] = {
    "repositories": [_side("pallets/flask", 1_203), _side("pallets/jinja", 811)],
    "pairs": [{"repositories": ["pallets/flask", "pallets/jinja"], "shared": 402, "jaccard": 0.249380}],
    "union": {"stargazers": 1_612},
    "intersection": {"stargazers": 402},
    "of": "union",
    "kind": "exact",
    "complete": True,
    "coverage": {**_COVERAGE, "stargazers_listed": 1_612, "users_read": 1_600, "users_gone": 12},
    "neighbours_total": 1,
    "neighbours": [{**examples.NEIGHBOUR, "repo": "pallets/werkzeug"}],
}


def compare_schema() -> dict[str, Any]:
    """What is answered."""
    kind = {"type": "string", "enum": ["exact", "partial", "estimate"]}
    coverage = {"type": "object", "description": "How it was come by, as in a report."}
    repository = {
        "repository": {"type": "string", "description": "`owner/name`, as it is called today."},
        **_MANY,
        "kind": kind,
        "complete": {"type": "boolean"},
        "made_at": {"type": "string", "format": "date-time"},
        "coverage": coverage,
    }
    pair = {
        "repositories": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
        "shared": {**_COUNT, "description": "How many starred both; where that is not certain, at least."},
        "shared_high": {**_COUNT, "description": "Where it is not certain: at most so many."},
        "jaccard": {**_SHARE, "description": "By those who starred either."},
        "jaccard_low": _SHARE,
        "jaccard_high": _SHARE,
    }
    return _object(
        {
            "repositories": _array(_object(repository)),
            "pairs": _array(_object(pair)),
            "union": {**_object(_MANY), "description": "Those who starred any of the repositories."},
            "intersection": {**_object(_MANY), "description": "Those who starred each of them."},
            "of": {"type": "string", "enum": list(OF)},
            "kind": kind,
            "complete": {"type": "boolean"},
            "coverage": coverage,
            "neighbours_total": {**_COUNT, "description": "How many there are in all."},
            "neighbours": parts.array_of("Neighbour"),
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """An object whose members are all there, but for the bounds of what is certain."""
    required = [name for name in properties if not name.endswith(("_low", "_high"))]
    return {"type": "object", "required": required, "properties": properties}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def compare_paths() -> dict[str, Any]:
    """What repositories have in common."""
    more = parts.headers(
        ETag="A weak tag: it changes with the answers, the query and the scopes of the key.",
        Link="`first`, `prev`, `next` and `last` page of these same neighbours.",
        X_Total_Count="How many neighbours there are on all pages.",
        Stargazer_Job="The jobs that refresh answers of more than a day.",
    )
    accepted = parts.headers(
        Location="Where the job is found, or `/jobs` where there are several.",
        Retry_After="In how many seconds to ask again.",
    )
    jobs = parts.answer(
        "Not stored yet: the jobs that read them.", parts.array_of("JobView"), [examples.RUNNING], accepted
    )
    described = operation(
        "compareRepositories",
        "Neighbours",
        "What the stargazers of several repositories have in common",
        "How many starred each of 2 to 10 repositories, both of each pair, any and all of them; and the "
        "neighbours of their union or intersection, with the share of these people who starred them. The "
        "repositories themselves are none. Exact answers give exact counts; where one is not exact, members "
        "that end in `_low` and `_high` bound them. What is not stored is read first, as for neighbours: "
        "each repository has a job, and if they take longer the answer is **202** with the jobs. With "
        "`mode=estimate` a random sample of each will do: who starred them is counted all the same.",
        {
            "200": parts.answer("The comparison.", parts.ref("Comparison"), _EXAMPLE, more),
            "202": jobs,
            "304": {"description": "The client has it already.", "headers": more},
        },
        instance=PATH,
        problems=("not-acceptable", "answer-gone", *READING_PROBLEMS, *GITHUB_PROBLEMS),
        parameters=[
            *parts.query_parameters(COMPARE_QUERY),
            parts.header_parameter("Prefer", "`wait=N`: wait so many seconds for the jobs.", "wait=10"),
            parts.header_parameter("If-None-Match", "The tag of an earlier answer.", 'W/"0123456789abcdef"'),
        ],
    )
    return {PATH: {"get": described}}
