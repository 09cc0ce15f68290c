"""How slopes creep, and how some of them begin to slide: displacement and pace of each station."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from borough.core.observations import Floats, Index
from borough.core.registry import Registry
from borough.edge.fleet.noise import bell, keys, share
from borough.edge.fleet.values import DAY_MS, HOUR_MS, Columns

TIE, STATION, SLOPE = "watches", "gnss", "slope"
CREEP, NOISE, PLACE, PACE, SEASON = 3001, 3002, 3003, 3004, 3005
YEAR_DAYS = 365.25
STEEPEST = 90.0


@dataclass(frozen=True, slots=True)
class Slide:
    """A slope that gathers pace by Voight's law (inverse velocity falls evenly), holds, calms.

    Its pace grows from its usual one to ``times`` that between ``start_ms`` and ``full_ms``,
    stays so until ``until_ms``, and then fades by 1/e in ``fade_h`` hours.
    """

    slope: int
    start_ms: int
    full_ms: int
    until_ms: int
    times: float
    fade_h: float

    def ratio(self, time: Index) -> Floats:
        """Give its pace over its usual pace."""
        part = np.clip((time - self.start_ms) / (self.full_ms - self.start_ms), 0, 1)
        rising = 1 / (1 - part * (1 - 1 / self.times))
        faded = np.maximum(time - self.until_ms, 0) / HOUR_MS / self.fade_h
        return np.asarray(1 + (rising - 1) * np.exp(-faded), np.float64)

    def days(self, time: Index) -> Floats:
        """Give how many days of its usual creep it has moved beyond its usual creep."""
        whole = (self.full_ms - self.start_ms) / DAY_MS
        part = np.clip((time - self.start_ms) / (self.full_ms - self.start_ms), 0, 1)
        bend = 1 - 1 / self.times
        rise = whole * (-np.log(1 - part * bend) / bend - part)
        held = np.clip(time - self.full_ms, 0, self.until_ms - self.full_ms) / DAY_MS
        faded = np.maximum(time - self.until_ms, 0) / HOUR_MS
        ebb = self.fade_h / 24 * (1 - np.exp(-faded / self.fade_h))
        return np.asarray(rise + (self.times - 1) * (held + ebb), np.float64)


@dataclass(frozen=True, slots=True)
class Ground:
    """Stations by row: their creep (mm/d), their noise (mm), the slope they stand on or -1."""

    given: dict[str, Any]
    seed: int
    thing: Index
    creep: Floats
    noise: Floats
    slope: Index
    from_ms: int
    slides: Sequence[Slide] = ()

    @classmethod
    def of(cls, registry: Registry, given: dict[str, Any], seed: int) -> Self:
        """Take each slope's own pace where somebody read it off, else draw one."""
        one, other, _ = registry.relations.get(TIE, (np.empty(0, np.int32),) * 3)
        codes = np.array([kind.code for kind in registry.kinds])[registry.kind]
        stands = (codes[one] == STATION) & (codes[other] == SLOPE)
        slope = np.full(len(registry.id), -1, np.int64)
        slope[one[stands]] = other[stands]
        low, high = np.log(given["creep"])
        drawn = np.exp(low + (high - low) * share(keys(seed, registry.id, CREEP, 0)))
        read = registry.parameters.get((SLOPE, "v0"), np.full(len(registry.id), np.nan))
        creep = np.where((slope >= 0) & ~np.isnan(read[slope]), read[slope], drawn)
        low, high = given["noise_mm"]
        noise = low + (high - low) * share(keys(seed, registry.id, NOISE, 0))
        midnight = np.datetime64(str(given["from"]), "ms").astype(np.int64)
        return cls(given, seed, registry.id, creep, noise, slope, int(midnight))

    def sliding(self, slides: Sequence[Slide]) -> Self:
        """Let some slopes slide."""
        return replace(self, slides=tuple(slides))

    def fill(self, row: Index, time: Index, columns: Columns) -> None:
        """Write displacement, pace and angle of stations into their columns."""
        days = (time - self.from_ms) / DAY_MS
        ratio, more = np.ones(len(row)), np.zeros(len(row))
        for slide in self.slides:
            mine = self.slope[row] == slide.slope
            if mine.any():
                ratio[mine] *= slide.ratio(time[mine])
                more[mine] += slide.days(time[mine])
        creep, noise, thing = self.creep[row], self.noise[row], self.thing[row]
        season = self.given["season_mm"] * np.sin(
            2 * np.pi * (days / YEAR_DAYS + share(keys(self.seed, thing, SEASON, 0)))
        )
        stray = noise * bell(keys(self.seed, thing, PLACE, time))
        columns["d_h"] = np.maximum(creep * (days + more) + season + stray, 0)
        stray = noise * self.given["rate_noise"] * bell(keys(self.seed, thing, PACE, time))
        columns["rate"] = np.maximum(creep * ratio + stray, 0)
        angle = np.degrees(np.arctan(columns["rate"] / creep))
        columns["tangent_angle"] = np.clip(angle, 0, STEEPEST)
