"""What a scene that watches everything watches."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import given, strategies as st

from borough.core.observations import Batch
from borough.core.registry import Kind, Property, Registry
from borough.engine.catalog import BUILT_IN, find
from borough.engine.watch import Watch

SAID = Property("value", {"zh": "值", "en": "value"}, "1", 0, 1, (0, 1))


def registry() -> Registry:
    """A gateway, a device behind it, and what the district computes from both."""
    roles = ("gateway", "device", "derived", "place")
    kinds = tuple(Kind(role, {}, role, (SAID,), 60, 60, 0) for role in roles)
    row = np.arange(4)
    where = np.zeros(4)
    via = np.array([-1, 0, -1, -1])
    keys = ("gw-1", "d-1", "zone-1", "hall-1")
    return Registry(kinds, row + 1, keys, row, row, where, where, row, via)


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


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 1.0, np.nan])), max_size=12),
    st.integers(-1, 3),
)
def test_reports_dealt_the_short_way_are_those_dealt_the_general_way(
    said: list[tuple[int, float]], read: int
) -> None:
    """Who comes once is dealt without sorting; a thing hears the same, in the same order."""
    watch = Watch.of(find(BUILT_IN / "lost_device").scene, registry().series)
    number = len(said)
    series, value = (
        np.array([each[n] for each in said], kind) for n, kind in ((0, int), (1, float))
    )
    place = np.arange(number, dtype=np.int64)
    batch = Batch(place, place, series, place, value)
    own = watch.own[series]
    mine = np.flatnonzero((own >= 0) & (place > read) & np.isfinite(value))

    assert heard(watch, watch.turns(batch, read)) == heard(watch, watch.dealt(batch, own, mine))


def heard(watch: Watch, turns: Iterator[Batch]) -> dict[int, list[tuple[float, ...]]]:
    """Say what each thing heard, in its order."""
    told: dict[int, list[tuple[float, ...]]] = {}
    for turn in turns:
        tick = watch.tick(turn)
        lines = zip(
            tick.row, tick.position, tick.time, tick.arrived, *tick.values.values(), strict=True
        )
        for row, *line in lines:
            told.setdefault(int(row), []).append(tuple(map(float, line)))
    return told
