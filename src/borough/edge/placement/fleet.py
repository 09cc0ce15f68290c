"""Place the things of a district: the same seed gives the same things at the same spots."""

from dataclasses import dataclass, field

import numpy as np

from borough.core.district import District, Tie
from borough.core.observations import Floats, Index
from borough.core.registry import Kind, Registry
from borough.edge.placement.spots import Shapes, beside, inside, metres, shapes

STRIDE = 256
"""Targets whose distances to all sources are measured at once."""


def place(district: District, seed: int = 1, share: float = 1.0) -> Registry:
    """Place every thing that the district's tables count, and tie it to the others.

    Things come kind by kind in the order of the table and get the ids 1, 2, ....  *share*
    scales every count; a kind that has any things keeps at least one.  Each device reports
    through the gateway nearest to the middle of its grid.  Positions are synthetic.
    """
    laid = Layout.of(district, seed, share)
    relations: dict[str, list[tuple[Index, Index, Index]]] = {}
    for tie in district.ties:
        source, target = laid.tie(tie)
        sign = np.full(len(source), tie.sign, np.int64)
        relations.setdefault(tie.relation, []).append((source, target, sign))
    via = gateways(district, laid)
    widths = np.array([len(kind.properties) for kind in district.kinds], np.int64)[laid.kind]
    return Registry(
        kinds=district.kinds,
        id=np.arange(1, len(laid.kind) + 1, dtype=np.int64),
        key=keys(district, laid.count),
        kind=laid.kind,
        first=np.asarray(np.cumsum(widths) - widths, np.int32),
        lon=laid.spot[:, 0].copy(),
        lat=laid.spot[:, 1].copy(),
        grid=laid.grid,
        via=via,
        relations={name: stacked(parts) for name, parts in relations.items()},
        parameters=parameters(district, laid, seed),
    )


@dataclass
class Layout:
    """Where the things are while they are being placed; ``start`` is the first row of a kind.

    ``dealt`` counts how many things of a kind the rules have dealt out so far.
    """

    polygons: Shapes
    seed: int
    names: list[bytes]
    count: Index
    start: Index
    kind: Index
    grid: Index
    spot: Floats
    dealt: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, district: District, seed: int, share: float) -> "Layout":
        """Scatter all things over the grids, each kind by its own random numbers."""
        whole = district.fleet.count
        count = np.maximum(np.round(whole * share).astype(np.int64), whole > 0)
        kind = np.repeat(np.arange(len(count), dtype=np.int32), count)
        polygons = shapes(district.grids.ring)
        ground = district.grids.area_m2 / district.grids.area_m2.sum()
        grids, spots = [], []
        for row, each in enumerate(district.kinds):
            rng = dice(seed, each)
            weight = ground if district.fleet.spread[row] == "area" else None
            grid = rng.choice(len(polygons), count[row], p=weight)
            grids.append(np.asarray(grid, np.int32))
            spots.append(inside(polygons, grid, rng))
        start = np.cumsum(count) - count
        names = [each.code.encode() for each in district.kinds]
        where = np.concatenate(grids), np.vstack(spots)
        return cls(polygons, seed, names, count, start, kind, *where)

    def rows(self, kind: int) -> Index:
        """The rows of all things of a kind."""
        return np.arange(self.start[kind], self.start[kind] + self.count[kind])

    def tie(self, tie: Tie) -> tuple[Index, Index]:
        """Find which things a rule ties together; those that are dealt move to their target."""
        return self.deal(tie) if tie.pick == "dealt" else self.pick(tie)

    def deal(self, tie: Tie) -> tuple[Index, Index]:
        """Deal things that are not dealt yet out over the targets, and set them beside them."""
        targets, done = self.rows(tie.target), self.dealt.get(tie.source, 0)
        source = self.rows(tie.source)[done : done + tie.each * len(targets)]
        target = targets[np.arange(len(source)) % max(len(targets), 1)]
        self.dealt[tie.source] = done + len(source)
        names = self.names[tie.source], self.names[tie.target]
        rng = np.random.default_rng([self.seed, done, *names[0], *names[1]])
        grid = self.grid[target]
        self.spot[source] = beside(self.polygons, grid, self.spot[target], tie.within_m, rng)
        self.grid[source] = grid
        return source, target

    def pick(self, tie: Tie) -> tuple[Index, Index]:
        """Pick the things that are nearest to each target, none of them too far away."""
        sources, targets = self.rows(tie.source), self.rows(tie.target)
        found: list[tuple[Index, Index]] = []
        for part in np.split(targets, range(STRIDE, len(targets), STRIDE)):
            apart = metres(self.spot[part], self.spot[sources])
            nearest = np.argsort(apart, axis=1, kind="stable")[:, : tie.each]
            close = np.take_along_axis(apart, nearest, axis=1) <= tie.within_m
            line, place_in_line = np.nonzero(close)
            found.append((sources[nearest[line, place_in_line]], part[line]))
        columns = zip(*found, strict=True)
        source, target = (np.concatenate(column) for column in columns)
        return source, target


def dice(seed: int, kind: Kind) -> np.random.Generator:
    """Give a kind random numbers of its own, so that another kind cannot disturb them."""
    return np.random.default_rng([seed, *kind.code.encode()])


def keys(district: District, count: Index) -> tuple[str, ...]:
    """Write the key of every thing by the pattern of its kind."""
    written: list[str] = []
    for pattern, many in zip(district.fleet.key, count.tolist(), strict=True):
        digits = pattern.count("#")
        before, _, after = pattern.partition("#" * digits)
        written += [f"{before}{n:0{digits}}{after}" for n in range(1, many + 1)]
    return tuple(written)


def gateways(district: District, laid: Layout) -> Index:
    """Spread the gateways over the grids in order, and give each device the nearest one.

    The answer is the row of the gateway for each thing, -1 for what is not a device.
    """
    roles = np.array([kind.role for kind in district.kinds])
    via = np.full(len(laid.kind), -1, np.int32)
    mine = np.flatnonzero((roles == "gateway")[laid.kind])
    if not len(mine):
        return via
    centre = np.column_stack([district.grids.lon, district.grids.lat])
    home = ((np.arange(len(mine)) + 0.5) * len(centre) / len(mine)).astype(np.int32)
    laid.grid[mine], laid.spot[mine] = home, centre[home]
    device = np.flatnonzero((roles == "device")[laid.kind])
    nearest = metres(centre, centre[home]).argmin(axis=1)
    via[device] = mine[nearest[laid.grid[device]]]
    return via


def parameters(district: District, laid: Layout, seed: int) -> dict[tuple[str, str], Floats]:
    """Fill the columns of the parameters that differ from thing to thing; NaN is "not set"."""
    columns: dict[tuple[str, str], Floats] = {}
    speaks = [row for row, kind in enumerate(district.kinds) if kind.role in {"device", "gateway"}]
    for setting in district.settings:
        name = (setting.scene, setting.parameter)
        column = columns.setdefault(name, np.full(len(laid.kind), np.nan))
        for row in speaks if setting.kind < 0 else [setting.kind]:
            kind, things = district.kinds[row], laid.rows(row)
            if setting.rule == "heartbeats":
                column[things] = setting.low * kind.heartbeat_s
            elif setting.rule == "fixed":
                column[things] = setting.low
            else:
                rng = np.random.default_rng(
                    [seed, *kind.code.encode(), *setting.parameter.encode()]
                )
                low, high = np.log(setting.low), np.log(setting.high)
                column[things] = np.exp(rng.uniform(low, high, len(things)))
    return columns


def stacked(parts: list[tuple[Index, Index, Index]]) -> tuple[Index, Index, Index]:
    """Put the parts of a relation, which come from several rules, into one."""
    source, target, sign = (np.concatenate(column) for column in zip(*parts, strict=True))
    return source, target, sign
