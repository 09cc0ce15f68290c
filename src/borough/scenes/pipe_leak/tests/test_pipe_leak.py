"""What pipe_leak promises beyond its worked examples: bursts, rest days, gaps, its sample."""

from collections.abc import Callable
from math import nan, pi, sin
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from borough.core.observations import Tick
from borough.testing import find, rehearse
from borough.testing.rehearsal import Line
from borough.testing.samples import answers, replay

PIPE_LEAK = find(Path(__file__).parents[1])
HOUR_S, DAY_S, QUARTER_S = 3600, 86_400, 900
MONDAY_S = 4 * DAY_S - 8 * HOUR_S
"""A Monday midnight in the zone that the parameters name (UTC+8), just after the epoch."""
BURST_H = 9 * 24 + 10
"""Ten in the morning of the second Wednesday."""
Extra = Callable[[float], float]
"""What runs beyond the usual, in m3/h, by hours since that Monday."""


def lived(days: int, extra: Extra, seed: int = 1) -> list[Line]:
    """Let a zone live for *days*: two waves a day, another rhythm on days of rest, and chance."""
    lines: list[Line] = []
    night: list[float] = []
    for quarter, chance in enumerate(np.random.default_rng(seed).normal(0, 0.8, days * 96), 1):
        hour = quarter / 4
        rests = (hour - 0.25) // 24 % 7 >= 5
        wave = sin((hour - (12 if rests else 7)) * pi / 12)
        flow = 20 + 9 * wave + float(chance) + extra(hour)
        lines.append((0, MONDAY_S + quarter * QUARTER_S, flow, nan))
        night = [*night, flow][-8:]
        if hour % 24 == 4:
            lines.append((0, MONDAY_S + quarter * QUARTER_S, nan, min(night)))
    return lines


def between(start_h: float, end_h: float, size: float) -> Extra:
    """Let *size* m3/h run from one hour to another."""
    return lambda hour: size if start_h < hour <= end_h else 0.0


def hours(time: float) -> float:
    """Give hours since the Monday that all begins with."""
    return (time - MONDAY_S) / HOUR_S


def test_a_sound_zone_is_left_alone() -> None:
    """Two weeks with another rhythm on days of rest raise no alarm; the zone is known quiet."""
    said = rehearse(PIPE_LEAK, lived(15, between(0, 0, 0)))

    assert said.edges == []
    assert said.unknown == []


def test_a_burst_is_seen_within_hours_and_upheld_by_the_night() -> None:
    """A third of the mean flow is major within two hours, and still stands two days later."""
    ((_, time, level),) = rehearse(PIPE_LEAK, lived(11, between(BURST_H, 1e9, 7))).edges

    assert level == "major"
    assert BURST_H < hours(time) <= BURST_H + 2


def test_a_burst_that_is_repaired_ends() -> None:
    """After the repair a few quiet nights end it; the next burst is seen as fast as the first."""
    repaired_h, again_h = BURST_H + 4 * 24 + 4, BURST_H + 9 * 24
    first, second = between(BURST_H, repaired_h, 7), between(again_h, 1e9, 7)
    said = rehearse(PIPE_LEAK, lived(19, lambda hour: first(hour) + second(hour)))

    assert [level for _, _, level in said.edges] == ["major", "quiet", "major"]
    assert repaired_h < hours(said.edges[1][1]) <= repaired_h + 4 * 24
    assert again_h < hours(said.edges[2][1]) <= again_h + 2


@pytest.mark.parametrize("level", [0, 1])
def test_a_leak_never_becomes_normal(level: int) -> None:
    """While an alarm is open, no reading moves what is usual; when it is over, readings do."""
    rule = PIPE_LEAK.detector(**PIPE_LEAK.scene.tuned())
    rows = rule.blank(1)
    usual = {"usual": 20.0, "days": 9, "drift": 0, "stray": 0.1, "surge": 0, "night": 8.0}
    for name, value in (usual | {"spread": 1, "nights": 9, "excess": 0.5, "size": 2}).items():
        rows[name] = value
    rows["level"], before = level, rows.copy()
    one, moment = np.zeros(1, np.int64), np.array([float(MONDAY_S)])
    said = {"net_flow": np.array([20.5]), "night_flow": np.array([8.5])}
    rule.step(Tick(one, one, moment, moment, said), rows)

    moved = [
        n for n in ("usual", "drift", "stray", "night", "spread") if (rows[n] != before[n]).any()
    ]
    assert moved == ([] if level else ["usual", "drift", "stray", "night", "spread"])


@pytest.mark.parametrize(("hour", "slot"), [(0, 0), (107.9, 47), (120, 96), (157.25, 149)])
def test_days_of_rest_have_their_own_rhythm(hour: float, slot: int) -> None:
    """From Saturday's first minute to Sunday's last, a quarter is kept apart from workdays'."""
    rule = PIPE_LEAK.detector(**PIPE_LEAK.scene.tuned())
    rows, one = rule.blank(1), np.zeros(1, np.int64)
    moment = np.array([MONDAY_S + hour * HOUR_S])
    said = {"net_flow": np.array([20.0]), "night_flow": np.array([nan])}
    rule.step(Tick(one, one, moment, moment, said), rows)

    assert np.flatnonzero(~np.isnan(rows["usual"][0])).tolist() == [slot]


def test_an_opened_hydrant_is_no_burst() -> None:
    """Three quarters of an hour of half the mean flow pass without a word."""
    assert rehearse(PIPE_LEAK, lived(10, between(BURST_H, BURST_H + 0.75, 10))).edges == []


def test_the_night_has_the_last_word_on_a_burst() -> None:
    """What runs all day and is gone from two to four was use, not a leak; it is dropped at four."""
    said = rehearse(
        PIPE_LEAK, lived(11, lambda h: 7.0 if h > BURST_H and not 2 < h % 24 <= 4 else 0)
    )

    assert [level for _, _, level in said.edges[:2]] == ["major", "quiet"]
    assert hours(said.edges[1][1]) == 10 * 24 + 4


def test_a_small_leak_is_heard_at_night() -> None:
    """A tenth of the mean flow is too little for a burst; a few nights tell it."""
    ((_, time, level),) = rehearse(PIPE_LEAK, lived(15, between(BURST_H, 1e9, 2))).edges

    assert level == "minor"
    assert hours(time) % 24 == 4
    assert BURST_H < hours(time) <= BURST_H + 5 * 24


def test_a_gap_is_no_leak() -> None:
    """Two days without a meter raise nothing and unlearn nothing."""
    lines = [line for line in lived(13, between(0, 0, 0)) if not 9 * 24 < hours(line[1]) < 11 * 24]

    assert rehearse(PIPE_LEAK, lines).edges == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1000, 10_000), min_size=1, max_size=24),
    st.integers(3, 10),
)
def test_nothing_is_said_before_the_warm_up_is_over(flows: list[float], nights: int) -> None:
    """Whatever the first nights bring, a zone is unknown and no alarm opens."""
    lines = [(0, n * DAY_S, nan, flow) for n, flow in enumerate(flows[:nights], start=1)]
    said = rehearse(PIPE_LEAK, lines, warm_up=nights)

    assert said.edges == []
    assert said.unknown == [0]


def test_the_sample_gets_its_known_answers() -> None:
    """From raw meters: the burst is major within two hours, the hydrant is let be."""
    assert replay(PIPE_LEAK, every_s=QUARTER_S) == answers(PIPE_LEAK)
