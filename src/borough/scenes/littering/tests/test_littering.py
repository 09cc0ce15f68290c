"""What littering promises beyond its worked examples."""

from pathlib import Path

import numpy as np
from hypothesis import given, strategies as st

from borough.testing import find, rehearse
from borough.testing.samples import answers, replay

SCENE = find(Path(__file__).parents[1])
GRAVITY = 9.81


def test_the_sample_gets_its_known_answers() -> None:
    """An hour of three cameras: two throws and a bottle, and a bird that is nobody's business."""
    assert sorted(replay(SCENE)) == sorted(answers(SCENE))


@given(floor=st.integers(2, 40), share=st.floats(0.55, 1.2), sure=st.integers(60, 100))
def test_whatever_falls_from_its_floor_as_things_fall_is_seen(
    floor: int, share: float, sure: int
) -> None:
    """A fall through three quarters of the height, at any pace that drag allows."""
    fall_s = (2 * 0.75 * 3 * floor / GRAVITY) ** 0.5
    said = rehearse(SCENE, [(0, 0, floor, 1, fall_s, share * GRAVITY * fall_s, sure)])
    assert len(said.edges) == 1


@given(fall_s=st.floats(0, 8), speed=st.floats(0, 50), sure=st.integers(0, 59))
def test_a_camera_in_doubt_has_said_nothing(fall_s: float, speed: float, sure: int) -> None:
    """Below the confidence that is set, whatever it reports."""
    assert rehearse(SCENE, [(0, 0, 12, 1, fall_s, speed, sure)]).edges == []


def test_a_tower_may_have_storeys_of_its_own() -> None:
    """Offices of 4.5 m let something fall for longer than homes do."""
    lines = [(0, 0, 4, 1, 1.8, 17, 90), (1, 0, 4, 1, 1.8, 17, 90)]
    assert rehearse(SCENE, lines, storey_m=np.array([4.5, 3])).edges == [(0, 0, "major")]
