"""What fire_lane promises beyond its worked examples."""

from math import nan
from pathlib import Path

from hypothesis import given, settings, strategies as st

from borough.testing import find, rehearse
from borough.testing.samples import answers, replay

FIRE_LANE = find(Path(__file__).parents[1])
GRACE_S, CLEAR_S, SURE_PCT = 300, 60, 40


def test_the_sample_gets_its_known_answers() -> None:
    """A van, a car that leaves in time, a foggy picture and a blind camera: three alarms."""
    assert sorted(replay(FIRE_LANE)) == sorted(answers(FIRE_LANE))


def test_a_stricter_street_alarms_sooner() -> None:
    """Tuning how long a stop may last moves the alarm and nothing else."""
    lines = [(0, 0, 1), ("now", 120), ("now", 300)]

    assert rehearse(FIRE_LANE, lines).edges == [(0, 300, "major")]
    assert rehearse(FIRE_LANE, lines, grace_s=120).edges == [(0, 120, "major")]


def second_by_second(reports: dict[int, bool], end: int) -> list[tuple[int, float, str]]:
    """Walk through every second with two stopwatches, as a person beside the lane would."""
    edges, taken, blocked = [], False, False
    stop = empty = 0
    heard = standing = False
    for second in range(end + 1):
        stop, empty = stop + standing, empty + (heard and not taken)
        if heard and not taken and empty >= CLEAR_S:
            standing, stop = False, 0
            if blocked:
                blocked = False
                edges.append((0, float(second), "quiet"))
        if taken and standing and stop >= GRACE_S and not blocked:
            blocked = True
            edges.append((0, float(second), "major"))
        if second in reports:
            heard, was, taken = True, taken, reports[second]
            if taken and not standing:
                standing, stop = True, 0
            if taken or was:
                empty = 0
    return edges


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.integers(0, 1500), st.booleans(), max_size=14))
def test_it_agrees_with_two_stopwatches(reports: dict[int, bool]) -> None:
    """However the reports fall, the level changes at the second at which a watcher's would."""
    lines: list[tuple[object, ...]] = []
    for second in range(2000):
        lines.append(("now", float(second)))
        if second in reports:
            lines.append((0, float(second), float(reports[second]), nan))
    said = rehearse(FIRE_LANE, lines).edges

    assert said == second_by_second(reports, 1999)
