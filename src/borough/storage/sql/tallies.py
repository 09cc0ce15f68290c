"""How many open cases there are of what: columns of those that are alike, counted in one go."""

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Self

import numpy as np
from sqlalchemy import ColumnElement, Connection, LargeBinary, Table, case, func, literal, select

from borough.core.observations import Index, Mask
from borough.core.queue import Counts
from borough.storage.sql.queue_table import FACETS, WORDS, open_counts

_C = open_counts.c
_APART = "\x1f"
"""Stands between the words of a name; no code has it."""


def kind(table: Table) -> ColumnElement[str]:
    """Name what a row is counted by in one word, so that the database need not look it up."""
    words = [table.c[name] + literal(_APART) for name in WORDS]
    named: ColumnElement[str] = sum(words[1:], words[0])
    return named + case((table.c.urgent, "1"), else_="0")


def packed(first: ColumnElement[int], second: ColumnElement[int]) -> ColumnElement[bytes]:
    """Give two whole numbers of each row in one value; see `unpacked`.

    It is for PostgreSQL, of which taking up thousands of rows costs more than a page.
    """
    pair = func.int8send(first).op("||")(func.int8send(second))
    return func.string_agg(pair, b"", type_=LargeBinary)


def unpacked(value: bytes | None) -> Index:
    """Give rows of two numbers each, as PostgreSQL packed them."""
    return np.frombuffer(value or b"", ">i8").reshape(-1, 2).astype(np.int64)


_NUMBERS = select(_C.id, _C.open).where(_C.open != 0)
_PACKED = select(packed(_C.id, _C.open)).where(_C.open != 0)
_ALIKE = select(_C.id, kind(open_counts), *(_C[name] for name in FACETS)).order_by(_C.id)


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
        self._places: dict[str, int] = {}
        self._alikes = Alikes.of([])

    def counted(
        self, connection: Connection, wishes: Mapping[str, Collection[Any]]
    ) -> tuple[int, Counts]:
        """Count the open cases; see `Alikes.counted`."""
        ids, opens = _numbers(connection)
        with self._lock:
            if not np.isin(ids, self._ids).all():
                self._read(connection)
            alikes, places = self._alikes, self._ids.searchsorted(ids)
        number = np.zeros(alikes.kinds, np.int64)
        number[places] = opens
        return alikes.counted(number, wishes)

    def placed(self, connection: Connection, kinds: Sequence[str]) -> tuple[Alikes, Index]:
        """Give all kinds of cases, and which of them are those that `kind` names so."""
        with self._lock:
            try:
                places = [self._places[each] for each in kinds]
            except KeyError:  # one that is new since
                self._read(connection)
                places = [self._places[each] for each in kinds]
            return self._alikes, np.array(places, np.int64)

    def _read(self, connection: Connection) -> None:
        kept = connection.execute(_ALIKE).all()
        self._ids = np.array([row[0] for row in kept], np.int64)
        self._places = {row[1]: place for place, row in enumerate(kept)}
        self._alikes = Alikes.of([row[2:] for row in kept])


def _numbers(connection: Connection) -> tuple[Index, Index]:
    """Fetch the counts that are not 0: the rows' ids, and how many cases are open."""
    if connection.dialect.name == "postgresql":
        ids, opens = unpacked(connection.scalar(_PACKED)).T
    else:
        flat = itertools.chain.from_iterable(connection.execute(_NUMBERS).cursor.fetchall())
        ids, opens = np.fromiter(flat, np.int64).reshape(-1, 2).T
    return ids, opens
