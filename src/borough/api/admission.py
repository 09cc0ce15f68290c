"""Let observations in row by row: which may pass, which may not, and why.

The rules are those of every door: a known thing that the caller may write for, a property of
its class, a finite number within the range that can be true, a moment in the calendar.  A
clock that runs ahead by more than is allowed is set to now and counted, not refused.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from borough.api.moments import milliseconds
from borough.api.ports import Rows
from borough.core.observations import Floats, Index, Mask
from borough.core.registry import Registry

REASONS: Mapping[str, tuple[str, str]] = {
    "unknown-device": ("thing", "no device or gateway has this key"),
    "not-yours": ("thing", "this credential may not write for this thing"),
    "unknown-property": ("property", "things of this class have no such property"),
    "wrong-type": ("value", "not a number, true or false"),
    "not-finite": ("value", "not a finite number"),
    "out-of-range": ("value", "beyond the range that this property can have"),
    "bad-time": ("time", "neither ms since 1970 nor ISO 8601 with an offset"),
}
"""Why a row may be refused, by code: the field at fault, and what is wrong with it."""
CODES = tuple(REASONS)
WRITABLE = {"device", "gateway"}
"""Roles of things that report; what is derived or a place does not."""
SPOKEN = {"true": 1.0, "false": 0.0}
UNSAID = (None, "")


@dataclass(frozen=True, slots=True)
class Coded(Sequence[str]):
    """A column of names, each kept once; ``codes`` has the place of each row's, or -1."""

    names: Sequence[str]
    codes: Index

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, place: Any) -> Any:
        return self.names[self.codes[place]]


@dataclass(slots=True)
class Claims:
    """Rows as a caller wrote them; ``at`` counts them from 1, ``wrong`` has those unreadable.

    Where there are ``series``, they say what each row is about, and not ``thing`` and
    ``property``.
    """

    at: Sequence[int]
    thing: Sequence[str]
    property: Sequence[str]
    time: Sequence[Any]
    value: Sequence[Any] | Floats
    wrong: list[dict[str, Any]] = field(default_factory=list)
    series: Index | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """What passed, and what did not: errors name row, field and code, in the order of rows."""

    rows: Rows
    received: int
    clamped: int
    rejected: Mapping[str, int]
    errors: Sequence[Mapping[str, Any]]


class Admission:
    """The registry laid out for looking up many rows at once."""

    def __init__(self, registry: Registry, ahead_ms: int, told: int) -> None:
        self.registry = registry
        self.ahead_ms = ahead_ms
        self.told = told
        roles = [kind.role in WRITABLE for kind in registry.kinds]
        self._writable = np.array([*roles, False])
        codes = sorted({each.code for kind in registry.kinds for each in kind.properties})
        self._names = {code: place for place, code in enumerate(codes)}
        self._column = np.full((len(registry.kinds) + 1, len(codes) + 1), -1, np.int32)
        for number, kind in enumerate(registry.kinds):
            for place, each in enumerate(kind.properties):
                self._column[number, self._names[each.code]] = place

    def admit(self, claims: Claims, holder: str, now: int) -> Admitted:
        """Judge every row; *holder* is the key whose credential the caller showed."""
        if claims.series is None:
            row = looked_up(claims.thing, self.registry.rows)
        else:
            row = self._rows_of(claims.series)
        kind = np.where(row >= 0, self.registry.kind[row], -1)
        known = self._writable[kind]
        mine = known & self._belongs(row, holder)
        if claims.series is None:
            series, listed = self._series(row, kind, claims.property)
        else:
            series, listed = np.where(row >= 0, claims.series, 0).astype(np.int32), row >= 0
        value, numeric = numbers(claims.value)
        time, dated = moments(claims.time, now)
        low, high = (limit[series] for limit in self.registry.limits)
        with np.errstate(invalid="ignore"):
            inside = (value >= low) & (value <= high)
        passes = (known, mine, listed, numeric, np.isfinite(value), inside, dated)
        reason = np.select([~each for each in passes], range(len(CODES)), len(CODES))
        good = np.flatnonzero(reason == len(CODES))
        late = time > now + self.ahead_ms
        when = np.where(late, now, time)[good]
        rows = Rows(reports(row[good], when), series[good], when, value[good])
        errors, rejected = self._errors(claims, reason)
        received = len(claims.at) + len(claims.wrong)
        return Admitted(rows, received, int(np.count_nonzero(late[good])), rejected, errors)

    def _rows_of(self, series: Index) -> Index:
        """Find the thing behind each series number; -1 where there is none."""
        rows = np.append(self.registry.row_of_series, -1)
        inside = (series >= 0) & (series < len(rows))
        return np.asarray(rows[np.where(inside, series, -1)])

    def _belongs(self, row: Index, holder: str) -> Mask:
        """Mark the things that the holder is, or that report through it."""
        mine = self.registry.rows.get(holder, -2)
        return np.asarray((row == mine) | (self.registry.via[row] == mine))

    def _series(self, row: Index, kind: Index, names: Sequence[str]) -> tuple[Index, Mask]:
        """Find the series of each row; 0, and not listed, where there is none."""
        place = looked_up(names, self._names)
        column = self._column[kind, place]
        listed = column >= 0
        return np.where(listed, self.registry.first[row] + column, 0).astype(np.int32), listed

    def _errors(
        self, claims: Claims, reason: Index
    ) -> tuple[list[Mapping[str, Any]], dict[str, int]]:
        """Tell the first errors, and count them all."""
        bad = np.flatnonzero(reason < len(CODES))
        counts = np.bincount(reason[bad], minlength=len(CODES)).tolist()
        rejected = {code: many for code, many in zip(CODES, counts, strict=True) if many}
        errors: list[Mapping[str, Any]] = list(claims.wrong[: self.told])
        for each in bad[: self.told].tolist():
            code = CODES[int(reason[each])]
            name, detail = REASONS[code]
            errors.append({"row": claims.at[each], "field": name, "code": code, "detail": detail})
        for unread in claims.wrong:
            rejected[unread["code"]] = rejected.get(unread["code"], 0) + 1
        return sorted(errors, key=lambda each: each["row"])[: self.told], rejected


def looked_up(names: Sequence[str], places: Mapping[str, int]) -> Index:
    """Find the place of each name; -1 where it has none."""
    if isinstance(names, Coded):
        return np.append(looked_up(names.names, places), -1)[names.codes]
    return np.fromiter(map(places.get, names, repeat(-1)), np.int64, len(names))


def numbers(said: Sequence[Any] | Floats) -> tuple[Floats, Mask]:
    """Read values as numbers; a mask says which could be read."""
    try:
        return np.array(said, np.float64), np.ones(len(said), bool)
    except (TypeError, ValueError, OverflowError):
        return _each(said, lambda each: float(SPOKEN.get(each, each)), np.full(len(said), np.nan))


def moments(said: Sequence[Any], now: int) -> tuple[NDArray[np.int64], Mask]:
    """Read times as ms UTC, *now* where none is given; a mask says which could be read."""
    try:
        time = np.array(said, np.int64)
        good = np.ones(len(said), bool)
    except (TypeError, ValueError, OverflowError):
        blank = np.full(len(said), now, np.int64)
        time, good = _each(
            said, lambda each: now if each in UNSAID else milliseconds(str(each)), blank
        )
    return time, good & (time >= 0)


def _each(
    said: Sequence[Any] | Floats, read: Callable[[Any], float], into: NDArray[Any]
) -> tuple[NDArray[Any], Mask]:
    """Read one by one where not all could be read at once."""
    good = np.zeros(len(said), bool)
    for place, each in enumerate(said):
        with suppress(TypeError, ValueError, OverflowError):
            into[place] = read(each)
            good[place] = True
    return into, good


def reports(row: Index, time: Index) -> Index:
    """Number the reports: neighbours about one thing and one moment are one.

    >>> reports(np.array([7, 7, 8]), np.array([1, 1, 1])).tolist()
    [0, 0, 1]
    """
    turned = (np.diff(row, prepend=row[:1]) != 0) | (np.diff(time, prepend=time[:1]) != 0)
    return np.cumsum(turned).astype(np.uint32)
