"""What happens in the district that nobody else knows: planted events and decoys."""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.random import Generator

from borough.core.observations import Index, Mask
from borough.core.registry import Registry
from borough.edge.fleet.ground import Ground, Slide
from borough.edge.fleet.marks import Sets
from borough.edge.fleet.values import FOLDER, HOUR_MS
from borough.edge.fleet.water import Burst, Water, leaky
from borough.edge.twin import Truth

OCCUPATION, STOP, SILENCE, DARKNESS, SLIDE, LEAK = (
    "occupation", "stop", "silence", "darkness", "slide", "leak",
)  # fmt: skip
SECOND_MS = 1000
Lines = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing that happens: what, to which row of the registry, from when until when (ms).

    ``plain_ms`` is from when on it was at its full, where that came later; ``gap`` is when a
    lane only seemed free for a moment.  ``size`` is what its kind measures: m3/h of a leak,
    mm/d of a slide, otherwise 0.
    """

    what: str
    row: int
    since_ms: int
    until_ms: int
    gap: tuple[int, int] | None = None
    size: float = 0.0
    plain_ms: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is planted, in order of its beginning, and the slides and bursts behind it."""

    planted: tuple[Planted, ...]
    slides: tuple[Slide, ...]
    bursts: tuple[Burst, ...]

    def truth(self, registry: Registry) -> list[dict[str, Any]]:
        """Say it in plain words, for a report."""
        return [{**asdict(each), "thing": registry.key[each.row]} for each in self.planted]


def read_orders() -> Lines:
    """Read how much is planted."""
    return tomllib.loads((FOLDER / "plan.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Planner:
    """Draws events for one registry, as ``plan.toml`` orders them; moments are in ms."""

    registry: Registry
    dice: Generator
    start_ms: int
    begin_ms: int
    orders: Lines

    @classmethod
    def of(cls, registry: Registry, seed: int, start_ms: int, begin_ms: int = 0) -> Self:
        """Plan for a clock that starts at one moment and a fleet that begins to speak at another.

        Slides and bursts hang on the first, so that they agree with a prepared past; all else
        on the second, so that nothing is over before anybody could have heard of it.
        """
        given, begin = read_orders(), max(start_ms, begin_ms)
        dice = np.random.default_rng([seed, start_ms // SECOND_MS])
        return cls(registry, dice, start_ms, begin, given)

    def draw(self, water: Water, ground: Ground, leaks: list[Truth]) -> Plan:
        """Draw all events; the same seed gives the same plan."""
        slides, moved = self.slid(ground)
        bursts, leaked = self.burst(water)
        leaked += recorded(water, leaks)
        needed = members(self.registry, [each.row for each in moved + leaked])
        dark = self.darkened(needed)
        taken = np.isin(self.registry.via, [each.row for each in dark]) | needed
        lanes = self.on_lanes(taken)
        taken[[each.row for each in lanes]] = True
        planted = [*moved, *leaked, *dark, *lanes, *self.silenced(taken)]
        planted.sort(key=lambda each: (each.since_ms, each.row))
        return Plan(tuple(planted), tuple(slides), tuple(bursts))

    def moments(self, given: Lines) -> Iterator[int]:
        """Give the beginnings: the first ones within their span, then now and again."""
        first, last = given["between"]
        drawn = self.begin_ms + self.dice.uniform(first, last, given["first"]) * SECOND_MS
        yield from sorted(drawn.astype(int).tolist())
        yield from self.trickle(self.begin_ms + last * SECOND_MS, given["every_s"])

    def trickle(self, now: float, every_s: float) -> Iterator[int]:
        """Give moments that follow each other at random."""
        last = now + self.orders["until_h"] * HOUR_MS
        while (now := now + self.dice.exponential(every_s) * SECOND_MS) < last:
            yield int(now)

    def between(self, span: tuple[float, float], unit_ms: int) -> int:
        """Draw a length within a span, in ms."""
        low, high = span
        return round(float(self.dice.uniform(low, high)) * unit_ms)

    def some(self, which: Mask) -> Iterator[int]:
        """Give marked rows in random order, none twice."""
        return iter(self.dice.permutation(np.flatnonzero(which)).tolist())

    def on_lanes(self, taken: Mask) -> list[Planted]:
        """Plant occupations and short stops, never two on devices of the same lane."""
        made: list[Planted] = []
        used: set[int] = set()
        codes = np.array([kind.code for kind in self.registry.kinds])[self.registry.kind]
        lane = lanes_of(self.registry)
        rows = {
            what: self.some(np.isin(codes, self.orders[what]["kinds"]) & ~taken)
            for what in (OCCUPATION, STOP)
        }
        whens = sorted((at, what) for what in rows for at in self.moments(self.orders[what]))
        for since, what in whens:
            given = self.orders[what]
            row = next((row for row in rows[what] if lane[row] not in used), None)
            if row is None:
                break
            used.add(int(lane[row]))
            long = self.between(given["lasts_s"], SECOND_MS)
            gap = self.gap(since, long, given) if what == OCCUPATION else None
            made.append(Planted(what, row, since, since + long, gap))
        return made

    def gap(self, since: int, long: int, given: Lines) -> tuple[int, int] | None:
        """Now and then, let a lane seem free for a moment."""
        if self.dice.random() >= given["gap"]:
            return None
        begins = since + round(long * self.dice.uniform(0.1, 0.8))
        return begins, begins + self.between(given["gap_s"], SECOND_MS)

    def silenced(self, taken: Mask) -> list[Planted]:
        """Let devices of chatty classes fall silent, none of them twice."""
        given, kinds = self.orders[SILENCE], self.registry.kinds
        chatty = [k.role == "device" and 0 < k.heartbeat_s <= given["heartbeat_s"] for k in kinds]
        return self.quieted(SILENCE, np.array(chatty)[self.registry.kind] & ~taken)

    def darkened(self, needed: Mask) -> list[Planted]:
        """Let gateways go dark, but none that a planted slide or leak speaks through."""
        gateways = np.array([kind.role == "gateway" for kind in self.registry.kinds])
        return self.quieted(DARKNESS, gateways[self.registry.kind] & ~needed)

    def quieted(self, what: str, which: Mask) -> list[Planted]:
        """Let some of the marked rows say nothing for a while."""
        given = self.orders[what]
        pairs = zip(self.moments(given), self.some(which), strict=False)
        return [
            Planted(what, row, at, at + self.between(given["lasts_s"], SECOND_MS))
            for at, row in pairs
        ]

    def slid(self, ground: Ground) -> tuple[list[Slide], list[Planted]]:
        """Let slopes gather pace: some are at it when the clock starts, others begin later."""
        given, start = self.orders[SLIDE], self.start_ms
        stands = ground.slope >= 0
        low, high = given["creep"]
        fit = np.zeros(len(stands), bool)
        fit[ground.slope[stands & (ground.creep >= low) & (ground.creep <= high)]] = True
        drawn = [start - self.between(given["before_h"], HOUR_MS) for _ in range(given["first"])]
        early = [(full - self.between(given["rise_h"], HOUR_MS), full) for full in drawn]
        later = self.trickle(start, given["every_s"])
        late = [(at, at + self.between(given["rise_h"], HOUR_MS)) for at in later]
        slides, planted = [], []
        for number, (row, (begins, full)) in enumerate(
            zip(self.some(fit), early + late, strict=False)
        ):
            pace = given["pace"][number % len(given["pace"])]
            usual = float(ground.creep[ground.slope == row].max())
            held = full + self.between(given["hold_h"], HOUR_MS)
            slides.append(Slide(row, begins, full, held, pace / usual, given["fade_h"]))
            planted.append(Planted(SLIDE, row, begins, held, plain_ms=full, size=pace))
        return slides, planted

    def burst(self, water: Water) -> tuple[list[Burst], list[Planted]]:
        """Break mains in zones that the recording does not cover."""
        given, first = self.orders["burst"], water.recording.zones
        low, high = given["before_s"]
        early = self.start_ms - self.dice.uniform(low, high, given["first"]) * SECOND_MS
        whens = [*early.astype(int).tolist(), *self.trickle(self.start_ms, given["every_s"])]
        zones = self.some(np.arange(len(water.zone_row)) >= first)
        bursts, planted = [], []
        for zone, at in zip(zones, whens, strict=False):
            low, high = given["size"]
            size, ends = (
                self.dice.uniform(low, high),
                at + self.between(given["lasts_s"], SECOND_MS),
            )
            bursts.append(Burst(zone, at, ends, size))
            planted.append(Planted(LEAK, int(water.zone_row[zone]), at, ends, size=size))
        return bursts, planted


def members(registry: Registry, rows: list[int]) -> Mask:
    """Mark everything that is tied to the given rows, and the gateways that it speaks through."""
    tied = np.zeros(len(registry.id), bool)
    for one, other, _ in registry.relations.values():
        tied[one[np.isin(other, rows)]] = True
    through = registry.via[tied]
    tied[through[through >= 0]] = True
    return tied


def lanes_of(registry: Registry) -> Index:
    """Give the row of the lane that a device is part of, or a number of its own below 0."""
    lane = -1 - np.arange(len(registry.id))
    if "part_of" in registry.relations:
        one, other, _ = registry.relations["part_of"]
        lane[one] = other
    return lane


def recorded(water: Water, leaks: list[Truth]) -> list[Planted]:
    """Take over the leaks that the recording carries, zone by zone."""
    zones = range(min(water.recording.zones, len(water.zone_row)))
    return [
        Planted(
            LEAK,
            int(water.zone_row[z]),
            each.start_ms,
            each.end_ms,
            size=each.size,
            plain_ms=each.full_ms,
        )
        for z in zones
        for each in leaks
        if leaky(z, each)
    ]


def sets_of(text: str) -> Sets:
    """Read ``name=value;name=value``.

    >>> sets_of("occupied=1;mag=140")
    (('occupied', 1.0), ('mag', 140.0))
    """
    pairs = (each.split("=") for each in text.split(";") if each)
    return tuple((name, float(value)) for name, value in pairs)
