"""What happens in the district that nobody else knows: planted events and decoys."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from zlib import crc32

import numpy as np
from numpy.random import Generator

from borough.core.happenings import BURST, DARKNESS, SILENCE, SLIDE, VALUES, Happening
from borough.core.observations import Index, Mask
from borough.core.registry import Registry
from borough.edge.fleet.ground import Ground, Slide
from borough.edge.fleet.marks import Course, Sets
from borough.edge.fleet.values import FOLDER, HOUR_MS
from borough.edge.fleet.water import Burst, Water, leaky
from borough.edge.twin import Truth

SECOND_MS = 1000
Orders = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing that happens: what, to which row of the registry, from when until when (ms).

    ``plain_ms`` is from when on it was at its full, where that came later; ``gap`` is when it
    only seemed over for a moment.  ``size`` is what its kind measures: m3/h of a burst, mm/d of
    a slide, otherwise 0.  ``about`` is the row that word of it is about, where that is another.
    """

    happening: Happening
    row: int
    since_ms: int
    until_ms: int
    gap: tuple[int, int] | None = None
    size: float = 0.0
    plain_ms: int = 0
    about: int = -1

    @property
    def how(self) -> str:
        """What kind of thing happens."""
        return self.happening.how

    @property
    def subject(self) -> int:
        """The row that word of it is about."""
        return self.row if self.about < 0 else self.about


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is planted, in order of its beginning, and the slides and bursts behind it."""

    planted: tuple[Planted, ...]
    slides: tuple[Slide, ...]
    bursts: tuple[Burst, ...]

    def truth(self, registry: Registry) -> list[dict[str, Any]]:
        """Say it in plain words, for a report."""
        return [
            {
                "scene": each.happening.scene,
                "what": each.happening.name,
                "row": each.row,
                "thing": registry.key[each.row],
                "about": registry.key[each.subject],
                "since_ms": each.since_ms,
                "until_ms": each.until_ms,
                "plain_ms": each.plain_ms,
                "gap": each.gap,
                "size": each.size,
            }
            for each in self.planted
        ]


def read_orders() -> Orders:
    """Read what the fleet does besides what the scenes let happen."""
    return tomllib.loads((FOLDER / "plan.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Planner:
    """Draws events for one registry, as the scenes' happenings order them; moments are in ms."""

    registry: Registry
    happenings: Sequence[Happening]
    seed: int
    start_ms: int
    begin_ms: int
    until_h: float

    @classmethod
    def of(
        cls, registry: Registry, happenings: Sequence[Happening], seed: int, start_ms: int,
        begin_ms: int = 0,
    ) -> Self:  # fmt: skip
        """Plan for a clock that starts at one moment and a fleet that begins to speak at another.

        Slides and bursts hang on the first, so that they agree with a prepared past; all else
        on the second, so that nothing is over before anybody could have heard of it.
        """
        begin = max(start_ms, begin_ms)
        return cls(registry, happenings, seed, start_ms, begin, read_orders()["until_h"])

    def draw(self, water: Water, ground: Ground, leaks: list[Truth]) -> Plan:
        """Draw all events; the same seed gives the same plan."""
        slides, bursts, lasting, dark, silent = [], [], [], [], []
        stands = np.zeros(len(self.registry.id), bool)
        for each in self.of_kind(SLIDE):
            more, planted = self.chance(each).slid(ground, stands)
            slides += more
            lasting += planted
        for each in self.of_kind(BURST):
            broken, planted = self.chance(each).burst(water, self.start_ms)
            bursts += broken
            lasting += planted + recorded(each, water, leaks)
        needed = members(self.registry, [each.row for each in lasting])
        for each in self.of_kind(DARKNESS):
            dark += self.chance(each).darkened(needed)
        taken = np.isin(self.registry.via, [each.row for each in dark]) | needed
        changed = self.changed(taken)
        taken[[each.row for each in changed]] = True
        for each in self.of_kind(SILENCE):
            silent += self.chance(each).silenced(taken)
            taken[[planted.row for planted in silent]] = True
        planted = [*lasting, *dark, *changed, *silent]
        planted.sort(key=lambda each: (each.since_ms, each.row))
        return Plan(tuple(planted), tuple(slides), tuple(bursts))

    def of_kind(self, how: str) -> list[Happening]:
        """Pick the happenings of one kind."""
        return [each for each in self.happenings if each.how == how]

    def chance(self, of: Happening) -> "Chance":
        """Give a happening dice of its own, so that another scene changes nothing for it."""
        own = crc32(f"{of.scene}/{of.name}".encode())
        dice = np.random.default_rng([self.seed, self.start_ms // SECOND_MS, own])
        return Chance(of, self.registry, dice, self.start_ms, self.begin_ms, self.until_h)

    def changed(self, taken: Mask) -> list[Planted]:
        """Plant other values on devices, in order of time, each device and lane but once."""
        chances = [self.chance(each) for each in self.of_kind(VALUES)]
        whens = sorted((at, n) for n, each in enumerate(chances) for at in each.moments())
        rows = [each.fit(taken) for each in chances]
        used: set[tuple[str, int]] = set()
        busy: set[int] = set()
        made: list[Planted] = []
        for since, number in whens:
            chance, apart = chances[number], chances[number].ends("apart")
            name = chance.orders.get("apart", "")
            for row in rows[number]:
                if row not in busy and (name, int(apart[row])) not in used:
                    used.add((name, int(apart[row])))
                    busy.add(row)
                    made.append(chance.one(row, since))
                    break
        return made


@dataclass(frozen=True, slots=True)
class Chance:
    """Draws when and where one kind of happening befalls a district, and for how long."""

    of: Happening
    registry: Registry
    dice: Generator
    start_ms: int
    begin_ms: int
    until_h: float

    @property
    def orders(self) -> Orders:
        """How many, how often, how long."""
        return self.of.orders

    def moments(self) -> Iterator[int]:
        """Give the beginnings: the first ones within their span, then now and again."""
        first, last = self.orders["between"]
        drawn = self.begin_ms + self.dice.uniform(first, last, self.orders["first"]) * SECOND_MS
        yield from sorted(drawn.astype(int).tolist())
        yield from self.trickle(self.begin_ms + last * SECOND_MS)

    def trickle(self, now: float) -> Iterator[int]:
        """Give moments that follow each other at random."""
        last = now + self.until_h * HOUR_MS
        while (now := now + self.dice.exponential(self.orders["every_s"]) * SECOND_MS) < last:
            yield int(now)

    def between(self, span: tuple[float, float], unit_ms: int) -> int:
        """Draw a length within a span, in ms."""
        low, high = span
        return round(float(self.dice.uniform(low, high)) * unit_ms)

    def some(self, which: Mask, taken: Mask) -> Iterator[int]:
        """Give marked rows in random order, none twice, and pass over those that are taken.

        The order hangs on what is marked alone, so that what is taken moves nothing else.
        """
        order = self.dice.permutation(np.flatnonzero(which))
        return iter(order[~taken[order]].tolist())

    def fit(self, taken: Mask) -> Iterator[int]:
        """Give free devices that can say one of the values, in random order."""
        orders = self.orders
        able = [
            kind.code in orders["kinds"] and bool(orders["values"].keys() & codes(kind.properties))
            for kind in self.registry.kinds
        ]
        tied = np.ones(len(taken), bool) if "about" not in orders else self.ends("about") >= 0
        return self.some(np.array(able)[self.registry.kind] & tied, taken)

    def ends(self, order: str) -> Index:
        """Give the row at the other end of a named relation, or a number of its own below 0."""
        return other_ends(self.registry, self.orders.get(order, ""))

    def one(self, row: int, since: int) -> Planted:
        """Let it befall one device from a moment on."""
        orders, long = self.orders, self.between(self.orders["lasts_s"], SECOND_MS)
        about = int(self.ends("about")[row]) if "about" in orders else -1
        plain = since + round(orders["plain"] * long) if "plain" in orders else 0
        gap = self.gap(since, long) if "gap" in orders else None
        return Planted(self.of, row, since, since + long, gap, plain_ms=plain, about=about)

    def gap(self, since: int, long: int) -> tuple[int, int] | None:
        """Now and then, let it seem over for a moment."""
        if self.dice.random() >= self.orders["gap"]:
            return None
        begins = since + round(long * self.dice.uniform(0.1, 0.8))
        return begins, begins + self.between(self.orders["gap_s"], SECOND_MS)

    def silenced(self, taken: Mask) -> list[Planted]:
        """Let devices of chatty classes fall silent, none of them twice."""
        kinds, most = self.registry.kinds, self.orders["heartbeat_s"]
        chatty = [kind.role == "device" and 0 < kind.heartbeat_s <= most for kind in kinds]
        return self.quieted(np.array(chatty)[self.registry.kind], taken)

    def darkened(self, needed: Mask) -> list[Planted]:
        """Let gateways go dark, but none that a planted slide or leak speaks through."""
        gateways = np.array([kind.role == "gateway" for kind in self.registry.kinds])
        return self.quieted(gateways[self.registry.kind], needed)

    def quieted(self, which: Mask, taken: Mask) -> list[Planted]:
        """Let some of the marked rows say nothing for a while."""
        pairs = zip(self.moments(), self.some(which, taken), strict=False)
        return [
            Planted(self.of, row, at, at + self.between(self.orders["lasts_s"], SECOND_MS))
            for at, row in pairs
        ]

    def slid(self, ground: Ground, taken: Mask) -> tuple[list[Slide], list[Planted]]:
        """Let slopes gather pace: some are at it when the clock starts, others begin later."""
        given, start = self.orders, self.start_ms
        stands = ground.slope >= 0
        low, high = given["creep"]
        fit = np.zeros(len(stands), bool)
        fit[ground.slope[stands & (ground.creep >= low) & (ground.creep <= high)]] = True
        drawn = [start - self.between(given["before_h"], HOUR_MS) for _ in range(given["first"])]
        early = [(full - self.between(given["rise_h"], HOUR_MS), full) for full in drawn]
        later = self.trickle(start)
        late = [(at, at + self.between(given["rise_h"], HOUR_MS)) for at in later]
        slides, planted = [], []
        for number, (row, (begins, full)) in enumerate(
            zip(self.some(fit, taken), early + late, strict=False)
        ):
            pace = given["pace"][number % len(given["pace"])]
            usual = float(ground.creep[ground.slope == row].max())
            held = full + self.between(given["hold_h"], HOUR_MS)
            slides.append(Slide(row, begins, full, held, pace / usual, given["fade_h"]))
            planted.append(Planted(self.of, row, begins, held, plain_ms=full, size=pace))
            taken[row] = True
        return slides, planted

    def burst(self, water: Water, start: int) -> tuple[list[Burst], list[Planted]]:
        """Break mains in zones that the recording does not cover."""
        given, first = self.orders, water.recording.zones
        low, high = given["before_s"]
        early = start - self.dice.uniform(low, high, given["first"]) * SECOND_MS
        whens = [*early.astype(int).tolist(), *self.trickle(start)]
        zones = self.some(
            np.arange(len(water.zone_row)) >= first, np.zeros(len(water.zone_row), bool)
        )
        bursts, planted = [], []
        for zone, at in zip(zones, whens, strict=False):
            size = self.dice.uniform(*given["size"])
            ends = at + self.between(given["lasts_s"], SECOND_MS)
            bursts.append(Burst(zone, at, ends, size))
            planted.append(Planted(self.of, int(water.zone_row[zone]), at, ends, size=size))
        return bursts, planted


def codes(properties: Sequence[Any]) -> set[str]:
    """Give the names of properties."""
    return {each.code for each in properties}


def members(registry: Registry, rows: list[int]) -> Mask:
    """Mark everything that is tied to the given rows, and the gateways that it speaks through."""
    tied = np.zeros(len(registry.id), bool)
    for one, other, _ in registry.relations.values():
        tied[one[np.isin(other, rows)]] = True
    through = registry.via[tied]
    tied[through[through >= 0]] = True
    return tied


def other_ends(registry: Registry, relation: str) -> Index:
    """Give the row to which a relation ties each thing, or a number of its own below 0."""
    ends = -1 - np.arange(len(registry.id))
    if relation in registry.relations:
        one, other, _ = registry.relations[relation]
        ends[one] = other
    return ends


def recorded(of: Happening, water: Water, leaks: list[Truth]) -> list[Planted]:
    """Take over the leaks that the recording carries, zone by zone."""
    zones = range(min(water.recording.zones, len(water.zone_row)))
    return [
        Planted(
            of,
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


def course(planted: Planted) -> Course | None:
    """Give the course that a planted event's values take; nothing where they stand still."""
    values = planted.happening.orders.get("values", {})
    curves = {name: np.array(v, float).T for name, v in values.items() if isinstance(v, list)}
    return Course(planted.since_ms, planted.until_ms, curves) if curves else None


def sets_of(text: str) -> Sets:
    """Read ``name=value;name=value``.

    >>> sets_of("occupied=1;mag=140")
    (('occupied', 1.0), ('mag', 140.0))
    """
    pairs = (each.split("=") for each in text.split(";") if each)
    return tuple((name, float(value)) for name, value in pairs)
