"""Compares what the district said with what really happened."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any, Self

import numpy as np

from borough.core.clock import DistrictClock
from borough.core.happenings import ARRIVAL, DARKNESS, PLAIN, Expectation, Happening
from borough.core.registry import Registry
from borough.edge.fleet.plan import Planted

EARLY_MS = 2000
"""An alarm more than this before its time is no skill."""
RUNS_ON_MS = 3_600_000
"""After something ended, talk of it is still no invention for so long."""
Excused = Callable[[int, float], bool]
"""Whether the device in a row could not be heard at some time since a moment (wall ms)."""


@dataclass(slots=True)
class Expected:
    """One planted event that must be noticed; times are ms of the district, ``sent`` wall ms."""

    planted: Planted
    rule: Expectation
    thing: str
    sent: float
    held: int
    deadline: int
    seen: float | None = None
    late: bool = False
    latency: float | None = None

    @property
    def scene(self) -> str:
        """Who must notice it."""
        return self.planted.happening.scene

    @property
    def plain(self) -> int:
        """From when on word of it is no guess (ms)."""
        return self.held - EARLY_MS if self.rule.timed else self.planted.since_ms

    @property
    def found(self) -> bool:
        """Whether it was noticed in time."""
        return self.seen is not None and not self.late


@dataclass(slots=True)
class Score:
    """Keeps the book: what is expected, what was seen on the live stream, what was invented."""

    registry: Registry
    clock: DistrictClock
    rules: Mapping[str, list[Expectation]]
    planted: Mapping[tuple[str, str], list[Planted]]
    gateways: set[tuple[str, str]]
    excused: Excused
    expected: list[Expected] = field(default_factory=list)
    false: list[dict[str, Any]] = field(default_factory=list)
    echoes: int = 0
    cut_off: int = 0
    known: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls, registry: Registry, clock: DistrictClock, happenings: Sequence[Happening],
        planted: Iterable[Planted], excused: Excused,
    ) -> Self:  # fmt: skip
        """Begin with an empty book; *excused* knows of devices that could not speak.

        Of a scene that expects nothing of any happening, nothing is held to be false either.
        """
        rules: dict[str, list[Expectation]] = {}
        for happening in happenings:
            rules.setdefault(happening.scene, []).extend(happening.expects)
        truth: dict[tuple[str, str], list[Planted]] = {}
        gateways = set()
        for each in planted:
            scene = each.happening.scene
            if each.happening.expectation(each.size) is not None:
                truth.setdefault((scene, registry.key[each.subject]), []).append(each)
            if each.how == DARKNESS:
                behind = np.flatnonzero(registry.via == each.row).tolist()
                gateways |= {(scene, registry.key[row]) for row in behind}
        known = {scene: told for scene, told in rules.items() if told}
        return cls(registry, clock, known, truth, gateways, excused)

    def decided(self, planted: Planted, wall_ms: float, moment: int) -> None:
        """Take note that the deciding fact is out: sent at *wall_ms*, about *moment* (ms)."""
        rule = planted.happening.expectation(planted.size)
        if rule is None or (rule.timed and isnan(wall_ms)):
            return
        if rule.counts_from == ARRIVAL:
            moment = self.clock.now(wall_ms)
        hold = round(1000 * self.hold(planted.happening.scene, rule, planted.subject))
        if rule.counts_from == PLAIN:
            moment = planted.plain_ms or planted.since_ms
        ripe, start = moment + hold, self.clock.start_ms
        deadline = ripe + round(1000 * rule.patience_s)
        if ripe < start:
            deadline = start + round(1000 * rule.from_start_s)
        if planted.until_ms <= ripe:
            return
        thing = self.registry.key[planted.subject]
        self.expected.append(Expected(planted, rule, thing, wall_ms, ripe, deadline))

    @property
    def untimed(self) -> set[str]:
        """Scenes that may have known before anyone listened."""
        return {s for s, rules in self.rules.items() if not all(rule.timed for rule in rules)}

    def true(self, scene: str, thing: int) -> bool:
        """Tell whether something was planted on a thing, by its id, that the scene should see."""
        place = int(np.searchsorted(self.registry.id, thing))
        return (scene, self.registry.key[place]) in self.planted

    def hold(self, scene: str, rule: Expectation, row: int) -> float:
        """Say for how many seconds the rule itself asks for patience with a thing."""
        column = self.registry.parameters.get((scene, rule.parameter))
        if column is not None and not isnan(column[row]):
            return float(column[row])
        if rule.heartbeats:
            kind = self.registry.kinds[self.registry.kind[row]]
            return float(rule.heartbeats * kind.heartbeat_s)
        return rule.hold_s

    def seen(self, told: Mapping[str, Any], wall_ms: float, *, live: bool = True) -> None:
        """Judge one edge as it came, or without *live* a detection read off the list.

        That one counts from when it began, and proves no latency.
        """
        if not told["thing"]:  # an area that is out: it is judged by its members
            return
        level, scene = int(told["level"]), str(told["scene"])
        thing = self.registry.key[int(np.searchsorted(self.registry.id, int(told["thing"])))]
        if level < 1 or scene not in self.rules:
            return
        now = self.clock.now(wall_ms) if live else int(told["began_ms"])
        match = False
        for each in self.expected:
            if (each.scene, each.thing) != (scene, thing) or each.found or (live and each.late):
                continue
            if now >= each.held - EARLY_MS or not each.rule.timed:
                match = True
                if level >= each.rule.level:
                    each.seen, each.late = wall_ms, now > each.deadline
                    if live and each.rule.timed:
                        each.latency = wall_ms - max(each.sent, self.clock.wall(each.held))
        name = str(told["id"])
        if name in self.known:
            return
        self.known.add(name)
        if not match and not self.explained(scene, thing, now) and not self.cut(scene, thing, now):
            self.false.append({"scene": scene, "thing": thing, "level": level, "now": now})

    def listed(self, told: Mapping[str, Any], wall_ms: float) -> None:
        """Judge a detection read off the list at the end, by its worst level if it is over.

        One that is over counts only where it began after something was planted on its thing.
        """
        if told["ended_ms"] is None:
            self.seen(told, wall_ms, live=False)
            return
        row = int(np.searchsorted(self.registry.id, int(told["thing"])))
        about = (told["scene"], self.registry.key[row])
        mine = [each for each in self.expected if (each.scene, each.thing) == about]
        if any(each.plain <= int(told["began_ms"]) for each in mine):
            self.seen({**told, "level": told["worst"]}, wall_ms, live=False)

    def cut(self, scene: str, thing: str, now: int) -> bool:
        """Tell whether a silent device was cut off by a lost connection, and count it."""
        rule = next((rule for rule in self.rules[scene] if rule.heartbeats), None)
        if rule is None:
            return False
        row = self.registry.rows[thing]
        patience = self.hold(scene, rule, row) + rule.patience_s
        excused = self.excused(row, self.clock.wall(now - 1000 * patience))
        self.cut_off += excused
        return excused

    def explained(self, scene: str, thing: str, now: int) -> bool:
        """Tell whether something planted stands behind a detection that matched nothing open."""
        if (scene, thing) in self.gateways:
            self.echoes += 1
            return True
        about = [e for e in self.expected if (e.scene, e.thing) == (scene, thing)]
        if about:
            return any(e.plain <= now <= e.planted.until_ms + RUNS_ON_MS for e in about)
        events = self.planted.get((scene, thing), [])
        return any(e.since_ms <= now <= e.until_ms + RUNS_ON_MS for e in events) and not any(
            rule.timed for e in events for rule in e.happening.expects
        )

    def result(self, wall_ms: float) -> dict[str, Any]:
        """Sum up at the end of a run, in numbers and lists."""
        now = self.clock.now(wall_ms)
        due = [each for each in self.expected if each.deadline <= now]
        late = sorted(e.latency for e in self.expected if e.latency is not None)
        scenes = {}
        for scene in sorted(self.rules):
            mine = [each for each in due if each.scene == scene]
            took = [e.latency for e in self.expected if e.scene == scene and e.latency is not None]
            scenes[scene] = {
                "expected": len(mine),
                "found": sum(each.found for each in mine),
                "found_late": sum(each.late for each in mine),
                "found_before_due": sum(
                    each.found and each.deadline > now
                    for each in self.expected
                    if each.scene == scene
                ),
                "false": sum(each["scene"] == scene for each in self.false),
                "latency_p50_ms": percentile(took, 50),
                "latency_p99_ms": percentile(took, 99),
            }
        return {
            "detections_expected": len(due),
            "detections_found": sum(each.found for each in due),
            "detections_false": len(self.false),
            "echoes": self.echoes,
            "cut_off": self.cut_off,
            "latency_p50_ms": percentile(late, 50),
            "latency_p99_ms": percentile(late, 99),
            "scenes": scenes,
            "missed": [described(each) for each in due if not each.found],
            "false": self.false,
        }


def percentile(values: list[float], part: float) -> float | None:
    """Give a percentile to a tenth of a millisecond, or nothing where nothing was measured."""
    return round(float(np.percentile(values, part)), 1) if values else None


def described(each: Expected) -> dict[str, Any]:
    """Say in plain words what was expected."""
    return {
        "scene": each.scene,
        "thing": each.thing,
        "what": each.planted.happening.name,
        "size": each.planted.size,
        "since": each.planted.since_ms,
        "deadline": each.deadline,
        "late": each.late,
    }
