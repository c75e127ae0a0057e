from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stargazer.neighbours.columns import Names
from stargazer.neighbours.order import first_places

PIECES = st.sampled_from(
    ["a", "A", "b", "Z", "-", "_", "/", "[", "owner-of-many", "Owner-Of-Many", "\0", "ß", "İ", "🌟"]
)
NAMES = st.lists(PIECES, max_size=4).map("".join)
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), NAMES), max_size=30)


def columns(names: list[str]) -> Names:
    texts = [name.encode() for name in names]
    lengths = np.array([len(text) for text in texts], dtype=np.int32)
    text = b"".join(texts)
    return Names(bytearray(text), np.cumsum(lengths, dtype=np.int64) - lengths, lengths, text.isascii())


@given(ROWS, st.integers(0, 31), st.permutations(range(31)))
def test_order_is_that_of_a_plain_sort(
    rows: list[tuple[int, int, str]], count: int, places: list[int]
) -> None:
    """By score, shared, case-folded name, name and id: as if all of it were sorted."""
    ids = np.array(places, dtype=np.int64)
    numbers = np.array([place for place in places if place < len(rows)], dtype=np.int32)
    ranked = first_places(
        count,
        numbers,
        np.array([float(rows[number][0]) for number in numbers]),
        shared=np.array([shared for _, shared, _ in rows], dtype=np.int32),
        names=columns([name for _, _, name in rows]),
        ids=ids,
    )

    def key(number: int) -> tuple[int, int, str, str, int]:
        score, shared, name = rows[number]
        return -score, -shared, name.casefold(), name, places[number]

    assert ranked.tolist() == sorted(range(len(rows)), key=key)[:count]
