"""What is shown of scores and estimates is what the code gives today."""

from __future__ import annotations

from tests.bench import estimate_picture, scores


def test_the_first_by_each_score_are_those_of_the_page() -> None:
    """docs/reference/scores.md is written by `python -m tests.bench.scores`."""
    assert scores.PAGE.read_text("utf-8") == scores.written()


def test_the_picture_of_estimates_shows_what_runs_give() -> None:
    """docs/explanation/estimates.svg is drawn by `python -m tests.bench.estimate_picture`."""
    assert estimate_picture.PICTURE.read_text("utf-8") == estimate_picture.drawn()
