"""What a filter lets pass."""

from __future__ import annotations

import pytest

from stargazer.neighbours.filter import ALL, Filter
from stargazer.planner.page import Details

PLAIN = Details(None, None, is_archived=False, is_fork=False)


def test_everything_passes_unless_something_is_asked_for() -> None:
    """Nothing is left out for what was not asked."""
    assert ALL.fits("o/r", 0)
    assert ALL.fits_details(PLAIN)
    assert not ALL.needs_details


@pytest.mark.parametrize(
    ("only", "fits"),
    [
        (Filter(owner="O"), True),
        (Filter(owner="o/r"), False),
        (Filter(min_stars=7, max_stars=7), True),
        (Filter(min_stars=8), False),
        (Filter(max_stars=6), False),
        (Filter(max_stars=0), False),
        (Filter(min_stars=8, max_stars=7), False),
    ],
)
def test_name_and_stars(only: Filter, fits: bool) -> None:
    """The owner is the whole of what stands before the slash; both bounds are included."""
    assert only.fits("o/r", 7) is fits
    assert not only.needs_details


@pytest.mark.parametrize(
    ("only", "fits"),
    [
        (Filter(language=""), True),
        (Filter(language="C"), False),
        (Filter(archived=False), True),
        (Filter(archived=True), False),
        (Filter(forks=False), True),
        (Filter(forks=True, archived=False), False),
    ],
)
def test_details(only: Filter, fits: bool) -> None:
    """Each that is asked for has to be so."""
    assert only.fits_details(PLAIN) is fits
    assert only.needs_details
