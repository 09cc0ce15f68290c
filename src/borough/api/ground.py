"""The ground of the district as GeoJSON, and everything that stands on it as packed columns."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from borough.core.cases import Case
from borough.core.district import District, Ring
from borough.core.observations import Index, Mask, Millis
from borough.core.registry import Registry

GEOJSON = "application/geo+json"
COLUMNS = "application/vnd.borough.columns"
AGENCY = "agency"
"""The holder of steps for whichever agency a case was dispatched to."""
DECIMALS = 6
"""A millionth of a degree is 0.1 m."""
NOWHERE = np.iinfo(np.int32).min
"""The longitude and latitude of a thing without a place, in the packed points."""
UNHEARD, FRESH, SILENT, LEVELS = 0, 1, 2, 3
"""States of a thing on the map; an open detection of level *n* is ``LEVELS + n``."""


def named(district: District, agency: str) -> dict[str, str]:
    """Give the names of an agency; none where the code is none of the district's."""
    agencies = district.agencies
    if agency not in agencies.code:
        return {}
    row = agencies.code.index(agency)
    return {"zh": agencies.name_zh[row], "en": agencies.name_en[row]}


@cache
def kinds() -> Mapping[str, Mapping[str, str]]:
    """Read the names of the kinds of posts."""
    return tomllib.loads((files("borough.api") / "holders.toml").read_text("utf-8"))


def holders(district: District) -> dict[str, dict[str, Any]]:
    """Give the names of all whom a plan may name as holders, by code; agencies are marked so."""
    told = {code: {**each, "agency": False} for code, each in kinds().items()}
    for code in district.agencies.code:
        told[code] = {**named(district, code), "agency": True}
    return told


def holding(district: District, case: Case) -> dict[str, str]:
    """Give the names of the agency that has a case in hand: none where a kind of post has it.

    It is the one that the case was dispatched to, or the one that its step means there.
    """
    dispatched = case.agency if case.holder == AGENCY else ""
    return named(district, dispatched or district.agency_of(case.holder, case.grid))


def outline(district: District) -> bytes:
    """Draw the district's own border."""
    whole = {
        "type": "Feature",
        "id": district.adcode,
        "properties": {"name": dict(district.name)},
        "geometry": {
            "type": "MultiPolygon",
            "coordinates": [[ring_of(each)] for each in district.outline],
        },
    }
    return collection([whole])


def streets(district: District) -> bytes:
    """Mark the streets and towns at their centres; ``real`` is false where that is a guess."""
    table = district.streets
    return collection(
        {
            "type": "Feature",
            "id": code,
            "properties": {
                "name": {"zh": table.name_zh[row], "en": table.name_en[row]},
                "kind": table.kind[row],
                "real": bool(table.real[row]),
            },
            "geometry": {
                "type": "Point",
                "coordinates": [float(table.lon[row]), float(table.lat[row])],
            },
        }
        for row, code in enumerate(table.code)
    )


def grids(district: District) -> bytes:
    """Draw the governance grids; ``number`` is what a thing's ``grid`` says."""
    table = district.grids
    return collection(
        {
            "type": "Feature",
            "id": code,
            "properties": {
                "number": row,
                "street": district.streets.code[int(table.street[row])],
                "community": district.communities.code[int(table.community[row])],
            },
            "geometry": {"type": "Polygon", "coordinates": [ring_of(table.ring[row])]},
        }
        for row, code in enumerate(table.code)
    )


def ring_of(ring: Ring) -> list[list[float]]:
    """Round a ring to what can be told apart on the ground."""
    rounded: list[list[float]] = np.round(ring, DECIMALS).tolist()
    return rounded


def collection(features: Iterable[Mapping[str, Any]]) -> bytes:
    """Write a GeoJSON FeatureCollection."""
    return msgspec.json.encode({"type": "FeatureCollection", "features": list(features)})


def points(registry: Registry) -> bytes:
    """Pack where every thing stands, in the registry's order.

    Little-endian: ``BPT1``, the count *n* as u4, then *n* longitudes and *n* latitudes as i4
    in millionths of a degree (`NOWHERE` for a thing without a place), then *n* kinds as u1,
    numbers in the list of ``/api/v1/kinds``.  About 9 bytes a thing.
    """
    placed = np.isfinite(registry.lon) & np.isfinite(registry.lat)
    columns = [micro(registry.lon, placed), micro(registry.lat, placed)]
    head = b"BPT1" + np.uint32(len(registry.id)).tobytes()
    kinds = registry.kind.astype(np.uint8).tobytes()
    return head + b"".join(each.tobytes() for each in columns) + kinds


def micro(degrees: NDArray[np.float64], placed: Mask) -> Index:
    """Turn degrees into millionths, as little-endian i4."""
    whole = np.where(placed, np.round(np.where(placed, degrees, 0.0) * 1e6), NOWHERE)
    return whole.astype("<i4")


class States:
    """How each thing is doing, a byte for each, in the registry's order."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.talks = np.flatnonzero(registry.widths > 0)
        ends = np.cumsum(registry.widths)
        self.starts = (ends - registry.widths)[self.talks]
        series = registry.series
        self.patience = series.patience_ms[registry.first[self.talks]]

    def heard(self, time: Index) -> Index:
        """When each thing last said anything, ms; 0 if never."""
        newest = np.zeros(len(self.registry.id), np.int64)
        if len(self.talks):
            by_thing = time[self.registry.numbers]
            newest[self.talks] = np.maximum(np.maximum.reduceat(by_thing, self.starts), 0)
        return newest

    def at(self, now: Millis, time: Index, alarms: Sequence[Mapping[str, Any]]) -> bytes:
        """Pack the states: unheard, fresh, silent for too long, or the highest open level."""
        heard = self.heard(time)
        state = np.zeros(len(heard), np.uint8)
        mine = heard[self.talks]
        late = now - mine > self.patience
        state[self.talks] = np.where(mine == 0, UNHEARD, np.where(late, SILENT, FRESH))
        if alarms:
            rows = rows_of(self.registry, [int(each["thing"]) for each in alarms])
            level = np.array([int(each["level"]) for each in alarms])
            known = rows >= 0
            np.maximum.at(state, rows[known], (LEVELS + level[known]).astype(np.uint8))
        return state.tobytes()


def standing(registry: Registry, thing: int) -> dict[str, Any] | None:
    """Say which thing an id is and where it stands; None if it is not in the registry."""
    row = int(rows_of(registry, [thing])[0])
    if row < 0:
        return None
    placed = bool(np.isfinite(registry.lon[row]) and np.isfinite(registry.lat[row]))
    return {
        "row": row,
        "key": registry.key[row],
        "kind": registry.kinds[int(registry.kind[row])].code,
        "lon": float(registry.lon[row]) if placed else None,
        "lat": float(registry.lat[row]) if placed else None,
        "grid": int(registry.grid[row]),
    }


def rows_of(registry: Registry, things: Sequence[int]) -> Index:
    """Find the rows of thing ids, -1 for one that is not in the registry, whose ids rise."""
    wanted = np.asarray(things, np.int64)
    if not len(registry.id):
        return np.full(len(wanted), -1)
    row = np.minimum(np.searchsorted(registry.id, wanted), len(registry.id) - 1)
    return np.where(registry.id[row] == wanted, row, -1)
