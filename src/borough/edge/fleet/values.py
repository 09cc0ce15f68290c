"""What healthy devices report: columns of plausible values, the same whoever asks and when."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from borough.core.errors import BadSetting
from borough.core.observations import Floats, Index
from borough.core.registry import Kind, Property
from borough.edge.fleet.noise import bell, keys, share

Columns = dict[str, Floats]
FOLDER = Path(__file__).parent
ANY = "*"
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
ZONE_HOURS = 8
"""Hours that the district's day is ahead of UTC; only the shape of a day hangs on it."""
COUNTED_FROM_MS = 1_577_836_800_000
"""When counters stood at 0: 2020-01-01T00:00:00Z."""
OWN, NOISE = 1, 2
"""What a draw is for: the character of a device, or this one reading."""
SHAPES = ("wave", "whole", "still", "chance", "battery", "counter")
DIGITS = ((0.1, 4), (2.0, 3), (50.0, 2), (1000.0, 1))
"""Up to this breadth of the normal range, so many decimals are worth sending."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one property behaves; ``values.csv`` explains the numbers."""

    shape: str
    level: float
    spread: float
    day: float
    peak_h: float
    noise: float
    hold_s: float


def table(name: str) -> Iterator[dict[str, str]]:
    """Read one of this package's tables; lines that begin with ``#`` are for people."""
    with (FOLDER / name).open(encoding="utf-8") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


def rules() -> dict[tuple[str, str], Rule]:
    """Read ``values.csv``; `BadSetting` names the row that cannot be understood."""
    known = {}
    for row in table("values.csv"):
        kind, code, shape, *numbers = row.values()
        if shape not in SHAPES:
            msg = f"values.csv: {kind},{code}: {shape!r} is not one of {', '.join(SHAPES)}"
            raise BadSetting(msg)
        known[kind, code] = Rule(shape, *map(float, numbers))
    return known


def rule_for(kind: str, code: str, unit: str, known: Mapping[tuple[str, str], Rule]) -> Rule:
    """Pick the most particular rule."""
    unit = f"unit:{unit}"
    order = ((kind, code), (kind, ANY), (ANY, code), (ANY, unit), (ANY, ANY))
    return next(known[each] for each in order if each in known)


@dataclass(frozen=True, slots=True)
class Pattern:
    """How every property of one class behaves when nothing is wrong."""

    kind: Kind
    rules: tuple[Rule, ...]
    seed: int

    @classmethod
    def of(cls, kind: Kind, known: Mapping[tuple[str, str], Rule], seed: int) -> "Pattern":
        """Find the rules of a class."""
        found = (rule_for(kind.code, p.code, p.unit, known) for p in kind.properties)
        return cls(kind, tuple(found), seed)

    def at(self, thing: Index, time: Index) -> Columns:
        """Give one value for each property, thing and time (ms); rows line up."""
        return {
            each.code: self.column(number, thing, time)
            for number, each in enumerate(self.kind.properties)
        }

    def column(self, number: int, thing: Index, time: Index) -> Floats:
        """Give the values of one property, counted from 0."""
        rule, each = self.rules[number], self.kind.properties[number]
        low, high = each.normal
        own = share(keys(self.seed, thing, number * 4 + OWN, 0))
        if rule.shape == "still":
            return np.full(len(thing), rule.level)
        if rule.shape == "battery":
            return np.asarray(np.round(high - (high - low) * rule.spread * own), np.float64)
        if rule.shape == "counter":
            days = (np.asarray(time) - COUNTED_FROM_MS) / DAY_MS
            return np.asarray(rule.level * (1 + rule.spread * (2 * own - 1)) * days, np.float64)
        if rule.shape == "chance":
            slot = np.asarray(time) // round(rule.hold_s * 1000)
            drawn = share(keys(self.seed, thing, number * 4 + NOISE, slot))
            return np.where(drawn < rule.level, high, low)
        part = rule.level + rule.spread * (2 * own - 1)
        if rule.day:
            part = part + rule.day * day_curve(time, rule.peak_h)
        if rule.noise:
            part = part + rule.noise * bell(keys(self.seed, thing, number * 4 + NOISE, time))
        value = np.clip(low + (high - low) * part, low, high)
        return np.asarray(np.round(value) if rule.shape == "whole" else value, np.float64)


def day_curve(time: Index, peak_h: float) -> Floats:
    """Rise to 1 at the peak hour of the local day and fall to -1 twelve hours later."""
    hours = (np.asarray(time) % DAY_MS) / HOUR_MS + ZONE_HOURS - peak_h
    return np.asarray(np.cos(hours * (2 * np.pi / 24)), np.float64)


def decimals(each: Property) -> int:
    """Say how many decimals of a property are worth sending."""
    if each.unit in {"{bool}", "{count}", "{enum}", "{floor}", "%", "dB{mW}"}:
        return 0
    breadth = abs(each.normal[1] - each.normal[0])
    return next((digits for limit, digits in DIGITS if breadth < limit), 0)
