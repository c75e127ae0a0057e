"""Put repositories in their order, without reading more names than it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stargazer.neighbours.columns import Names


def first_places(
    count: int,
    numbers: NDArray[np.int32],
    scores: NDArray[np.float64],
    *,
    shared: NDArray[np.int32],
    names: Names,
    ids: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Return the first *count* of *numbers* by score.

    There is one score for each of *numbers*; *shared*, *names* and *ids* go by
    number. Ties go by *shared*, the larger first, then by case-folded name, by
    name and by id, so that no order is left to chance.
    """
    if 0 < count < len(numbers):
        worst = np.partition(scores, len(scores) - count)[len(scores) - count]
        candidates = scores >= worst
        numbers, scores = numbers[candidates], scores[candidates]
    keys = (names.prefixes(numbers), -shared[numbers], -scores)
    places = np.lexsort(keys)
    ranked = numbers[places]
    for begin, end in _ties([key[places] for key in keys]):
        ranked[begin:end] = _by_name(ranked[begin:end].tolist(), names, ids)
    return ranked[:count]


def _ties(keys: list[NDArray[Any]]) -> list[tuple[int, int]]:
    """Find the runs of two or more whose keys are all equal."""
    differ = np.ones(len(keys[0]) + 1, dtype=np.bool_)
    differ[1:-1] = False
    for key in keys:
        differ[1:-1] |= key[1:] != key[:-1]
    edges = np.flatnonzero(differ)
    runs = np.flatnonzero(np.diff(edges) > 1)
    return list(zip(edges[runs].tolist(), edges[runs + 1].tolist(), strict=True))


def _by_name(numbers: list[int], names: Names, ids: NDArray[np.int64]) -> list[int]:
    def key(number: int) -> tuple[str, str, int]:
        name = names.name(number)
        return name.casefold(), name, int(ids[number])

    return sorted(numbers, key=key)
