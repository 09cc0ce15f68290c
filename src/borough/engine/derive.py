"""Derived things: fold what their members report into windows, and close these on journal time.

About 0.005 µs a row of the journal, where few rows are a member's (docs/why/hot-path.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from borough.core.derives import SELF, Derivation
from borough.core.observations import Batch, Floats, Index, Mask
from borough.core.registry import Registry
from borough.engine.local import Calendar

SLOTS = 16
"""Windows that are open at once; three hours taken in at one go still find their quarter hours."""
UNBEGUN = -(1 << 62)
"""The window before any: nothing was taken in yet."""
FOLDS = ("sum", "count", "min", "max", "last")


@dataclass(frozen=True, slots=True)
class Derived:
    """What a window gave when it closed: rows that go into the journal as observations.

    ``cause`` is the position of the record that closed it, so that a restart journals nothing
    twice; ``time`` is the end of the window in ms.
    """

    cause: int
    series: Index
    time: Index
    value: Floats

    def batch(self) -> Batch:
        """Give the rows as a derivation of derivations takes them in: within their windows."""
        place = np.full(len(self.series), self.cause, np.int64)
        return Batch(place, self.time, self.series, self.time - 1, self.value)


@dataclass(frozen=True, slots=True)
class Members:
    """Who takes part in a derivation, a row for each membership.

    ``start`` turns a series of the district into a first membership and ``many`` counts on from
    there; ``series`` is that of each membership, sorted, ``target`` the derived thing, counted
    from 0, and ``sign`` how it counts.
    """

    series: Index
    start: Index
    many: Index
    target: Index
    sign: Floats
    result: Index

    @classmethod
    def of(cls, derivation: Derivation, registry: Registry, here: Mask | None = None) -> Self:
        """Look the memberships of one derivation up, of the things (rows) that are *here*."""
        kinds = {kind.code: number for number, kind in enumerate(registry.kinds)}
        source, target, sign = ties(derivation, registry, kinds)
        made = registry.kind[target] == kinds.get(derivation.kind, -1)
        heard = registry.kind[source] == kinds.get(derivation.source, -1)
        keep = made & heard if here is None else made & heard & here[target]
        source, target, sign = source[keep], target[keep], sign[keep]
        series = registry.first[source] + place(registry, derivation.source, derivation.of)
        order = np.argsort(series, kind="stable")
        targets, row = np.unique(target, return_inverse=True)
        many = np.bincount(series, minlength=len(registry.row_of_series))
        result = registry.first[targets] + place(registry, derivation.kind, derivation.property)
        return cls(
            series=series[order],
            start=np.cumsum(many) - many,
            many=many,
            target=row[order],
            sign=sign[order].astype(float),
            result=result.astype(np.int32),
        )


class Window:
    """One derivation at work: what its members said in each open window.

    Windows are numbered by the calendar of the district, so a window of a day is a local day.
    ``oldest`` is the first that has not closed; what comes for an earlier one is late.
    """

    def __init__(
        self,
        derivation: Derivation,
        registry: Registry,
        zone: ZoneInfo,
        here: Mask | None = None,
    ) -> None:
        self.derivation = derivation
        self.members = Members.of(derivation, registry, here)
        self.calendar = Calendar(zone, derivation.window_s, derivation.between)
        self.folds = {
            name: np.full((SLOTS, len(self.members.target)), start(name)) for name in FOLDS
        }
        self.at = np.full((SLOTS, len(self.members.target)), -np.inf)
        self.oldest = UNBEGUN
        self.late = 0
        self._ends = (UNBEGUN, 0)

    def take(self, batch: Batch) -> None:
        """Fold the rows that concern this derivation into their windows."""
        many = self.members.many.take(batch.series)
        mine = np.flatnonzero((many > 0) & np.isfinite(batch.value))
        if not len(mine):
            return
        many = many[mine]
        member = np.repeat(self.members.start[batch.series[mine]] - np.cumsum(many) + many, many)
        member = member + np.arange(len(member))
        time, value = np.repeat(batch.time[mine], many), np.repeat(batch.value[mine], many)
        window, inside = self.calendar.window(time)
        if self.oldest == UNBEGUN:
            first, _ = self.calendar.window(batch.arrived[:1] - self._allow_ms)
            self.oldest = int(first[0])
        fits = inside & (window >= self.oldest) & (window < self.oldest + SLOTS)
        self.late += int(np.count_nonzero(inside & ~fits))
        self._fold(window[fits] % SLOTS, member[fits], time[fits], value[fits])

    def _fold(self, slot: Index, member: Index, time: Index, value: Floats) -> None:
        where = (slot, member)
        np.add.at(self.folds["sum"], where, value)
        np.add.at(self.folds["count"], where, 1.0)
        np.minimum.at(self.folds["min"], where, value)
        np.maximum.at(self.folds["max"], where, value)
        np.maximum.at(self.at, where, time)
        newest = time >= self.at[where]
        self.folds["last"][slot[newest], member[newest]] = value[newest]

    def close(self, now_ms: int, cause: int) -> Iterator[Derived]:
        """Give the results of the windows that are over at *now_ms*, in order."""
        while self.oldest != UNBEGUN and now_ms >= self._over:
            yield from self._result(cause)
            slot = self.oldest % SLOTS
            for name in FOLDS:
                self.folds[name][slot] = start(name)
            self.at[slot] = -np.inf
            self.oldest += 1
            self._skip_to(now_ms)

    @property
    def _over(self) -> int:
        """Until when the oldest window waits, in ms UTC; worked out once for each."""
        if self._ends[0] != self.oldest:
            self._ends = (self.oldest, self.calendar.end(self.oldest) + self._allow_ms)
        return self._ends[1]

    @property
    def _allow_ms(self) -> int:
        return self.derivation.allow_s * 1000

    def _skip_to(self, now_ms: int) -> None:
        """Pass over windows in which nobody said anything, after a long silence of our own."""
        if not self.folds["count"].any():
            running, _ = self.calendar.window(np.array([now_ms - self._allow_ms]))
            self.oldest = max(self.oldest, int(running[0]))

    def _result(self, cause: int) -> Iterator[Derived]:
        slot, members = self.oldest % SLOTS, self.members
        folds = {name: column[slot] for name, column in self.folds.items()}
        spoke = folds["count"] > 0
        targets = len(members.result)
        heard = np.bincount(members.target, spoke, targets)
        needed = np.bincount(members.target, minlength=targets) if self.derivation.needs_all else 1
        value = folded(self.derivation.how, folds, spoke, members, targets)
        full = (heard >= needed) & np.isfinite(value)
        if full.any():
            end = self.calendar.end(self.oldest)
            time = np.full(np.count_nonzero(full), end, np.int64)
            yield Derived(cause, members.result[full], time, value[full])

    def save(self) -> dict[str, NDArray[Any]]:
        """Give what a restart needs."""
        return self.folds | {
            "at": self.at,
            "progress": np.array([self.oldest, self.late]),
            "series": self.members.series,
            "window_s": np.array(self.derivation.window_s),
        }

    def load(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Go on from *saved* with what each member said, by its series; new ones start blank.

        Windows of another length start anew: theirs are numbered otherwise.  What an earlier
        release saved names neither; it is taken as ours where there are as many members.
        """
        mine = self.members.series
        theirs = saved.get("series", mine)
        if saved["at"].shape != (SLOTS, len(theirs)):
            return
        if int(saved.get("window_s", self.derivation.window_s)) != self.derivation.window_s:
            return
        here = np.flatnonzero(np.isin(mine, theirs))
        there = np.searchsorted(theirs, mine[here])
        for name in FOLDS:
            self.folds[name][:, here] = saved[name][:, there]
        self.at[:, here] = saved["at"][:, there]
        self.oldest, self.late = saved["progress"].tolist()


def start(fold: str) -> float:
    """Give the value with which a fold begins."""
    return {"sum": 0.0, "count": 0.0, "min": np.inf, "max": -np.inf}.get(fold, np.nan)


def folded(
    how: str, folds: Mapping[str, Floats], spoke: NDArray[np.bool_], members: Members, targets: int
) -> Floats:
    """Fold what the members said over one window into a value for each target."""
    target = members.target
    if how in ("min", "max"):
        value = np.full(targets, start(how))
        fold = np.minimum if how == "min" else np.maximum
        fold.at(value, target, folds[how])
        return value
    if how == "last":
        last = np.where(spoke, folds["last"], 0.0)
        return np.bincount(target, last, targets).astype(float)
    if how == "sum":
        return np.bincount(target, folds["sum"] * members.sign, targets).astype(float)
    means = np.divide(folds["sum"], folds["count"], out=np.zeros_like(folds["sum"]), where=spoke)
    total = np.bincount(target, means * members.sign, targets).astype(float)
    if how == "signed_sum_of_means":
        return total
    return np.asarray(total / np.maximum(np.bincount(target, spoke, targets), 1.0))


def ties(
    derivation: Derivation, registry: Registry, kinds: Mapping[str, int]
) -> tuple[Index, Index, Index]:
    """Give the registry's ties that a derivation runs along: from rows, to rows, signs."""
    if derivation.over == SELF:
        rows = np.flatnonzero(registry.kind == kinds.get(derivation.kind, -1))
        return rows, rows, np.ones(len(rows), np.int8)
    nobody = np.empty(0, np.int64)
    return registry.relations.get(derivation.over, (nobody, nobody, nobody))


def place(registry: Registry, kind: str, code: str) -> int:
    """Say which of its kind's properties *code* is, counted from 0; 0 where there is no such."""
    for each in registry.kinds:
        if each.code == kind:
            codes = [p.code for p in each.properties]
            return codes.index(code) if code in codes else 0
    return 0
