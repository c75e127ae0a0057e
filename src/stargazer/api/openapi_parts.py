"""What the operations of the OpenAPI document are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from stargazer.api import openapi_examples as examples
from stargazer.api import problems
from stargazer.api.asked_sampling import SAMPLING
from stargazer.api.budget import Allowance
from stargazer.api.github_token import CheckedShownToken, ShownToken
from stargazer.api.health import Health
from stargazer.api.job_views import JobView
from stargazer.api.jobs import POINTS_AT_MOST, REPOSITORIES_AT_MOST, SECONDS_AT_MOST
from stargazer.api.pages import Landing, ProblemPage
from stargazer.api.parameters import Parameter, Repeated
from stargazer.api.usage import Used
from stargazer.errors import PROBLEMS
from stargazer.service.importing import Imported
from stargazer.service.look import Look

SECURED: list[dict[str, list[str]]] = [{"key": []}]

_NAME = "[A-Za-z0-9][A-Za-z0-9-]{0,38}(_[A-Za-z0-9]{1,10})?"
_REPOSITORY_NAME = r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"

KEYED_PROBLEMS = ("key-missing", "key-invalid", "key-expired", "scope-missing", "quota-exceeded")
"""What any path that needs a key may answer."""

EVERYWHERE = ("invalid-request", "method-not-allowed", "store-unavailable", "internal-error")
"""What every path may answer."""


def schemas() -> dict[str, Any]:
    """The named schemas."""
    structs = (
        JobView,
        Allowance,
        Look,
        Used,
        ShownToken,
        CheckedShownToken,
        Imported,
        Health,
        Landing,
        ProblemPage,
    )
    _, made = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    return {
        **made,
        "Neighbour": _neighbour(),
        "Plan": _plan(),
        "Order": _order(),
        "Problem": {
            "type": "object",
            "description": "RFC 9457 problem details; the facts of the problem are members beside these.",
            "required": ["type", "title", "status", "detail", "instance", "request_id"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference", "pattern": "^/problems/[a-z-]+$"},
                "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {"type": "string"},
                "instance": {"type": "string"},
                "request_id": {"type": "string"},
            },
        },
    }


def _neighbour() -> dict[str, Any]:
    count = {"type": "integer", "minimum": 0}
    score = {"type": "number", "minimum": 0, "maximum": 1}
    text, truth = {"type": ["string", "null"]}, {"type": ["boolean", "null"]}
    return {
        "type": "object",
        "required": ["repo", "stargazers", "shared", "stars", "relevance", "jaccard", "cosine"],
        "properties": {
            "repo": {"type": "string", "description": "`owner/name`, as it is called today."},
            "stargazers": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Who starred both, sorted, case-folded; empty without the scope `names`.",
            },
            "shared": {**count, "minimum": 1, "description": "How many starred both."},
            "stars": {**count, "description": "The neighbour's stars by GitHub's count."},
            "relevance": score,
            "jaccard": score,
            "cosine": score,
            "language": {**text, "description": "With `details`: what most of it is written in."},
            "description": {**text, "description": "With `details`: in the words of its owner."},
            "archived": {**truth, "description": "With `details`: whether it is read-only; null: not known."},
            "fork": {**truth, "description": "With `details`: whether it is a fork; null: not known."},
            "shared_low": {**count, "description": "In an estimate: at least so many."},
            "shared_high": {**count, "description": "In an estimate or a partial answer: at most so many."},
            **{
                f"{name}_{end}": {**score, "description": f"In an estimate: {name} is {words} that."}
                for name in ("relevance", "jaccard", "cosine")
                for end, words in (("low", "at least"), ("high", "at most"))
            },
        },
    }


def _plan() -> dict[str, Any]:
    numbers = {name: {"type": "integer", "minimum": 0} for name in ("calls", "points", "pages", "nodes")}
    seconds = {name: {"type": "number", "minimum": 0} for name in ("github_seconds", "seconds")}
    properties = {
        "repository": {"type": "string"},
        "stargazers": {"type": "integer", "minimum": 0},
        **numbers,
        **seconds,
    }
    sample = {
        "type": "object",
        "required": ["sample", "width", *numbers, *seconds],
        "properties": {
            "sample": {"type": "integer", "minimum": 1, "description": "So many stargazers are read."},
            "width": {
                "type": "number",
                "description": "Half an interval, as a part of its count, of a neighbour that a tenth share.",
            },
            **numbers,
            **seconds,
        },
    }
    choice = {
        "type": "array",
        "items": sample,
        "description": "What estimates cost; none that is not clearly cheaper.",
    }
    return {
        "type": "object",
        "required": [*properties, "samples"],
        "properties": {**properties, "samples": choice},
    }


def _order() -> dict[str, Any]:
    budget = {
        "type": "object",
        "description": "What each job may spend; without it, what a GET may.",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "points": {"type": "integer", "minimum": 1, "maximum": POINTS_AT_MOST},
            "github_seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": SECONDS_AT_MOST},
        },
    }
    return {
        "type": "object",
        "required": ["repositories"],
        "additionalProperties": False,
        "properties": {
            "repositories": {
                "type": "array",
                "minItems": 1,
                "maxItems": REPOSITORIES_AT_MOST,
                "items": {"type": "string", "pattern": f"^{_NAME}/{_REPOSITORY_NAME}$"},
            },
            "budget": budget,
            **_sampling(),
        },
    }


def _sampling() -> dict[str, Any]:
    """What an order says of an estimate: the parameters of a GET, and `max`."""
    described = {
        parameter.name: {**parameter.schema(), "description": parameter.text} for parameter in SAMPLING
    }
    size = described["sample"]
    described["sample"] = {
        "description": f"{size.pop('description')} `max`: as many as the budget pays for.",
        "oneOf": [size, {"const": "max"}],
    }
    return described


def ref(name: str) -> dict[str, str]:
    """Refer to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def array_of(name: str) -> dict[str, Any]:
    """An array of a named schema."""
    return {"type": "array", "items": ref(name)}


def path_parameter(name: str, text: str, example: str, **schema: object) -> dict[str, Any]:
    """A part of the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string", **schema},
        "example": example,
    }


REPOSITORY = [
    path_parameter("owner", "The repository's owner.", examples.OWNER, pattern=f"^{_NAME}$"),
    path_parameter("name", "The repository's name.", examples.NAME, pattern=f"^{_REPOSITORY_NAME}$"),
]
JOB = [path_parameter("job", "The id of a job.", str(examples.JOB), format="uuid")]


def query_parameters(parameters: Iterable[Parameter]) -> list[dict[str, Any]]:
    """The parameters of a query, as they are read."""
    return [
        {
            "name": parameter.name,
            "in": "query",
            "required": isinstance(parameter, Repeated),
            "description": parameter.text,
            "schema": parameter.schema(),
            "example": parameter.example,
        }
        for parameter in parameters
    ]


def header_parameter(name: str, text: str, example: str) -> dict[str, Any]:
    """A header field of a request."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": {"type": "string"},
        "example": example,
    }


def headers(**texts: str) -> dict[str, Any]:
    """Header fields of an answer, by their name with underscores."""
    return {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
        for name, text in texts.items()
    }


def answer(
    text: str, schema: dict[str, Any], example: object, more: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An answer in JSON."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": text, "content": content, **({"headers": more} if more else {})}


def problem_responses(instance: str, codes: Sequence[str]) -> dict[str, Any]:
    """The problems that a path may answer, by their status, each with an example."""
    by_status: dict[str, list[str]] = {}
    for code in codes:
        by_status.setdefault(str(PROBLEMS[code].http_status), []).append(code)
    return {
        status: {
            "description": "; ".join(f"{PROBLEMS[code].title} (`{code}`)" for code in some),
            "content": {
                problems.MEDIA_TYPE: {
                    "schema": ref("Problem"),
                    "examples": {
                        code: {
                            "summary": PROBLEMS[code].title,
                            "value": examples.problem_example(code, instance),
                        }
                        for code in some
                    },
                }
            },
        }
        for status, some in sorted(by_status.items())
    }


def page(text: str, schema: dict[str, Any], example: object) -> dict[str, Any]:
    """An answer that is a page for browsers and JSON for programs."""
    found = answer(text, schema, example)
    found["content"]["text/html"] = {"schema": {"type": "string"}, "example": "<!doctype html>"}
    return found


def encoded(value: object) -> str:
    """A value as JSON."""
    return msgspec.json.encode(value).decode()
