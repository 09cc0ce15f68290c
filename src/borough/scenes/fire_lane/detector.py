"""Says when a fire lane has been blocked for too long, and when it is free again."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from borough.core.detections import Detector, Rows
from borough.core.observations import Mask, Tick, Values


@dataclass(frozen=True, slots=True)
class FireLane(Detector):
    """A stop that lasts `grace_s` blocks the lane; `clear_s` without one frees it.

    A magnet reports only changes, so the clocks decide and a report merely sets them:
    ``since`` is when the stop began, ``left`` when the place was last found empty, and NaN is
    a clock that stands still.  An empty spell shorter than `clear_s` neither restarts a stop
    nor ends an alarm.  A camera less than `sure_pct` sure of its picture has said nothing.
    """

    memory: ClassVar = {"since": 1, "left": 1}

    grace_s: Values
    clear_s: Values
    sure_pct: Values

    def step(self, tick: Tick, rows: Rows) -> None:
        """Let time pass up to the report, then set the clocks by it."""
        self._compare(tick.time, rows)
        sure = ~(tick["confidence"] < self.sure_pct)
        taken, empty = sure & (tick["occupied"] > 0), sure & (tick["occupied"] <= 0)
        since, left = rows["since"], rows["left"]
        rows["since"] = np.where(taken, np.fmin(since, tick.time), since)
        rows["left"] = np.where(taken, np.nan, np.where(empty, np.fmin(left, tick.time), left))
        rows["known"] = ~(np.isnan(rows["since"]) & np.isnan(rows["left"]))

    def stirs(self, rows: Rows) -> Mask:
        """Clocks run where something stands, or where the lane is not yet free again."""
        return np.asarray(~np.isnan(rows["since"]) | (rows["level"] > 0))

    def pass_time(self, now: Values, rows: Rows) -> None:
        """Compare the clocks; a stop that we can no longer vouch for starts over."""
        doubtful = ~rows["known"] & (rows["level"] == 0)
        rows["since"] = np.where(doubtful, np.nan, rows["since"])
        self._compare(now, rows)

    def _compare(self, now: Values, rows: Rows) -> None:
        free = now - rows["left"] >= self.clear_s
        blocked = np.isnan(rows["left"]) & (now - rows["since"] >= self.grace_s)
        rows["since"] = np.where(free, np.nan, rows["since"])
        rows["level"] = np.where(free, 0, np.maximum(rows["level"], blocked))
