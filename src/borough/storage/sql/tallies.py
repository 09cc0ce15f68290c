"""How many open cases there are of what: columns of those that are alike, counted in one go."""

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Self

import numpy as np
from sqlalchemy import Connection, Select, select

from borough.core.observations import Index, Mask
from borough.core.queue import Counts
from borough.storage.sql.queue_table import FACETS, open_counts

_C = open_counts.c
_NUMBERS = select(_C.id, _C.open).where(_C.open != 0)
_ALIKE = select(_C.id, *(_C[name] for name in FACETS)).order_by(_C.id)


@dataclass(frozen=True, slots=True)
class Alikes:
    """Kinds of cases as columns: for each facet the values there are, and which each row has."""

    values: Mapping[str, Sequence[Any]]
    codes: Mapping[str, Index]

    @classmethod
    def of(cls, rows: Sequence[Sequence[Any]]) -> Self:
        """Lay out rows whose first values are those of `FACETS`, in that order."""
        named = zip(FACETS, zip(*rows, strict=True) if rows else [()] * len(FACETS), strict=False)
        columns: dict[str, Sequence[Any]] = dict(named)
        columns["step"] = tuple(zip(columns.pop("plan"), columns["step"], strict=True))
        values: dict[str, Sequence[Any]] = {}
        codes: dict[str, Index] = {}
        for name, column in columns.items():
            places: dict[Any, int] = defaultdict(itertools.count().__next__)
            codes[name] = np.fromiter(map(places.__getitem__, column), np.int64, len(column))
            values[name] = list(places)
        return cls(values, codes)

    @property
    def kinds(self) -> int:
        """How many there are."""
        return len(self.codes["step"])

    def fits(self, wishes: Mapping[str, Collection[Any]]) -> Mask:
        """Tell of each row whether it meets every wish."""
        fits = np.ones(self.kinds, bool)
        for miss in self._misses(wishes).values():
            fits &= ~miss
        return fits

    def _misses(self, wishes: Mapping[str, Collection[Any]]) -> dict[str, Mask]:
        return {
            name: np.array([each not in wanted for each in self.values[name]], bool)[
                self.codes[name]
            ]
            for name, wanted in wishes.items()
        }

    def counted(self, number: Index, wishes: Mapping[str, Collection[Any]]) -> tuple[int, Counts]:
        """Count all that meet every wish; and by each facet those that meet all others."""
        misses = self._misses(wishes)
        wrong = np.zeros(len(number), np.int64)
        for miss in misses.values():
            wrong += miss
        counts: dict[str, dict[Any, int]] = {}
        for name, values in self.values.items():
            fits = wrong - misses[name] == 0 if name in misses else wrong == 0
            found = np.bincount(self.codes[name][fits], number[fits], len(values))
            pairs = zip(values, found.astype(np.int64).tolist(), strict=True)
            counts[name] = {value: each for value, each in pairs if each}
        return int(number[wrong == 0].sum()), counts


class Tallies:
    """The counts that are kept; what a row of theirs stands for is read once, for it stays so."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ids = np.empty(0, np.int64)
        self._alikes = Alikes.of([])

    def counted(
        self, connection: Connection, wishes: Mapping[str, Collection[Any]]
    ) -> tuple[int, Counts]:
        """Count the open cases; see `Alikes.counted`."""
        rows = numbers(connection, _NUMBERS, 2)
        alikes, places = self.placed(connection, rows[:, 0])
        number = np.zeros(alikes.kinds, np.int64)
        number[places] = rows[:, 1]
        return alikes.counted(number, wishes)

    def placed(self, connection: Connection, ids: Index) -> tuple[Alikes, Index]:
        """Give all kinds of cases, and which of them those rows of the counts stand for."""
        with self._lock:
            if not np.isin(ids, self._ids).all():
                kept = connection.execute(_ALIKE).all()
                self._ids = np.array([row[0] for row in kept], np.int64)
                self._alikes = Alikes.of([row[1:] for row in kept])
            return self._alikes, self._ids.searchsorted(ids)


def numbers(connection: Connection, asked: Select[Any], width: int) -> Index:
    """Fetch rows of so many whole numbers each."""
    flat = itertools.chain.from_iterable(connection.execute(asked).cursor.fetchall())
    return np.fromiter(flat, np.int64).reshape(-1, width)
