"""The latest word of every series is the one a slow, clear reading of the rows would keep."""

import numpy as np
from hypothesis import given, strategies as st

from borough.engine.latest import UNHEARD, Latest

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 9)), max_size=8)


@given(st.lists(st.tuples(ROWS, st.booleans()), max_size=4))
def test_the_newest_row_of_a_series_is_kept_and_of_equal_times_the_last(
    batches: list[tuple[list[tuple[int, int, int]], bool]],
) -> None:
    """Whether the rows of a batch rise in time, as most do, or not; old ones change nothing."""
    latest, kept = Latest(1), dict.fromkeys(range(3), (UNHEARD, 0))
    for said, rises in batches:
        rows = sorted(said, key=lambda row: row[1]) if rises else said
        series, time, value = (np.array([row[n] for row in rows], np.int64) for n in range(3))
        latest.take(series, time, value.astype(float))
        for one, at, number in rows:
            if at >= kept[one][0]:
                kept[one] = (at, number)
    latest.grow(3)

    assert latest.time.tolist() == [at for at, _ in kept.values()]
    assert np.nan_to_num(latest.value).tolist() == [number for _, number in kept.values()]
