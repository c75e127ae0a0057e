"""The graph: what it holds, how it changes, and what it remembers."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from stargazer.sandbox import graph as graphs
from stargazer.sandbox import real_graph, synthetic_graph
from stargazer.sandbox.graph import Graph

LISTS = {"ada": ["o/a", "o/b", "o/c"], "Bob": ["o/a", "o/b"], "cyd": ["o/c"]}
DAY = timedelta(days=1)


def test_truth_is_what_two_stargazers_share() -> None:
    """Every neighbour with the logins that star both, sorted; the repository itself is none."""
    graph = Graph.from_lists(LISTS)

    assert graph.truth("O/A") == {"o/b": ["ada", "Bob"], "o/c": ["ada"]}


def test_truth_leaves_out_what_no_reader_can_see() -> None:
    """Users who are gone and private or numberless repositories are not in it."""
    graph = Graph.from_lists(LISTS)

    graph.mark_gone("Bob")
    graph.mark_private("o/c")

    assert graph.truth("o/a") == {"o/b": ["ada"]}
    graph.mark_numberless("o/b")
    assert graph.truth("o/a") == {}


def test_truth_leaves_out_null_stars_and_cut_lists() -> None:
    """A star sent as null, and all that a cut list does not show, is not in it."""
    graph = Graph.from_lists(LISTS)

    graph.mark_null_star("ada", "o/c")
    assert graph.truth("o/a") == {"o/b": ["ada", "Bob"]}
    graph.mark_over_limit("Bob", 1)
    assert graph.truth("o/a") == {"o/b": ["ada"]}
    graph.mark_private_profile("ada")
    assert graph.truth("o/a") == {}


def test_stars_come_and_go() -> None:
    """A star is seen from both sides, counted, and given once only."""
    graph = Graph.from_lists(LISTS)

    assert graph.star("CYD", "o/a")
    assert not graph.star("cyd", "o/a")
    assert graph.stargazers_of("o/a") == ["ada", "Bob", "cyd"]
    assert graph.starred_by("cyd") == ["o/c", "o/a"]
    assert graph.stargazer_count("o/a") == 3

    assert graph.unstar("ada", "o/a")
    assert not graph.unstar("ada", "o/a")
    assert graph.stargazers_of("o/a") == ["Bob", "cyd"]
    assert graph.starred_by("ada") == ["o/b", "o/c"]
    assert graph.star_count == 6


def test_history_knows_what_was_starred_always_and_ever() -> None:
    """Both ends of an interval belong to it."""
    graph = Graph.from_lists(LISTS)
    start = graph.now
    graph.unstar("ada", "o/a", at=start + 1 * DAY)
    graph.star("ada", "o/a", at=start + 2 * DAY)
    graph.unstar("ada", "o/b", at=start + 3 * DAY)

    assert graph.always("ada", start, start) == {"o/a", "o/b", "o/c"}
    assert graph.always("ada", start, start + 4 * DAY) == {"o/c"}
    assert graph.ever("ada", start, start + 4 * DAY) == {"o/a", "o/b", "o/c"}
    assert graph.ever("ada", start + 3.5 * DAY, start + 4 * DAY) == {"o/a", "o/c"}
    assert graph.always("ada", start + 1.5 * DAY, start + 1.6 * DAY) == {"o/b", "o/c"}


def test_history_knows_a_repository_s_stargazers() -> None:
    """The same of the other side."""
    graph = Graph.from_lists(LISTS)
    start = graph.now
    graph.star("cyd", "o/a", at=start + DAY)

    assert graph.stargazers_always("o/a", start, start + 2 * DAY) == {"ada", "Bob"}
    assert graph.stargazers_ever("o/a", start, start + 2 * DAY) == {"ada", "Bob", "cyd"}


def test_a_renamed_repository_is_found_under_both_names() -> None:
    """Its name is the new one."""
    graph = Graph.from_lists(LISTS)

    graph.rename("o/a", "new/a")

    assert graph.repository("o/a") == graph.repository("New/A")
    assert "new/a" in graph.truth("o/b")


def test_unlisted_stargazers_are_counted_and_not_listed() -> None:
    """Only `stargazerCount` knows them."""
    graph = Graph.from_lists(LISTS)

    graph.mark_unlisted("o/a", 5)

    assert graph.stargazer_count("o/a") == 7
    assert len(graph.stargazers_of("o/a")) == 2


def test_unknown_names_are_key_errors() -> None:
    """Neither users nor repositories are made up on the way."""
    graph = Graph.from_lists(LISTS)

    with pytest.raises(KeyError):
        graph.user("nobody")
    with pytest.raises(KeyError):
        graph.truth("no/repository")


def test_a_graph_may_be_empty() -> None:
    """A user without stars, or nobody at all."""
    assert Graph.from_lists({}).star_count == 0
    assert Graph.from_lists({"ada": []}).starred_by("ada") == []


def test_the_real_graph_is_that_of_2009() -> None:
    """Real repositories and counts; made-up logins and times, the same each time."""
    graph = real_graph()

    assert graph.star_count == 174_151
    assert graph.stargazer_count("rails/rails") == 2_768
    assert all("-sim" in login for login in graph.logins)
    assert len(set(graph.logins)) == len(graph.logins)
    assert graph.stargazers_of("rails/rails") == real_graph().stargazers_of("rails/rails")
    shared = {name: len(logins) for name, logins in graph.truth("rails/rails").items()}
    assert max(shared, key=shared.__getitem__) == "technoweenie/restful-authentication"


def test_two_real_graphs_are_apart() -> None:
    """What changes in one stays in it."""
    one, other = real_graph(), real_graph()

    one.rename("rails/rails", "rails/trains")
    one.unstar(one.stargazers_of("rails/trains")[0], "rails/trains")

    assert other.stargazer_count("rails/rails") == 2_768
    assert other.repositories.names[other.repository("rails/rails")] == "rails/rails"


def test_a_synthetic_graph_is_as_asked() -> None:
    """So many users and stars, subjects of exactly so many stargazers, equal for equal parameters."""
    subjects = {"x/fifty": 50, "x/all": 9_999}
    graph, again = (
        synthetic_graph(users=1_000, stars=40_000, repositories=4_000, subjects=subjects) for _ in range(2)
    )

    assert len(graph.logins) == 1_000
    assert graph.star_count == 40_000
    assert graph.stargazer_count("x/fifty") == len(set(graph.stargazers_of("x/fifty"))) == 50
    assert graph.stargazer_count("x/all") == 1_000
    assert graph.stargazers_of("x/fifty") == again.stargazers_of("x/fifty")


def test_a_synthetic_graph_has_a_heavy_tail() -> None:
    """A few collectors have many times the mean; no user stars anything twice; no star is too young."""
    graph = synthetic_graph(users=2_000, stars=100_000, repositories=30_000, subjects={"x/s": 40})
    sizes = graph.star_lists.sizes()

    assert np.max(sizes) > 40 * np.mean(sizes)
    assert np.median(sizes) < np.mean(sizes)
    longest = int(np.argmax(sizes))
    assert len(set(graph.starred_by(graph.logins[longest]))) == np.max(sizes)
    places, _ = graph.star_lists.of(longest)
    assert places[-1] >> 32 < graphs.AS_OF.timestamp()
