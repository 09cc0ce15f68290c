"""What is not as usual at a device for a while: a car on the lane, a cover open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from borough.core.observations import Floats, Index
from borough.core.registry import Registry
from borough.edge.fleet.values import Columns

DWELLS = "dwell"
"""The property that says, in seconds, how long a device has been as it is."""

Sets = tuple[tuple[str, float], ...]
"""Properties and the values that they hold meanwhile."""


@dataclass(frozen=True, slots=True)
class Course:
    """Values that change while something lasts: by property, shares of its time and values there.

    Between two of them a value goes straight.
    """

    since_ms: int
    until_ms: int
    curves: Mapping[str, Floats]

    def at(self, name: str, time: Index) -> Floats:
        """Give a property's values at some moments (ms)."""
        share, value = self.curves[name]
        part = (time - self.since_ms) / (self.until_ms - self.since_ms)
        return np.asarray(np.interp(part, share, value), np.float64)


@dataclass(slots=True)
class Marks:
    """Values that stand in for the usual ones, by class and property; NaN where all is usual.

    ``place`` numbers the things of each class from 0; ``since`` (ms) is NaN where nothing is
    marked.
    """

    kind: Index
    place: Index
    since: Floats
    instead: dict[tuple[int, str], Floats] = field(default_factory=dict)
    courses: dict[int, Course] = field(default_factory=dict)

    @classmethod
    def of(cls, registry: Registry) -> Self:
        """Begin with nothing marked."""
        order = np.argsort(registry.kind, kind="stable")
        sizes = np.bincount(registry.kind, minlength=len(registry.kinds))
        starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - starts
        return cls(registry.kind, place, np.full(len(order), np.nan))

    def begin(self, row: int, at: int, sets: Sets, course: Course | None = None) -> None:
        """From *at* on, let a device say these values, and go along with a course of others."""
        kind = int(self.kind[row])
        if course is not None:
            self.courses[row] = course
        self.since[row] = at
        for name, value in sets:
            if (kind, name) not in self.instead:
                self.instead[kind, name] = np.full(np.count_nonzero(self.kind == kind), np.nan)
            self.instead[kind, name][self.place[row]] = value

    def end(self, row: int) -> None:
        """Let a device be as usual again."""
        self.since[row] = np.nan
        self.courses.pop(row, None)
        for (kind, _), column in self.instead.items():
            if kind == self.kind[row]:
                column[self.place[row]] = np.nan

    def apply(self, kind: int, row: Index, time: Index, columns: Columns) -> None:
        """Write what is marked over the usual values of one class."""
        since = self.since[row]
        begun = since <= time
        if not begun.any():
            return
        for (of, name), column in self.instead.items():
            if of == kind and name in columns:
                value = column[self.place[row]]
                columns[name] = np.where(begun & ~np.isnan(value), value, columns[name])
        if self.courses:
            self.follow(row, time, columns)
        if DWELLS in columns:
            dwelt = np.maximum(time - since, 0) / 1000
            columns[DWELLS] = np.where(begun, dwelt, columns[DWELLS])

    def follow(self, row: Index, time: Index, columns: Columns) -> None:
        """Write what goes along a course over the usual values."""
        for place in np.flatnonzero(np.isin(row, list(self.courses))).tolist():
            course = self.courses[int(row[place])]
            for name in course.curves.keys() & columns.keys():
                columns[name][place] = course.at(name, time[place])
