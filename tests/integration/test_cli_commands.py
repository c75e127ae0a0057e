"""The other commands against a real sandbox: plan, list, cost and doctor."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.integration.cli_world import TOKEN, Console, data_folder, database_server, serving, star_graph

from stargazer.cli.checks import State
from stargazer.cli.schema import bring_up_to_date
from stargazer.sandbox import (
    SERVERS,
    Answer,
    Behaviour,
    Fault,
    Faults,
    Graph,
    Sandbox,
    Stargazers,
    StarLists,
    real_graph,
)

CONNECTIONS = "{ viewer { repositories(first: 100) { nodes { issues(first: 50) { nodes { id } } } } } }"


@pytest.fixture(scope="module")
def database() -> Generator[str]:
    """A database with a schema, for the doctor to look at."""
    with database_server() as url:
        asyncio.run(bring_up_to_date(url))
        yield url


@pytest.fixture
def console(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, database: str
) -> Console:
    console = Console(capsysbinary, monkeypatch)
    console.set(STARGAZER_DATABASE_URL=database)
    return console


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
        yield sandbox


def decoded(out: bytes) -> Any:
    return msgspec.json.decode(out)


# plan


def test_a_plan_is_priced_for_one_call(console: Console) -> None:
    """The price is known after one call of one point, and has exactly the published members."""
    with serving(real_graph()) as sandbox:
        ran = console.run("plan", "rails/rails", "--format", "json", at=sandbox)
        assert (sandbox.totals.calls, sandbox.totals.points) == (1, 1)
    price = decoded(ran.out)
    assert list(price) == [
        *("repository", "stargazers", "calls", "points", "pages", "nodes", "github_seconds", "seconds"),
    ]
    assert (ran.exit_code, price["repository"], price["stargazers"]) == (0, "rails/rails", 2768)
    assert price["points"] >= 2768 / 149


def test_a_plan_in_words(console: Console, sandbox: Sandbox) -> None:
    """Without a format the price is a table for people."""
    ran = console.run("plan", "o/seed", at=sandbox)
    assert (ran.exit_code, ran.err) == (0, "")
    assert ["stargazers", "3"] in [line.split() for line in ran.out.decode().splitlines()]


def test_a_plan_for_a_list_from_a_file_counts_the_file(
    console: Console, sandbox: Sandbox, tmp_path: Path
) -> None:
    """With a list from elsewhere, its people are what has to be paid for."""
    file = tmp_path / "stargazers"
    file.write_text("ada\nbob\n")
    ran = console.run("plan", "o/seed", "--stargazers", str(file), "--format", "json", at=sandbox)
    assert decoded(ran.out)["stargazers"] == 2


def test_a_plan_asks_again_after_weather(console: Console) -> None:
    """A lost call is sent again, and the price still comes."""
    with serving(star_graph(), Behaviour(faults=Faults(script={1: Fault.RESET}))) as sandbox:
        ran = console.run("plan", "o/seed", "--format", "json", at=sandbox)
    assert (ran.exit_code, decoded(ran.out)["stargazers"]) == (0, 3)


# list


def test_a_list_names_everybody_oldest_star_first(console: Console) -> None:
    """The list is whole, in the order of the stars, with what a later run needs, and no star list is read."""
    graph = real_graph()
    with serving(graph) as sandbox:
        ran = console.run("list", "mojombo/grit", at=sandbox)
        kinds = {kind for call in sandbox.record for kind in call.kinds}
    lines = [decoded(line) for line in ran.out.splitlines()]
    assert (ran.exit_code, ran.err) == (0, "")
    assert [line["login"] for line in lines] == graph.stargazers_of("mojombo/grit")
    assert list(lines[0]) == ["login", "id", "database_id", "starred_at"]
    assert "node" not in kinds


def test_a_list_as_one_json_value(console: Console, sandbox: Sandbox) -> None:
    """`--format json` prints one array."""
    ran = console.run("list", "o/seed", "--format", "json", at=sandbox)
    assert [one["login"] for one in decoded(ran.out)] == ["ada", "cy", "bob"]


def test_a_list_can_be_read_again(console: Console, sandbox: Sandbox, tmp_path: Path) -> None:
    """What `list` writes, `neighbours` reads: the same neighbours, without asking who they are."""
    file = tmp_path / "seed.ndjson"
    file.write_bytes(console.run("list", "o/seed", at=sandbox).out)
    asked = console.run("neighbours", "o/seed", "--format", "ndjson", at=sandbox)
    given = console.run("neighbours", "o/seed", "--stargazers", str(file), "--format", "ndjson", at=sandbox)
    assert given.exit_code == 3
    assert [decoded(line)["stargazers"] for line in given.out.splitlines()] == [
        decoded(line)["stargazers"] for line in asked.out.splitlines()
    ]


def test_a_list_that_breaks_off_is_printed_and_exits_3(console: Console) -> None:
    """A list refused after its first page: what came is printed, and one line says what is missing."""
    behaviour = Behaviour(stargazers=Stargazers.FORBIDDEN, break_off=True)
    with serving(real_graph(), behaviour) as sandbox:
        ran = console.run("list", "rails/rails", at=sandbox)
    assert ran.exit_code == 3
    assert 0 < len(ran.out.splitlines()) < 2768
    assert ran.lines[0].startswith("stargazer: only ")


# cost


def test_a_document_is_priced(console: Console, tmp_path: Path) -> None:
    """Points, requests and nodes by GitHub's formula, as one JSON object or for people."""
    file = tmp_path / "document.graphql"
    file.write_text(CONNECTIONS)
    as_json = console.run("cost", str(file), "--format", "json")
    table = console.run("cost", str(file))
    assert as_json.out == b'{"points":1,"requests":101,"nodes":5100}\n'
    assert [line.split() for line in table.out.decode().splitlines()] == [
        ["points", "1"],
        ["requests", "101"],
        ["nodes", "5,100"],
    ]


def test_variables_come_from_the_line_or_from_a_file(console: Console, tmp_path: Path) -> None:
    """`--variables` takes JSON, or @FILE; `--operation` chooses among several."""
    file, variables = tmp_path / "document.graphql", tmp_path / "variables.json"
    file.write_text(
        "query A($n: Int!) { viewer { issues(first: $n) { nodes { id } } } } query B { viewer { id } }"
    )
    variables.write_text('{"n": 7}')
    inline = console.run("cost", str(file), "--variables", '{"n": 5}', "--operation", "A", "--format", "json")
    from_file = console.run(
        "cost", str(file), "--variables", f"@{variables}", "--operation", "A", "--format", "json"
    )
    assert (decoded(inline.out)["nodes"], decoded(from_file.out)["nodes"]) == (5, 7)


@pytest.mark.parametrize(
    ("document", "options", "said"),
    [
        ("{ viewer { followers { nodes { login } } } }", (), ":1:12: followers needs a page size"),
        ("{ viewer {", (), ":1:11: "),
        ("query ($n: Int!) { viewer { issues(first: $n) { nodes { id } } } }", (), "$n, which is not given"),
        ("query A { viewer { id } } query B { viewer { id } }", (), "A, B"),
        ("{ viewer { id } }", ("--variables", "[1]"), "--variables must be a JSON object"),
        ("{ viewer { id } }", ("--variables", "@none"), "--variables must be a file that can be read"),
        ("\udcff", (), "FILE.graphql must be a text file in UTF-8"),
    ],
)
def test_a_document_that_cannot_be_priced(
    console: Console, tmp_path: Path, document: str, options: tuple[str, ...], said: str
) -> None:
    """What is wrong is told in one line, with its place, and exit 2."""
    file = tmp_path / "document.graphql"
    file.write_bytes(document.encode(errors="surrogateescape"))
    ran = console.run("cost", str(file), *options)
    assert (ran.exit_code, ran.out, len(ran.lines)) == (2, b"", 1)
    assert said in ran.err


# doctor


def test_a_sound_set_up(console: Console, sandbox: Sandbox) -> None:
    """Every check is named with what was found; the exit code is 0, for three points."""
    ran = console.run("doctor", "o/seed", "--format", "json", at=sandbox)
    found = decoded(ran.out)
    assert (ran.exit_code, ran.err, found["sound"]) == (0, "", True)
    assert [check["name"] for check in found["checks"]] == [
        *("GitHub", "token", "rate limit", "clock", "user", "repository", "stargazers", "star lists"),
        *("database", "schema"),
    ]
    assert {check["state"] for check in found["checks"]} <= {State.OK, State.WARNING}
    assert sandbox.totals.points <= 3
    assert sandbox.overspent == []


def test_the_doctor_speaks_to_people(console: Console, sandbox: Sandbox) -> None:
    """The table has a row for each check, and a warning says what to do."""
    ran = console.run("doctor", at=sandbox)
    assert ran.exit_code == 0
    assert b"rate limit" in ran.out
    assert TOKEN.encode() not in ran.out


@pytest.mark.parametrize(
    ("behaviour", "repository", "name", "exit_code"),
    [
        (Behaviour(stargazers=Stargazers.FORBIDDEN), "o/seed", "stargazers", 4),
        (Behaviour(stargazers=Stargazers.EMPTY), "o/seed", "stargazers", 4),
        (Behaviour(star_lists=StarLists.WITHOUT_SEED), "o/seed", "star lists", 4),
        (Behaviour(star_lists=StarLists.FORBIDDEN), "o/seed", "star lists", 4),
        (Behaviour(), "o/none", "repository", 6),
        (Behaviour(points_used=5_000), "o/seed", "rate limit", 5),
        (Behaviour(faults=Faults(script={1: Fault.BAD_CREDENTIALS})), "o/seed", "token", 7),
        (Behaviour(faults=Faults(script={1: Fault.SECONDARY_LIMIT})), "o/seed", "rate limit", 5),
        (Behaviour(faults=Faults(script={1: Fault.SERVER_ERROR})), "o/seed", "GitHub", 1),
        (Behaviour(faults=Faults(script={3: Fault.SERVER_ERROR})), "o/seed", "GitHub", 1),
        (Behaviour(faults=Faults(script={4: Fault.SERVER_ERROR})), "o/seed", "GitHub", 1),
    ],
)
def test_the_first_problem_gives_the_exit_code(
    console: Console, behaviour: Behaviour, repository: str, name: str, exit_code: int
) -> None:
    """A problem is named where it lies, with what to do, and decides the exit code."""
    with serving(star_graph(), behaviour) as sandbox:
        ran = console.run("doctor", repository, "--format", "json", at=sandbox)
    found = decoded(ran.out)
    problems = [check for check in found["checks"] if check["state"] == "problem"]
    assert (ran.exit_code, found["sound"], problems[0]["name"]) == (exit_code, False, name)
    assert problems[0]["advice"] in ran.err


def test_a_missing_token_and_a_useless_url_are_findings(console: Console) -> None:
    """What keeps everything from working is found too, without asking anybody."""
    console.set(GITHUB_TOKEN="")
    missing = console.run("doctor", "--format", "json")
    console.set(STARGAZER_GITHUB_URL="http://example.org/")
    useless = console.run("doctor", "--format", "json")
    assert (missing.exit_code, decoded(missing.out)["checks"][0]["name"]) == (7, "token")
    assert (useless.exit_code, decoded(useless.out)["checks"][0]["name"]) == (2, "GitHub")


def test_a_nearly_empty_hour_is_a_warning(console: Console) -> None:
    """Few points left is worth a word, and no failure."""
    with serving(star_graph(), Behaviour(points_used=4_990)) as sandbox:
        ran = console.run("doctor", at=sandbox)
    assert ran.exit_code == 0
    assert b"wait for the reset" in ran.out


def test_an_enterprise_server_without_limits_is_sound(console: Console) -> None:
    """A server that tells no rate limit has none."""
    with serving(star_graph(), Behaviour(enterprise=True)) as sandbox:
        ran = console.run("doctor", "o/seed", at=sandbox)
    assert ran.exit_code == 0
    assert b"none is told" in ran.out


def test_a_token_without_a_user_is_a_warning(console: Console) -> None:
    """Tokens of apps have no user behind them; everything else is still looked at."""
    nobody = Answer(status=200, body='{"data":{"viewer":null},"errors":[{"message":"no viewer"}]}')
    with serving(star_graph(), Behaviour(faults=Faults(answers={2: nobody}))) as sandbox:
        ran = console.run("doctor", "o/seed", "--format", "json", at=sandbox)
    states = {check["name"]: check["state"] for check in decoded(ran.out)["checks"]}
    assert (ran.exit_code, states["user"], states["star lists"]) == (0, "warning", "ok")


def test_a_repository_without_stars_is_sound(console: Console) -> None:
    """Nobody starred it: there is no star list to look at, and nothing is wrong."""
    graph = star_graph()
    graph.unstar("fay", "o/alone")
    with serving(graph) as sandbox:
        ran = console.run("doctor", "o/alone", at=sandbox)
    assert ran.exit_code == 0
    assert b"this token may list the 0 stargazers" in ran.out


def test_a_renamed_repository_is_told(console: Console) -> None:
    """The doctor says what the repository is called today."""
    graph = star_graph()
    graph.rename("o/seed", "new/home")
    with serving(graph) as sandbox:
        assert b"o/seed is now new/home" in console.run("doctor", "o/seed", at=sandbox).out


def test_the_probe_measures_for_about_ten_points(console: Console) -> None:
    """Dry runs agree with the formula, calls grow, and the report names nobody and no host."""
    with serving(real_graph()) as sandbox:
        ran = console.run("doctor", "mojombo/grit", "--probe", at=sandbox)
        as_json = console.run("doctor", "mojombo/grit", "--probe", "--format", "json", at=sandbox)
        assert sandbox.totals.points <= 2 * 11
    report, out = decoded(as_json.out)["probe"], ran.out.decode()
    assert ran.exit_code == 0
    assert [run["points"] for run in report["dry_runs"]] == [1, 1, 1, 1]
    assert [timing["star_lists"] for timing in report["timings"]] == [1, 5, 20, 50, 100, 149]
    assert "x-ratelimit-limit: 5000" in out
    for secret in (TOKEN, "127.0.0.1", "viewer-", "-sim"):
        assert secret not in out


def test_the_probe_finds_where_calls_fail(console: Console) -> None:
    """The first size that fails is the last that is tried, and the report says how it failed."""
    with serving(real_graph(), Behaviour(server=SERVERS["at-most-30-aliases"])) as sandbox:
        ran = console.run("doctor", "mojombo/grit", "--probe", "--format", "json", at=sandbox)
    timings = decoded(ran.out)["probe"]["timings"]
    assert timings[-1]["star_lists"] == 50
    assert timings[-1]["outcome"].startswith("too-heavy")


def test_the_probe_reads_its_own_list_where_it_may_list_nobody(console: Console) -> None:
    """Without stargazers to read, the star list of the token's own user has to do."""
    with serving(star_graph()) as sandbox:
        ran = console.run("doctor", "--probe", "--format", "json", at=sandbox)
    assert decoded(ran.out)["probe"]["users"] == 1


def test_a_probe_with_nobody_to_read_says_so(console: Console) -> None:
    """An app's token without a repository has nobody whose list to read."""
    nobody = Answer(status=200, body='{"data":{"viewer":null}}')
    with serving(star_graph(), Behaviour(faults=Faults(answers={2: nobody}))) as sandbox:
        ran = console.run("doctor", "--probe", at=sandbox)
    assert ran.exit_code == 0
    assert b"there is nobody whose star list to read" in ran.out


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.TRUNCATED, Fault.WENT_WRONG])
def test_a_probe_reports_weather(console: Console, fault: Fault) -> None:
    """Whatever goes wrong while measuring is an outcome, not an error."""
    script = dict.fromkeys(range(5, 40), fault)
    with serving(real_graph(), Behaviour(faults=Faults(script=script))) as sandbox:
        ran = console.run("doctor", "mojombo/grit", "--probe", "--format", "json", at=sandbox)
    assert ran.exit_code == 0
    assert len(decoded(ran.out)["probe"]["timings"]) == 1


def test_a_probe_reports_a_refused_query(console: Console) -> None:
    """A query that GitHub calls wrong is an outcome too."""
    body = '{"data":null,"errors":[{"type":"ARGUMENT_LIMIT","message":"a | b"}]}'
    answers = dict.fromkeys(range(5, 40), Answer(status=200, body=body))
    with serving(real_graph(), Behaviour(faults=Faults(answers=answers))) as sandbox:
        ran = console.run("doctor", "mojombo/grit", "--probe", at=sandbox)
    assert ran.exit_code == 0
    assert b"a / b" in ran.out


# The sandbox in this program.


def test_every_asking_command_runs_in_the_sandbox(console: Console) -> None:
    """`--sandbox` needs no token and no network, and never asks the GitHub of the environment."""
    console.set(GITHUB_TOKEN="", STARGAZER_GITHUB_URL="http://127.0.0.1:9/graphql")
    with data_folder() as folder:
        console.set(STARGAZER_DATA_DIR=str(folder))
        for command in ("plan", "list", "doctor", "neighbours"):
            ran = console.run(command, "mojombo/grit", "--sandbox", "--speed", "500", "--format", "json")
            assert ran.exit_code == 0, ran.err
            assert decoded(ran.out)
    table = console.run("neighbours", "mojombo/grit", "--sandbox", "--speed", "500", "--no-store")
    assert b"500 times faster than GitHub" in table.out


def test_a_sandbox_on_a_real_clock_blames_nobody(console: Console) -> None:
    """The commands' clock and the sandbox's agree: nothing is sent before a window allows it."""
    lists = {f"user{number}": ["o/seed", "o/near"] for number in range(400)}
    with serving(Graph.from_lists(lists)) as sandbox:
        ran = console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
        assert sandbox.overspent == []
    assert ran.exit_code == 0
