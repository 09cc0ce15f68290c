"""Time passes only for those whom it may change, and everything comes out as if it passed for all.

The oracle is the same scene told to look at every row, calm or not, at each look at the clock.
"""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from borough.core.detections import KnowsCalm
from borough.core.observations import REPORT_BITS, Batch, Now, Record, Series, Values
from borough.engine.catalog import BUILT_IN, Found, find_all
from borough.engine.runner import Runner

SCENES = {each.scene.id: each for each in find_all(BUILT_IN) if each.senses}
THINGS, START_MS = 4, 1_795_000_000_000
Steps = list[tuple[float, list[tuple[int, int, list[float | None]]]]]
VALUES = [0.0, 1.0, 3.0, 6.0, 16.0, 30.0, 45.0, 60.0, 99.0]
WAITS_S = [0.25, 1.0, 7.0, 59.75, 61.0, 130.0, 301.0, 700.0, 3_700.0, 22_000.0, 90_000.0]
V0 = np.array([np.nan, 0.5, 1.0, 20.0])
"""Of a slope; one that nobody has read stays unknown."""
TUNED: dict[str, dict[str, Values]] = {"slope": {"v0": V0, "least": 3.0}}
SAYS = st.tuples(
    st.integers(0, THINGS - 1),
    st.sampled_from([0, 1, 20, 200]),  # s by which its word is older than the moment
    st.lists(st.sampled_from([*VALUES, None]), min_size=7, max_size=7),
)
STEPS = st.lists(st.tuples(st.sampled_from(WAITS_S), st.lists(SAYS, max_size=4)), max_size=30)


def at_work(found: Found) -> Runner:
    """Set a scene to work on a few things that each say all it watches."""
    names = tuple(name for name in found.scene.properties if name != "*") or ("anything",)
    of_each = len(names)
    series = Series(
        thing=np.repeat(np.arange(1, THINGS + 1), of_each),
        property=np.tile(np.arange(of_each), THINGS),
        source=np.zeros(THINGS * of_each, np.int32),
        late_ms=np.full(THINGS * of_each, 60_000),
        patience_ms=np.repeat([60_000, 600_000, 7_200_000, 100_000_000], of_each),
        properties=names,
        sources=(found.scene.sources[0].replace("*", "any"),),
    )
    return found.runner(series, **TUNED.get(found.scene.id, {}))


def records(
    steps: Steps,
) -> Iterator[Record]:
    """Write a journal: what is said, and after each wait what time it is."""
    now, sequence = START_MS, 0
    for wait_s, said in steps:
        for thing, age_s, values in said:
            sequence += 1
            place = sequence << REPORT_BITS
            rows = [
                (place, now - age_s * 1000, thing * len(values) + column, now, value)
                for column, value in enumerate(values)
                if value is not None
            ]
            yield Batch.of(rows) if rows else Now(place, now)
        for part in range(1, 4):  # some looks while little has happened, then a longer wait
            sequence += 1
            now += 250 if part < 3 else round(wait_s * 1000)
            yield Now(sequence << REPORT_BITS, now)


def fitting(record: Record, columns: int) -> Record:
    """Cut a report down to the columns that a scene has."""
    if not isinstance(record, Batch):
        return record
    thing, column = np.divmod(record.series, 7)
    fits = column < columns
    cut = record.pick(np.flatnonzero(fits))
    return Batch(
        cut.position, cut.time, (thing * columns + column)[fits], cut.arrived, cut.value
    )  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
@settings(max_examples=40, deadline=None)
@given(steps=STEPS, cut=st.integers(0, 100))
def test_a_scene_that_looks_at_few_says_what_it_says_looking_at_all(
    name: str, steps: Steps, cut: int
) -> None:
    """The same edges at the same positions, and the same memory, also across a checkpoint."""
    short, oracle = at_work(SCENES[name]), at_work(SCENES[name])
    oracle.thorough = True
    columns = len(short.watch.properties)
    for number, each in enumerate(records(steps)):
        record = fitting(each, columns)
        if number == cut:
            short = resumed(short, SCENES[name])
        said, all_said = short.read(record), oracle.read(record)

        assert [e for s in said for e in s.spelled()] == [e for s in all_said for e in s.spelled()]
        for field in oracle.rows.dtype.names or ():
            np.testing.assert_array_equal(short.rows[field], oracle.rows[field], field)


def resumed(runner: Runner, found: Found) -> Runner:
    """Go on in another process from a checkpoint."""
    again = at_work(found)
    again.load({name: array.copy() for name, array in runner.save().items()})
    return again


def test_which_scenes_know_who_is_calm() -> None:
    """Every row is looked at where a gateway's clock tells of silence, and where things are few."""
    knowing = {name for name in SCENES if isinstance(at_work(SCENES[name]).detector, KnowsCalm)}

    assert knowing == {"fire_lane", "flooded_road", "gas", "littering"}
