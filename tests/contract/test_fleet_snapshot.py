"""A registry handed over as arrays is the registry that was handed over."""

import io

import numpy as np
import pytest

from borough.core.errors import BadFrame
from borough.core.registry import Kind, Property, Registry
from borough.core.snapshot import COLUMNS, pack, unpack


def small() -> Registry:
    """Two lane cameras behind a gateway."""
    occupied = Property("occupied", {"zh": "占用", "en": "occupied"}, "{bool}", 0, 1, (0, 0))
    camera = Kind("firelane_cam", {"zh": "摄像机"}, "device", (occupied,), 60, 60, 300)
    gateway = Kind("gateway", {"zh": "网关"}, "gateway", (), 60, 60, 300)
    three = np.arange(3)
    lon, lat = (three + 106.5).astype(float), (three + 29.7).astype(float)
    return Registry(
        (camera, gateway), three + 1, ("cam-1", "cam-2", "gw-1"), np.array([0, 0, 1]),
        np.array([0, 1, 2]), lon, lat, three, np.array([2, 2, -1]),
        {"watches": (np.array([0]), np.array([2]), np.array([-1]))},
        {("fire_lane", "grace_s"): np.array([np.nan, 180.0, np.nan])},
    )  # fmt: skip


def test_a_registry_survives_the_way_through_a_file() -> None:
    """Every column, class, tie and parameter comes back as it was."""
    given, file = small(), io.BytesIO()
    np.savez(file, **pack(given))  # type: ignore[arg-type]  # the stub takes a flag there
    file.seek(0)
    with np.load(file) as arrays:
        read = unpack(arrays)
    assert (read.kinds, read.key) == (given.kinds, given.key)
    for name in COLUMNS:
        assert getattr(read, name).tolist() == getattr(given, name).tolist()
    ties, back = given.relations["watches"], read.relations["watches"]
    assert [c.tolist() for c in back] == [c.tolist() for c in ties]
    np.testing.assert_array_equal(
        read.parameters["fire_lane", "grace_s"], given.parameters["fire_lane", "grace_s"]
    )
    assert read.series_of("cam-2", "occupied") == 1


def test_arrays_that_are_no_registry_are_refused_by_name() -> None:
    """A file of something else raises BadFrame, not a KeyError."""
    with pytest.raises(BadFrame, match="head"):
        unpack({"id": np.arange(3)})
