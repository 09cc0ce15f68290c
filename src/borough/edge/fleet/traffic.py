"""The pace of traffic: real recordings, moved in time so that weekday and hour stay."""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np

from borough.core.observations import Floats, Index
from borough.edge.fleet.noise import bell, keys, share
from borough.edge.fleet.values import DAY_MS, HOUR_MS, ZONE_HOURS

RECORDINGS = Path(__file__).parent.parent / "recordings"
FORTNIGHT_MS = 14 * DAY_MS
WHICH, WEEK, STRAY = 5001, 5002, 5003


@dataclass(frozen=True, slots=True)
class Traffic:
    """``pace[f, k]`` is recording *f* in step *k* of a fortnight that begins on a Monday."""

    given: dict[str, Any]
    seed: int
    pace: Floats

    @classmethod
    def of(cls, given: dict[str, Any], seed: int) -> Self:
        """Read the recordings and fill their gaps by straight lines."""
        step = round(given["step_s"] * 1000)
        grid = np.arange(0, FORTNIGHT_MS, step)
        pace = [spread(*recorded(RECORDINGS / name), grid) for name in given["files"]]
        return cls(given, seed, np.array(pace) * given["to_kmh"] * given["pace"])

    def speed(self, thing: Index, time: Index) -> Floats:
        """Give a speed in km/h for each thing and moment."""
        step = round(self.given["step_s"] * 1000)
        which = (share(keys(self.seed, thing, WHICH, 0)) * len(self.pace)).astype(np.int64)
        week = np.where(share(keys(self.seed, thing, WEEK, 0)) < 0.5, 0, FORTNIGHT_MS // 2)  # noqa: PLR2004 - heads or tails
        local = np.asarray(time) + ZONE_HOURS * HOUR_MS + week
        slot = (monday(local) % FORTNIGHT_MS) // step
        stray = self.given["noise"] * bell(keys(self.seed, thing, STRAY, time))
        return np.asarray(np.maximum(self.pace[which, slot] + stray, 0), np.float64)


def monday(local: Index) -> Index:
    """Count milliseconds from a Monday: the epoch began on a Thursday."""
    return np.asarray(local + 3 * DAY_MS, np.int64)


def recorded(path: Path) -> tuple[Index, Floats]:
    """Read local times, in ms from a Monday, and values of one recording."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["timestamp"], row["value"]) for row in csv.DictReader(file)]
    times = np.array([np.datetime64(datetime.fromisoformat(when), "ms") for when, _ in rows])
    return monday(times.astype(np.int64)), np.array([float(value) for _, value in rows])


def spread(time: Index, value: Floats, grid: Index) -> Floats:
    """Lay a recording out over a fortnight; where it says nothing, the other week speaks."""
    turn = time % FORTNIGHT_MS
    order = np.argsort(turn, kind="stable")
    return np.interp(grid, turn[order], value[order], period=FORTNIGHT_MS)
