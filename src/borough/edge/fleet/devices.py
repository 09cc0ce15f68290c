"""Every device of the district: what each would say at any moment."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from borough.core.observations import Floats, Index
from borough.core.registry import Registry
from borough.edge.fleet.ground import STATION, Ground, Slide
from borough.edge.fleet.marks import Marks
from borough.edge.fleet.obeying import Obeying
from borough.edge.fleet.traffic import Traffic
from borough.edge.fleet.values import FOLDER, Columns, Pattern, rules
from borough.edge.fleet.water import Burst, Water
from borough.edge.fleet.weather import Weather
from borough.edge.twin import load, truth

METER, FLOW = "water_flow", "flow"
GAUGE = "rain"


def feeds() -> dict[str, Any]:
    """Read what stands behind the special classes."""
    return tomllib.loads((FOLDER / "feeds.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Devices:
    """Asks patterns, recordings, marks and commands for the values of devices of one class."""

    registry: Registry
    patterns: tuple[Pattern, ...]
    water: Water
    ground: Ground
    weather: Weather
    traffic: Traffic
    marks: Marks
    obeying: Obeying

    @classmethod
    def of(cls, registry: Registry, seed: int) -> Self:
        """Prepare the fleet of a registry; the same seed gives the same values for ever."""
        given, known = feeds(), rules()
        name = given["water"]["recording"]
        return cls(
            registry,
            tuple(Pattern.of(kind, known, seed) for kind in registry.kinds),
            Water.of(registry, load(name), truth(name), given["water"], seed),
            Ground.of(registry, given["ground"], seed),
            Weather(given["rain"], seed),
            Traffic.of(given["traffic"], seed),
            Marks.of(registry),
            Obeying.of(registry, seed),
        )

    def moved_by(self, slides: Sequence[Slide], bursts: Sequence[Burst]) -> Self:
        """Let slopes slide and mains break, as somebody planned it."""
        return replace(self, ground=self.ground.sliding(slides), water=self.water.bursting(bursts))

    def say(self, kind: int, row: Index, time: Index) -> Columns:
        """Give what devices of class number *kind* say at their moments (ms), by property."""
        thing = self.registry.id[row]
        columns = self.patterns[kind].at(thing, time)
        code = self.registry.kinds[kind].code
        if code == METER:
            columns[FLOW] = self.water.flow(row, time)
        elif code == STATION:
            self.ground.fill(row, time, columns)
        elif code == GAUGE:
            self.weather.fill(thing, time, columns)
        elif code == self.traffic.given["kind"]:
            columns[self.traffic.given["property"]] = self.traffic.speed(thing, time)
        self.marks.apply(kind, row, time, columns)
        self.obeying.apply(kind, row, time, columns)
        # A model may know more than a district's class declares.
        return {each.code: columns[each.code] for each in self.registry.kinds[kind].properties}

    def one(self, kind: int, code: str, row: Index, time: Index) -> Floats:
        """Give only one property, by its quickest way; marks are left out."""
        if self.registry.kinds[kind].code == METER and code == FLOW:
            return self.water.flow(row, time)
        return self.say(kind, row, time)[code]

    def by_kind(self, row: Index) -> list[tuple[int, Index]]:
        """Split rows by class: its number, and where among the rows its devices are."""
        kind = self.registry.kind[row]
        order = np.argsort(kind, kind="stable")
        found, starts = np.unique(kind[order], return_index=True)
        parts = np.split(order, starts[1:]) if len(found) else []
        return list(zip(found.tolist(), parts, strict=True))
