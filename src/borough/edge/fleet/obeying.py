"""What devices do when they are told to: a valve turns, or sticks, and the gas goes."""

import heapq
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from borough.core.observations import Index
from borough.core.registry import Registry
from borough.edge.fleet.marks import Marks
from borough.edge.fleet.noise import keys, share
from borough.edge.fleet.values import FOLDER, Columns

PACE, STUCK = 11, 12
"""What a draw is for: how long a valve takes, and whether it turns at all."""
REMEMBERED = 10_000
"""Commands of which a device still knows that it had them."""


def read_actuators() -> list[dict[str, Any]]:
    """Read what can be told to do something, and what follows."""
    actuators: list[dict[str, Any]] = tomllib.loads((FOLDER / "obey.toml").read_text("utf-8"))[
        "actuator"
    ]
    return actuators


class Told(NamedTuple):
    """A command as a device reads it."""

    device: str
    property: str
    errand: str
    value: float
    until_ms: int


@dataclass(frozen=True, slots=True)
class Calm:
    """Values of a class that fall while an actuator is in some state.

    ``by[i]`` is the row of the actuator that decides about thing *i*, or -1.
    """

    of: int
    property: str
    by: Index
    when: float
    to: float
    half_ms: float

    def apply(self, marks: Marks, name: str, row: Index, time: Index, columns: Columns) -> None:
        """Let the values fall, by half of what is left in each ``half_ms``."""
        by = self.by[row]
        since = np.where(by >= 0, marks.since[by], np.nan)
        said = marks.instead.get((int(marks.kind[by.max()]), name)) if by.max() >= 0 else None
        if said is None or not (since <= time).any():
            return
        state = np.where(by >= 0, said[marks.place[by]], np.nan)
        falls = (since <= time) & (state == self.when)
        left = 0.5 ** (np.maximum(time - np.nan_to_num(since), 0) / self.half_ms)
        value = columns[self.property]
        fallen = np.minimum(value, self.to + np.maximum(value - self.to, 0) * left)
        columns[self.property] = np.where(falls, fallen, value)


@dataclass(slots=True)
class Obeying:
    """Every actuator of the fleet: which commands it had, and what has become of them.

    ``marks`` holds the values that were commanded and stay until another command.
    """

    registry: Registry
    seed: int
    marks: Marks
    actuators: dict[tuple[int, str], dict[str, Any]]
    calms: list[tuple[str, Calm]]
    had: dict[str, None] = field(default_factory=dict)
    turning: list[tuple[int, int, int, str, float]] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: {"heard": 0, "again": 0, "late": 0, "stuck": 0, "obeyed": 0}
    )

    @classmethod
    def of(cls, registry: Registry, seed: int) -> Self:
        """Begin with everything as it usually is."""
        numbers = {kind.code: number for number, kind in enumerate(registry.kinds)}
        known = [each for each in read_actuators() if each["kind"] in numbers]
        calms = [
            (each["property"], calm_of(registry, numbers, each["kind"], one))
            for each in known
            for one in each.get("calms", ())
            if one["of"] in numbers
        ]
        actuators = {(numbers[each["kind"]], each["property"]): each for each in known}
        return cls(registry, seed, Marks.of(registry), actuators, calms)

    def hear(self, topic: str, payload: bytes, now_ms: int) -> tuple[int, bytes] | None:
        """Take a command in; give the row of its thing and the answer, None where it is noise.

        One that came before is answered and not done again; one whose time is up is not done.
        """
        told = read(topic, payload)
        row = -1 if told is None else self.registry.rows.get(told.device, -1)
        if told is None or row < 0:
            return None
        name = told.errand
        actuator = self.actuators.get((int(self.registry.kind[row]), told.property))
        if actuator is None:
            return row, answer(name, good=False, says="nothing here can do it")
        if name in self.had:
            self.counts["again"] += 1
            return row, answer(name)
        self.had[name] = None
        if len(self.had) > REMEMBERED:
            del self.had[next(iter(self.had))]
        if told.until_ms < now_ms:
            self.counts["late"] += 1
            return row, answer(name, good=False, says="it came too late")
        self.counts["heard"] += 1
        thing = self.registry.id[[row]]
        if share(keys(self.seed, thing, STUCK, 0))[0] < actuator["stuck"]:
            self.counts["stuck"] += 1
            return row, answer(name)
        low, high = actuator["takes_s"]
        takes = low + (high - low) * float(share(keys(self.seed, thing, PACE, now_ms))[0])
        due = now_ms + round(takes * 1000)
        heapq.heappush(self.turning, (due, self.counts["heard"], row, told.property, told.value))
        return row, answer(name)

    def until(self, now_ms: int) -> Iterator[tuple[int, int]]:
        """Turn what is due before *now_ms*; give each row that has turned, and when."""
        while self.turning and self.turning[0][0] < now_ms:
            at, _, row, name, value = heapq.heappop(self.turning)
            self.marks.begin(row, at, ((name, value),))
            self.counts["obeyed"] += 1
            yield row, at

    def apply(self, kind: int, row: Index, time: Index, columns: Columns) -> None:
        """Write what was commanded, and what follows from it, over the values of one class."""
        self.marks.apply(kind, row, time, columns)
        for name, calm in self.calms:
            if calm.of == kind and calm.property in columns:
                calm.apply(self.marks, name, row, time, columns)


def calm_of(registry: Registry, numbers: dict[str, int], kind: str, given: dict[str, Any]) -> Calm:
    """Work out which actuator decides about each thing."""
    by = np.full(len(registry.id), -1)
    if "over" in given:
        none = np.empty(0, np.int32)
        one, other, _ = registry.relations.get(given["over"], (none, none, none))
        mine = registry.kind[one] == numbers[kind]
        by[other[mine]] = one[mine]
    else:
        own = np.flatnonzero(registry.kind == numbers[kind])
        by[own] = own
    half_ms, to = given["half_s"] * 1000, float(given["to"])
    return Calm(numbers[given["of"]], given["property"], by, float(given["when"]), to, half_ms)


def read(topic: str, payload: bytes) -> Told | None:
    """Read a command; None where it is none."""
    try:
        _, _, device, name = topic.split("/")
        said = json.loads(payload)
        return Told(device, name, str(said["id"]), float(said["value"]), int(said["until"]))
    except (ValueError, KeyError, TypeError):
        return None


def answer(errand: str, *, good: bool = True, says: str = "") -> bytes:
    """Write what a device says of a command."""
    told: dict[str, Any] = {"id": errand} if good else {"id": errand, "ok": False, "says": says}
    return json.dumps(told).encode()
