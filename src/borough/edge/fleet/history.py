"""What the devices said before the clock started: the same values that they would have sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from borough.core.happenings import Happening
from borough.core.observations import Floats, Index
from borough.core.registry import Registry
from borough.edge.fleet.devices import Devices
from borough.edge.fleet.plan import Planner
from borough.edge.fleet.reports import thinned
from borough.edge.fleet.schedule import Schedule
from borough.edge.fleet.values import DAY_MS, HOUR_MS, decimals, table
from borough.edge.twin import truth

Chunk = tuple[int, Index, Index, Floats]
"""Now (ms): everything in the chunk had come by then; then series, time (ms) and value."""
CHUNK_MS = 3 * HOUR_MS
"""So much of the past comes at one go; a district keeps as many windows open."""
CHUNK_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Past:
    """How far back one property of a class is told, and how often at most."""

    kind: str
    property: str
    days: float
    every_s: float


def pasts() -> list[Past]:
    """Read ``history.csv``."""
    return [
        Past(row["kind"], row["property"], float(row["days"]), float(row["every_s"]))
        for row in table("history.csv")
    ]


def prepare(
    registry: Registry, until_ms: int, days: float = 21, *, seed: int = 1,
    happenings: Sequence[Happening] = (),
) -> Iterator[Chunk]:  # fmt: skip
    """Tell the past of the classes that need one, some hours at a time, up to *until_ms*.

    The rows are those that a fleet of the same seed and *happenings* would have sent, leaks and
    slides included: the live run goes on where they end.  Chunks are in order of time, and so
    are the rows of each; two million rows for the whole of a district.  No more than *days*
    days, and no more than ``history.csv`` gives a property.
    """
    devices = planned(registry, seed, until_ms, happenings)
    told = [rows_of(devices, each, min(days, each.days), until_ms, seed) for each in pasts()]
    series, time, value = (np.concatenate(each) for each in zip(*told, strict=True))
    order = np.lexsort((series, time))
    series, time, value = series[order], time[order], value[order]
    first = int(time[0]) // CHUNK_MS * CHUNK_MS if len(time) else until_ms
    ends = np.append(np.arange(first + CHUNK_MS, until_ms, CHUNK_MS), until_ms)
    starts = 0
    for end, cut in zip(ends.tolist(), np.searchsorted(time, ends).tolist(), strict=True):
        if cut > starts:
            yield end, series[starts:cut], time[starts:cut], value[starts:cut]
        starts = cut


def planned(
    registry: Registry, seed: int, start_ms: int, happenings: Sequence[Happening] = ()
) -> Devices:
    """Bring up the devices with the slides and bursts that are planned for a start."""
    devices = Devices.of(registry, seed)
    leaks = truth(devices.water.given["recording"])
    planner = Planner.of(registry, happenings, seed, start_ms)
    plan = planner.draw(devices.water, devices.ground, leaks)
    return devices.moved_by(plan.slides, plan.bursts)


def rows_of(
    devices: Devices, past: Past, days: float, until_ms: int, seed: int
) -> tuple[Index, Index, Floats]:
    """Tell one property of one class: series, times and values, in no order yet."""
    registry = devices.registry
    kind = next((n for n, k in enumerate(registry.kinds) if k.code == past.kind), -1)
    rows = np.flatnonzero(registry.kind == kind)
    codes = [each.code for each in registry.kinds[kind].properties] if len(rows) else []
    if past.property not in codes:
        return np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)
    begin = until_ms - round(days * DAY_MS)
    first = Schedule.of(registry, seed, begin).due[rows]
    step = max(round(1000 * registry.kinds[kind].interval_s), round(1000 * past.every_s))
    steps = np.arange(0, until_ms - begin, step)
    time = (first[:, None] + steps).ravel()
    row = np.repeat(rows, len(steps))
    kept = time < until_ms
    row, time = row[kept], time[kept]
    number = codes.index(past.property)
    value = np.empty(len(row))
    # Slices of a working size keep the memory small.
    for at in range(0, len(row), CHUNK_ROWS):
        part = slice(at, at + CHUNK_ROWS)
        value[part] = devices.one(kind, past.property, row[part], time[part])
    each = registry.kinds[kind].properties[number]
    return registry.first[row] + number, time, thinned(value, decimals(each))
