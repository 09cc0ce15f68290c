"""Says when a camera has seen something fall from a building, and how sure that is."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from borough.core.detections import Detector, Rows
from borough.core.observations import Mask, Tick, Values

GRAVITY = 9.81
"""m/s2, at any place where people live."""


@dataclass(frozen=True, slots=True)
class Littering(Detector):
    """A fall that physics allows, from a floor above `floor_from`, is an alarm for `keep_s`.

    What falls from rest for t seconds comes to about g * t and has gone g * t^2 / 2: a bird, a
    leaf or washing on the line is slower than `slow` of that, and nothing is faster than `fast`
    of it or falls further than its floor is high (`storey_m`, with `slack`).  A fall at
    `hard_ms` or faster, or a second one within `again_s`, is the higher level.  ``last`` is when
    the latest fall was seen.
    """

    memory: ClassVar = {"last": 1}

    sure_pct: Values
    floor_from: Values
    fall_from_s: Values
    slow: Values
    fast: Values
    storey_m: Values
    slack: Values
    hard_ms: Values
    again_s: Values
    keep_s: Values

    def step(self, tick: Tick, rows: Rows) -> None:
        """Let time pass up to the report, then look at what fell."""
        self.pass_time(tick.time, rows)
        falls = self._falls(tick)
        again = tick.time - rows["last"] < self.again_s
        level = np.where(again | (tick["est_speed"] >= self.hard_ms), 2, 1)
        rows["level"] = np.where(falls, np.maximum(rows["level"], level), rows["level"])
        rows["last"] = np.where(falls, np.fmax(rows["last"], tick.time), rows["last"])

    def stirs(self, rows: Rows) -> Mask:
        """Only an alarm ends by itself."""
        return np.asarray(rows["level"] > 0)

    def pass_time(self, now: Values, rows: Rows) -> None:
        """End an alarm some time after the last fall."""
        rows["level"] = np.where(now - rows["last"] >= self.keep_s, 0, rows["level"])

    def _falls(self, tick: Tick) -> Values:
        floor, fall_s = tick["floor"], tick["fall_time"]
        share = tick["est_speed"] / np.maximum(GRAVITY * fall_s, 1e-9)
        drop_m, height_m = GRAVITY * fall_s**2 / 2, floor * self.storey_m
        seen = (tick["confidence"] >= self.sure_pct) & (floor >= self.floor_from)
        seen &= fall_s >= self.fall_from_s
        like_a_fall = (share >= self.slow) & (share <= self.fast)
        return np.asarray(seen & like_a_fall & (drop_m <= height_m * (1 + self.slack)))
