"""Find random spots inside polygons, many at a time."""

import numpy as np
import shapely
from numpy.typing import NDArray

from borough.core.district import DEGREE_M, Ring
from borough.core.observations import Floats, Index

HALVINGS = 40
"""After so many a spot beside something lies on it."""

Shapes = NDArray[np.object_]


def shapes(rings: tuple[Ring, ...]) -> Shapes:
    """Make polygons that are quick to test for what is inside them."""
    lengths = [len(ring) for ring in rings]
    lines = shapely.linearrings(
        np.concatenate(rings), indices=np.repeat(np.arange(len(rings)), lengths)
    )
    polygons = np.asarray(shapely.polygons(lines))
    shapely.prepare(polygons)
    return polygons


def inside(polygons: Shapes, row: Index, rng: np.random.Generator) -> Floats:
    """Draw a ``(lon, lat)`` spot uniformly inside ``polygons[row[i]]``, for every *i*."""
    low, high = np.hsplit(shapely.bounds(polygons)[row], 2)
    spots = np.empty((len(row), 2))
    wanted = np.arange(len(row))
    while len(wanted):
        drawn = rng.uniform(low[wanted], high[wanted])
        spots[wanted] = drawn
        wanted = wanted[~shapely.contains_xy(polygons[row[wanted]], drawn[:, 0], drawn[:, 1])]
    return spots


def beside(
    polygons: Shapes, row: Index, anchors: Floats, within_m: float, rng: np.random.Generator
) -> Floats:
    """Draw a spot no further than *within_m* metres from each anchor and in the same polygon.

    Where the ground is too narrow the reach is halved until a spot fits.
    """
    spots = anchors.copy()
    wanted = np.arange(len(row))
    reach = within_m / DEGREE_M
    for _ in range(HALVINGS):
        far = reach * np.sqrt(rng.random(len(wanted)))
        turn = rng.uniform(0, 2 * np.pi, len(wanted))
        east = np.cos(turn) / np.cos(np.radians(anchors[wanted, 1]))
        drawn = anchors[wanted] + far[:, None] * np.column_stack([east, np.sin(turn)])
        fits = shapely.contains_xy(polygons[row[wanted]], drawn[:, 0], drawn[:, 1])
        spots[wanted[fits]] = drawn[fits]
        wanted, reach = wanted[~fits], reach / 2
    return spots


def metres(here: Floats, there: Floats) -> Floats:
    """Measure from each spot *here* (a row) to each spot *there* (a column), near enough."""
    squeeze = np.cos(np.radians(here[:, 1].mean())) if len(here) else 1.0
    apart = (here[:, None, :] - there[None, :, :]) * (squeeze, 1.0)
    return np.asarray(DEGREE_M * np.hypot(apart[..., 0], apart[..., 1]))
