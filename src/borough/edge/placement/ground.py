"""Cut the ground of a district into governance grids that tile its outline."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from borough.core.errors import BadDistrict
from borough.core.observations import Floats, Index

DRAWS = 800_000
"""Random spots to draw over the outline's box; they stand for the ground while seeds settle."""
ENOUGH = 4_000
"""Spots kept for one street."""
ROUNDS = 25
"""Times that seeds move to the middle of the spots nearest to them."""
DECIMALS = 6
"""Of a degree: about ten centimetres."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One grid to be: the row of its community, its number in it, its ring in degrees."""

    community: int
    number: int
    polygon: shapely.Polygon


def cut(
    outline: BaseGeometry, centres: Floats, street_of: Index, count: int, seed: int
) -> list[Plot]:
    """Cut *outline* into *count* plots, the same ones for the same seed.

    ``centres`` holds a ``(lon, lat)`` row for each street; ``street_of`` the street's row for
    each community.  Ground belongs to the street whose centre is nearest; that of a street
    without communities goes to its neighbours.  Every community gets
    ``count // communities`` plots and the first ones get one more, so the sizes of grids follow
    the communities and not the ground.  The plots tile the outline without overlap, up to the
    rounding of coordinates to a millionth of a degree.  Raises `BadDistrict` where there is no
    ground for the grids of a street, or where a community would get none.
    """
    if count < len(street_of):
        msg = f"{count} grids are too few for {len(street_of)} communities"
        raise BadDistrict(msg)
    squeeze = np.array([np.cos(np.radians(centres[:, 1].mean())), 1.0])
    flat = shapely.transform(outline, lambda xy: xy * squeeze)
    share = np.full(len(street_of), count // len(street_of))
    share[: count % len(street_of)] += 1
    spots = scatter(flat, centres * squeeze, seed)
    for street, ground in enumerate(spots):
        wanted = int(share[street_of == street].sum())
        if len(ground) < wanted:
            msg = f"there is no ground for the {wanted} grids of street {street + 1}"
            raise BadDistrict(msg)
    seeds, owner = [], []
    for street in np.unique(street_of).tolist():
        mine = np.flatnonzero(street_of == street)
        settled = settle(spots[street], int(share[mine].sum()), seed + street)
        seeds.append(settled)
        owner.append(deal(settled, mine, share))
    cells = tile(flat, np.vstack(seeds))
    plots = [shapely.transform(cell, lambda xy: np.round(xy / squeeze, DECIMALS)) for cell in cells]
    return number(plots, np.concatenate(owner), len(street_of))


def scatter(ground: BaseGeometry, centres: Floats, seed: int) -> list[Floats]:
    """Draw random spots on *ground* and sort them by the nearest of *centres*."""
    west, south, east, north = ground.bounds
    rng = np.random.default_rng(seed)
    spots = rng.uniform((west, south), (east, north), (DRAWS, 2))
    shapely.prepare(ground)
    spots = spots[shapely.contains_xy(ground, spots[:, 0], spots[:, 1])]
    near = nearest(spots, centres)
    return [spots[near == row][:ENOUGH] for row in range(len(centres))]


def nearest(spots: Floats, centres: Floats) -> Index:
    """Tell for each spot the row of the centre that is nearest to it."""
    rows = []
    for part in np.array_split(spots, max(1, len(spots) // 4_000)):
        east = part[:, :1] - centres[:, 0]
        north = part[:, 1:] - centres[:, 1]
        rows.append((east * east + north * north).argmin(axis=1))
    return np.concatenate(rows)


def settle(spots: Floats, count: int, seed: int) -> Floats:
    """Spread *count* seeds evenly over *spots*; one that has no spot left stays where it is."""
    rng = np.random.default_rng(seed)
    seeds = spots[np.sort(rng.choice(len(spots), count, replace=False))]
    for _ in range(ROUNDS):
        near = nearest(spots, seeds)
        size = np.bincount(near, minlength=count)[:, None]
        sums = [np.bincount(near, spots[:, axis], minlength=count) for axis in (0, 1)]
        seeds = np.where(size > 0, np.column_stack(sums) / np.maximum(size, 1), seeds)
    return seeds


def deal(seeds: Floats, communities: Index, share: Index) -> Index:
    """Give every seed of one street to a community, so that each gets its share, side by side."""
    owner = np.empty(len(seeds), np.int64)
    stack = [(np.arange(len(seeds)), communities)]
    while stack:
        rows, left = stack.pop()
        if len(left) == 1:
            owner[rows] = left[0]
            continue
        half = len(left) // 2
        longer = int(np.ptp(seeds[rows, 1]) > np.ptp(seeds[rows, 0]))
        order = rows[np.argsort(seeds[rows, longer], kind="stable")]
        first = int(share[left[:half]].sum())
        stack += [(order[:first], left[:half]), (order[first:], left[half:])]
    return owner


def tile(ground: BaseGeometry, seeds: Floats) -> list[shapely.Polygon]:
    """Give each seed the ground that is nearest to it, in one piece.

    A piece that the outline cuts off goes to the neighbour with which it shares most border.
    """
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=ground)
    )
    which = shapely.STRtree(cells).query(shapely.points(seeds), predicate="within")
    order = np.empty(len(seeds), np.int64)
    order[which[0]] = which[1]
    clipped = shapely.intersection(cells[order], ground)
    whole: list[Any] = []
    loose: list[shapely.Polygon] = []
    for shape in clipped:
        pieces = sorted(polygons(shape), key=lambda piece: -piece.area)
        whole.append(pieces[0])
        loose += pieces[1:]
    join(whole, loose)
    return [shapely.Polygon(shape.exterior) for shape in whole]


def join(whole: list[Any], loose: list[shapely.Polygon]) -> None:
    """Give every *loose* piece to the one of *whole* with which it shares most border.

    A piece that only touches other loose ones waits until one of them has been given away; one
    that nothing touches but for rounding goes to the nearest, as the last.
    """
    waiting = deque(loose)
    passed = 0
    while waiting:
        piece = waiting.popleft()
        border = shapely.length(shapely.intersection(whole, piece))
        host = int(np.argmax(border))
        if border[host] == 0.0 and passed < len(waiting):
            waiting.append(piece)
            passed += 1
            continue
        if border[host] == 0.0:
            host = int(np.argmin(shapely.distance(whole, piece)))
        whole[host] = max(polygons(whole[host].union(piece)), key=lambda part: part.area)
        passed = 0


def polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    """Take the polygons out of whatever an overlay gave."""
    parts = shapely.get_parts(shape)
    return [part for part in parts if isinstance(part, shapely.Polygon)]


def number(plots: list[Any], owner: Index, communities: int) -> list[Plot]:
    """Number the plots of every community in reading order: north to south, west to east."""
    centre = shapely.get_coordinates(shapely.centroid(plots))
    numbered = []
    for community in range(communities):
        rows = np.flatnonzero(owner == community)
        lines = max(1, round(len(rows) ** 0.5))
        north = rows[np.argsort(-centre[rows, 1], kind="stable")]
        for line in np.array_split(north, lines):
            west = line[np.argsort(centre[line, 0], kind="stable")]
            numbered += [(community, row) for row in west]
    count = np.zeros(communities, np.int64)
    made = []
    for community, row in numbered:
        count[community] += 1
        tidy = orient(shapely.normalize(plots[row]))
        made.append(Plot(community, int(count[community]), tidy))
    return made
