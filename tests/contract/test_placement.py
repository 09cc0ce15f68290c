"""The fleet of a district: all of it, on its ground, and the same for the same seed."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

import borough
from borough.core.district import DEGREE_M, District
from borough.core.observations import Floats, Index
from borough.core.registry import Registry
from borough.edge.placement import place
from borough.engine.district import read

DISTRICTS = Path(borough.__file__).parent / "districts"


@pytest.fixture(scope="module")
def yubei() -> District:
    """The first district."""
    return read(DISTRICTS / "yubei")


@pytest.fixture(scope="module")
def fleet(yubei: District) -> Registry:
    """All of its things."""
    return place(yubei)


@pytest.fixture(scope="module")
def small() -> District:
    """The blank copy, which has few things."""
    return read(DISTRICTS / "template")


def digest(registry: Registry) -> str:
    """Sum up all that a placement decides."""
    said = hashlib.sha256(repr(registry.key).encode())
    columns = [registry.id, registry.kind, registry.first, registry.lon, registry.lat]
    columns += [registry.grid, registry.via]
    columns += [column for tie in registry.relations.values() for column in tie]
    columns += list(registry.parameters.values())
    for column in columns:
        said.update(np.ascontiguousarray(column).tobytes())
    return said.hexdigest()


def of(registry: Registry, code: str) -> Index:
    """The rows of a kind."""
    (number,) = [row for row, kind in enumerate(registry.kinds) if kind.code == code]
    return np.flatnonzero(registry.kind == number)


def apart(registry: Registry, one: Index, other: Index) -> Floats:
    """Metres between things, row by row."""
    squeeze = np.cos(np.radians(registry.lat[one]))
    east = (registry.lon[one] - registry.lon[other]) * squeeze
    return np.asarray(DEGREE_M * np.hypot(east, registry.lat[one] - registry.lat[other]))


def test_every_class_has_as_many_things_as_its_table_says(yubei: District, fleet: Registry) -> None:
    """Nothing is lost or added on the way from the table to the ground."""
    count = np.bincount(fleet.kind, minlength=len(fleet.kinds))
    device = np.array([kind.role == "device" for kind in fleet.kinds])

    assert dict(zip((k.code for k in fleet.kinds), count.tolist(), strict=True)) == yubei.counts
    assert count[device].sum() == 356_000
    assert device.sum() == 44


def test_ids_series_and_keys_are_dense_and_distinct(fleet: Registry) -> None:
    """Ids count from 1, series from 0 without a gap, and no two things share a key."""
    assert (fleet.id == np.arange(1, len(fleet.id) + 1)).all()
    assert (fleet.numbers == np.arange(fleet.widths.sum())).all()
    assert len(set(fleet.key)) == len(fleet.key)
    assert fleet.key[of(fleet, "gnss")[16]] == "yb-gnss-00017"
    assert fleet.key[of(fleet, "gateway")[0]] == "gw-0001"


def test_everything_stands_inside_its_grid_and_the_outline(
    yubei: District, fleet: Registry
) -> None:
    """A worker who is sent to a grid finds the thing there."""
    grids = np.array([shapely.Polygon(ring) for ring in yubei.grids.ring], dtype=object)
    outline = shapely.union_all([shapely.Polygon(ring) for ring in yubei.outline])
    shapely.prepare(grids)
    shapely.prepare(outline)

    assert shapely.contains_xy(grids[fleet.grid], fleet.lon, fleet.lat).all()
    assert shapely.contains_xy(outline, fleet.lon, fleet.lat).all()


def test_the_same_seed_gives_the_same_placement(yubei: District, fleet: Registry) -> None:
    """Whoever places the district anew gets the same things; another seed gives others."""
    assert digest(place(yubei)) == digest(fleet)


def test_another_seed_gives_another_placement(small: District) -> None:
    """The seed decides, not chance."""
    one, two = place(small, seed=1), place(small, seed=2)

    assert not np.isin(one.lon[of(one, "rain")], two.lon).any()
    assert not np.isin(one.lon[of(one, "gnss")], two.lon).any()
    assert digest(place(small, seed=2)) == digest(two)


def test_one_class_does_not_disturb_another(small: District) -> None:
    """More rain gauges leave every other thing where it was."""
    count = small.fleet.count.copy()
    count[0] += 5
    more = replace(small, fleet=replace(small.fleet, count=count))
    before, after = place(small), place(more)

    for code in ("gnss", "slope", "lane"):
        assert (before.lon[of(before, code)] == after.lon[of(after, code)]).all()


def test_a_share_of_the_fleet_keeps_every_class(yubei: District) -> None:
    """A hundredth of the district is a small district of the same make."""
    part = place(yubei, share=0.01)
    count = np.bincount(part.kind, minlength=len(part.kinds))

    there = yubei.fleet.count > 0
    assert (count == np.maximum(np.round(yubei.fleet.count * 0.01), there)).all()
    assert (part.via[of(part, "smoke")] >= 0).all()


def test_every_device_reports_through_a_gateway_and_nothing_else_does(fleet: Registry) -> None:
    """A gateway is alone responsible for its devices; none is idle, none has most of them."""
    role = np.array([kind.role for kind in fleet.kinds])[fleet.kind]
    load = np.bincount(fleet.via[role == "device"], minlength=len(fleet.id))

    assert (role[fleet.via[role == "device"]] == "gateway").all()
    assert (fleet.via[role != "device"] == -1).all()
    assert 200 <= (load > 0).sum() == (role == "gateway").sum() <= 260
    assert load.max() < 20_000


def test_each_metered_zone_has_two_inlets_and_an_outlet_close_by(fleet: Registry) -> None:
    """What flows in less what flows out can be told for every zone."""
    meter, zone, sign = fleet.relations["feeds"]
    zones = of(fleet, "zone_balance")

    assert (np.sort(meter) == of(fleet, "water_flow")).all()
    assert (np.bincount(zone[sign > 0], minlength=len(fleet.id))[zones] == 2).all()
    assert (np.bincount(zone[sign < 0], minlength=len(fleet.id))[zones] == 1).all()
    assert apart(fleet, meter, zone).max() < 810


def test_each_slope_is_watched_by_stations_beside_it_and_one_rain_gauge(
    fleet: Registry,
) -> None:
    """A slope has at least one station on it and always hears of rain."""
    watcher, slope, _ = fleet.relations["watches"]
    slopes = of(fleet, "slope")
    for code, least, most, reach in (
        ("gnss", 2, 3, 121), ("crack", 1, 1, 81), ("tilt", 1, 1, 81), ("rain", 1, 1, 20_200),
    ):  # fmt: skip
        mine = np.isin(watcher, of(fleet, code))
        many = np.bincount(slope[mine], minlength=len(fleet.id))[slopes]
        assert (many.min(), many.max()) == (least, most), code
        assert apart(fleet, watcher[mine], slope[mine]).max() < reach, code


def test_nearest_is_nearest(fleet: Registry) -> None:
    """No other rain gauge is nearer to a slope than the one that watches it."""
    watcher, slope, _ = fleet.relations["watches"]
    gauges = of(fleet, "rain")
    for one, other in zip(
        *(side[np.isin(watcher, gauges)] for side in (watcher, slope)), strict=True
    ):
        every = apart(fleet, gauges, np.full(len(gauges), other))
        assert every[gauges == one][0] <= every.min() * 1.01


def test_parameters_of_single_things_are_set_where_they_apply(fleet: Registry) -> None:
    """Silence counts in heartbeats of the class; a steady pace belongs to slopes alone."""
    silence = fleet.parameters["lost_device", "silence_s"]
    beat = np.array([kind.heartbeat_s for kind in fleet.kinds])[fleet.kind]
    speaks = np.array([kind.role in {"device", "gateway"} for kind in fleet.kinds])[fleet.kind]
    pace = fleet.parameters["slope", "v0"]

    assert (silence[speaks] == 3 * beat[speaks]).all()
    assert np.isnan(silence[~speaks]).all()
    assert (np.flatnonzero(~np.isnan(pace)) == of(fleet, "slope")).all()
    assert len(np.unique(pace[of(fleet, "slope")])) == 180
