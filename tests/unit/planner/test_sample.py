"""What becomes of a sample where only whole lists are counted."""

from __future__ import annotations

import pytest

from stargazer.planner.coverage import Coverage
from stargazer.planner.sample import Sample

SAMPLE = Sample(
    listed=100,
    drawn=40,
    missing=3,
    unfinished=frozenset({"cut", "half"}),
    beyond=frozenset({"behind"}),
    stand_ins={"half": 3.0},
    stood_in_for=2,
)


def test_whoever_is_lost_is_missing() -> None:
    """All others stand in for them; nobody is missing twice, and who is behind the sample is not missing."""
    found = SAMPLE.stored(["whole", "cut", "behind"])

    assert (found.missing, found.stood_in_for) == (4, 4)
    assert found.stand_ins == {}
    assert found.stand_in == pytest.approx(4 / 36)
    assert (found.listed, found.drawn, found.unfinished) == (100, 40, SAMPLE.unfinished)


def test_without_loss_those_half_read_are_stood_in_for() -> None:
    """Their stars do not count for more where they do not count at all."""
    found = SAMPLE.stored([])

    assert (found.missing, found.stood_in_for, found.stand_ins) == (3, 2, {})
    assert Sample(100, 40).stored([]).stand_in == 0.0


def test_only_an_answer_without_a_sample_is_about_all() -> None:
    """And only when nobody is left unread."""
    assert Coverage(users_read=3).about_all
    assert not Coverage(users_read=3, users_unread=1).about_all
    assert not Coverage(users_read=3, sampled=SAMPLE).about_all
