"""History is told in order of time, in slices of bounded size, whatever was written when."""

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from borough.core.errors import BadRequest
from borough.storage.lake import Lake, Points

START = 1_720_540_800_000
"""2024-07-10 00:00 in Shanghai, in ms."""
MINUTE, DAY = 60_000, 86_400_000
rows = st.lists(
    st.tuples(st.integers(0, 4), st.integers(-60, 60), st.integers(-9, 9)),
    min_size=20,
    max_size=60,
)


@given(
    batches=st.lists(rows, min_size=1, max_size=4),
    most=st.integers(1, 12),
    series=st.sampled_from([{0, 1, 2, 3, 4}, {1, 4}, {2, 5}, {5}, set()]),
    stretch=st.tuples(st.integers(-90, 60), st.integers(1, 2000)),
)
@settings(max_examples=25, deadline=None)
def test_slices_hold_every_row_once_in_order_of_time(
    batches: list[list[tuple[int, int, int]]],
    most: int,
    series: set[int],
    stretch: tuple[int, int],
) -> None:
    """They follow each other without gaps, and none holds more than asked but for one minute.

    Of the same series and moment the last written counts, and what was not asked for stays out.
    """
    start, end = (START + MINUTE * each for each in (stretch[0], sum(stretch)))
    book: dict[tuple[int, int], float] = {}
    with TemporaryDirectory() as folder:
        lake = Lake(Path(folder), "Asia/Shanghai")
        for number, batch in enumerate(batches):
            told = [(s, START + MINUTE * minute, float(value)) for s, minute, value in batch]
            lake.append(*zip(*told, strict=True), 0, number)
            book |= {(time, s): value for s, time, value in told}
            if number == 1:
                lake.compact(today="2024-07-10", loose=1)
        slices = list(lake.in_time(np.array(sorted(series), np.int64), start, end, most))
        lake.close()

    found = Points.joined([each.rows for each in slices])
    mine = sorted(
        (time, s, value) for (time, s), value in book.items() if s in series and start <= time < end
    )
    assert (
        list(zip(found.time.tolist(), found.series.tolist(), found.value.tolist(), strict=True))
        == mine
    )
    assert (slices[0].start_ms, slices[-1].end_ms) == (start, end)
    assert all(one.end_ms == other.start_ms for one, other in pairwise(slices))
    for each in slices:
        assert each.end_ms - each.start_ms <= DAY
        assert ((each.start_ms <= each.rows.time) & (each.rows.time < each.end_ms)).all()
        assert len(each.rows) < most + len(series)


def test_a_stretch_without_length_is_refused_and_history_says_what_it_reaches(
    tmp_path: Path,
) -> None:
    """From the first row to behind the last; of none, nothing."""
    lake = Lake(tmp_path, "Asia/Shanghai")
    before = lake.reach
    lake.append([1, 2], [START + 5, START], [0.5, 1.0], 0, 0)

    assert before == (0, 0)
    assert lake.reach == (START, START + 6)
    with pytest.raises(BadRequest):
        list(lake.in_time(np.array([1]), START, START))
