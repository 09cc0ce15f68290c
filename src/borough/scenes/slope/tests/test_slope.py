"""What slope promises beyond its worked examples."""

import sys
from datetime import datetime
from itertools import combinations, pairwise
from math import isclose, isnan, sqrt
from pathlib import Path
from statistics import median

import numpy as np
from hypothesis import given, settings, strategies as st

from borough.testing import find, rehearse
from borough.testing.samples import answers, replay

SLOPE = find(Path(__file__).parents[1])
RULE = sys.modules[SLOPE.detector.__module__]
HOUR_S, DAY_S = 3600, 86400
LEVELS = SLOPE.scene.levels
FAILS = datetime.fromisoformat("2024-07-12T22:00:00+08:00")


def test_the_sample_gets_its_known_answers() -> None:
    """From raw stations and a gauge: red two days before one slope fails, nothing of the other."""
    said = replay(SLOPE, every_s=600)

    assert said == answers(SLOPE)
    assert (FAILS - said[-1][1]).total_seconds() >= 6 * HOUR_S


READINGS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(-50, 500)), max_size=24, unique_by=lambda r: r[0]
)


@settings(deadline=None)
@given(READINGS)
def test_the_pace_is_the_median_of_all_pairs(readings: list[tuple[int, int]]) -> None:
    """A pace and its error are what the textbook says, whatever is missing."""
    rows = SLOPE.detector.blank(1)
    for place, (hour, d) in enumerate(readings):
        rows["at"][0, place], rows["d"][0, place] = hour * HOUR_S, d
    found, error = (each[0] for each in RULE.pace(rows, ~np.isnan(rows["at"])))

    pairs = combinations(readings, 2)
    slopes = [(d2 - d1) / (hour2 - hour1) * 24 for (hour1, d1), (hour2, d2) in pairs]
    days = [hour / 24 for hour, _ in readings]
    spread = sqrt(sum((day - sum(days) / len(days)) ** 2 for day in days))
    assert isclose(found, median(slopes), abs_tol=1e-6) if slopes else isnan(found)
    assert isclose(error, 1 / spread, rel_tol=1e-6) if slopes else isnan(error)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=10, max_size=80), st.data())
def test_no_level_ends_within_a_day_of_its_beginning(moves: list[int], data: st.DataObject) -> None:
    """However a slope moves, a level once reached stands for a day at least."""
    missing = data.draw(st.sets(st.integers(0, len(moves) - 1), max_size=6))
    d = np.cumsum(moves) / 10
    lines = [(0, hour * HOUR_S, each) for hour, each in enumerate(d) if hour not in missing]
    said = rehearse(SLOPE, lines, v0=1.0, noise_mm=0.1, least=3).edges

    edges = [(0.0, 0), *((time, LEVELS.index(level)) for _, time, level in said)]
    for (reached, before), (time, after) in pairwise(edges):
        assert after > before or time - reached >= DAY_S
