"""Numbers that look random and never change, whatever the version of numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def fractions(seed: int, size: int) -> NDArray[np.float64]:
    """Return *size* numbers in [0, 1), by splitmix64.

    Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
    """
    with np.errstate(over="ignore"):
        mixed = (np.arange(1, size + 1, dtype=np.uint64) + np.uint64(seed * 1_000_003 % 2**63)) * _STEP
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / float(2**53)


def normals(seed: int, size: int) -> NDArray[np.float64]:
    """Return *size* numbers of the standard normal distribution, by Box and Muller."""
    first, second = fractions(seed, size), fractions(seed + 1, size)
    spread = np.sqrt(-2.0 * np.log(1.0 - first))
    return np.asarray(spread * np.cos(2.0 * np.pi * second), np.float64)
