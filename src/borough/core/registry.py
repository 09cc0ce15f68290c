"""The registry as columns: every thing of the district, its class, its place and its series."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from borough.core.observations import Floats, Index, Series

SPEAKS = ("device", "gateway")
"""Roles of things that report by themselves; the others are places, or are computed."""
HEARTBEATS = 3
"""Missed heartbeats after which the last word no longer counts; the usual choice for a watchdog."""


@dataclass(frozen=True, slots=True)
class Property:
    """What a class of thing may report: its name, unit (UCUM) and the range that can be true.

    A value outside ``[low, high]`` is rejected at the door; ``normal`` is only for people.
    """

    code: str
    name: Mapping[str, str]
    unit: str
    low: float
    high: float
    normal: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of thing, as the district's tables declare it.

    ``interval_s`` is the usual time between reports, ``heartbeat_s`` the longest silence of a
    healthy one, ``late_s`` how late a row may come and still count.  ``role`` is ``device``,
    ``gateway``, ``derived``, ``place`` or ``party`` (firms and others that one deals with); only
    devices and gateways hold credentials.
    """

    code: str
    name: Mapping[str, str]
    role: str
    properties: tuple[Property, ...]
    interval_s: float
    heartbeat_s: float
    late_s: float


@dataclass(frozen=True)
class Registry:
    """What a process must know of the district to read its journal; row *i* is thing ``id[i]``.

    ``first[i]`` is the number of the thing's first series; the properties of its kind follow in
    their declared order, so series numbers are dense.  ``via`` is the row of the gateway that a
    device reports through, or -1.  ``relations`` holds other ties as two columns of rows,
    from and to, with a sign (+1 or -1).  ``parameters`` holds values set for one thing by
    scene and parameter, as a column over all things with NaN for "not set".  ``edition`` names
    the last change that is in it, as the store does: its number, and a stamp that no other change
    of that number ever has; zeros for a registry that is from no store.
    """

    kinds: tuple[Kind, ...]
    id: Index
    key: tuple[str, ...]
    kind: Index
    first: Index
    lon: Floats
    lat: Floats
    grid: Index
    via: Index
    relations: Mapping[str, tuple[Index, Index, Index]] = field(default_factory=dict)
    parameters: Mapping[tuple[str, str], Floats] = field(default_factory=dict)
    edition: tuple[int, int] = field(default=(0, 0), compare=False)

    @cached_property
    def widths(self) -> Index:
        """How many series each thing has."""
        return np.array([len(k.properties) for k in self.kinds], np.int32)[self.kind]

    @cached_property
    def row_of_series(self) -> Index:
        """The row of the thing behind each series number."""
        row = np.full(int((self.first + self.widths).max(initial=0)), -1, np.int32)
        row[self.numbers] = np.repeat(np.arange(len(self.id), dtype=np.int32), self.widths)
        return row

    @cached_property
    def numbers(self) -> Index:
        """Every series number, thing by thing, in the order of their properties."""
        start = np.repeat(self.first - np.cumsum(self.widths) + self.widths, self.widths)
        return np.asarray(start + np.arange(len(start)), np.int32)

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each thing by its key."""
        return dict(zip(self.key, range(len(self.key)), strict=True))

    @cached_property
    def limits(self) -> tuple[Floats, Floats]:
        """The lowest and the highest value that each series may report."""
        wide = max((len(kind.properties) for kind in self.kinds), default=0)
        low = np.full((len(self.kinds) + 1, max(wide, 1)), -np.inf)
        high = -low
        for number, kind in enumerate(self.kinds):
            low[number, : len(kind.properties)] = [p.low for p in kind.properties]
            high[number, : len(kind.properties)] = [p.high for p in kind.properties]
        place = self.kind_of_series, self.column
        return low[place], high[place]

    @cached_property
    def kind_of_series(self) -> Index:
        """The kind behind each series; one more than there are where nothing has the number.

        Such numbers belonged to things that are gone; they are never given away again.
        """
        kind = self.kind[self.row_of_series] if len(self.id) else self.row_of_series
        return np.where(self.row_of_series < 0, len(self.kinds), kind).astype(np.int16)

    @cached_property
    def column(self) -> Index:
        """Which of its thing's properties each series is, counted from 0."""
        first = self.first[self.row_of_series] if len(self.id) else self.row_of_series
        place = np.arange(len(self.row_of_series)) - first
        return np.where(self.row_of_series < 0, 0, place).astype(np.int32)

    @cached_property
    def series(self) -> Series:
        """Every series with its thing, property, class and times, as a scene wants it."""
        kind, column, row = self.kind_of_series, self.column, self.row_of_series
        names = sorted({p.code for k in self.kinds for p in k.properties})
        wide = max((len(k.properties) for k in self.kinds), default=1)
        place = np.zeros((len(self.kinds) + 1, max(wide, 1)), np.int16)
        for number, each in enumerate(self.kinds):
            place[number, : len(each.properties)] = [names.index(p.code) for p in each.properties]
        times = [(k.late_s, HEARTBEATS * k.heartbeat_s) for k in self.kinds]
        late, patience = np.round(1000 * np.array([*times, (0.0, 0.0)]).T).astype(np.int64)
        return Series(
            thing=np.where(row < 0, -1, self.id[row] if len(self.id) else row),
            property=place[kind, column],
            source=kind,
            late_ms=late[kind],
            patience_ms=patience[kind],
            properties=tuple(names),
            sources=(*(k.code for k in self.kinds), ""),
            speaks=(*(k.role in SPEAKS for k in self.kinds), False),
        )

    @cached_property
    def parents(self) -> tuple[Index, Index]:
        """The id of each thing that reports through a gateway, and the id of that gateway."""
        child = np.flatnonzero(self.via >= 0)
        return self.id[child], self.id[self.via[child]]

    def series_of(self, key: str, code: str) -> int:
        """Give the number of one series; ``KeyError`` if the thing or property is unknown."""
        row = self.rows[key]
        codes = [p.code for p in self.kinds[self.kind[row]].properties]
        if code not in codes:
            raise KeyError(code)
        return int(self.first[row]) + codes.index(code)


def row_of(ids: Index, wanted: Index) -> Index:
    """Give the row of each wanted id, or -1 where it is not among *ids*, which are sorted."""
    if not len(ids):
        return np.full(len(wanted), -1, np.int32)
    row = np.searchsorted(ids, wanted).clip(max=len(ids) - 1)
    return np.where(ids[row] == wanted, row, -1).astype(np.int32)


def heard_alike(one: Registry, other: Registry) -> bool:
    """Say whether every message and reading means the same to two registries.

    So it is where only what things are called or where they stand has changed, or things have come
    or gone that neither report nor are computed, have no ties and nothing set for them.
    """
    many = min(len(one.kinds), len(other.kinds))
    if one.kinds[:many] != other.kinds[:many]:
        return False
    mine, its = _heard(one), _heard(other)
    return mine.keys() == its.keys() and all(np.array_equal(mine[k], its[k]) for k in mine)


def _heard(of: Registry) -> dict[object, NDArray[Any]]:
    """Lay out what `heard_alike` compares, by ids: rows move where things come and go."""
    loud = np.array([bool(kind.properties) or kind.role in SPEAKS for kind in of.kinds], np.bool_)
    rows = np.flatnonzero(loud[of.kind])
    ids = np.append(of.id, -1)
    told: dict[object, NDArray[Any]] = {"id": of.id[rows], "kind": of.kind[rows]}
    told |= {"first": of.first[rows], "via": ids[of.via[rows]]}
    for name, (start, end, sign) in of.relations.items():
        told["tie", name] = np.stack([of.id[start], of.id[end], sign])
    for pair, column in of.parameters.items():
        held = np.flatnonzero(~np.isnan(column))
        told[pair] = np.stack([of.id[held], column[held]])
    return told
