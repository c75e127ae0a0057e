"""`stargazer neighbours --sample` and `--until` against a real sandbox with the stars of 2009."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest
from tests.integration.cli_world import Console, serving

from stargazer.sandbox import Sandbox, real_graph

SEED = "mojombo/grit"


@pytest.fixture
def console(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Console:
    return Console(capsysbinary, monkeypatch)


@pytest.fixture(scope="module")
def sandbox() -> Generator[Sandbox]:
    with serving(real_graph()) as sandbox:
        yield sandbox


def test_an_estimate_says_what_it_is(console: Console, sandbox: Sandbox, tmp_path: Path) -> None:
    """Every item has both ends, and they hold the truth for nearly all; the report tells the sample."""
    report = tmp_path / "report.json"

    ran = console.run(
        "neighbours", SEED, "--sample", "120", "--format", "json", "--report", str(report), at=sandbox
    )

    assert ran.exit_code == 0
    truth = {repo: len(names) for repo, names in real_graph().truth(SEED).items()}
    items = msgspec.json.decode(ran.out)
    assert list(items[0])[7:9] == ["shared_low", "shared_high"]
    assert list(items[0])[9:] == [
        f"{score}_{end}" for score in ("relevance", "jaccard", "cosine") for end in ("low", "high")
    ]
    assert all(one["cosine_low"] <= one["cosine"] <= one["cosine_high"] for one in items)
    held = [one["shared_low"] <= truth[one["repo"]] <= one["shared_high"] for one in items[:100]]
    assert sum(held) >= 90
    told = msgspec.json.decode(report.read_bytes())
    assert (told["kind"], told["complete"], told["coverage"]["sample"]) == ("estimate", True, 120)
    assert told["coverage"]["users_unread"] == told["coverage"]["stargazers_listed"] - 120


def test_csv_has_the_intervals_behind_the_published_columns(console: Console, sandbox: Sandbox) -> None:
    """The seven columns of the contract come first, then both ends."""
    ran = console.run("neighbours", SEED, "--sample", "120", "--format", "csv", at=sandbox)

    rows = list(csv.DictReader(io.StringIO(ran.out.decode())))
    assert list(rows[0])[6:] == ["stargazers", "shared_low", "shared_high"]
    assert all(int(row["shared_low"]) <= int(row["shared"]) <= int(row["shared_high"]) for row in rows)


def test_a_table_shows_the_intervals(console: Console, sandbox: Sandbox) -> None:
    """People see the interval beside the count, and from how many it was estimated."""
    ran = console.run("neighbours", SEED, "--sample", "120", "--top", "3", at=sandbox)

    assert ran.exit_code == 0
    assert "95 % interval" in ran.out.decode()
    assert "chosen at random" in ran.out.decode()
    assert "By relevance, what was seen seldom held down" in ran.out.decode()


def test_a_rule_shows_what_it_is_about(console: Console, sandbox: Sandbox) -> None:
    """A rule is about the first by what they share, and so is its table, unless told otherwise."""
    asked = ("neighbours", SEED, "--until", "width=0.4", "--top", "3")
    ran, sorted_anew = (console.run(*asked, *more, at=sandbox) for more in ((), ("--sort", "relevance")))

    assert "By shared, the most first" in ran.out.decode()
    assert "By relevance" in sorted_anew.out.decode()


def test_the_reason_in_an_estimate_has_an_interval(console: Console, sandbox: Sandbox) -> None:
    """What is not certain is not said as if it were."""
    ran = console.run("neighbours", SEED, "--sample", "120", "--why", "--top", "3", at=sandbox)

    assert re.search(rf"\d to \d+ % of its stargazers also starred {SEED}; chance", ran.out.decode())


def test_a_sample_of_all_is_exact(console: Console, sandbox: Sandbox) -> None:
    """A sample that is not smaller than the list is no estimate."""
    ran = console.run("neighbours", SEED, "--sample", "100000", "--format", "json", at=sandbox)

    items = msgspec.json.decode(ran.out)
    truth = real_graph().truth(SEED)
    assert {one["repo"]: one["shared"] for one in items} == {repo: len(who) for repo, who in truth.items()}
    assert "shared_low" not in items[0]


def test_the_plan_shows_the_choice(console: Console, sandbox: Sandbox) -> None:
    """Beside the exact price stand those of samples, and the published JSON is as it was."""
    ran = console.run("plan", "rails/rails", at=sandbox)
    json = console.run("plan", "rails/rails", "--format", "json", at=sandbox)

    assert "± 40%, with --sample" in ran.out.decode()
    assert "± 20%, with --sample" in ran.out.decode()
    assert list(msgspec.json.decode(json.out)) == [
        *("repository", "stargazers", "calls", "points", "pages", "nodes", "github_seconds", "seconds"),
    ]
