"""A recording: what the meters of a network said, and, in a file of its own, what was planted."""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BadSetting, NotFound

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

FOLDER = Path(__file__).parent / "recordings"
"""The recordings that ship; each is ``NAME.npz`` with its truth in ``NAME.truth.csv``."""
QUANTA = {"flow": 0.01, "pressure": 0.0001}
"""The step in which a meter counts: m3/h and MPa; it also keeps the files small."""


@dataclass(frozen=True)
class Recording:
    """Flows and pressures of a network cut into metered zones, one column a quarter of an hour.

    ``flow[m, k]`` is the mean flow in m3/h through meter *m* in window *k*, positive in the
    direction of its pipe; ``pressure[z, k]`` is in MPa at the gauge of zone *z*.  Window *k*
    begins ``start_ms + k * step_ms`` (ms UTC; local midnight of the district's zone comes
    first).  ``source[m]`` and ``target[m]`` are the zones at the pipe's two ends, -1 for a
    tank, a reservoir or anything unmetered.  ``zone_xy`` and ``meter_xy`` lie in the unit
    square.  Synthetic: a real network, made-up demand, planted leaks.
    """

    network: str
    made_with: str
    start_ms: int
    step_ms: int
    source: Index
    target: Index
    flow: Floats
    pressure: Floats
    zone_xy: Floats
    meter_xy: Floats

    @property
    def zones(self) -> int:
        """How many metered zones there are."""
        return len(self.pressure)

    @property
    def steps(self) -> int:
        """How many windows were recorded."""
        return int(self.flow.shape[1])

    @cached_property
    def sides(self) -> tuple[Index, Index, Index]:
        """Which meter counts for which zone: columns zone, meter and sign (+1 in, -1 out)."""
        meter = np.arange(len(self.source))
        zone = np.concatenate([self.target, self.source])
        sign = np.repeat(np.array([1, -1]), len(meter))
        which = np.flatnonzero(zone >= 0)
        which = which[np.lexsort((np.tile(meter, 2)[which], zone[which]))]
        return zone[which], np.tile(meter, 2)[which], sign[which]

    @property
    def times(self) -> Index:
        """When each window begins, in ms after ``start_ms``."""
        return np.arange(self.steps, dtype=np.int64) * self.step_ms

    def net_flow(self) -> Floats:
        """The balance of each zone and window in m3/h, as its meters would add up."""
        zone, meter, sign = self.sides
        net = np.zeros((self.zones, self.steps))
        np.add.at(net, zone, sign[:, None] * self.flow[meter])
        return net

    def columns(self, first: int = 0, last: int | None = None) -> dict[str, NDArray[Any]]:
        """Lay windows *first* to *last* out as rows in time order, one a side and window.

        Columns ``zone``, ``meter``, ``sign``, ``time`` (ms after ``start_ms``), ``flow``
        (m3/h, as the meter said it; multiply by ``sign`` for what enters the zone).
        """
        zone, meter, sign = self.sides
        times = self.times[first:last]
        return {
            "zone": np.tile(zone, len(times)),
            "meter": np.tile(meter, len(times)),
            "sign": np.tile(sign, len(times)),
            "time": np.repeat(times, len(zone)),
            "flow": self.flow[meter, first:last].T.ravel(),
        }

    def bundled(self, inlets: int = 2, outlets: int = 1) -> Floats:
        """Give every zone the same number of meters: array (zones, inlets + outlets, steps).

        The sides through which a zone takes water on average are dealt to *inlets* meters and
        the others to *outlets*, each to be counted +1 and -1; the zone's balance is the same.
        A meter with no side stands at 0, and one that usually takes water may run backwards.
        """
        zone, meter, sign = self.sides
        entering = sign[:, None] * self.flow[meter]
        made = np.zeros((self.zones, inlets + outlets, self.steps))
        taken = np.zeros((self.zones, 2), np.int64)
        for side in np.argsort(-np.abs(entering).mean(axis=1), kind="stable"):
            into, out = zone[side], int(entering[side].mean() < 0)
            place = inlets + taken[into, 1] % outlets if out else taken[into, 0] % inlets
            made[into, place] += -entering[side] if out else entering[side]
            taken[into, out] += 1
        return made

    def save(self, path: Path) -> None:
        """Write it as differences of whole quanta, which pack to about a byte a reading."""
        kept: dict[str, Any] = {name: whole(getattr(self, name), QUANTA[name]) for name in QUANTA}
        kept |= {name: np.asarray(getattr(self, name)) for name in PLAIN}
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez_compressed(file, **kept)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read what ``save`` wrote; ``BadSetting`` if the file is no recording."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                packed = {name: kept[name].cumsum(axis=1) * QUANTA[name] for name in QUANTA}
                plain = {name: kept[name] for name in PLAIN}
        except (OSError, EOFError, BadZipFile, TypeError, ValueError, KeyError) as error:
            msg = f"{path} is no recording of a network: {error}"
            raise BadSetting(msg) from error
        scalars = {name: plain.pop(name).item() for name in SCALARS}
        return cls(**scalars, **plain, **packed)


SCALARS = ("network", "made_with", "start_ms", "step_ms")
PLAIN = (*SCALARS, "source", "target", "zone_xy", "meter_xy")


@dataclass(frozen=True, slots=True)
class Truth:
    """One planted event: only what made the recording knows it, never what is tested on it.

    ``kind`` is ``abrupt``, ``incipient`` or ``flushing`` (a hydrant in use: no leak).
    Times are ms UTC; an incipient leak grows evenly from ``start_ms`` to ``full_ms``.
    ``size`` is its mean flow when full, in m3/h; ``share`` is that over the zone's mean.
    """

    kind: str
    zone: int
    node: str
    start_ms: int
    full_ms: int
    end_ms: int
    size: float
    share: float


def whole(values: Floats, quantum: float) -> NDArray[np.int32]:
    """Count *values* in quanta and keep the differences along the row.

    >>> whole(np.array([[1.0, 1.5, 1.25]]), 0.25).tolist()
    [[4, 2, -1]]
    """
    steps = np.diff(np.rint(values / quantum), axis=1, prepend=0)
    return steps.astype(np.int32)


def names() -> list[str]:
    """Name the recordings that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.npz"))


def load(name: str) -> Recording:
    """Read a recording that ships; ``NotFound`` names those that there are."""
    if name not in names():
        msg = f"no recording {name!r}; there are: {', '.join(names()) or 'none'}"
        raise NotFound(msg)
    return Recording.open(FOLDER / f"{name}.npz")


def truth(name: str) -> list[Truth]:
    """Read what was planted in a recording that ships."""
    return read(FOLDER / f"{name}.truth.csv")


def read(path: Path) -> list[Truth]:
    """Read planted events from a truth file; ``BadSetting`` if it is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            if tuple(table.fieldnames or ()) != Truth.__slots__:
                msg = f"{path} is no truth of a recording: its columns are {table.fieldnames}"
                raise BadSetting(msg)
            return [parsed(row) for row in table]
    except (OSError, TypeError, ValueError) as error:
        msg = f"{path} is no truth of a recording: {error}"
        raise BadSetting(msg) from error


def parsed(row: dict[str, str]) -> Truth:
    """Give one row of a truth file its types."""
    start, full, end = (int(row[name]) for name in ("start_ms", "full_ms", "end_ms"))
    size, share = float(row["size"]), float(row["share"])
    return Truth(row["kind"], int(row["zone"]), row["node"], start, full, end, size, share)


def write(path: Path, planted: list[Truth]) -> None:
    """Write planted events, earliest first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(Truth.__slots__)
        for each in sorted(planted, key=lambda event: (event.start_ms, event.zone)):
            out.writerow([getattr(each, name) for name in Truth.__slots__])
