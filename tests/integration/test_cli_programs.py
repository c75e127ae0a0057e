"""The command line as a program of its own: signals, pipes, standard input, and what it loads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.cli_world import TOKEN, finish, serving, star_graph, start, wait_for_calls

from stargazer.sandbox import Behaviour, Graph, Sandbox, real_graph

SLOW_ENOUGH = 3
"""How much faster than GitHub a sandbox runs that is to be interrupted: a call takes about a second."""


@pytest.fixture
def unhurried() -> Generator[Sandbox]:
    with serving(real_graph(), Behaviour(speed=SLOW_ENOUGH)) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_prints_what_was_read(
    unhurried: Sandbox, tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    """The first signal ends the reading at once; what was read is printed as partial, with its report."""
    report = tmp_path / "report.json"
    program = start("neighbours", "rails/rails", "--format", "json", "--report", str(report), at=unhurried)
    wait_for_calls(unhurried, 4)
    program.send_signal(number)
    ran = finish(program)
    read: Any = json.loads(report.read_text())
    assert ran.exit_code == exit_code
    assert json.loads(ran.out)
    assert read["kind"] == "partial"
    assert 0 < read["coverage"]["users_read"] < 2768
    assert ran.lines[-1] == "stargazer: interrupted: what was read is printed"


def test_a_signal_ends_a_list_too(unhurried: Sandbox) -> None:
    """An interrupted list is printed as far as it got, and says so by its exit code."""
    program = start("list", "rails/rails", at=unhurried)
    wait_for_calls(unhurried, 2)
    program.send_signal(signal.SIGINT)
    ran = finish(program)
    assert ran.exit_code == 130
    assert "only" in ran.err


def test_ctrl_c_ends_a_plan(unhurried: Sandbox) -> None:
    """A command that has nothing to show yet ends with one line and 130."""
    program = start("plan", "rails/rails", at=unhurried)
    wait_for_calls(unhurried, 1)
    program.send_signal(signal.SIGINT)
    ran = finish(program)
    # The answer may have come first: then the plan is told.
    assert (ran.exit_code, ran.err) in ((130, "stargazer: interrupted\n"), (0, ""))


def test_a_reader_that_leaves_early_ends_the_output_quietly() -> None:
    """`stargazer … | head` shows no error, and the answer keeps its exit code."""
    with serving(real_graph()) as sandbox:
        program = start("neighbours", "rails/rails", "--format", "csv", at=sandbox)
        assert program.stdout is not None
        assert program.stdout.readline().startswith(b"repo,shared,")
        program.stdout.close()
        assert program.stderr is not None
        with program:
            assert program.stderr.read() == b""
        assert program.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_an_output_that_cannot_be_written_is_an_error() -> None:
    """A full disk is told in one line: exit 1."""
    with serving(star_graph()) as sandbox, Path("/dev/full").open("wb") as full:
        environment = {**os.environ, "STARGAZER_GITHUB_URL": sandbox.url, "GITHUB_TOKEN": TOKEN}
        command = [
            sys.executable,
            "-m",
            "stargazer",
            "neighbours",
            "o/seed",
            "--format",
            "json",
            "--no-store",
        ]
        ran = subprocess.run(  # noqa: S603
            command, stdout=full, stderr=subprocess.PIPE, env=environment, check=False
        )
    assert ran.returncode == 1
    assert ran.stderr.decode().splitlines()[0].startswith("stargazer: cannot go on (No space left")


def test_standard_input_gives_stargazers_and_documents() -> None:
    """`-` is standard input, for lists of stargazers and for documents."""
    with serving(star_graph()) as sandbox:
        environment = {**os.environ, "STARGAZER_GITHUB_URL": sandbox.url, "GITHUB_TOKEN": TOKEN}

        def run(words: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
            command = [sys.executable, "-m", "stargazer", *words.split()]
            return subprocess.run(  # noqa: S603
                command, input=given, capture_output=True, env=environment, check=False
            )

        neighbours = run("neighbours o/seed --stargazers - --format json --no-store", b"ada\nbob\n")
        cost = run("cost - --format json", b"{ viewer { followers(first: 5) { totalCount } } }")
    assert neighbours.returncode == 3
    assert [item["repo"] for item in json.loads(neighbours.stdout)] == ["o/near", "o/far"]
    assert json.loads(cost.stdout) == {"points": 1, "requests": 1, "nodes": 5}


def test_the_sandbox_serves_until_ctrl_c_and_says_how_to_ask_it() -> None:
    """`stargazer sandbox` prints the variables to set; with them, the other commands work."""
    command = [sys.executable, "-m", "stargazer", "sandbox", "--port", "0", "--format", "json"]
    served = subprocess.Popen([*command, "--speed", "1000"], stdout=subprocess.PIPE)  # noqa: S603
    with served:
        assert served.stdout is not None
        told = json.loads(served.stdout.readline())
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "stargazer",
                "neighbours",
                "mojombo/grit",
                "--format",
                "json",
                "--no-store",
            ],
            env={**os.environ, **told["environment"]},
            capture_output=True,
            check=False,
        )
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=30) == 0
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert told["environment"] == {"STARGAZER_GITHUB_URL": told["url"], "GITHUB_TOKEN": "anything"}
    assert json.loads(ran.stdout)


def test_the_version_is_told() -> None:
    """`--version` is one line on standard output, and needs neither token nor network."""
    version = subprocess.run(
        [sys.executable, "-m", "stargazer", "--version"], capture_output=True, check=True
    )
    assert (version.stdout.startswith(b"stargazer "), version.stderr) == (True, b"")


def test_commands_load_no_more_than_they_need() -> None:
    """Help, and the price of a document, load no sandbox; the modules of commands are loaded one by one."""
    script = (
        "import sys; from stargazer.cli import main; code = main(sys.argv[1:]);"
        "print([name for name in sys.modules if name.startswith(('stargazer.sandbox', 'stargazer.cli'))],"
        " file=sys.stderr); sys.exit(code)"
    )
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, "--help"], capture_output=True, check=True, text=True
    )
    assert "stargazer.sandbox" not in ran.stderr
    assert "stargazer.cli.commands" not in ran.stderr


def test_a_large_answer_is_written_as_it_is_made() -> None:
    """Thirty thousand neighbours come out whole, as one array."""
    graph = Graph.from_lists({"ada": ["o/seed", *(f"o/r{number}" for number in range(30_000))]})
    with serving(graph) as sandbox:
        ran = finish(start("neighbours", "o/seed", "--format", "json", at=sandbox))
    assert (ran.exit_code, ran.err) == (0, "")
    assert len(json.loads(ran.out)) == 30_000
