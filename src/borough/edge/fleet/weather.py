"""Rain over the district: storms that every gauge feels in its own measure."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from borough.core.observations import Floats, Index
from borough.edge.fleet.noise import keys, share
from borough.edge.fleet.values import HOUR_MS, Columns

STORM, LENGTH, PEAK, WET = 4001, 4002, 4003, 4004
BACK_H = 24
SPANS = {"rain_5m": HOUR_MS // 12, "rain_1h": HOUR_MS, "rain_24h": 24 * HOUR_MS}
"""The properties of a gauge, and how far back each adds up."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Storms drawn hour by hour from the seed, so that any moment can be asked for."""

    given: dict[str, Any]
    seed: int

    def storms(self, first: int, last: int) -> list[tuple[int, int, float]]:
        """Give start (ms), end (ms) and peak (mm/h) of what rained between two moments."""
        low, high = self.given["storm_h"]
        hours = np.arange(first // HOUR_MS - BACK_H - int(high), last // HOUR_MS + 1)
        begins = share(keys(self.seed, hours, STORM, 0)) * self.given["storm_every_h"] < 1
        hours = hours[begins]
        length = low + (high - low) * share(keys(self.seed, hours, LENGTH, 0))
        low, high = self.given["peak_mm_h"]
        peak = low + (high - low) * share(keys(self.seed, hours, PEAK, 0))
        return [
            (hour * HOUR_MS, hour * HOUR_MS + round(long * HOUR_MS), strong)
            for hour, long, strong in zip(
                hours.tolist(), length.tolist(), peak.tolist(), strict=True
            )
        ]

    def fill(self, thing: Index, time: Index, columns: Columns) -> None:
        """Write the sums of each gauge into its columns, in mm."""
        if not len(time):
            return
        for name in SPANS:
            columns[name] = np.zeros(len(time))
        for start, end, peak in self.storms(int(time.min()), int(time.max())):
            wet = share(keys(self.seed, thing, WET, start))
            wet = np.where(wet < self.given["share_wet"], 0.5 + wet, 0.0)
            now = fallen(time, start, end)
            for name, span in SPANS.items():
                columns[name] += wet * peak * (now - fallen(time - span, start, end))


def fallen(time: Index, start: int, end: int) -> Floats:
    """Give how many hours of its peak a storm has rained by then; it swells and ebbs as sin²."""
    part = np.clip((time - start) / (end - start), 0, 1)
    hours = (end - start) / HOUR_MS
    return np.asarray(hours * (part / 2 - np.sin(2 * np.pi * part) / (4 * np.pi)), np.float64)
