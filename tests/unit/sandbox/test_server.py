"""Models of GitHub's speed."""

from __future__ import annotations

import random
import statistics

import pytest

from stargazer.sandbox.server import DEFAULT, SERVERS, ResourceLimit, Server


def seeded(seed: int = 1) -> random.Random:
    """Return chance that repeats."""
    return random.Random(seed)  # noqa: S311 - a simulation wants seeded randomness


def mean_seconds(server: Server, *, at: float = 0.0) -> float:
    """Return the mean of many equal calls."""
    chance = seeded()
    return statistics.fmean(server.seconds(20, 2_000, at, chance) for _ in range(4_000))


def test_the_work_is_connections_and_nodes() -> None:
    """0.25 s, 4 ms a connection, 0.8 ms a node."""
    exact = Server(jitter=0.0)

    assert exact.seconds(149, 14_900, 0.0, seeded()) == pytest.approx(0.25 + 0.596 + 11.92)


def test_the_jitter_is_log_normal() -> None:
    """Its mean is e^(0.25² / 2) = 1.032."""
    assert mean_seconds(DEFAULT) == pytest.approx((0.25 + 0.08 + 1.6) * 1.0317, rel=0.02)


@pytest.mark.parametrize(("name", "factor"), [("fast", 0.1), ("slow", 3.0), ("two-humped", 1.3)])
def test_models_are_slower_or_faster(name: str, factor: float) -> None:
    """By a factor, on the mean."""
    assert mean_seconds(SERVERS[name]) == pytest.approx(factor * mean_seconds(DEFAULT), rel=0.05)


def test_a_drifting_server_swings_between_half_and_double() -> None:
    """Slowly, with time."""
    drifting = SERVERS["drifting"]
    quarter = drifting.drift_seconds / 4

    assert mean_seconds(drifting, at=quarter) == pytest.approx(2.0 * mean_seconds(DEFAULT), rel=0.01)
    assert mean_seconds(drifting, at=3 * quarter) == pytest.approx(0.5 * mean_seconds(DEFAULT), rel=0.01)


def test_limits_tighten_with_time() -> None:
    """The last one whose moment has come holds."""
    tightening = SERVERS["tightening"]

    assert tightening.limit(0.0) == ResourceLimit()
    most = [tightening.limit(seconds).connections for seconds in (25.0, 60.0)]
    assert most == [60, 20]


def test_chance_is_seeded() -> None:
    """The same seed gives the same seconds."""
    first, second = (DEFAULT.seconds(1, 100, 0.0, seeded(7)) for _ in range(2))

    assert first == second
