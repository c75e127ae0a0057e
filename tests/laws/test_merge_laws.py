"""However star lists arrive, the neighbours are those that sets and a dict would give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stargazer.neighbours import rank
from stargazer.neighbours.answer import Neighbours
from stargazer.neighbours.merge import Merge
from stargazer.planner.coverage import Coverage
from stargazer.planner.page import (
    Direction,
    Page,
    Repository,
    Star,
    Stargazer,
    StargazersPage,
    StargazersRequest,
    StarListPage,
    StarListRequest,
    User,
)

SEED = 1
STARRED_AT = datetime(2026, 11, 24, tzinfo=UTC)
NAMES = ["acme/anvil", "a/b", "A/c", "a/B", "owner-of-many/x", "Owner-of-many/Y", "z/ß", "z/SS"]
LOGINS = ["bob", "Alice", "alice-2", "Zoe", "eve"]

Graph = dict[int, set[int]]
GRAPHS = st.dictionaries(st.integers(0, 4), st.sets(st.integers(SEED, 8)))


def repository(number: int, names: Sequence[str] = NAMES) -> Repository:
    return Repository(number, names[number - 1], number * 2, is_private=False)


def star_list(user: int, numbers: Sequence[int], names: Sequence[str] = NAMES) -> StarListPage:
    return StarListPage(
        request=StarListRequest(f"U_{user}", 100, None, Direction.DESC, SEED),
        stars=tuple(Star(STARRED_AT, repository(number, names)) for number in numbers),
        hidden=0,
        private=0,
        total_count=len(numbers),
        has_next_page=True,
        end_cursor=None,
        is_over_limit=False,
        has_seed=SEED in numbers,
    )


def stargazers(user: int) -> StargazersPage:
    listed = (Stargazer(STARRED_AT, User(f"U_{user}", user, LOGINS[user])),)
    return StargazersPage(
        StargazersRequest("acme", "anvil", 100, None, Direction.ASC), listed, 0, len(LOGINS), True, None
    )


@st.composite
def arrivals(draw: st.DrawFn, graph: Graph) -> list[Page]:
    """The pages of a graph, cut anywhere, overlapping, repeated, in any order."""
    pages: list[Page] = [stargazers(user) for user in graph]
    for user, starred in graph.items():
        if starred:
            pieces = draw(st.lists(st.lists(st.sampled_from(sorted(starred)), max_size=6), max_size=3))
            pages += [star_list(user, piece) for piece in pieces]
        pages.append(star_list(user, draw(st.permutations(sorted(starred)))))
    again = draw(st.lists(st.sampled_from(pages), max_size=4)) if pages else []
    return draw(st.permutations(pages + again))


def brute_force(graph: Graph, without: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """Count with a dict and sets."""
    who: dict[int, set[int]] = {}
    for user, starred in graph.items():
        for number in starred - {SEED} if f"U_{user}" not in without else ():
            who.setdefault(number, set()).add(user)
    rows = [
        {
            "repo": NAMES[number - 1],
            "shared": len(users),
            "stars": number * 2,
            "stargazers": tuple(sorted((LOGINS[user] for user in users), key=str.casefold)),
            "database_id": number,
        }
        for number, users in who.items()
    ]
    return sorted(rows, key=lambda row: (-row["shared"], row["repo"].casefold(), row["repo"]))


def rows(found: Neighbours) -> list[dict[str, Any]]:
    members = ("repo", "shared", "stars", "stargazers", "database_id")
    return [{name: getattr(each, name) for name in members} for each in found]


@given(st.data(), GRAPHS)
def test_any_arrival_gives_the_truth(data: st.DataObject, graph: Graph) -> None:
    """Splits, overlaps, repeats and order change neither a count nor a name."""
    merge = Merge()
    merge.add(data.draw(arrivals(graph)))
    assert rows(merge.neighbours(Coverage())) == brute_force(graph)


@given(st.data(), GRAPHS)
def test_looking_in_between_changes_nothing(data: st.DataObject, graph: Graph) -> None:
    """An answer asked for after every page is the truth of the pages so far, and stays it."""
    merge = Merge()
    so_far: Graph = {}
    looks = []
    for user in graph:
        merge.add([stargazers(user)])
    for page in data.draw(arrivals(graph)):
        merge.add([page])
        if isinstance(page, StarListPage):
            seen = so_far.setdefault(int(page.request.user_id[2:]), set())
            seen |= {star.repository.database_id for star in page.stars if star.repository.database_id}
        looks.append((merge.neighbours(Coverage()), brute_force(so_far)))
    assert all(rows(found) == truth for found, truth in looks)


@given(st.data(), GRAPHS, st.frozensets(st.sampled_from([f"U_{user}" for user in range(6)])))
def test_who_lacks_the_seed_is_not_counted(
    data: st.DataObject, graph: Graph, without: frozenset[str]
) -> None:
    """Users left out share nothing, and the others what they share without them."""
    merge = Merge()
    merge.add(data.draw(arrivals(graph)))
    assert rows(merge.neighbours(Coverage(uncounted=without))) == brute_force(graph, without)


@given(st.data(), GRAPHS, st.permutations(NAMES))
def test_names_are_those_that_came_last(data: st.DataObject, graph: Graph, names: list[str]) -> None:
    """After everything was renamed, A too, every name is new and every count as it was."""
    merge = Merge()
    merge.add(data.draw(arrivals(graph)))
    before = {row["database_id"]: row["shared"] for row in rows(merge.neighbours(Coverage()))}
    merge.add(star_list(user, sorted(starred), names) for user, starred in graph.items())
    after = merge.neighbours(Coverage())
    assert {each.database_id: each.shared for each in after} == before
    assert all(each.repo == names[each.database_id - 1] for each in after)


@settings(max_examples=50)
@given(st.data(), GRAPHS, st.sampled_from(rank.SCORES), st.integers(0, 9), st.integers(1, 4))
def test_every_order_is_that_of_a_plain_sort(
    data: st.DataObject, graph: Graph, score: rank.Score, count: int, min_shared: int
) -> None:
    """The first n by a score are those of sorting all by the formula, number by number."""
    merge = Merge()
    merge.add(data.draw(arrivals(graph)))
    found = merge.neighbours(Coverage(stargazers_total=2, stargazers_listed=len(graph)))

    def key(row: dict[str, Any]) -> tuple[float, int, str, str]:
        formula = {
            "shared": rank.shared,
            "relevance": rank.relevance,
            "jaccard": rank.jaccard,
            "cosine": rank.cosine,
        }
        value = formula[score](float(row["shared"]), float(row["stars"]), max(2, len(graph)))
        return -value, -row["shared"], row["repo"].casefold(), row["repo"]

    truth = [row for row in sorted(brute_force(graph), key=key) if row["shared"] >= min_shared]
    assert rows(found.at_least(min_shared).sorted_by(score).top(count)) == truth[:count]
    assert rows(found.sorted_by(score).at_least(min_shared)[::-1]) == truth[::-1]
