"""The reference pages of the service, written from the service itself.

`python -m stargazer.api.reference api > docs/reference/api.md`, and `metrics`
likewise, write them anew; tests compare them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from stargazer.api.metrics import SECONDS, Metrics
from stargazer.api.openapi import document

_API = """\
# The HTTP API

<!-- Written by `python -m stargazer.api.reference api`; a test compares it. -->

A running service has all of this at `/docs`, where every request can be tried, and at `/openapi.json` for
programs. [A first answer over HTTP](../tutorial/first-answer-over-http.md) begins at the beginning.

Two things first:

- **Expect 202.** What is not stored has to be read from GitHub, and that takes minutes: ask again after
  `Retry-After`, or follow the job that `Location` names.
- **Follow `Link`.** An answer comes in pages, 100 neighbours each unless you ask for more.

Every request shows a key in the header `X-API-Key`, except where *no key* stands. Whatever goes wrong is a
[problem](problems.md). Every answer has an `X-Request-Id`: one of yours if you sent one, or else a new one.
HEAD is answered wherever GET is. What it takes of time and bytes is in the [settings](settings.md).
"""

_METRICS = """\
# Metrics

<!-- Written by `python -m stargazer.api.reference metrics`; a test compares it. -->

`GET /metrics` gives numbers in the text format of Prometheus, to keys with the scope `admin`. With
[`STARGAZER_METRICS_PORT`](settings.md) they are also on a port of their own, where no key is asked for: let
only Prometheus reach it. That is also how `stargazer worker` gives its own.

Counters are those of one process; Prometheus adds them up. What concerns all processes, the jobs, is read
from the store at the moment of asking, and is the same on each: take the `max`.

| metric | kind | labels | meaning |
|---|---|---|---|
"""

_WATCH = f"""
`route` is the template of a path, never a path, so that no name is in it. Seconds are sorted by the bounds
{", ".join(f"{bound:g}" for bound in SECONDS)}.

## What to watch

| question | expression |
|---|---|
| Do requests fail? | `sum(rate(stargazer_requests_total{{status=~"5.."}}[5m]))` |
| Are answers quick? | `histogram_quantile(0.99, sum by (le) (rate(stargazer_request_seconds_bucket[5m])))` |
| Does the store have what is asked for? | `sum by (result) (rate(stargazer_answers_total[1h]))` |
| Is there a worker? | `max(stargazer_jobs_queued_seconds) > 600` |
| Do jobs wait for GitHub? | `max(stargazer_jobs{{state="waiting"}})` |
| Does GitHub find us too fast? | `sum by (limit) (rate(stargazer_github_refusals_total[1h]))` |
| What does it cost? | `sum(increase(stargazer_github_points_total[1h]))` |
"""


def api() -> str:
    """Write the reference of the API as Markdown."""
    described = document()
    sections: dict[str, list[str]] = {tag["name"]: [] for tag in described["tags"]}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                text = _operation(path, method, operation, methods.get("parameters", []))
                sections[operation["tags"][0]].append(text)
    parts = [f"## {name}\n\n" + "\n".join(texts) for name, texts in sections.items() if texts]
    return "\n".join([_API, *parts])


def metrics() -> str:
    """Write the reference of the metrics as Markdown."""
    return _METRICS + "\n".join(_metric_rows()) + "\n" + _WATCH


def _operation(path: str, method: str, operation: dict[str, Any], shared: list[dict[str, Any]]) -> str:
    key = "" if operation.get("security") else " · no key"
    lines = [f"### {method.upper()} {path}", "", f"**{operation['summary']}**{key}"]
    if operation.get("description"):
        lines += ["", operation["description"]]
    rows = [*shared, *operation.get("parameters", [])]
    if rows:
        lines += ["", "| parameter | in | what it can be | meaning |", "|---|---|---|---|"]
        lines += [_parameter(row) for row in rows]
    lines += ["", "| status | meaning |", "|--:|---|"]
    lines += [f"| {status} | {_cell(one['description'])} |" for status, one in operation["responses"].items()]
    return "\n".join([*lines, ""])


def _parameter(parameter: dict[str, Any]) -> str:
    cells = (
        f"`{parameter['name']}`",
        parameter["in"],
        _bounds(parameter.get("schema", {})),
        parameter.get("description", ""),
    )
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _bounds(schema: dict[str, Any]) -> str:
    """Say in words what a schema allows."""
    if "oneOf" in schema:
        words = " or ".join(_bounds(one) for one in schema["oneOf"])
    elif "items" in schema:
        words = f"{schema['minItems']:,} to {schema['maxItems']:,} times, each another one"
    elif "const" in schema:
        words = f"`{schema['const']}`"
    elif "enum" in schema:
        words = ", ".join(f"`{one}`" for one in schema["enum"])
    elif "minimum" in schema and "maximum" in schema:
        words = f"{schema['minimum']:,} to {schema['maximum']:,}"
    else:
        words = str(schema.get("format", schema.get("type", "")))
    return f"{words}; default `{schema['default']}`" if "default" in schema else words


def _metric_rows() -> Iterator[str]:
    for family in Metrics().registry.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = ", ".join(f"`{label}`" for label in Metrics.LABELS.get(family.name, ()))
        yield f"| `{name}` | {family.type} | {labels} | {family.documentation} |"


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write({"api": api, "metrics": metrics}[sys.argv[1]]())
