"""Chance that depends only on who and when, so that a value is the same however it is asked for."""

import numpy as np
from numpy.typing import NDArray

from borough.core.observations import Floats

Keys = NDArray[np.uint64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
HALVES = np.uint64(0xFFFFFFFF)
SCALE = 2.0**-32
SPREAD = np.sqrt(6.0)
"""Two uniform numbers added have a deviation of 1/√6."""


def keys(seed: int, who: NDArray[np.integer], what: int, when: NDArray[np.integer] | int) -> Keys:
    """Mix who, what and when into one number each (SplitMix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        mixed = np.asarray(who, np.int64).astype(np.uint64) * GOLDEN
        mixed = scramble(mixed ^ np.uint64((what << 32) + seed))
        return scramble(mixed + np.asarray(when, np.int64).astype(np.uint64) * GOLDEN)


def scramble(number: Keys) -> Keys:
    """Finish a number so that neighbours have nothing in common."""
    with np.errstate(over="ignore"):
        number = (number ^ number >> np.uint64(30)) * FIRST
        number = (number ^ number >> np.uint64(27)) * SECOND
        return number ^ number >> np.uint64(31)


def share(number: Keys) -> Floats:
    """Spread numbers evenly over [0, 1)."""
    return (number >> np.uint64(32)).astype(np.float64) * SCALE


def bell(number: Keys) -> Floats:
    """Spread numbers as a bell around 0 with deviation 1, never beyond ±2.45.

    It is the sum of two even ones: cheap, and it has no tail that could raise an alarm.
    """
    high, low = share(number), (number & HALVES).astype(np.float64) * SCALE
    return np.asarray((high + low - 1.0) * SPREAD, np.float64)
