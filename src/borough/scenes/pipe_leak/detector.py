"""Says when a metered zone takes more water than it usually does, by the hour and by night."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from borough.core.detections import Detector, Rows
from borough.core.observations import Floats, Mask, Tick, Values

QUARTER_S, DAY_S = 900, 86_400
QUARTERS = DAY_S // QUARTER_S
THURSDAY, SATURDAY = 3, 5  # counted from Monday; the epoch began on a Thursday
ENOUGH = 1.5  # days of a kind, before one of its quarters can be called unusual
FULL = 1.5  # how far beyond its limit a sum may pile up, so that an end can be seen
TO_SIGMA = 1.2533  # the standard deviation of normal noise over its mean absolute stray


@dataclass(frozen=True, slots=True)
class PipeLeak(Detector):
    """Compares a zone with its own past: each quarter of the day, and the least of each night.

    A burst piles up as `surge` within hours, and the next night upholds or drops it.  A slow
    leak piles up as `excess` over the nights.  What is usual stands still during an alarm.
    """

    memory: ClassVar = {
        "usual": 2 * QUARTERS,  # m3/h at each quarter of a workday, then of a day of rest
        "days": 2,  # how many of each have been heard
        "drift": 1,  # m3/h by which these last days lie above the usual
        "stray": 1,  # mean stray of a quarter over the root of its flow
        "surge": 1,  # how much has piled up, in sigma
        "night": 1,  # m3/h that a night usually takes
        "spread": 1,  # m3/h that a night usually strays
        "nights": 1,  # how many have been heard
        "excess": 1,  # how much has piled up, in sigma
        "size": 1,  # m3/h that the zone takes beyond its usual
    }

    utc_offset_s: Values
    warm_up: Values
    day_pace: Values
    night_pace: Values
    drift_h: Values
    weather: Values
    clip: Values
    surge_slack: Values
    surge_limit: Values
    night_slack: Values
    night_limit: Values
    night_fall: Values
    least_m3h: Values
    major_m3h: Values

    def step(self, tick: Tick, rows: Rows) -> None:
        """Take in a quarter's balance, a night's least flow, or both."""
        for name in ("days", "drift", "surge", "nights", "excess", "size"):
            rows[name] = np.nan_to_num(rows[name])
        rows["known"], was_open = rows["nights"] >= self.warm_up, rows["level"] > 0
        self._quarter(tick["net_flow"], tick.time + self.utc_offset_s, rows, was_open)
        self._night(tick["night_flow"], rows, was_open)
        begun = (rows["surge"] > self.surge_limit) | (rows["excess"] > self.night_limit)
        lasts = was_open & ((rows["surge"] > 0) | (rows["excess"] > 0))
        level = np.maximum(rows["level"], 1 + (rows["size"] >= self.major_m3h))
        rows["level"] = np.where(rows["known"] & (begun | lasts), level, 0)

    def _quarter(self, flow: Floats, local: Floats, rows: Rows, was_open: Mask) -> None:
        """Compare a quarter with the same quarter of other days, and learn from it."""
        row, said = np.arange(len(rows)), ~np.isnan(flow)
        rest = ((local // DAY_S + THURSDAY) % 7 >= SATURDAY).astype(int)
        slot = rest * QUARTERS + (local % DAY_S // QUARTER_S).astype(int)
        days, known = rows["days"][row, rest], rows["usual"][row, slot]
        usual = either(known, flow)
        root = np.sqrt(np.maximum(usual, self.least_m3h))
        over = flow - usual - rows["drift"]
        stray = either(rows["stray"], np.abs(over) / root)
        sigma = np.hypot(np.hypot(TO_SIGMA * stray * root, self.least_m3h), self.weather * usual)
        ripe = said & rows["known"] & (days >= ENOUGH) & (rows["excess"] <= self.night_limit)
        pile = rows["surge"] + np.clip(over / sigma, -self.clip, self.clip) - self.surge_slack
        rows["surge"] = np.where(ripe, pile.clip(0, FULL * self.surge_limit), rows["surge"])
        size = np.where(rows["surge"] > 0, rows["size"] + (over - rows["size"]) / 4, 0)
        rows["size"] = np.where(ripe, size, rows["size"])
        learns = said & ~was_open & (rows["surge"] <= self.surge_limit / 2)
        bound = np.where(days < ENOUGH, np.inf, self.clip * sigma)
        over = np.clip(over, -bound, bound)
        pace, follow = np.maximum(self.day_pace, 1 / (1 + days)), QUARTER_S / 3600 / self.drift_h
        rows["usual"][row, slot] = np.where(learns, usual + pace * over, known)
        strayed = stray + follow * (np.abs(over) / root - stray)
        rows["stray"] = np.where(learns & (days >= 1), strayed, rows["stray"])
        rows["drift"] += np.where(learns & (days >= 1), follow * over, 0)
        rows["days"][row, rest] += said / QUARTERS

    def _night(self, flow: Floats, rows: Rows, was_open: Mask) -> None:
        """Compare a night with the nights before; it has the last word on a burst."""
        said, night = ~np.isnan(flow), either(rows["night"], flow)
        over, spread = flow - night, either(rows["spread"], np.abs(flow - night))
        sigma = np.hypot(np.hypot(TO_SIGMA * spread, self.least_m3h), self.weather * night)
        z = np.clip(over / sigma, -self.clip, self.clip) - self.night_slack
        pile = rows["excess"] + np.where(was_open & (z < 0), self.night_fall * z, z)
        ripe = said & rows["known"]
        judged = ripe & was_open & (rows["surge"] > 0)
        upheld = judged & (z > self.night_limit / 2)
        pile = np.where(upheld, np.inf, pile).clip(0, FULL * self.night_limit)
        rows["excess"] = np.where(ripe, pile, rows["excess"])
        rows["drift"] += np.where(judged & ~upheld, rows["size"], 0)
        rows["surge"] = np.where(judged, 0, rows["surge"])
        rows["size"] = np.where(said & (rows["excess"] > 0), over, rows["size"])
        learns = said & ~was_open & (rows["excess"] <= self.night_limit / 2)
        bound = np.where(rows["nights"] < self.warm_up, np.inf, self.clip * sigma)
        over = np.clip(over, -bound, bound)
        pace = np.maximum(self.night_pace, 1 / (1 + rows["nights"]))
        rows["night"] = np.where(learns, night + pace * over, rows["night"])
        rows["spread"] = np.where(learns, spread + pace * (np.abs(over) - spread), rows["spread"])
        rows["nights"] += said


def either(value: Floats, otherwise: Floats) -> Floats:
    """Fill in what nobody knows yet."""
    return np.where(np.isnan(value), otherwise, value)
