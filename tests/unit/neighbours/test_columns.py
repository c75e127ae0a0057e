from __future__ import annotations

import numpy as np

from stargazer.neighbours.columns import Column, Repositories, Seen


def seen(*repositories: tuple[int, str, int]) -> Seen:
    ranked = sorted(repositories)
    names = [name for _, name, _ in ranked]
    return Seen(
        ids=np.array([each for each, _, _ in ranked], dtype=np.int64),
        hashes=np.array([hash(name) for name in names], dtype=np.int64),
        stars=np.array([stars for _, _, stars in ranked], dtype=np.int64),
        names=names,
        places=np.arange(len(ranked)),
    )


def test_repository_keeps_its_number() -> None:
    """A repository that is seen again has the number it got first."""
    known = Repositories()
    assert known.update(seen((9, "a/a", 1), (7, "b/b", 1))).tolist() == [0, 1]
    assert known.update(seen((8, "c/c", 1), (9, "a/a", 1))).tolist() == [2, 1]
    assert known.numbers(np.array([6, 7, 8, 9])).tolist() == [-1, 0, 2, 1]


def test_snapshot_keeps_the_old_name() -> None:
    """What was shown before a rename still shows the old name and count."""
    known = Repositories()
    known.update(seen((7, "old/name", 1)))
    _, before, stars_before = known.snapshot()
    known.update(seen((7, "new/longer-name", 2), (8, "x/x", 3)))
    _, after, stars_after = known.snapshot()
    assert (before.name(0), stars_before.tolist()) == ("old/name", [1])
    assert (after.name(0), after.name(1), stars_after.tolist()) == ("new/longer-name", "x/x", [2, 3])


def test_names_beyond_ascii_are_kept() -> None:
    """Any name is kept letter for letter; then no name is sorted by its bytes."""
    known = Repositories()
    known.update(seen((7, "a/ß", 1), (8, "b/b", 1)))
    _, names, _ = known.snapshot()
    assert [names.name(0), names.name(1)] == ["a/ß", "b/b"]
    assert not names.plain
    assert names.prefixes(np.array([0, 1])).tolist() == [0, 0]


def test_prefixes_order_like_folded_names() -> None:
    """Sorting keys order as case-folded names do, the shorter first."""
    ranked = ["A", "a/", "A/b", "a/B/", "a_a", "aZZZZZZ", "b", "B[", "ba"]
    known = Repositories()
    known.update(seen(*((place, name, 0) for place, name in enumerate(ranked))))
    keys = known.snapshot()[1].prefixes(np.arange(len(ranked))).tolist()
    by_name = sorted(range(len(ranked)), key=lambda place: ranked[place].casefold())
    assert sorted(range(len(ranked)), key=lambda place: keys[place]) == by_name


def test_many_repositories_are_found_again() -> None:
    """Every repository is found by its id, however many came before and after it."""
    known = Repositories()
    order = np.random.default_rng(1).permutation(150_000).tolist()
    for begin in range(0, len(order), 20_000):
        known.update(seen(*((each, f"o/{each}", each) for each in order[begin : begin + 20_000])))
    ids, names, stars = known.snapshot()
    numbers = known.numbers(np.arange(len(order)))
    assert ids[numbers].tolist() == stars[numbers].tolist() == list(range(len(order)))
    assert all(names.name(number) == f"o/{each}" for each, number in enumerate(numbers.tolist()))


def test_shown_values_do_not_change() -> None:
    """Writing over a value that was shown does not change what was shown."""
    column = Column(np.int64)
    column.grow(2)
    column.write(np.array([0, 1], dtype=np.int32), np.array([5, 6]))
    shown = column.values()
    column.grow(100)
    column.write(np.array([1], dtype=np.int32), np.array([7]))
    assert (shown.tolist(), column.values()[:2].tolist(), len(column)) == ([5, 6], [5, 7], 100)
