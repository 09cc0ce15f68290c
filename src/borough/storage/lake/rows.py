"""Rows of history as columns: what is asked for, what comes back, and how rows are put in order."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from borough.core.errors import BadBatch
from borough.core.observations import Floats, Index, Mask
from borough.core.sorting import in_order

MOST_SERIES = 1 << 27
"""A greater number is a mistake: whoever keeps 8 bytes for each would need 1 GB."""


@dataclass(frozen=True, slots=True)
class Points:
    """Rows of history: ``series`` int32, ``time`` int64 (ms, UTC), ``value`` float64.

    A reader gives them series by series, oldest first, no (series, time) twice.
    """

    series: NDArray[np.int32]
    time: NDArray[np.int64]
    value: Floats

    @classmethod
    def of(cls, series: ArrayLike, time: ArrayLike, value: ArrayLike) -> Self:
        """Take columns of any number type; `BadBatch` if their lengths differ."""
        columns = (
            np.asarray(series, np.int32),
            np.asarray(time, np.int64),
            np.asarray(value, np.float64),
        )
        if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
            msg = f"columns differ in shape: {[column.shape for column in columns]}"
            raise BadBatch(msg)
        return cls(*columns)

    def check_series(self) -> None:
        """`BadBatch` if a series number cannot be: they are dense and count from 0."""
        if len(self) and (self.series.min() < 0 or self.series.max() >= MOST_SERIES):
            msg = f"series numbers from {self.series.min()} to {self.series.max()} cannot be"
            raise BadBatch(msg)

    @classmethod
    def none(cls) -> Self:
        """No rows at all."""
        return cls.of([], [], [])

    @classmethod
    def joined(cls, parts: "list[Points]") -> Self:
        """Put the rows of several after each other."""
        if not parts:
            return cls.none()
        names = cls.__slots__
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def __len__(self) -> int:
        return len(self.series)

    def backwards(self) -> Self:
        """The same rows, last one first."""
        return self.pick(slice(None, None, -1))

    def pick(self, which: "Index | NDArray[np.bool_] | slice") -> Self:
        """Keep only the chosen rows."""
        return type(self)(self.series[which], self.time[which], self.value[which])


@dataclass(frozen=True, slots=True)
class Buckets:
    """What a stretch of history amounts to: one row for each bucket that holds anything.

    ``start`` is where the bucket begins (ms, UTC), ``count`` how many rows it holds;
    ``series`` is -1 where all series were taken together.
    """

    series: NDArray[np.int32]
    start: NDArray[np.int64]
    value: Floats
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.series)


def settled(rows: Points) -> Points:
    """Sort by series, newest first within each; of the same (series, time) the first row counts.

    Newest first, because the time column then packs into half the bytes: where one series
    ends and the next begins the difference is large and positive, which widens one small
    block of deltas instead of four.  Costs 0.02 s for a million rows that come newest
    first, 0.07 where one in twenty comes out of order, 0.13 in any other order.
    """
    sorted_rows = rows.pick(in_order(rows.series))
    same = _same(sorted_rows)
    if np.any(same & (sorted_rows.time[1:] > sorted_rows.time[:-1])):
        rows = rows.pick(np.argsort(-rows.time, kind="stable"))
        sorted_rows = rows.pick(in_order(rows.series))
        same = _same(sorted_rows)
    again = same & (sorted_rows.time[1:] == sorted_rows.time[:-1])
    return sorted_rows.pick(np.concatenate([[True], ~again])) if again.any() else sorted_rows


def _same(rows: Points) -> Mask:
    """Mark, between each row and the next, where both are of one series."""
    return np.asarray(rows.series[1:] == rows.series[:-1])


def read_order(rows: Points, newest: int | None = None) -> Points:
    """Turn settled rows into series by series, oldest first.

    With *newest*, only that many of the newest rows of each series are kept.
    """
    if newest is not None:
        starts = first_of_each(rows.series)
        lengths = np.diff(np.append(starts, len(rows)))
        rows = rows.pick(np.arange(len(rows)) - np.repeat(starts, lengths) < newest)
    rows = rows.backwards()
    return rows.pick(in_order(rows.series))


def distinct(column: NDArray[Any]) -> NDArray[Any]:
    """Each number once, in order; for numbers nearly in order ten times as fast as `np.unique`."""
    ordered = np.sort(column, kind="stable")
    return ordered[first_of_each(ordered)]


def first_of_each(sorted_column: NDArray[Any]) -> NDArray[np.intp]:
    """Where each run of equal values begins."""
    if not len(sorted_column):
        return np.empty(0, np.intp)
    return np.flatnonzero(np.concatenate([[True], sorted_column[1:] != sorted_column[:-1]]))
