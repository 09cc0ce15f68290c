"""Read rings of ground from GeoJSON, and see how they lie to one another."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from borough.core.district import Ring
from borough.engine.district.findings import Flaw

SLACK_DEG = 1e-5
"""About a metre: how far a grid may stick out of the outline, as coordinates are rounded."""
SLACK_SHARE = 1e-4
"""How much of the smaller grid two grids may share, and of the outline may be without grid."""
FEWEST = 4
EAST, NORTH = 180, 85
NUMBERS = (float, int)
"""What JSON reads numbers as; its truth values are neither."""
NO_SHAPE = Flaw("不是 Polygon 或 MultiPolygon", "it is not a Polygon or MultiPolygon")
HOLES = Flaw("带孔的多边形不受支持", "polygons with holes are not supported")
CROSSED = Flaw("多边形自相交或退化", "the polygon crosses itself or has no inside")
ONE = Flaw("网格应为一个多边形", "a grid is one polygon")


def rings(geometry: Any) -> tuple[Ring, ...] | Flaw:
    """Take the outer rings out of a GeoJSON polygon, or say what is wrong with it."""
    return rings_of([geometry])[0]


def rings_of(geometries: Sequence[Any]) -> list[tuple[Ring, ...] | Flaw]:
    """Take the outer rings out of many, and see at once which of them cross themselves."""
    found = [drawn(each) for each in geometries]
    good = iter(sound([ring for each in found if isinstance(each, tuple) for ring in each]))
    return [
        each if isinstance(each, Flaw) or sum(next(good) for _ in each) == len(each) else CROSSED
        for each in found
    ]


def drawn(geometry: Any) -> tuple[Ring, ...] | Flaw:
    """Read the closed rings of a polygon, whether they cross themselves or not."""
    kind, parts = parted(geometry)
    if kind == "Polygon":
        parts = [parts]
    elif kind != "MultiPolygon" or not isinstance(parts, list):
        return NO_SHAPE
    found = []
    for part in parts:
        if not isinstance(part, list) or not part:
            return NO_SHAPE
        if len(part) > 1:
            return HOLES
        read = ring(part[0])
        if isinstance(read, Flaw):
            return read
        found.append(read)
    return tuple(found) or NO_SHAPE


def parted(geometry: Any) -> tuple[Any, Any]:
    """Split a GeoJSON geometry into its type and its coordinates."""
    if not isinstance(geometry, dict):
        return None, None
    return geometry.get("type"), geometry.get("coordinates")


def ring(points: Any) -> Ring | Flaw:
    """Read one closed ring of longitude and latitude."""
    if not isinstance(points, list) or len(points) < FEWEST:
        return Flaw("环至少要有四个点", "a ring has at least four points")
    for at, point in enumerate(points, start=1):
        if not is_point(point):
            zh, en = f"第 {at} 点不是经纬度", f"point {at} is not a longitude and latitude"
            return Flaw(zh, en)
    if points[0][:2] != points[-1][:2]:
        return Flaw("环没有闭合", "the ring is not closed")
    return np.array([point[:2] for point in points], np.float64)


def sound(rings: Sequence[Ring]) -> list[bool]:
    """Tell of each closed ring whether it has an inside and does not cross itself."""
    if not rings:
        return []
    which = np.repeat(np.arange(len(rings)), [len(each) for each in rings])
    lines = shapely.linearrings(np.concatenate(rings), indices=which)
    flags: list[bool] = np.atleast_1d(shapely.is_valid(shapely.polygons(lines))).tolist()
    return flags


def is_point(point: Any) -> bool:
    """Tell whether this is a longitude and a latitude that exist."""
    if not isinstance(point, list) or len(point) not in {2, 3}:
        return False
    lon, lat, *height = point
    if type(lon) not in NUMBERS or type(lat) not in NUMBERS:
        return False
    there: bool = -EAST <= lon <= EAST and -NORTH <= lat <= NORTH
    return there and (not height or is_height(height[0]))


def is_height(value: Any) -> bool:
    """Tell whether this can be a third coordinate, of which nothing is made."""
    return type(value) in NUMBERS and math.isfinite(value)


def union(outline: Sequence[Ring]) -> Any:
    """Make one shape of the rings of an outline."""
    return shapely.union_all([shapely.Polygon(each) for each in outline])


def outside(grids: Sequence[Ring], outline: Sequence[Ring]) -> list[int]:
    """Which grids stick out of the outline."""
    whole = union(outline).buffer(SLACK_DEG)
    shapely.prepare(whole)
    held = shapely.contains(whole, [shapely.Polygon(each) for each in grids])
    return [int(row) for row in np.flatnonzero(~held)]


def overlaps(grids: Sequence[Ring]) -> list[tuple[int, int]]:
    """Which pairs of grids share ground."""
    shapes = np.array([shapely.Polygon(each) for each in grids], dtype=object)
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = pairs[:, pairs[0] < pairs[1]]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    smaller = np.minimum(shapely.area(shapes[one]), shapely.area(shapes[other]))
    which = np.flatnonzero(shared > SLACK_SHARE * smaller)
    return sorted((int(one[at]), int(other[at])) for at in which)


def bare(grids: Sequence[Ring], outline: Sequence[Ring]) -> float:
    """How much of the outline no grid covers, as a share of it; 0 if that is next to nothing."""
    whole = union(outline)
    left = whole.difference(shapely.union_all([shapely.Polygon(each) for each in grids])).area
    share = float(left / whole.area)
    return share if share > SLACK_SHARE else 0.0


def strays(grids: Sequence[Ring], lon: Sequence[float], lat: Sequence[float]) -> list[int]:
    """Which grids do not hold their own centre."""
    shapes = [shapely.Polygon(each) for each in grids]
    return [int(row) for row in np.flatnonzero(~shapely.contains_xy(shapes, lon, lat))]
