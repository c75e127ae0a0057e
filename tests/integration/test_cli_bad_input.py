"""Bad input of every kind: one line, its exit code, and no call that was not needed."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest
from tests.integration.cli_world import TOKEN, Console, Ran, serving, star_graph

from stargazer.sandbox import Answer, Behaviour, Faults, Graph, Sandbox, Stargazers, StarLists, Token

ASKING = ("neighbours", "plan", "list", "doctor")
"""The commands that ask GitHub about a repository."""

LONG = 21_000


@pytest.fixture
def console(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Console:
    return Console(capsysbinary, monkeypatch)


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
        yield sandbox


def assert_one_line(ran: Ran, exit_code: int, *words: str) -> None:
    """One line on standard error that says what to do, and nothing on standard output."""
    assert ran.out == b""
    assert len(ran.lines) == 1
    assert ran.err.startswith("stargazer: ")
    assert ran.exit_code == exit_code
    for word in words:
        assert word in ran.err


@pytest.mark.parametrize("command", ASKING)
@pytest.mark.parametrize(
    "name", ["flask", "a/b/c", "/flask", "pallets/", "pal lets/flask", "", "o/..", "ö/x"]
)
def test_names_that_are_no_owner_and_name(
    console: Console, sandbox: Sandbox, command: str, name: str
) -> None:
    """A name of another form is told before anything is asked."""
    assert_one_line(console.run(command, name, at=sandbox), 2, "OWNER/NAME")
    assert sandbox.record == []


@pytest.mark.parametrize("command", ["neighbours", "plan", "list"])
def test_an_unknown_repository(console: Console, sandbox: Sandbox, command: str) -> None:
    """What GitHub does not know is exit 6, for one call."""
    assert_one_line(console.run(command, "o/nothing", at=sandbox), 6, "o/nothing", "check the spelling")
    assert len(sandbox.record) == 1


@pytest.mark.parametrize("command", ["neighbours", "plan", "list"])
@pytest.mark.parametrize("disguise", [Stargazers.FORBIDDEN, Stargazers.EMPTY])
def test_restricted_stargazers_in_both_disguises_cost_one_call(
    console: Console, command: str, disguise: Stargazers
) -> None:
    """A refused list is never an empty answer: exit 4, what to do, and exactly one call."""
    with serving(star_graph(), Behaviour(stargazers=disguise)) as sandbox:
        ran = console.run(command, "o/seed", at=sandbox)
        assert len(sandbox.record) == 1
        assert sandbox.totals.points == 1
    assert_one_line(ran, 4, "3 stargazers of o/seed", "admins and collaborators", "--stargazers FILE")


def test_a_token_that_lacks_rights(console: Console) -> None:
    """The right is the token's: a list that others may read is refused to this one."""
    tokens = {TOKEN: Token(user="eve", stargazers=Stargazers.FORBIDDEN)}
    with serving(star_graph(), Behaviour(tokens=tokens)) as sandbox:
        assert_one_line(console.run("neighbours", "o/seed", at=sandbox), 4, "use the token of one of them")
        assert len(sandbox.record) == 1


def test_restricted_star_lists(console: Console) -> None:
    """Star lists without the star we know they hold are refused, not believed."""
    lists = {f"user{number}": ["o/seed", "o/near"] for number in range(60)}
    for closed in (StarLists.EMPTY, StarLists.WITHOUT_SEED, StarLists.FORBIDDEN):
        with serving(Graph.from_lists(lists), Behaviour(star_lists=closed)) as sandbox:
            assert_one_line(console.run("neighbours", "o/seed", at=sandbox), 4, "no longer shows")


def test_a_repository_without_stars(console: Console) -> None:
    """Nobody starred it: an empty answer, complete, exit 0; the table says so."""
    graph = star_graph()
    graph.unstar("fay", "o/alone")
    with serving(graph) as sandbox:
        as_json = console.run("neighbours", "o/alone", "--format", "json", at=sandbox)
        table = console.run("neighbours", "o/alone", at=sandbox)
        listed = console.run("list", "o/alone", at=sandbox)
        planned = console.run("plan", "o/alone", "--format", "json", at=sandbox)
    assert (as_json.exit_code, as_json.out, as_json.err) == (0, b"[]\n", "")
    assert (table.exit_code, listed.exit_code, listed.out) == (0, 0, b"")
    assert b"o/alone has no stargazers, so it has no neighbours" in table.out
    assert msgspec.json.decode(planned.out)["calls"] == 1


def test_a_user_with_no_stars(console: Console, sandbox: Sandbox, tmp_path: Path) -> None:
    """Who stars nothing shares nothing: counted in the report, and the others are answered."""
    file, report = tmp_path / "stargazers", tmp_path / "report.json"
    file.write_text("eve\nada\n")
    ran = console.run("neighbours", "o/seed", "--stargazers", str(file), "--report", str(report), at=sandbox)
    coverage = msgspec.json.decode(report.read_bytes())["coverage"]
    assert ran.exit_code == 3
    assert (coverage["users_read"], coverage["users_without_seed"]) == (2, 1)
    assert b"1 no longer showing their star" in ran.out


def test_a_user_with_21_000_stars(console: Console) -> None:
    """A list of 210 pages is read to its end, and the answer is exact."""
    collected = [f"o/r{number}" for number in range(LONG - 1)]
    graph = Graph.from_lists({"collector": [*collected, "o/seed"], "ada": ["o/r7", "o/seed"]})
    with serving(graph) as sandbox:
        ran = console.run("neighbours", "o/seed", "--format", "ndjson", at=sandbox)
    lines = ran.out.splitlines()
    assert ran.exit_code == 0
    assert len(lines) == LONG - 1
    assert msgspec.json.decode(lines[0])["stargazers"] == ["ada", "collector"]


@pytest.mark.parametrize("command", ["neighbours", "plan", "list"])
def test_a_token_that_is_missing(console: Console, command: str) -> None:
    """Without a token nothing is asked of GitHub: exit 7, and how to set one."""
    console.set(GITHUB_TOKEN="")
    ran = console.run(command, "o/seed")
    assert_one_line(ran, 7, "no token", "set GITHUB_TOKEN", "$(gh auth token)", "--sandbox")


def test_a_token_that_cannot_be_one(console: Console) -> None:
    """A token with a line break in it is refused here, and not shown."""
    console.set(GITHUB_TOKEN="secret\nsecret")
    ran = console.run("neighbours", "o/seed")
    assert_one_line(ran, 7, "holds a character that no token holds")
    assert "secret" not in ran.err.replace("secrets", "")


@pytest.mark.parametrize("command", ["neighbours", "plan", "list"])
def test_a_token_that_github_refuses(console: Console, command: str) -> None:
    """`Bad credentials` is never tried again: exit 7 for one call."""
    tokens = {"another": Token(user="ada")}
    with serving(star_graph(), Behaviour(tokens=tokens)) as sandbox:
        assert_one_line(console.run(command, "o/seed", at=sandbox), 7, "Bad credentials", "set GITHUB_TOKEN")
        assert len(sandbox.record) == 1


def test_a_url_that_nobody_answers(console: Console) -> None:
    """After a few attempts it is told that GitHub cannot be reached: exit 1."""
    console.set(STARGAZER_GITHUB_URL="http://127.0.0.1:9/graphql")
    assert_one_line(console.run("neighbours", "o/seed"), 1, "cannot be reached", "STARGAZER_GITHUB_URL")


@pytest.mark.parametrize(
    "url", ["ftp://example.org/graphql", "http://example.org/graphql", "https://me@example.org", "nonsense"]
)
def test_a_url_that_may_not_be_used(console: Console, url: str) -> None:
    """A URL that would show the token to a network, or is none, is refused: exit 2."""
    console.set(STARGAZER_GITHUB_URL=url)
    assert_one_line(console.run("neighbours", "o/seed"), 2, "STARGAZER_GITHUB_URL must be")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=200, body="<html>Hello</html>", headers={"content-type": "text/html"}),
        Answer(status=404, body="not here", headers={"content-type": "text/plain"}),
    ],
)
def test_a_url_that_is_no_graphql(console: Console, answer: Answer) -> None:
    """What answers is not GitHub's GraphQL API: exit 1."""
    faults = Faults(answers=dict.fromkeys(range(1, 30), answer))
    with serving(star_graph(), Behaviour(faults=faults)) as sandbox:
        assert_one_line(console.run("neighbours", "o/seed", at=sandbox), 1, "STARGAZER_GITHUB_URL")


def test_a_file_that_is_not_there(console: Console, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that cannot be read is told before anything is asked."""
    ran = console.run("neighbours", "o/seed", "--stargazers", str(tmp_path / "none"), at=sandbox)
    assert_one_line(ran, 2, "--stargazers must be a file that can be read")
    assert sandbox.record == []


@pytest.mark.parametrize("content", [b"", b"\n\n", b"not a login!\n%%%\n", b"\x00\xff\xfe\n", b'{"x": 1}\n'])
def test_a_file_with_no_valid_line(
    console: Console, sandbox: Sandbox, tmp_path: Path, content: bytes
) -> None:
    """A file in which nobody is named is exit 2, before anything is asked."""
    file = tmp_path / "stargazers"
    file.write_bytes(content)
    for command in ("neighbours", "plan"):
        ran = console.run(command, "o/seed", "--stargazers", str(file), at=sandbox)
        assert_one_line(ran, 2, "--stargazers must be a list of stargazers")
    assert sandbox.record == []


@pytest.mark.parametrize("place", ["missing/report.json", ".", "-"])
def test_a_report_that_cannot_be_written(
    console: Console, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """It is told before points are spent on an answer."""
    monkeypatch.chdir(tmp_path)
    assert_one_line(console.run("neighbours", "o/seed", "--report", place, at=sandbox), 2, "--report")
    assert sandbox.record == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("neighbors", "o/seed"), "Did you mean 'neighbours'?"),
        (("neighbours", "o/seed", "--formt", "csv"), "--formt"),
        (("neighbours", "o/seed", "--format", "xml"), "'xml'"),
        (("neighbours", "o/seed", "--sort", "stars"), "'stars'"),
        (("neighbours", "o/seed", "--top", "-1"), "--top"),
        (("neighbours", "o/seed", "--budget", "0"), "--budget"),
        (("neighbours", "o/seed", "--time", "soon"), "such as 90s, 5m, 2h or 7d"),
        (("neighbours", "o/seed", "--time", "0"), "is no time at all"),
        (("neighbours", "o/seed", "--sample", "0"), "no number of users and not max"),
        (("neighbours", "o/seed", "--sample", "max"), "together with a budget"),
        (("neighbours", "o/seed", "--until", "1%"), "width=0.1 (a part of the count) or top=20"),
        (("neighbours", "o/seed", "--seed", "1"), "--seed goes with --sample or --until"),
        (("neighbours", "o/seed", "--speed", "5"), "--speed goes with --sandbox"),
        (("neighbours", "o/seed", "--token", TOKEN), "No such option '--token'"),
        (("neighbours",), "OWNER/NAME"),
        (("neighbours", "o/seed", "and", "more"), "and more"),
        (("plan", "o/seed", "--format", "csv"), "'csv'"),
    ],
)
def test_usage_errors_are_one_line_and_exit_2(
    console: Console, sandbox: Sandbox, args: tuple[str, ...], said: str
) -> None:
    """Whatever is wrong with the words of the command line is told in one line."""
    assert_one_line(console.run(*args, at=sandbox), 2, said)
    assert sandbox.record == []


@pytest.mark.parametrize(
    "args",
    [
        ("neighbours", TOKEN),
        ("neighbours", "o/seed", TOKEN),
        ("neighbours", f"o/{TOKEN}x/"),
        (TOKEN,),
        ("cost", TOKEN),
        ("neighbours", "o/seed", "--stargazers", TOKEN),
        ("neighbours", "o/seed", "--format", TOKEN),
        ("neighbours", "o/seed", f"--{TOKEN}"),
    ],
)
def test_a_token_given_by_mistake_is_not_echoed(
    console: Console, sandbox: Sandbox, args: tuple[str, ...]
) -> None:
    """A token is never an argument; where somebody gives it as one, no error shows it."""
    console.set(GITHUB_TOKEN="ghp_another0123456789")
    ran = console.run(*args, at=sandbox)
    assert ran.exit_code == 2
    assert TOKEN not in ran.err + ran.out.decode()


def test_a_token_of_an_unknown_form_is_hidden_too(console: Console) -> None:
    """What the environment holds as token is hidden wherever it turns up."""
    console.set(GITHUB_TOKEN="opensesame1234")
    ran = console.run("neighbours", "opensesame1234")
    assert_one_line(ran, 2, "'***'")


@pytest.mark.parametrize("command", ASKING)
def test_no_output_shows_the_token(console: Console, command: str) -> None:
    """Even a server that repeats the token in its errors does not get it shown."""
    said = f'{{"message":"Bad credentials {TOKEN}"}}'
    faults = Faults(answers=dict.fromkeys(range(1, 30), Answer(status=401, body=said)))
    with serving(star_graph(), Behaviour(faults=faults)) as sandbox:
        ran = console.run(command, "o/seed", at=sandbox)
    assert ran.exit_code == 7
    assert TOKEN not in ran.err + ran.out.decode()


def test_an_answer_of_github_that_blames_our_query_is_a_mistake_of_ours(console: Console) -> None:
    """A refused query cannot be mended by the user: exit 1, and it says whose mistake it is."""
    body = '{"data":null,"errors":[{"type":"ARGUMENT_LIMIT","message":"too many"}]}'
    with serving(
        star_graph(), Behaviour(faults=Faults(answers={1: Answer(status=200, body=body)}))
    ) as sandbox:
        ran = console.run("neighbours", "o/seed", at=sandbox)
    assert_one_line(ran, 1, "stargazer's own", "ARGUMENT_LIMIT")
