"""What the district's clock promises: one time for all, and a way back to the wall's."""

import pytest
from hypothesis import given, strategies as st

from borough.core.clock import DistrictClock
from borough.core.errors import BadSetting

FAR = 253_402_300_800_000
"""The year 10000, in ms."""
MOMENT = st.integers(0, FAR)
RATE = st.floats(1e-3, 100_000)
CLOCK = st.builds(DistrictClock, MOMENT, RATE, MOMENT)


@given(CLOCK)
def test_it_starts_where_it_was_told_to(clock: DistrictClock) -> None:
    """At the origin of the wall it is the district's start, and the other way round."""
    assert clock.now(clock.origin_ms) == clock.start_ms
    assert clock.wall(clock.start_ms) == clock.origin_ms


@given(CLOCK, MOMENT, MOMENT)
def test_it_never_runs_backwards(clock: DistrictClock, one: int, other: int) -> None:
    """Later on the wall is not earlier in the district, however slow or fast it runs."""
    early, late = sorted((one, other))
    assert clock.now(early) <= clock.now(late)
    assert clock.wall(early) <= clock.wall(late)


@given(
    st.builds(DistrictClock, MOMENT, st.floats(1, 100_000), MOMENT), st.integers(-(2**42), 2**42)
)
def test_there_and_back_is_within_rounding(clock: DistrictClock, away: int) -> None:
    """A wall moment comes back as itself; a clock that runs fast loses nothing by it."""
    wall = clock.origin_ms + away
    assert abs(clock.wall(clock.now(wall)) - wall) <= 1


@given(MOMENT, MOMENT)
def test_at_rate_one_it_is_the_wall(origin: int, wall: int) -> None:
    """With equal moments and rate 1 nothing is moved, to the last ms of the calendar."""
    assert DistrictClock(origin, 1.0, origin).now(wall) == wall


@pytest.mark.parametrize("rate", [0.0, -1.0, 100_000.1, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    """The setting is named."""
    with pytest.raises(BadSetting, match=r"clock\.rate must be"):
        DistrictClock(0, rate, 0)
