"""`stargazer neighbours` against a real sandbox: what it prints, in every form, and how it ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.integration.cli_world import Console, names, serving, star_graph

from stargazer.sandbox import SERVERS, Behaviour, Fault, Faults, Graph, Sandbox, Secondary, real_graph

REPORT_MEMBERS = ["repository", "kind", "complete", "coverage", "spent", "seconds", "neighbours", "warnings"]

COVERAGE_MEMBERS = [
    *("source", "as_of", "stargazers_total", "stargazers_listed", "users_read", "users_gone"),
    *("users_failed", "users_truncated", "users_unread", "users_without_seed", "stargazers_hidden"),
    *("users_from_store", "items_hidden", "items_private", "sample", "failed"),
]

SPENT_MEMBERS = [
    *("calls", "points", "pages", "nodes", "github_seconds", "timeouts", "retries", "waited_seconds"),
]


@pytest.fixture
def console(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Console:
    return Console(capsysbinary, monkeypatch)


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    with serving(star_graph()) as sandbox:
        yield sandbox


def decoded(out: bytes) -> Any:
    return msgspec.json.decode(out)


def test_json_is_one_array_with_exactly_the_published_members(console: Console, sandbox: Sandbox) -> None:
    """The array of the contract: six scores and counts, the names sorted, and nothing around it."""
    ran = console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
    assert (ran.exit_code, ran.err) == (0, "")
    items = decoded(ran.out)
    assert names(items) == ["o/near", "o/far"]
    assert list(items[0]) == ["repo", "stargazers", "shared", "stars", "relevance", "jaccard", "cosine"]
    assert items[0]["stargazers"] == ["ada", "bob"]
    assert (items[0]["shared"], items[0]["stars"], items[0]["jaccard"]) == (2, 2, 0.666667)


def test_ndjson_is_the_same_an_item_a_line(console: Console, sandbox: Sandbox) -> None:
    """NDJSON has the items of the array, one a line."""
    array = console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
    lines = console.run("neighbours", "o/seed", "--format", "ndjson", at=sandbox)
    assert [decoded(line) for line in lines.out.splitlines()] == decoded(array.out)


def test_csv_has_the_published_columns(console: Console, sandbox: Sandbox) -> None:
    """CSV begins with its header; logins are separated by spaces."""
    ran = console.run("neighbours", "o/seed", "--format", "csv", at=sandbox)
    rows = list(csv.reader(io.StringIO(ran.out.decode())))
    assert rows[0] == ["repo", "shared", "stars", "relevance", "jaccard", "cosine", "stargazers"]
    assert rows[1][:3] == ["o/near", "2", "2"]
    assert rows[1][-1] == "ada bob"


def test_the_table_says_what_the_answer_is_and_what_it_cost(console: Console, sandbox: Sandbox) -> None:
    """The table shows names, counts, shares and scores; under it stand its order, its kind and the cost."""
    ran = console.run("neighbours", "o/seed", at=sandbox)
    out = ran.out.decode()
    assert (ran.exit_code, ran.err) == (0, "")
    assert ["o/near", "2", "100", "%", "2", "0.366"] in [line.split() for line in out.splitlines()]
    assert "By relevance, the closest first" in out
    assert "Exact: all 3 stargazers were read." in out
    assert "a page at a time it would be" in out


def test_the_answer_is_the_truth_of_the_real_graph(console: Console) -> None:
    """Every count and name of a real repository equals the graph's."""
    graph = real_graph()
    with serving(graph) as sandbox:
        ran = console.run("neighbours", "mojombo/grit", "--format", "json", at=sandbox)
        assert sandbox.overspent == []
    truth = graph.truth("mojombo/grit")
    assert {item["repo"]: item["stargazers"] for item in decoded(ran.out)} == {
        name: sorted(logins) for name, logins in truth.items()
    }


def test_sort_top_and_min_shared_cut_the_output_only(
    console: Console, sandbox: Sandbox, tmp_path: Path
) -> None:
    """`--top` and `--min-shared` choose what is printed; the report still counts everything."""
    report = tmp_path / "report.json"
    by_cosine = console.run("neighbours", "o/seed", "--sort", "cosine", "--format", "json", at=sandbox)
    top = console.run(
        "neighbours", "o/seed", "--top", "1", "--format", "json", "--report", str(report), at=sandbox
    )
    shared = console.run("neighbours", "o/seed", "--min-shared", "2", "--format", "json", at=sandbox)
    cosines = [item["cosine"] for item in decoded(by_cosine.out)]
    assert cosines == sorted(cosines, reverse=True)
    assert names(decoded(top.out)) == names(decoded(shared.out)) == ["o/near"]
    assert decoded(report.read_bytes())["neighbours"] == 2


def test_a_table_is_for_people_and_the_rest_for_programs(console: Console) -> None:
    """A table has those first who are close, everything else those who share most; --sort rules both."""
    giant = {f"u{number}": ["o/giant"] for number in range(40)}
    graph = Graph.from_lists(
        {
            **giant,
            **{name: ["o/seed", "o/kin", "o/giant"] for name in ("ada", "bob")},
            "eve": ["o/seed", "o/giant"],
        }
    )
    orders = {}
    with serving(graph) as sandbox:
        for form in ("table", "json", "csv"):
            for sort in ((), ("--sort", "shared"), ("--sort", "relevance")):
                out = console.run("neighbours", "o/seed", "--format", form, *sort, at=sandbox).out
                orders[form, sort[1:]] = out.index(b"o/kin") < out.index(b"o/giant")
    assert {form: orders[form, ()] for form in ("table", "json", "csv")} == {
        "table": True,
        "json": False,
        "csv": False,
    }
    assert not any(orders[form, ("shared",)] for form in ("table", "json", "csv"))
    assert all(orders[form, ("relevance",)] for form in ("table", "json", "csv"))


def test_each_neighbour_can_say_why(console: Console, sandbox: Sandbox) -> None:
    """`--why` says of each its share and what chance would give; programs have the figures."""
    ran = console.run("neighbours", "o/seed", "--why", at=sandbox)
    refused = console.run("neighbours", "o/seed", "--why", "--format", "json", at=sandbox)
    assert "100 % of its stargazers also starred o/seed; chance would be 75 %" in ran.out.decode()
    assert (refused.exit_code, "--why goes with --format table" in refused.err) == (2, True)


def test_csv_of_a_partial_answer_says_how_much_it_may_be(console: Console, sandbox: Sandbox) -> None:
    """The published columns stand first; where lists are missing the ends of what is shared follow."""
    ran = console.run("neighbours", "o/seed", "--format", "csv", "--max-stars-per-user", "1", at=sandbox)
    rows = list(csv.DictReader(io.StringIO(ran.out.decode())))
    assert list(rows[0])[6:] == ["stargazers", "shared_low", "shared_high"]
    assert all(row["shared_low"] == "" and int(row["shared_high"]) > int(row["shared"]) for row in rows)


def test_a_table_shows_twenty_and_says_how_many_more(console: Console) -> None:
    """A table has twenty rows unless told otherwise, and tells how to see the others."""
    graph = Graph.from_lists({"ada": ["o/seed", *(f"o/r{number}" for number in range(30))]})
    with serving(graph) as sandbox:
        ran = console.run("neighbours", "o/seed", at=sandbox)
        every = console.run("neighbours", "o/seed", "--top", "0", at=sandbox)
    assert ran.out.count(b"o/r") == 20
    assert b"10 more: --top 0 prints all" in ran.out
    assert every.out.count(b"o/r") == 30


def test_the_report_has_exactly_the_published_members(
    console: Console, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The report's members are those of the contract, and its sums add up."""
    report = tmp_path / "report.json"
    console.run("neighbours", "o/seed", "--format", "csv", "--report", str(report), at=sandbox)
    read = decoded(report.read_bytes())
    assert list(read) == REPORT_MEMBERS
    assert list(read["coverage"]) == COVERAGE_MEMBERS
    assert list(read["spent"]) == SPENT_MEMBERS
    assert (read["repository"], read["kind"], read["complete"]) == ("o/seed", "exact", True)
    assert read["coverage"]["as_of"].endswith("Z")
    assert read["spent"]["calls"] == len(sandbox.record)


def test_a_renamed_repository_is_answered_under_its_new_name(console: Console, tmp_path: Path) -> None:
    """Asked under the old name, the answer has the new one, and A is not its own neighbour."""
    graph = star_graph()
    graph.rename("o/seed", "new/home")
    report = tmp_path / "report.json"
    with serving(graph) as sandbox:
        ran = console.run("neighbours", "o/seed", "--format", "json", "--report", str(report), at=sandbox)
    assert names(decoded(ran.out)) == ["o/near", "o/far"]
    assert decoded(report.read_bytes())["repository"] == "new/home"


def test_a_partial_answer_exits_3_says_why_and_bounds_its_counts(console: Console, tmp_path: Path) -> None:
    """A list that GitHub cuts makes the answer partial: exit 3, one line, and `shared_high`."""
    graph = star_graph()
    graph.mark_over_limit("ada", 1)
    report = tmp_path / "report.json"
    with serving(graph) as sandbox:
        ran = console.run("neighbours", "o/seed", "--format", "json", "--report", str(report), at=sandbox)
    items = {item["repo"]: item for item in decoded(ran.out)}
    assert ran.exit_code == 3
    assert len(ran.lines) == 1
    assert ran.err.startswith("stargazer: partial: 2 of 3 stargazers were read, 1 cut short")
    assert (items["o/near"]["shared"], items["o/near"]["shared_high"]) == (1, 2)
    read = decoded(report.read_bytes())
    assert (read["kind"], read["complete"], read["coverage"]["users_truncated"]) == ("partial", False, 1)


def test_gone_users_leave_an_answer_exact(console: Console) -> None:
    """Nobody can read an account that exists no more, so it counts as starring nothing."""
    graph = star_graph()
    graph.mark_gone("cy")
    with serving(graph) as sandbox:
        ran = console.run("neighbours", "o/seed", at=sandbox)
    assert ran.exit_code == 0
    assert b"Exact: all 3 stargazers were read, 1 gone from GitHub." in ran.out


def test_faults_of_the_network_change_nothing(console: Console) -> None:
    """With one call in two lost on the way, the answer is still exact and its names still true."""
    graph = star_graph()
    script = {2: Fault.BAD_GATEWAY, 3: Fault.RESET}
    with serving(graph, Behaviour(faults=Faults(script=script))) as sandbox:
        ran = console.run("neighbours", "o/seed", "--format", "json", at=sandbox)
    assert ran.exit_code == 0
    assert {item["repo"]: item["stargazers"] for item in decoded(ran.out)} == graph.truth("o/seed")


def test_a_list_from_a_file_is_read_and_never_called_exact(
    console: Console, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Logins of a file are looked up, those gone are counted, rubbish is skipped into the warnings."""
    file, report = tmp_path / "stargazers", tmp_path / "report.json"
    file.write_text("ada\nno login at all\nnobody-there\n\nbob\n")
    ran = console.run(
        "neighbours", "o/seed", "--stargazers", str(file), "--format", "json", "--report", str(report),
        at=sandbox,
    )  # fmt: skip
    read = decoded(report.read_bytes())
    assert ran.exit_code == 3
    assert names(decoded(ran.out)) == ["o/near", "o/far"]
    assert ran.lines[0].startswith("stargazer: warning: --stargazers: skipped line 2: 'no login at all'")
    assert (read["coverage"]["source"], read["coverage"]["users_gone"]) == ("file", 1)
    assert read["warnings"] == ["line 2: 'no login at all' is not a login"]


def test_max_stars_per_user_truncates_longer_lists(console: Console, tmp_path: Path) -> None:
    """Who has more stars than asked for counts as truncated; the others are read."""
    graph = Graph.from_lists(
        {
            "ada": [*(f"o/r{number}" for number in range(900)), "o/seed"],
            "bob": ["o/seed", "o/near"],
        }
    )
    report = tmp_path / "report.json"
    with serving(graph) as sandbox:
        ran = console.run(
            "neighbours", "o/seed", "--max-stars-per-user", "200", "--report", str(report), at=sandbox
        )
        nodes = sandbox.totals.nodes
    coverage = decoded(report.read_bytes())["coverage"]
    assert ran.exit_code == 3
    assert (coverage["users_read"], coverage["users_truncated"]) == (1, 1)
    assert nodes < 900


def test_a_budget_that_cannot_pay_is_told_with_the_price(console: Console) -> None:
    """With too few points for the least that it can cost, the answer is its price: exit 5."""
    with serving(real_graph()) as sandbox:
        ran = console.run("neighbours", "rails/rails", "--budget", "5", "--format", "json", at=sandbox)
        points = sandbox.totals.points
    assert (ran.exit_code, ran.out) == (5, b"")
    assert len(ran.lines) == 1
    assert "costs about" in ran.err
    assert points <= 5


def test_what_was_read_before_the_budget_ended_is_printed(console: Console, tmp_path: Path) -> None:
    """A budget that ends in the middle keeps what was read: partial, exit 5, and a report."""
    report = tmp_path / "report.json"
    narrow = Behaviour(server=SERVERS["at-most-30-aliases"])
    with serving(real_graph(), narrow) as sandbox:
        ran = console.run(
            "neighbours", "mojombo/grit", "--budget", "7", "--format", "json", "--report", str(report),
            at=sandbox,
        )  # fmt: skip
        points = sandbox.totals.points
    read = decoded(report.read_bytes())
    assert points <= 7
    assert ran.exit_code == 5
    assert decoded(ran.out)
    assert read["kind"] == "partial"
    assert read["coverage"]["users_unread"] > 0
    assert "costs about" in read["warnings"][-1]
    assert read["warnings"][-1] in ran.lines[-1]


def test_refusals_for_good_end_the_run_with_what_was_read(console: Console, tmp_path: Path) -> None:
    """A token that GitHub stops taking in mid-run: its exit code, and what was read is kept."""
    report = tmp_path / "report.json"
    faults = Faults(script=dict.fromkeys(range(4, 30), Fault.BAD_CREDENTIALS))
    behaviour = Behaviour(faults=faults, secondary=Secondary(seconds_per_minute=1e6))
    with serving(real_graph(), behaviour) as sandbox:
        ran = console.run(
            "neighbours", "mojombo/grit", "--format", "ndjson", "--report", str(report), at=sandbox
        )
    assert ran.exit_code == 7
    assert ran.out
    assert "set GITHUB_TOKEN" in ran.lines[-1]
    assert decoded(report.read_bytes())["kind"] == "partial"
