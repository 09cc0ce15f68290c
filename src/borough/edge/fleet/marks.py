"""What is not as usual at a device for a while: a car on the lane, a cover open."""

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

    @classmethod
    def of(cls, registry: Registry) -> Self:
        """Begin with nothing marked."""
        order = np.argsort(registry.kind, kind="stable")
        sizes = np.bincount(registry.kind, minlength=len(registry.kinds))
        starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - starts
        return cls(registry.kind, place, np.full(len(order), np.nan))

    def begin(self, row: int, at: int, sets: Sets) -> None:
        """From *at* on, let a device say these values."""
        kind = int(self.kind[row])
        self.since[row] = at
        for name, value in sets:
            if (kind, name) not in self.instead:
                self.instead[kind, name] = np.full(np.count_nonzero(self.kind == kind), np.nan)
            self.instead[kind, name][self.place[row]] = value

    def end(self, row: int) -> None:
        """Let a device be as usual again."""
        self.since[row] = np.nan
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
        if DWELLS in columns:
            dwelt = np.maximum(time - since, 0) / 1000
            columns[DWELLS] = np.where(begun, dwelt, columns[DWELLS])
