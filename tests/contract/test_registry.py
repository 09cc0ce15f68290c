"""The registry as columns."""

import numpy as np

from borough.core.registry import Kind, Property, Registry

TEMP = Property("temp", {}, "Cel", -40.0, 60.0, (0.0, 30.0))
BATTERY = Property("battery", {}, "%", 0.0, 100.0, (20.0, 100.0))
PROBE = Kind("probe", {}, "device", (TEMP, BATTERY), 60, 60, 5)
ROOM = Kind("room", {}, "derived", (TEMP,), 60, 60, 0)


def registry() -> Registry:
    """Three things, with a hole of three numbers that a thing which is gone has left."""
    return Registry(
        kinds=(PROBE, ROOM),
        id=np.array([3, 5, 9]),
        key=("p1", "r1", "p2"),
        kind=np.array([0, 1, 0]),
        first=np.array([0, 5, 6]),
        lon=np.zeros(3),
        lat=np.zeros(3),
        grid=np.zeros(3, np.int64),
        via=np.array([-1, -1, 0]),
    )


def test_numbers_of_things_that_are_gone_belong_to_nobody() -> None:
    """They have no thing, no class that speaks, and no scene watches them."""
    series = registry().series

    assert series.thing.tolist() == [3, 3, -1, -1, -1, 5, 9, 9]
    assert [series.sources[n] for n in series.source] == [
        "probe", "probe", "", "", "", "room", "probe", "probe",
    ]  # fmt: skip
    assert not series.speaks[series.source[3]]


def test_each_series_has_the_limits_of_its_property() -> None:
    """Also behind a hole."""
    low, high = registry().limits

    assert low[[0, 1, 5, 7]].tolist() == [-40.0, 0.0, -40.0, 0.0]
    assert high[[0, 1, 5, 7]].tolist() == [60.0, 100.0, 60.0, 100.0]


def test_a_series_is_found_by_key_and_property() -> None:
    """And it is found again by its number."""
    held = registry()

    assert held.series_of("p2", "battery") == 7
    assert held.id[held.row_of_series[7]] == 9
    assert [a.tolist() for a in held.parents] == [[9], [3]]


def test_an_empty_registry_has_no_series() -> None:
    """A district may begin with nothing."""
    none = np.zeros(0, np.int64)
    empty = Registry((PROBE,), none, (), none, none, none * 1.0, none * 1.0, none, none)

    assert len(empty.series.thing) == 0
    assert len(empty.limits[0]) == 0
