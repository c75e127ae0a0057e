"""Schemathesis against the running service: whatever its own document allows, it answers as it says there.

`STARGAZER_SCHEMA_CASES=5000` looks longer; `make schema` does that.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.api.api_world import KEY, ONE, serving

from stargazer.sandbox import synthetic_graph

CASES = int(os.environ.get("STARGAZER_SCHEMA_CASES", "200"))
OPERATIONS = 16 if CASES <= 1_000 else 8
"""Among how many the cases are shared out; of some operations there are not so many different ones."""

PHASES = "examples,coverage,fuzzing,stateful" if CASES > 1_000 else "examples,fuzzing,stateful"

CONFIG = """
[headers]
X-API-Key = "${STARGAZER_SCHEMA_KEY}"

[checks.positive_data_acceptance]
# What is well asked for may be known already, gone, dear, closed, or not there.
expected-statuses = ["2xx", "304", "401", "403", "404", "406", "410", "422", "502", "503"]

[[operations]]
# Which texts are tokens is GitHub's to say.
include-operation-id = "bringGitHubToken"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "502"]

[[operations]]
# Two spellings of one repository are one.
include-operation-id = "compareRepositories"
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "400", "403", "404", "410", "422", "502"]

[[operations]]
# What says how to read makes no sense where nothing is read.
include-operation-id = "getNeighbours"
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "400", "403", "404", "410", "422", "502"]

[[operations]]
# It shows a template of a path, which is not to be followed.
include-operation-id = "landing"
phases.stateful.enabled = false
"""


HOOKS = """
import json
import schemathesis

@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    text = value if isinstance(value, (str, bytes)) else json.dumps(value)
    return text.encode("utf-8", "replace") if isinstance(text, str) else text
"""
"""How it writes the one form that it does not know."""


@pytest.mark.timeout(max(300, CASES))
async def test_it_answers_as_it_says(database_url: str, tmp_path: Path) -> None:
    """No check of Schemathesis finds a failure, in requests that are allowed and in some that are not."""
    graph = synthetic_graph(users=60, stars=600, repositories=120, subjects={ONE: 15, "pallets/flask": 10})
    config = tmp_path / "schemathesis.toml"
    await asyncio.to_thread(config.write_text, CONFIG, "utf-8")
    await asyncio.to_thread((tmp_path / "forms.py").write_text, HOOKS, "utf-8")
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    options = [
        # Who deletes a job withdraws from it: it stays, for whoever else wants it and to be looked at.
        *("--checks", "all", "--exclude-checks", "use_after_free"),
        *("--phases", PHASES, "--max-examples", str(max(1, CASES // OPERATIONS))),
        *(
            "--seed",
            "1",
            "--max-response-time",
            "60",
            "--generation-database",
            "none",
            "--request-timeout",
            "90",
            "--no-color",
        ),
        *("--suppress-health-check", "all", "--warnings", "off"),
    ]
    async with serving(database_url, graph) as served:
        running = await asyncio.create_subprocess_exec(
            *program,
            *options,
            f"{served.url}/openapi.json",
            cwd=tmp_path,
            env={**os.environ, "STARGAZER_SCHEMA_KEY": KEY, "SCHEMATHESIS_HOOKS": "forms"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await running.communicate()

    assert running.returncode == 0, told.decode(errors="replace")
