"""What a scene that watches everything watches."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from borough.core.observations import Batch
from borough.core.registry import Kind, Property, Registry
from borough.engine.catalog import BUILT_IN, find
from borough.engine.watch import Watch

SAID = Property("value", {"zh": "值", "en": "value"}, "1", 0, 1, (0, 1))
LEVEL = Property("level", {"zh": "位", "en": "level"}, "1", 0, 1, (0, 1))


def registry(*said: Property, late_s: float = 0) -> Registry:
    """A gateway, a device behind it, and what the district computes from both."""
    roles = ("gateway", "device", "derived", "place")
    kinds = tuple(Kind(role, {}, role, said or (SAID,), 60, 60, late_s) for role in roles)
    row = np.arange(4)
    where = np.zeros(4)
    via = np.array([-1, 0, -1, -1])
    keys = ("gw-1", "d-1", "zone-1", "hall-1")
    first = row * len(kinds[0].properties)
    return Registry(kinds, row + 1, keys, row, first, where, where, row, via)


def test_what_is_computed_is_not_a_device_that_can_fall_silent() -> None:
    """Whoever watches all classes watches those that report by themselves."""
    district = registry()
    watch = Watch.of(find(BUILT_IN / "lost_device").scene, district.series, district.parents)

    assert watch.things.tolist() == [1, 2]
    assert watch.parent.tolist() == [-1, 0]


def test_what_is_computed_is_watched_by_who_names_it() -> None:
    """A scene that asks for a derived kind by its name gets it."""
    district, scene = registry(), find(BUILT_IN / "slope").scene
    by_name = replace(scene, properties=("value",), sources=("derived",))

    assert Watch.of(by_name, district.series).things.tolist() == [3]


@pytest.mark.parametrize("properties", [("*",), ("value",), ("value", "level")])
@given(
    said=st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), max_size=14),
    read=st.integers(-1, 3),
)
def test_reports_dealt_the_short_way_are_those_dealt_the_general_way(
    said: list[tuple[int, bool, int]], read: int, properties: tuple[str, ...]
) -> None:
    """Who comes once is dealt without sorting; a thing hears the same, in the same order."""
    scene = replace(find(BUILT_IN / "lost_device").scene, properties=properties)
    watch = Watch.of(scene, registry(SAID, LEVEL).series)
    series, goes_on, void = (np.array([each[n] for each in said], int) for n in range(3))
    value = np.where(void == 0, np.nan, np.arange(len(said)))
    place = np.cumsum(1 - goes_on)
    batch = Batch(place, place, series, place, value)
    own = watch.own[series]
    mine = np.flatnonzero((own >= 0) & (place > read) & np.isfinite(value))

    assert heard(watch, watch.turns(batch, read)) == heard(watch, watch.dealt(batch, own, mine))


def test_where_any_property_will_do_a_report_is_heard_once() -> None:
    """Whatever is in it, and however its rows lie; of what it says the last is the evidence."""
    watch = Watch.of(find(BUILT_IN / "lost_device").scene, registry(SAID, LEVEL).series)
    series = np.array([0, 1, 2, 3, 2, 0])
    report = np.array([1, 1, 2, 2, 3, 4])
    batch = Batch(report, report, series, report * 1000, np.arange(6.0))

    assert heard(watch, watch.turns(batch, 0)) == {
        0: [(1, 1, 0.001, 1.0), (4, 4, 0.004, 5.0)],
        1: [(2, 2, 0.002, 3.0), (3, 3, 0.003, 4.0)],
    }


def test_two_properties_about_one_moment_are_both_in_time_where_any_will_do() -> None:
    """A device may say them in two messages; what is older than its word by more is late."""
    found = find(BUILT_IN / "lost_device")
    runner = found.runner(registry(SAID, LEVEL, late_s=2).series)
    for number, (series, time) in enumerate([(2, 9000), (3, 9000), (3, 7000), (3, 6999)], 1):
        runner.read(Batch.of([(number, number * 1000, series, time, 1.0)]))

    assert runner.late == 1
    assert runner.rows["heard"][1] == 3


def heard(watch: Watch, turns: Iterator[Batch]) -> dict[int, list[tuple[float, ...]]]:
    """Say what each thing heard, in its order."""
    told: dict[int, list[tuple[float, ...]]] = {}
    for turn in turns:
        tick = watch.tick(turn)
        lines = zip(
            tick.row, tick.position, tick.time, tick.arrived, *tick.values.values(), strict=True
        )
        for row, *line in lines:
            told.setdefault(int(row), []).append(tuple(np.nan_to_num(line, nan=-1).tolist()))
    return told
