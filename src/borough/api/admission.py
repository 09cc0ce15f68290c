"""Let observations in row by row: which may pass, which may not, and why.

The rules are those of every door: a known thing that the caller may write for, a property of
its class, a finite number within the range that can be true, a moment in the calendar.  A
clock that runs ahead by more than is allowed is set to now and counted, not refused.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, NamedTuple

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
SHUT = (np.inf, -np.inf)
"""The limits of what nobody may write: no number lies between them."""
FAR = sys.float_info.max
"""The largest number; what is beyond it is not finite."""
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
    ``property``.  No ``time`` at all is now for every row.
    """

    at: Sequence[int]
    thing: Sequence[str]
    property: Sequence[str]
    time: Sequence[Any] | None
    value: Sequence[Any] | Floats
    wrong: list[dict[str, Any]] = field(default_factory=list)
    series: Index | None = None


class Asked(NamedTuple):
    """Rows as they were looked up: thing and series, -1 where there is none, and what was read.

    ``numeric`` and ``dated`` say where value and time could be read.
    """

    row: Index
    series: Index
    value: Floats
    numeric: Mask
    dated: Mask


@dataclass(frozen=True, slots=True)
class Admitted:
    """What passed, and what did not: errors name row, field and code, in the order of rows."""

    rows: Rows
    received: int
    clamped: int
    rejected: Mapping[str, int]
    errors: Sequence[Mapping[str, Any]]


class Admission:
    """The registry laid out for looking up many rows at once.

    ``_fit`` numbers what a series may say: a place in ``_low`` and ``_high``, the narrowest and
    the widest value.  The last place is for what nobody may write, and nothing fits there.
    """

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
        said = [
            (max(each.low, -FAR), min(each.high, FAR)) if kind.role in WRITABLE else SHUT
            for kind in registry.kinds
            for each in kind.properties
        ]
        self._low, self._high = np.array([*said, SHUT]).T.copy()
        wide = np.cumsum([0, *(len(kind.properties) for kind in registry.kinds)])
        fit = wide[registry.kind_of_series] + registry.column
        self._fit = np.append(fit, len(said)).astype(np.uint16)
        self._row = np.append(registry.row_of_series, np.int32(-1))
        self._via = np.append(registry.via, -1)[self._row].astype(np.int32)

    def admit(self, claims: Claims, holder: str, now: int) -> Admitted:
        """Judge every row; *holder* is the key whose credential the caller showed.

        A row that passes is seen to pass by comparing columns: 9 ns a row, names not counted
        (docs/why/batches.md).
        Why the others do not is asked of `judged`, which is the readable way, row for row.
        """
        row, series = self._found(claims)
        value, numeric = numbers(claims.value)
        time, dated = moments(claims.time, now)
        fits = self.fits(series, value, holder)
        if dated is not None:
            fits &= dated
        bad = np.flatnonzero(~fits)
        known = np.ones(len(bad), bool) if dated is None else dated[bad]
        asked = Asked(row[bad], series[bad], value[bad], numeric[bad], known)
        errors, rejected = self._errors(claims, bad, self.judged(asked, holder))
        clamped = 0
        if len(bad):
            row, series, value = row[fits], series[fits], value[fits]
            time = time if dated is None else time[fits]
        if dated is not None and len(time) and int(time.max()) > now + self.ahead_ms:
            late = time > now + self.ahead_ms
            clamped, time = int(np.count_nonzero(late)), np.where(late, now, time)
        numbered = reports(row, None if dated is None else time)
        time = np.full(len(row), now, np.int64) if dated is None else time
        rows = Rows(numbered, series.astype(np.int32), time, value)
        received = len(claims.at) + len(claims.wrong)
        return Admitted(rows, received, clamped, rejected, errors)

    def fits(self, series: Index, value: Floats, holder: str) -> Mask:
        """Mark the rows that pass; *series* is -1 where there is none."""
        series = series.astype(np.intp, copy=False)  # as wide as an index is, once
        fit = self._fit.take(series)
        mine = self.registry.rows.get(holder, -2)
        passes: Mask = value >= self._low.take(fit)
        passes &= value <= self._high.take(fit)
        via = self._via.take(series) == mine
        if not via.all():
            via |= self._row.take(series) == mine
        passes &= via
        return passes

    def judged(self, asked: Asked, holder: str) -> Index:
        """Say of each row what it is refused for: a place in ``CODES``, or beyond them."""
        known = self._writable[np.where(asked.row >= 0, self.registry.kind[asked.row], -1)]
        mine = known & self._belongs(asked.row, holder)
        listed = asked.series >= 0
        low, high = (limit[np.where(listed, asked.series, 0)] for limit in self.registry.limits)
        finite = np.isfinite(asked.value)
        with np.errstate(invalid="ignore"):
            inside = (asked.value >= low) & (asked.value <= high)
        passes = (known, mine, listed, asked.numeric, finite, inside, asked.dated)
        return np.select([~each for each in passes], range(len(CODES)), len(CODES))

    def _found(self, claims: Claims) -> tuple[Index, Index]:
        """Find the thing and the series of each row; -1 where there is none."""
        if claims.series is None:
            row = looked_up(claims.thing, self.registry.rows)
            kind = np.where(row >= 0, self.registry.kind[row], -1)
            column = self._column[kind, looked_up(claims.property, self._names)]
            return row, np.where(column >= 0, self.registry.first[row] + column, -1)
        series = claims.series
        if len(series) and not (series.min() >= 0 and series.max() < len(self._row)):
            series = np.where((series >= 0) & (series < len(self._row)), series, -1)
        row = self._row.take(series)
        if len(row) and row.min() < 0:  # a number that belonged to a thing that is gone
            series = np.where(row < 0, -1, series)
        return row, series

    def _belongs(self, row: Index, holder: str) -> Mask:
        """Mark the things that the holder is, or that report through it."""
        mine = self.registry.rows.get(holder, -2)
        return np.asarray((row == mine) | (self.registry.via[row] == mine))

    def _errors(
        self, claims: Claims, bad: Index, reason: Index
    ) -> tuple[list[Mapping[str, Any]], dict[str, int]]:
        """Tell the first errors, and count them all; *bad* are the rows, each with its reason."""
        counts = np.bincount(reason, minlength=len(CODES)).tolist()
        rejected = {code: many for code, many in zip(CODES, counts, strict=True) if many}
        errors: list[Mapping[str, Any]] = list(claims.wrong[: self.told])
        for each, why in zip(bad[: self.told].tolist(), reason.tolist(), strict=False):
            code = CODES[why]
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
    """Read values as numbers; a mask says which could be read.

    Minus nought, which rounding makes, is nought: a frame keeps numbers of few decimals short.
    """
    try:
        return np.array(said, np.float64) + 0.0, np.ones(len(said), bool)
    except (TypeError, ValueError, OverflowError):
        return _each(said, lambda each: float(SPOKEN.get(each, each)), np.full(len(said), np.nan))


def moments(said: Sequence[Any] | None, now: int) -> tuple[NDArray[np.int64], Mask | None]:
    """Read times as ms UTC, *now* where none is given; a mask says which could be read.

    Where no row gives one there is no mask, and no column either.
    """
    if said is None or (isinstance(said, list) and said.count(None) == len(said)):
        return np.empty(0, np.int64), None
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


def reports(row: Index, time: Index | None) -> Index:
    """Number the reports: neighbours about one thing and one moment (None: all the same) are one.

    >>> reports(np.array([7, 7, 8]), np.array([1, 1, 1])).tolist()
    [0, 0, 1]
    """
    turned = np.zeros(len(row), bool)
    np.not_equal(row[1:], row[:-1], out=turned[1:])
    if time is not None:
        turned[1:] |= time[1:] != time[:-1]
    return np.cumsum(turned, dtype=np.uint32)
