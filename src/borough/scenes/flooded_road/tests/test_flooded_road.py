"""What flooded_road promises beyond its worked examples."""

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from borough.testing import find, rehearse
from borough.testing.samples import answers, replay

ROAD = find(Path(__file__).parents[1])
DEPTHS = {"blue": 5, "yellow": 15, "orange": 27, "red": 40}
HOLDS = {"blue": 120, "yellow": 120, "orange": 60, "red": 0}
BAND_CM, FALL_S, END = 2, 600, 3600
TORRENT_CMH = 2000.0
"""No water rises so fast in an hour of readings from 0 to 60 cm."""


def test_the_sample_gets_its_known_answers() -> None:
    """A slow rise, a cloudburst, two waves and a blinded gauge: eleven known answers."""
    assert sorted(replay(ROAD)) == sorted(answers(ROAD))


@pytest.mark.parametrize(("minutes", "level"), [(10, "orange"), (40, "yellow")])
def test_a_fast_rise_brings_people_one_level_earlier(minutes: int, level: str) -> None:
    """The same 16 cm are orange where they came within ten minutes, yellow within forty."""
    steps = [(0, 60.0 * m, 16.0 * m / minutes, 1) for m in range(minutes + 1)]
    rest = [(0, 60.0 * (minutes + m), 16.0, 1) for m in range(1, 4)]

    assert rehearse(ROAD, [*steps, *rest]).edges[-1][2] == level


def test_a_gauge_that_drowns_does_not_end_its_alarm() -> None:
    """What follows beside a dry switch is not believed, in neither direction."""
    said = rehearse(ROAD, [(0, 0, 42, 1), (0, 300, 90, 0), ("now", 1200)])

    assert said.edges == [(0, 0, "red")]
    assert said.unknown == [0]


def hear(reached: dict[str, int], depth: int, second: int) -> None:
    """Start and stop the stopwatch of each level by a depth."""
    for name, limit in DEPTHS.items():
        if depth >= limit:
            reached.setdefault(name, second)
        elif depth < limit - BAND_CM:
            reached.pop(name, None)


def second_by_second(reports: dict[int, int], end: int) -> list[tuple[int, float, str]]:
    """Watch the road through every second with a stopwatch for each level."""
    edges: list[tuple[int, float, str]] = []
    names = ["quiet", *DEPTHS]
    reached: dict[str, int] = {}
    level, below, top = 0, -1, 0
    for second in range(end + 1):
        for depth in (None, reports[second]) if second in reports else (None,):
            if depth is not None:
                hear(reached, depth, second)
            ripe = [names.index(name) for name, at in reached.items() if second - at >= HOLDS[name]]
            seen, was = max(ripe, default=0), level
            if seen >= level:
                level, below = seen, -1
            else:
                below, top = (second, seen) if below < 0 else (below, max(top, seen))
                if second - below >= FALL_S:
                    level, below, top = top, (second if seen < top else -1), seen
            if level != was:
                edges.append((0, float(second), names[level]))
    return edges


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.integers(0, 2400), st.integers(0, 60), max_size=12))
def test_it_agrees_with_four_stopwatches(reports: dict[int, int]) -> None:
    """However the depths come, levels change at the second at which a watcher's would."""
    lines: list[tuple[object, ...]] = []
    for second in range(END):
        lines.append(("now", float(second)))
        if second in reports:
            lines.append((0, float(second), float(reports[second]), 1.0))

    assert rehearse(ROAD, lines, fast_cmh=TORRENT_CMH).edges == second_by_second(reports, END - 1)
