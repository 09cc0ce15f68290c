"""What flows through the zone meters: the hydraulic twin's recording, and zones made like it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from borough.core.observations import Floats, Index
from borough.core.registry import Registry
from borough.edge.fleet.noise import bell, keys, share
from borough.edge.fleet.values import DAY_MS
from borough.edge.twin import Recording, Truth

TIE = "feeds"
SCALE, THROUGH, DAY, STEP = 2001, 2002, 2003, 2004


@dataclass(frozen=True, slots=True)
class Burst:
    """A main that breaks in a zone, by number: *size* m3/h from one moment to another (ms)."""

    zone: int
    start_ms: int
    until_ms: int
    size: float

    def share(self, begins: Index, step_ms: int) -> Floats:
        """Give for how much of each window it runs, from 0 to 1."""
        first = np.maximum(begins, self.start_ms)
        last = np.minimum(begins + step_ms, self.until_ms)
        return np.asarray(np.maximum(last - first, 0) / step_ms, np.float64)


@dataclass(frozen=True, slots=True)
class Water:
    """The zones by number; each column has one entry for each zone or meter.

    A meter of zone *z* reads ``part * inflow[z]`` or ``part * outflow[z]``; the first zones
    replay a zone of the recording each, leaks and all, the others its leak-free weeks, scaled.
    """

    given: dict[str, Any]
    seed: int
    recording: Recording
    inflow: Floats
    outflow: Floats
    usual_in: Floats
    zone_row: Index
    zone_of: Index
    sign_of: Index
    part: Floats
    bursts: Sequence[Burst] = ()

    @classmethod
    def of(
        cls, registry: Registry, recording: Recording, planted: list[Truth], given: dict[str, Any],
        seed: int,
    ) -> Self:  # fmt: skip
        """Deal the recording out over the registry's metered zones."""
        meter, zone, sign = registry.relations.get(TIE, (np.empty(0, np.int32),) * 3)
        zones, number = np.unique(zone, return_inverse=True)
        things = len(registry.id)
        zone_of, sign_of = np.full(things, -1, np.int64), np.zeros(things, np.int8)
        zone_of[meter], sign_of[meter] = number, np.sign(sign)
        weight = 0.5 + share(keys(seed, registry.id, SCALE, 1))
        total = np.zeros((2, max(len(zones), 1)))
        side = (sign_of[meter] < 0).astype(np.int64)
        np.add.at(total, (side, number), weight[meter])
        part = np.zeros(things)
        part[meter] = weight[meter] / total[side, number]
        inflow, outflow = sides(recording)
        calm = [z for z in range(recording.zones) if not any(leaky(z, each) for each in planted)]
        week = round(given["week_ms"] / recording.step_ms)
        usual = typical_week(inflow[calm] - outflow[calm], week)
        return cls(given, seed, recording, inflow, outflow, usual, zones, zone_of, sign_of, part)

    def bursting(self, bursts: Sequence[Burst]) -> Self:
        """Let mains break."""
        return replace(self, bursts=tuple(bursts))

    def flow(self, row: Index, time: Index) -> Floats:
        """Give the flow (m3/h) through each meter, as the mean of the window around *time*."""
        zone, sign = self.zone_of[row], self.sign_of[row]
        into, out = self.through(np.maximum(zone, 0), time)
        return np.asarray(np.where(sign < 0, out, into) * self.part[row], np.float64)

    def through(self, zone: Index, time: Index) -> tuple[Floats, Floats]:
        """Give what flows into and out of zones, by number: means of the window around *time*."""
        step = self.recording.step_ms
        window = (np.asarray(time) - self.recording.start_ms) // step
        week = self.usual_in.shape[1]
        turn = window % week
        recorded = np.minimum(zone, self.recording.zones - 1)
        # Past its end, the recording goes on with its last week.
        late = np.maximum(window - (self.recording.steps - 1), 0)
        at = np.clip(window - -(-late // week) * week, 0, self.recording.steps - 1)
        day = np.asarray(time) // DAY_MS
        low, high = self.given["scale"]
        scale = low + (high - low) * share(keys(self.seed, zone, SCALE, 0))
        scale *= 1 + self.given["day_noise"] * bell(keys(self.seed, zone, DAY, day))
        scale *= 1 + self.given["step_noise"] * bell(keys(self.seed, zone, STEP, window))
        net = self.usual_in[zone % len(self.usual_in), turn] * scale
        low, high = self.given["through"]
        passed = low + (high - low) * share(keys(self.seed, zone, THROUGH, 0))
        out = net * passed / (1 - passed)
        real = zone < self.recording.zones
        into = np.where(real, self.inflow[recorded, at], net + out)
        begins = window * step + self.recording.start_ms
        for each in self.bursts:
            into += np.where(zone == each.zone, each.size * each.share(begins, step), 0.0)
        return into, np.where(real, self.outflow[recorded, at], out)


def sides(recording: Recording) -> tuple[Floats, Floats]:
    """Add up what enters and what leaves each recorded zone; a balance of the two is exact."""
    zone, meter, sign = recording.sides
    signed = sign[:, None] * recording.flow[meter]
    into, out = np.zeros((2, recording.zones, recording.steps))
    np.add.at(into, zone, np.maximum(signed, 0))
    np.add.at(out, zone, np.maximum(-signed, 0))
    return into, out


def leaky(zone: int, each: Truth) -> bool:
    """Tell whether a planted event is a leak of that zone."""
    return each.zone == zone and each.kind != "flushing"


def typical_week(net: Floats, week: int) -> Floats:
    """Fold recorded zones into their median week, which no flushing can sway."""
    weeks = net.shape[1] // week
    folded = net[:, : weeks * week].reshape(len(net), weeks, week)
    return np.asarray(np.maximum(np.median(folded, axis=1), 0), np.float64)
