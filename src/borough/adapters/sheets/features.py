"""GeoJSON points: properties become columns, and the point becomes ``lon`` and ``lat``."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from borough.adapters.sheets.limits import Limits
from borough.adapters.sheets.refusals import refused
from borough.adapters.sheets.sheet import Line, Sheet, spelled
from borough.adapters.sheets.text import NUMBER

PLACE = ("lon", "lat")


def lines_of_features(raw: bytes, file: str, limits: Limits) -> Iterator[Line]:
    """Give a heading of all the properties there are, then each feature, counted from 1.

    What is nested is named with points: ``name: {zh: ...}`` becomes the column ``name.zh``.
    """
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(file, "json", why=str(error)) from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise refused(file, "features")
    flat = [_flat(each, number, file) for number, each in enumerate(features, 1)]
    header = list(dict.fromkeys(name for each in flat for name in each))
    if not header:
        raise refused(file, "no-header")
    many = len(flat) * len(header)
    if len(header) > limits.columns or many > limits.cells:
        raise refused(file, "many-cells", many=many, most=limits.cells)
    yield 0, header
    for number, each in enumerate(flat, 1):
        yield number, [each.get(name, "") for name in header]


def _flat(feature: Any, number: int, file: str) -> dict[str, str]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict | None) or not isinstance(feature, dict):
        raise refused(file, "features", row=number)
    cells = dict(_leaves("", properties or {}))
    geometry = feature.get("geometry")
    if geometry is not None:
        if not isinstance(geometry, dict) or geometry.get("type") != "Point":
            raise refused(file, "geometry", row=number, field="geometry")
        place = geometry.get("coordinates")
        if not isinstance(place, list) or any(type(each) not in {int, float} for each in place):
            raise refused(file, "geometry", row=number, field="geometry")
        if not 2 <= len(place) <= 3:  # noqa: PLR2004 - perhaps a height, unused
            raise refused(file, "geometry", row=number, field="geometry")
        cells |= dict(zip(PLACE, map(spelled, place), strict=False))
    return cells


def _leaves(path: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give every value that is not itself an object, with the names on the way to it."""
    for name, each in value.items():
        if isinstance(each, dict):
            yield from _leaves(f"{path}{name}.", each)
        elif isinstance(each, str):
            yield path + name, each.strip()
        elif type(each) in {int, float}:
            yield path + name, spelled(each)
        else:
            yield path + name, "" if each is None else msgspec.json.encode(each).decode()


def written_features(sheet: Sheet, file: str) -> bytes:
    """Write a sheet as points; a row without coordinates has no geometry."""
    if not set(PLACE) <= set(sheet.header):
        raise refused(file, "no-place")
    lon, lat = (sheet.header.index(name) for name in PLACE)
    told = [(at, name) for at, name in enumerate(sheet.header) if name not in PLACE]
    features = [
        {
            "type": "Feature",
            "geometry": _point(row[lon], row[lat]),
            "properties": {
                name: _value(row[at], numeric=name in sheet.numeric) for at, name in told if row[at]
            },
        }
        for row in sheet.rows
    ]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _point(lon: str, lat: str) -> dict[str, Any] | None:
    if not lon or not lat:
        return None
    return {"type": "Point", "coordinates": [float(lon), float(lat)]}


def _value(cell: str, *, numeric: bool) -> str | float:
    if numeric and NUMBER.fullmatch(cell):
        return float(cell) if set(cell) & set(".eE") else int(cell)
    return cell
