"""Says how near a slope is to sliding, from its pace, its gain of pace, and the rain."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from borough.core.detections import Detector, Rows
from borough.core.observations import Floats, Mask, Tick, Values

RED, TWICE, KEPT, DAY_S = 4, 2, 24, 86_400.0
FIRST, SECOND = np.triu_indices(KEPT, 1)


@dataclass(frozen=True, slots=True)
class Slope(Detector):
    """Compares the pace of a slope with the pace `v0` at which it creeps, as a tangent angle.

    A pace is the median slope through all pairs of readings (Theil-Sen), over the whole window
    and over its last `short_share`; the steeper angle counts.  Only what exceeds `floor_times`
    the error that a noise of `noise_mm` leaves in a pace counts as pace, and nothing is compared
    with less than that error.  Red takes a second sign: two readings in a row from a slope that
    gains pace and did not do it all in one jump, or heavy rain on an orange one.  A level falls
    after `fall_s` below it.  Without enough fresh readings, or without a `v0`, the slope is
    unknown, and an open alarm stands.
    """

    memory: ClassVar = {
        "at": KEPT, "d": KEPT, "rain": 1, "rain_at": 1, "angle": 1, "red": 1, "below": 1, "top": 1,
    }  # fmt: skip

    v0: Values
    noise_mm: Values
    floor_times: Values
    window_s: Values
    short_share: Values
    least: Values
    jump_share: Values
    stale_s: Values
    blue_deg: Values
    yellow_deg: Values
    orange_deg: Values
    red_deg: Values
    heavy_mm: Values
    rain_s: Values
    fall_s: Values

    def step(self, tick: Tick, rows: Rows) -> None:
        """Take in a displacement, a rainfall or both, and judge the slope by what it now holds."""
        moved, wet = ~np.isnan(tick["d"]), ~np.isnan(tick["rain_24h"])
        for name, column in (("at", tick.time), ("d", tick["d"])):
            shifted = np.column_stack([rows[name][:, 1:], column])
            rows[name] = np.where(moved[:, None], shifted, rows[name])
        rows["rain"] = np.where(wet, tick["rain_24h"], rows["rain"])
        rows["rain_at"] = np.where(wet, tick.time, rows["rain_at"])
        self._age(tick.time, rows)
        self._measure(moved, tick.time, rows)
        self._settle(tick.time, rows)

    def pass_time(self, now: Values, rows: Rows) -> None:
        """Let old readings expire: a slope that nobody measures is not green."""
        held = rows["known"].copy()
        self._age(now, rows)
        rows["known"] &= held

    def _age(self, now: Values, rows: Rows) -> None:
        """Tell whether the readings are enough and fresh enough to judge by."""
        fresh = column(now) - rows["at"] <= column(self.window_s)
        newest = np.fmax.reduce(rows["at"], axis=1)
        enough = np.count_nonzero(fresh, axis=1) >= self.least
        rows["known"] = enough & (now - newest <= self.stale_s) & ~np.isnan(self.v0)

    def _measure(self, moved: Mask, now: Floats, rows: Rows) -> None:
        """Turn the readings into an angle, and count the verdicts in a row that say red."""
        age = column(now) - rows["at"]
        long, long_error = pace(rows, age <= column(self.window_s))
        short, short_error = pace(rows, age <= column(self.window_s * self.short_share))
        paces, error = np.stack([long, short]), self.noise_mm * np.stack([long_error, short_error])
        ratio = (paces - self.floor_times * error) / np.maximum(self.v0, error)
        angle = np.degrees(np.arctan(np.fmax.reduce(ratio, axis=0)))
        rows["angle"] = np.where(rows["known"], angle, np.nan)
        steps = np.diff(np.where(age <= column(self.window_s), rows["d"], np.nan), axis=1)
        in_one = np.fmax.reduce(steps, axis=1) > self.jump_share * np.nansum(steps, axis=1)
        red = (rows["angle"] >= self.red_deg) & (short > long) & ~in_one
        count = np.where(red, np.nan_to_num(rows["red"]) + 1, 0)
        rows["red"] = np.where(moved, count, rows["red"])

    def _settle(self, now: Floats, rows: Rows) -> None:
        """Rise at once, and fall to the highest verdict since the level was last borne out."""
        limits = (self.blue_deg, self.yellow_deg, self.orange_deg, self.red_deg)
        seen = sum(rows["angle"] >= limit for limit in limits)
        seen = np.where((seen == RED) & (rows["red"] < TWICE), RED - 1, seen)
        wet = (rows["rain"] >= self.heavy_mm) & (now - rows["rain_at"] <= self.rain_s)
        seen = np.minimum(seen + (wet & (seen > 0)), RED)
        seen = np.where(rows["known"], seen, rows["level"])
        lower = seen < rows["level"]
        rows["below"] = np.where(lower, np.fmin(rows["below"], now), np.nan)
        rows["top"] = np.where(lower, np.fmax(rows["top"], seen), np.nan)
        falls = now - rows["below"] >= self.fall_s
        rows["level"] = np.where(falls, rows["top"], np.maximum(seen, rows["level"]))
        for name in ("below", "top"):
            rows[name] = np.where(falls, np.nan, rows[name])


def column(value: Values) -> Values:
    """Stand one value for each slope upright, so that it meets that slope's readings."""
    return value if np.ndim(value) == 0 else np.asarray(value)[:, None]


def pace(rows: Rows, chosen: Mask) -> tuple[Floats, Floats]:
    """Fit a pace (mm/d) through the chosen readings, and say what 1 mm of noise leaves in it."""
    at, d = np.where(chosen, rows["at"] / DAY_S, np.nan), rows["d"]
    apart = at[:, SECOND] - at[:, FIRST]
    apart[apart == 0] = np.nan
    steep = np.sort((d[:, SECOND] - d[:, FIRST]) / apart, axis=1)
    many, row = np.count_nonzero(~np.isnan(steep), axis=1), np.arange(len(rows))
    middle = (steep[row, np.maximum(many - 1, 0) // 2] + steep[row, many // 2]) / 2
    count = np.maximum(np.count_nonzero(chosen, axis=1), 1)
    spread = np.nansum((at - np.nansum(at, axis=1)[:, None] / count[:, None]) ** 2, axis=1)
    return middle, 1 / np.sqrt(np.where(spread > 0, spread, np.nan))
