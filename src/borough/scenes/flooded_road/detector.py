"""Says how deep a road is under water, and one level more where the water rises fast."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from borough.core.detections import Detector, Rows
from borough.core.observations import Floats, Mask, Tick, Values

LEVELS, KEPT, HOUR_S = 4, 16, 3600.0


@dataclass(frozen=True, slots=True)
class FloodedRoad(Detector):
    """Each level has a depth and a time for which it must last; `band_cm` below it, it is over.

    ``since`` is when the water reached each level's depth, NaN while it is under it.  A road at
    any level whose water rose by more than `fast_cmh`, over the last `window_s`, counts one level
    higher.  A level falls after `fall_s` below it, to the highest verdict of that time.  A depth
    that the switch beside the gauge denies says nothing: that place is unknown, not green.
    """

    memory: ClassVar = {"at": KEPT, "cm": KEPT, "since": LEVELS, "fast": 1, "below": 1, "top": 1}

    blue_cm: Values
    yellow_cm: Values
    orange_cm: Values
    red_cm: Values
    low_hold_s: Values
    orange_hold_s: Values
    red_hold_s: Values
    band_cm: Values
    fall_s: Values
    fast_cmh: Values
    window_s: Values
    least_s: Values

    def step(self, tick: Tick, rows: Rows) -> None:
        """Take in a depth that can be believed, and judge the road by it."""
        depth = tick["depth"]
        denied = (tick["immersed"] <= 0) & (depth >= self.blue_cm)
        said = ~np.isnan(depth) & ~denied
        rows["known"] = ~denied & (said | ~np.isnan(rows["at"]).all(axis=1))
        self._measure(said, depth, tick.time, rows)
        limits = self._limits(len(rows))
        over, under = depth[:, None] >= limits, depth[:, None] < limits - self.band_cm
        reached = np.fmin(rows["since"], tick.time[:, None])
        since = np.where(over, reached, np.where(under, np.nan, rows["since"]))
        rows["since"] = np.where(said[:, None], since, rows["since"])
        self._settle(tick.time, rows)

    def stirs(self, rows: Rows) -> Mask:
        """A dry road that was at no level stays as it is."""
        wet = ~np.isnan(rows["since"]).all(axis=1) | (rows["level"] > 0)
        return np.asarray(wet | ~np.isnan(rows["below"]) | ~np.isnan(rows["top"]))

    def pass_time(self, now: Values, rows: Rows) -> None:
        """Let levels ripen; what we can no longer vouch for starts over."""
        doubtful = ~rows["known"] & (rows["level"] == 0)
        rows["since"] = np.where(doubtful[:, None], np.nan, rows["since"])
        self._settle(now, rows)

    def _limits(self, many: int) -> Floats:
        """Lay the depths of the levels side by side, for each road."""
        depths = (self.blue_cm, self.yellow_cm, self.orange_cm, self.red_cm)
        return np.column_stack([np.broadcast_to(depth, many) for depth in depths])

    def _measure(self, said: Mask, depth: Floats, time: Floats, rows: Rows) -> None:
        """Keep the reading, and tell whether the water rises fast."""
        for name, column in (("at", time), ("cm", depth)):
            shifted = np.column_stack([rows[name][:, 1:], column])
            rows[name] = np.where(said[:, None], shifted, rows[name])
        age = time[:, None] - rows["at"]
        age = np.where((age <= self.window_s) & (age >= self.least_s), age, np.nan)
        oldest = np.nan_to_num(age, nan=-1.0).argmax(axis=1)
        row = np.arange(len(rows))
        pace = (depth - rows["cm"][row, oldest]) / age[row, oldest] * HOUR_S
        rows["fast"] = np.where(said, pace > self.fast_cmh, rows["fast"])

    def _settle(self, now: Values, rows: Rows) -> None:
        """Rise at once, and fall to the highest verdict since the level was last borne out."""
        holds = np.array([self.low_hold_s, self.low_hold_s, self.orange_hold_s, self.red_hold_s])
        lasted = np.reshape(now, (-1, 1)) - rows["since"]
        seen = ((lasted >= holds) * np.arange(1, LEVELS + 1)).max(axis=1)
        seen = np.minimum(seen + ((seen > 0) & (rows["fast"] > 0)), LEVELS)
        lower = seen < rows["level"]
        rows["below"] = np.where(lower, np.fmin(rows["below"], now), np.nan)
        rows["top"] = np.where(lower, np.fmax(rows["top"], seen), np.nan)
        falls = now - rows["below"] >= self.fall_s
        level = np.where(falls, rows["top"], np.maximum(seen, rows["level"]))
        rows["level"], further = level, seen < level
        for name, value in (("below", now), ("top", seen)):
            anew = np.where(further, value, np.nan)
            rows[name] = np.where(falls, anew, rows[name])
