"""The fleet at work: turn by turn, it says what its devices have to say."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from borough.core.happenings import BURST, DARKNESS, SILENCE, SLIDE
from borough.core.observations import Floats, Index, Mask
from borough.core.registry import Registry
from borough.edge.fleet.changes import Change, Changes
from borough.edge.fleet.devices import Devices
from borough.edge.fleet.history import pasts
from borough.edge.fleet.lines import Lines
from borough.edge.fleet.plan import Plan, Planted, course
from borough.edge.fleet.reports import Desk, batches
from borough.edge.fleet.schedule import Schedule

Decided = Callable[[Planted, float, int], None]
"""Told of a planted event, and at which moments (wall s, district ms) it was decided."""


@dataclass(slots=True)
class Fleet:
    """All devices of a registry, spoken for by the lines of their gateways.

    ``spoke`` and ``said`` are when each thing last said something, on the steady wall clock (s)
    and in the district's time (ms); NaN and 0 where it has not.
    """

    registry: Registry
    devices: Devices
    desk: Desk
    schedule: Schedule
    changes: Changes
    lines: Lines
    decided: Decided
    batch: dict[int, tuple[int, int]]
    quiet: Mask
    spoke: Floats
    said: Index
    begun_ms: int = 0
    counts: dict[str, int] = field(
        default_factory=lambda: {"reports": 0, "observations": 0, "answers": 0}
    )

    @classmethod
    def of(
        cls, registry: Registry, devices: Devices, plan: Plan, lines: Lines, decided: Decided,
        *, desk: Desk, seed: int, start_ms: int, begin_ms: int, batch: dict[str, Any],
    ) -> Self:  # fmt: skip
        """Bring the devices to life at a moment of the district.

        Those whose past was told go on where it ends, when the clock started; the others begin
        with what is due now.
        """
        batched = {
            number: (batch[kind.code]["readings"], round(batch[kind.code]["every_s"] * 1000))
            for number, kind in enumerate(registry.kinds)
            if kind.code in batch
        }
        things = len(registry.id)
        made = cls(
            registry, devices, desk, Schedule.of(registry, seed, start_ms),
            Changes.of(registry, plan.planted, seed, begin_ms), lines, decided, batched,
            np.zeros(things, bool), np.full(things, np.nan), np.zeros(things, np.int64),
        )  # fmt: skip
        told = {each.kind for each in pasts()}
        whole = np.array([kind.code in told for kind in registry.kinds])[registry.kind]
        made.schedule.skip(begin_ms, whole)
        made.begun_ms = begin_ms
        made.catch_up(begin_ms)
        return made

    def catch_up(self, start_ms: int) -> None:
        """Take on what was already going on when the clock starts, without a word."""
        for each in self.changes.until(start_ms):
            if each.planted is not None:
                self.turn_to(each.planted, each, float("nan"))
            elif each.begins:
                self.devices.marks.begin(each.row, each.at, each.sets)
            else:
                self.devices.marks.end(each.row)

    def step(self, now_ms: int, wall: float) -> None:
        """Say everything that is due before *now_ms*: first what happens, then the routine."""
        spoken = self.happen(now_ms, wall) | self.obey(now_ms, wall)
        rows, when = self.schedule.take(now_ms, self.quiet)
        if spoken:
            usual = ~np.isin(rows, list(spoken))
            rows, when = rows[usual], when[usual]
        routine: dict[int, list[bytes]] = defaultdict(list)
        for kind, mine in self.devices.by_kind(rows):
            row, bodies = self.written(kind, rows[mine], when[mine])
            carriers = self.desk.carrier[row].tolist()
            for carrier, packet in zip(carriers, self.desk.packets(row, bodies), strict=True):
                routine[carrier].append(packet)
        for carrier, packets in routine.items():
            self.lines.say(carrier, b"".join(packets), len(packets))
        self.spoke[rows], self.said[rows] = wall, when
        self.lines.flush(wall)

    def written(self, kind: int, row: Index, when: Index) -> tuple[Index, list[bytes]]:
        """Write the reports of one class; those that keep a day's readings send them as a list."""
        width = len(self.registry.kinds[kind].properties)
        if kind not in self.batch:
            self.count(len(row), width)
            return row, self.desk.bodies(kind, when, self.devices.say(kind, row, when))
        readings, every = self.batch[kind]
        back = np.arange(readings - 1, -1, -1) * every
        each, times = np.repeat(row, readings), (when[:, None] - back).ravel()
        self.count(len(each), width)
        bodies = self.desk.bodies(kind, times, self.devices.say(kind, each, times))
        return row, batches(bodies, readings)

    def count(self, reports: int, width: int) -> None:
        """Count reports and the observations in them."""
        self.counts["reports"] += reports
        self.counts["observations"] += reports * width

    def happen(self, now_ms: int, wall: float) -> set[int]:
        """Let happen what is due, and report it surely; give the rows that have spoken."""
        spoken: set[int] = set()
        for each in self.changes.until(now_ms):
            speaks = True
            if each.planted is not None:
                speaks = self.turn_to(each.planted, each, wall)
            elif each.begins:
                self.devices.marks.begin(each.row, each.at, each.sets)
            else:
                self.devices.marks.end(each.row)
            if speaks and not self.quiet[each.row]:
                self.insist(each.row, each.at, wall)
                spoken.add(each.row)
        return spoken

    def obey(self, now_ms: int, wall: float) -> set[int]:
        """Answer commands, and report what has turned; give the rows that have spoken."""
        obeying, desk = self.devices.obeying, self.desk
        while self.lines.heard:
            told = obeying.hear(*self.lines.heard.popleft(), now_ms)
            if told is not None and not self.quiet[told[0]]:
                topic = desk.names[told[0]].replace("d/", "a/", 1)
                self.lines.insist(int(desk.carrier[told[0]]), topic, told[1], wall)
                self.counts["answers"] += 1
        turned = [each for each in obeying.until(now_ms) if not self.quiet[each[0]]]
        for row, at in turned:
            self.insist(row, at, wall)
        return {row for row, _ in turned}

    def turn_to(self, planted: Planted, each: Change, wall: float) -> bool:
        """Begin or end a planted event; true where its device says so."""
        row = each.row
        if planted.how in {SILENCE, DARKNESS}:
            silent = np.flatnonzero(self.registry.via == row) if planted.how == DARKNESS else row
            if each.begins:
                self.decided(planted, float(self.spoke[row]), int(self.said[row]))
            if planted.how == DARKNESS:
                self.switch(row, wall, dark=each.begins)
            self.quiet[silent] = self.quiet[row] = each.begins
            return False
        if planted.how in {SLIDE, BURST}:
            if each.begins:
                self.hurry(planted, max(each.at, self.begun_ms))
                self.decided(planted, wall, each.at)
            return False
        if each.begins:
            self.devices.marks.begin(row, each.at, each.sets, course(planted))
            self.report_often(planted, each.at)
            if each.first:
                self.decided(planted, wall, each.at)
        else:
            self.devices.marks.end(row)
            self.schedule.calm(row)
        return True

    def report_often(self, planted: Planted, at: int) -> None:
        """Let a device report as fast as its happening says, if it says so."""
        every = planted.happening.orders.get("reports_s")
        if every and every * 1000 < self.schedule.interval[planted.row]:
            self.schedule.hurry(planted.row, round(every * 1000), max(at, self.begun_ms))

    def switch(self, row: int, wall: float, *, dark: bool) -> None:
        """Cut a gateway off or let it return; what it would have said waits for nobody."""
        if dark:
            self.lines.darken(row, wall)
        else:
            self.lines.light(row)

    def hurry(self, planted: Planted, now_ms: int) -> None:
        """Let the stations of a moving slope report as fast as they do in alarm."""
        one, other, _ = self.registry.relations.get("watches", (np.empty(0, np.int32),) * 3)
        if planted.how != SLIDE:
            return
        for row in one[other == planted.row].tolist():
            habit = self.changes.habits.get(self.registry.kinds[self.registry.kind[row]].code)
            if habit is not None and 0 < habit.hurry_s * 1000 < self.schedule.interval[row]:
                self.schedule.hurry(row, round(habit.hurry_s * 1000), now_ms)

    def insist(self, row: int, at: int, wall: float) -> None:
        """Report one device's state at a moment so that it must arrive."""
        kind, one = int(self.registry.kind[row]), np.array([row])
        _, bodies = self.written(kind, one, np.array([at]))
        self.lines.insist(int(self.desk.carrier[row]), self.desk.names[row], bodies[0], wall)
        self.spoke[row], self.said[row] = wall, at
