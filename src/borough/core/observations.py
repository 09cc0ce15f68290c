"""Observations: what things reported, as columns, in the order in which the journal holds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BadBatch
from borough.core.tunings import Tuned

Index = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Values = float | Floats
"""One number for all, or one for each row."""
Millis = int | Index
"""A moment, or one for each row: milliseconds since the epoch, UTC, in the district's time."""

COLUMNS = {"position": "i8", "arrived": "i8", "series": "i4", "time": "i8", "value": "f8"}
REPORT_BITS = 24
"""A position is the journal's sequence number, then this many bits for the report in a frame."""


@dataclass(frozen=True, slots=True)
class Series:
    """Every (thing, property) that the district hears; its place in the columns is its number.

    ``thing`` is an int64 id; ``property`` and ``source`` are places in ``properties`` and
    ``sources``, the names of what is reported and of the class that reports it.  What a class
    declares about time stands here for each of its series: ``late_ms``, how far a row may lag
    behind the newest and still count, and ``patience_ms``, how long we go on believing the
    last word of a thing that has fallen silent.  ``speaks`` tells of each source whether its
    things report by themselves, as devices and gateways do; where it is empty, all do.
    """

    thing: Index
    property: Index
    source: Index
    late_ms: Index
    patience_ms: Index
    properties: tuple[str, ...]
    sources: tuple[str, ...]
    speaks: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """A stretch of the journal: row *i* says that ``series[i]`` was ``value[i]`` at ``time[i]``.

    The rows that one thing sent about one moment are a report and share a ``position``:
    who writes the journal decides what is a report, who reads it never does.  ``arrived``
    is when the journal took the report in.  Times are int64 milliseconds, UTC.
    """

    position: Index
    arrived: Index
    series: Index
    time: Index
    value: Floats

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in COLUMNS}
        if len(set(lengths.values())) > 1:
            msg = f"columns differ in length: {lengths}"
            raise BadBatch(msg)

    @classmethod
    def of(cls, rows: Sequence[tuple[float, ...]]) -> Self:
        """Build a batch from ``(position, arrived, series, time, value)`` rows."""
        table = np.array(rows, dtype=list(COLUMNS.items()))
        return cls(*(table[name] for name in COLUMNS))

    @property
    def last(self) -> int:
        """Where in the journal it ends; -1 if there is nothing in it."""
        return int(self.position.max(initial=-1))

    def pick(self, which: Mask | Index) -> Self:
        """Keep only the chosen rows."""
        return type(self)(*(getattr(self, name)[which] for name in COLUMNS))


@dataclass(frozen=True, slots=True)
class Now:
    """A record that says only what time it is, in ms; ``last`` is its place in the journal."""

    last: int
    time: int


Record = Batch | Now | Tuned


@dataclass(frozen=True, slots=True)
class Tick:
    """One report from each of some things, no thing twice, by property; NaN is "not said".

    ``row`` numbers the things of one scene from 0; ``arrived`` is when we heard of it.
    ``time`` and ``arrived`` are seconds as float64, so that a rule can do arithmetic with NaN.
    """

    row: Index
    position: Index
    time: Floats
    arrived: Floats
    values: dict[str, Floats]

    def __getitem__(self, name: str) -> Floats:
        return self.values[name]
