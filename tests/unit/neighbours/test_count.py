from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stargazer.neighbours.count import ListsChunk, Ranking, Sharers, Tally
from stargazer.neighbours.estimate import estimate
from stargazer.planner.sample import Sample

Lists = list[frozenset[int]]

LISTS = st.lists(st.frozensets(st.integers(0, 30), max_size=12), max_size=12)


def chunk(lists: Lists, *, first_user: int = 0) -> ListsChunk:
    """Put lists into one chunk."""
    numbers = [number for each in lists for number in sorted(each)]
    return ListsChunk(
        np.arange(first_user, first_user + len(lists), dtype=np.int32),
        np.array(numbers, dtype=np.int32),
        np.cumsum([0, *map(len, lists)], dtype=np.int64),
    )


def chunks(lists: Lists, size: int) -> list[ListsChunk]:
    return [chunk(lists[begin : begin + size], first_user=begin) for begin in range(0, len(lists), size)]


def ranking(tally: Tally, alphabet: list[int]) -> Ranking:
    numbers = np.array(alphabet, dtype=np.int32)
    return Ranking.of(numbers, numbers * 10, tally)


@given(lists=LISTS, size=st.integers(1, 5), alphabet=st.permutations(range(31)))
@settings(max_examples=60, deadline=None)
def test_ranking_is_brute_force(lists: Lists, size: int, alphabet: list[int]) -> None:
    """Any chunks: the seed apart, the most shared come first, and ties as the alphabet has them."""
    tally = Tally(3)
    for each in chunks(lists, size):
        tally.add(each)

    found = ranking(tally, alphabet)

    counts = Counter(number for each in lists for number in each if number != 3)
    expected = sorted(counts, key=lambda number: (-counts[number], alphabet.index(number)))
    assert found.numbers.tolist() == expected
    assert found.shared.tolist() == [counts[number] for number in expected]
    assert found.stars.tolist() == [10 * number for number in expected]
    assert sorted(tally.neighbours().tolist()) == sorted(counts)


@given(lists=LISTS, count=st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_closest_are_the_first_and_all_their_ties(lists: Lists, count: int) -> None:
    """Whoever may stand among the first n is there; nobody who cannot is."""
    tally = Tally(3, repositories=31)
    tally.add(chunk(lists))

    closest = set(tally.closest(count).tolist())

    counts = Counter(number for each in lists for number in each if number != 3)
    if 0 < count < len(counts):
        worst = sorted(counts.values())[-count]
        assert closest == {number for number, shared in counts.items() if shared >= worst}
    else:
        assert closest == set(counts)


@given(lists=LISTS, size=st.integers(1, 5), neighbours=st.integers(1, 6), stars=st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_sharers_are_brute_force(lists: Lists, size: int, neighbours: int, stars: int) -> None:
    """Any chunks and any parts: each neighbour has the users whose list holds it, in their order."""
    tally = Tally(3)
    tally.add(chunk(lists))
    found = ranking(tally, list(range(31)))
    parts = found.parts(neighbours=neighbours, stars=stars)

    told = []
    for low, high in parts:
        sharers = Sharers(found, low, high, places=found.places())
        for each in chunks(lists, size):
            sharers.add(each)
        told += [sharers.between(place, place + 1).tolist() for place in range(low, high)]
        assert sharers.between(low, high).tolist() == [user for one in told[low:high] for user in one]

    assert told == [
        [user for user, each in enumerate(lists) if number in each] for number in found.numbers.tolist()
    ]


@given(lists=LISTS, neighbours=st.integers(1, 6), stars=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_parts_follow_one_another(lists: Lists, neighbours: int, stars: int) -> None:
    """Parts cover the order without a gap, and hold no more than they may, or one neighbour."""
    tally = Tally(3)
    tally.add(chunk(lists))
    found = ranking(tally, list(range(31)))

    parts = found.parts(neighbours=neighbours, stars=stars)

    assert [low for low, _ in parts] + [len(found)] == [0, *(high for _, high in parts)]
    for low, high in parts:
        assert high - low <= neighbours
        assert high - low == 1 or found.shared[low:high].sum() <= stars


@given(lists=LISTS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_lists_can_be_arranged(lists: Lists, data: st.DataObject) -> None:
    """Lists in another order are the same lists; what the order leaves out is gone."""
    order = data.draw(st.permutations(range(len(lists))))[: data.draw(st.integers(0, len(lists)))]

    arranged = chunk(lists).arranged(np.array(order, dtype=np.int64))

    expected = chunk([lists[place] for place in order])
    assert arranged.users.tolist() == order
    assert arranged.repositories.tolist() == expected.repositories.tolist()
    assert arranged.offsets.tolist() == expected.offsets.tolist()


def test_counting_holds_no_list() -> None:
    """A million stars in chunks leave nothing behind but a number for each repository."""
    rng = np.random.default_rng(1)
    lists = [frozenset(rng.integers(0, 50_000, 200).tolist()) for _ in range(250)]
    one = chunk(lists)
    tally = Tally(3, repositories=50_000)
    tracemalloc.start()
    try:
        for _ in range(20):
            tally.add(one)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert tally.stars > 900_000
    assert peak < 1 << 20


def test_estimates_stand_by_what_they_make_of_all() -> None:
    """Each neighbour keeps its own interval, and names go by how many were seen."""
    lists = [frozenset({7, 8}), frozenset({7, 9}), frozenset({9})]
    tally = Tally(3)
    tally.add(chunk(lists))
    seen = tally.shared()[tally.neighbours()]
    drawn = np.array([1, 1, 2], dtype=np.int32)
    estimated = estimate(Sample(300, 30), drawn, seen)

    numbers = np.array([9, 8, 7, 6], dtype=np.int32)
    found = Ranking.of(numbers, numbers * 10, tally, estimated)

    assert found.numbers.tolist() == [9, 8, 7]
    assert found.shared.tolist() == [20, 10, 10]
    assert found.seen.tolist() == [2, 1, 2]
    assert found.stars.tolist() == [90, 80, 70]
    assert found.ends is not None
    assert found.ends.low.tolist() == estimated.low[[2, 1, 0]].tolist()
    assert found.ends.high.tolist() == estimated.high[[2, 1, 0]].tolist()
    assert found.parts(neighbours=9, stars=3) == [(0, 2), (2, 3)]
