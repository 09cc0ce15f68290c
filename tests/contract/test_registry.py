"""The registry as columns."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from borough.core.registry import Kind, Property, Registry, heard_alike

TEMP = Property("temp", {}, "Cel", -40.0, 60.0, (0.0, 30.0))
BATTERY = Property("battery", {}, "%", 0.0, 100.0, (20.0, 100.0))
PROBE = Kind("probe", {}, "device", (TEMP, BATTERY), 60, 60, 5)
HOUSE = Kind("house", {}, "place", (), 0, 0, 0)
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


def with_house(**others: Any) -> Registry:
    """Give the same with a house before all others, which reports nothing."""
    held = registry()
    one = np.zeros(1, np.int64)
    columns = {
        name: np.append(one, getattr(held, name)) for name in ("first", "lon", "lat", "grid")
    }
    return Registry(
        kinds=(*held.kinds, HOUSE),
        id=np.append(1, held.id),
        key=("h1", *held.key),
        kind=np.append(2, held.kind),
        via=np.array([-1, -1, -1, 1]),
        **columns,
        **others,
    )


def test_what_nobody_hears_means_the_same() -> None:
    """Where things stand, and houses that come or go: rows are others then, and say the same."""
    assert heard_alike(registry(), registry())
    assert heard_alike(registry(), replace(registry(), lon=np.ones(3), grid=np.ones(3, np.int64)))
    assert heard_alike(registry(), with_house())
    assert heard_alike(with_house(), registry())


SET = ("fire", "wait_s")
WIDE = replace(PROBE, properties=(replace(TEMP, high=70.0), BATTERY))


def tied(end: int, sign: int, value: float) -> Registry:
    """Tie the first thing to another one, and set a parameter for it."""
    tie = (np.array([0]), np.array([end]), np.array([sign]))
    column = np.array([value, np.nan, np.nan])
    return replace(registry(), relations={"in": tie}, parameters={SET: column})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (registry(), with_house(relations={"in": (np.array([1]), np.array([0]), np.array([1]))})),
        (registry(), with_house(parameters={SET: np.array([5.0, np.nan, np.nan, np.nan])})),
        (registry(), replace(with_house(), kinds=(PROBE, ROOM, replace(HOUSE, role="gateway")))),
        (registry(), replace(registry(), id=np.array([3, 5, 10]))),
        (registry(), replace(registry(), first=np.array([0, 5, 7]))),
        (registry(), replace(registry(), via=np.array([-1, -1, 1]))),
        (registry(), replace(registry(), kind=np.array([0, 0, 0]))),
        (registry(), replace(registry(), kinds=(WIDE, ROOM))),
        (tied(1, 1, 5.0), tied(2, 1, 5.0)),
        (tied(1, 1, 5.0), tied(1, -1, 5.0)),
        (tied(1, 1, 5.0), tied(1, 1, 6.0)),
    ],
)
def test_what_somebody_hears_means_another_thing(one: Registry, other: Registry) -> None:
    """Who reports, through whom, what may be said, who is tied to whom, what is set for one."""
    assert not heard_alike(one, other)
    assert not heard_alike(other, one)
    assert heard_alike(one, one)
