"""综合评价: counts over what became of cases, as columns, and the indicators made of them.

Every number is a share, a sum or a mean of named counts, and every count is a mask over the
cases (or over their stays at a step) of a period: so the cases behind a number can be listed.
The definitions stand in data (`engine/appraisal.toml`); the names of counts are the ones here.
The period holds the cases that were *reported* in it, as they stood at the moment of the cut.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from borough.core.lives import Life, Stay
from borough.core.observations import Floats, Index, Mask
from borough.core.plans import CANCELLED

PUBLIC = ("citizen", "hotline")
"""Sources by which the public reports what nobody of the district had."""
CASES, STAYS = OVER = ("cases", "stays")
"""What a count runs over."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cases or stays as columns; ``case`` is the row of the case that each row belongs to.

    Moments are float ms, NaN for what has not happened; ``until_ms`` is the moment of the cut.
    """

    columns: Mapping[str, Any]
    case: Index
    until_ms: int

    def __len__(self) -> int:
        return len(self.case)

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]


MOMENTS = ("filed_ms", "first_ms", "dispatched_ms", "disposed_ms", "due_ms", "closed_ms")
NUMBERS = ("returned", "refused", "rework", "extended", "suspended", "is_suspended", "exempt")
WORDS = ("source", "outcome")


def cases_of(lives: Sequence[Life], until_ms: int) -> Table:
    """Lay the cases of a period out as columns."""
    moments = {name: np.array([_or_nan(getattr(each, name)) for each in lives]) for name in MOMENTS}
    numbers = {name: np.array([float(getattr(each, name)) for each in lives]) for name in NUMBERS}
    words = {name: np.array([getattr(each, name) for each in lives], str) for name in WORDS}
    reported = {"reported_ms": np.array([float(each.reported_ms) for each in lives])}
    return Table(moments | numbers | words | reported, np.arange(len(lives)), until_ms)


def stays_of(lives: Sequence[Life], until_ms: int) -> Table:
    """Lay the stays of all cases out as columns."""
    rows = [(row, stay) for row, life in enumerate(lives) for stay in life.stays]
    stays: list[Stay] = [stay for _, stay in rows]
    columns = {
        "stage": np.array([each.stage for each in stays], str),
        "verb": np.array([each.verb for each in stays], str),
        "from_ms": np.array([float(each.from_ms) for each in stays]),
        "due_ms": np.array([float(each.due_ms) for each in stays]),
        "to_ms": np.array([_or_nan(each.to_ms) for each in stays]),
    }
    return Table(columns, np.array([row for row, _ in rows], np.int64), until_ms)


def _or_nan(moment: int | None) -> float:
    return np.nan if moment is None else float(moment)


Count = Callable[[Table], Mask]
Sum = Callable[[Table], Floats]


def _is(name: str) -> Count:
    return lambda table: ~np.isnan(table[name])


def _some(name: str) -> Count:
    return lambda table: np.asarray(table[name] > 0)


def _all(table: Table) -> Mask:
    return np.ones(len(table), bool)


def _voided(table: Table) -> Mask:
    return np.asarray(table["outcome"] == CANCELLED)


def _valid(table: Table) -> Mask:
    return np.asarray(_is("dispatched_ms")(table) & ~_voided(table))


def _on_time(table: Table) -> Mask:
    done, due = table["disposed_ms"], table["due_ms"]
    return np.asarray(_disposed(table) & ((done <= due) | (table["exempt"] > 0)))


def _disposed(table: Table) -> Mask:
    return np.asarray(_valid(table) & ~np.isnan(table["disposed_ms"]))


def _to_close(table: Table) -> Mask:
    return np.asarray(_disposed(table) | (_valid(table) & (table["due_ms"] < table.until_ms)))


def _closed(table: Table) -> Mask:
    return np.asarray(_disposed(table) & ~np.isnan(table["closed_ms"]))


def _late(table: Table) -> Mask:
    return np.asarray(_disposed(table) & ~(table["disposed_ms"] <= table["due_ms"]))


def _public(table: Table) -> Mask:
    return np.isin(table["source"], PUBLIC)


def _collected(table: Table) -> Mask:
    return np.asarray(table["source"] == "collector")


def _sent_wrong(table: Table) -> Mask:
    wrong = (table["refused"] > 0) | (table["rework"] > 0)
    return np.asarray(_is("dispatched_ms")(table) & wrong)


def _ended(table: Table) -> Mask:
    """Tell the stays that are over, or should be."""
    return np.asarray(~np.isnan(table["to_ms"]) | (table["due_ms"] < table.until_ms))


def _in_time(table: Table) -> Mask:
    return np.asarray(table["to_ms"] <= table["due_ms"])


def _at(stage: str, more: Count) -> Count:
    return lambda table: np.asarray(table["stage"] == stage) & more(table)


COUNTS: Mapping[str, tuple[str, Count]] = {
    "reported": (CASES, _all),
    "valid": (CASES, _valid),
    "filed": (CASES, _is("filed_ms")),
    "filed_void": (CASES, lambda table: _is("filed_ms")(table) & _voided(table)),
    "filed_kept": (CASES, lambda table: _is("filed_ms")(table) & ~_voided(table)),
    "filed_public": (CASES, lambda table: _is("filed_ms")(table) & _public(table)),
    "void": (CASES, _voided),
    "collected": (CASES, _collected),
    "collected_valid": (CASES, lambda table: _collected(table) & _valid(table)),
    "to_dispose": (CASES, _valid),
    "disposed": (CASES, _disposed),
    "disposed_on_time": (CASES, _on_time),
    "disposed_late": (CASES, _late),
    "to_close": (CASES, _to_close),
    "closed": (CASES, _closed),
    "closed_on_time": (CASES, lambda table: _closed(table) & _on_time(table)),
    "closed_late": (CASES, lambda table: _closed(table) & _late(table)),
    "rework": (CASES, _some("rework")),
    "returned": (CASES, _some("returned")),
    "extended": (CASES, _some("extended")),
    "suspended": (CASES, _some("is_suspended")),
    "suspended_ever": (CASES, _some("suspended")),
    "exempt": (CASES, _some("exempt")),
    "dispatched": (CASES, _is("dispatched_ms")),
    "sent_wrong": (CASES, _sent_wrong),
    "sent_right": (CASES, lambda table: _is("dispatched_ms")(table) & ~_sent_wrong(table)),
    **{
        f"{stage}_{what}": (STAYS, _at(stage, test))
        for stage in ("accept", "verify", "open", "dispatch", "dispose", "check", "close")
        for what, test in (
            ("due", _ended),
            ("on_time", _in_time),
            ("returned_late", lambda table: (table["verb"] == "returned") & ~_in_time(table)),
        )
    },
}
"""Every count by name: what it runs over, and which rows of that it takes."""


def _overrun(table: Table) -> Floats:
    """Give by how many limits each late case overran: (used - limit) / limit."""
    limit = table["due_ms"] - table["dispatched_ms"]
    late = _closed(table) & _late(table) & (limit > 0)
    out = np.zeros(len(table))
    np.divide(table["disposed_ms"] - table["due_ms"], limit, out=out, where=late)
    return out


SUMS: Mapping[str, Sum] = {
    "rework_times": lambda table: np.asarray(table["rework"]),
    "returned_times": lambda table: np.asarray(table["returned"]),
    "extended_times": lambda table: np.asarray(table["extended"]),
    "overrun": _overrun,
}
"""What is added up instead of counted; of cases."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number of an evaluation: ``of`` alone, or ``of`` / ``by`` times ``scale``."""

    id: str
    name: Mapping[str, str]
    of: str
    by: str
    scale: float
    unit: str
    means: Mapping[str, str]
    source: str

    def worked(self, top: Floats, bottom: Floats | None) -> Floats:
        """Give the number of each group; NaN where there is nothing to divide by."""
        if bottom is None:
            return top * self.scale
        out = np.full(len(top), np.nan)
        np.divide(top * self.scale, bottom, out=out, where=bottom > 0)
        return out


class Tally:
    """The counts of some cases by group, each worked out once.

    ``group`` holds the number of the group of each case, ``actor`` that of each stay where stays
    are counted by who they belong to instead of by their case; -1 is counted nowhere.
    """

    def __init__(
        self, cases: Table, stays: Table, group: Index, groups: int, actor: Index | None = None
    ) -> None:
        self.tables = {CASES: cases, STAYS: stays}
        by_case = group[stays.case] if len(stays) else np.empty(0, np.int64)
        self.group = {CASES: group, STAYS: by_case if actor is None else actor}
        self.groups = groups
        self.known: dict[str, Floats] = {}

    def __call__(self, name: str) -> Floats:
        """Give a count or a sum for each group."""
        if name not in self.known:
            over, weights = self._weights(name)
            inside = self.group[over] >= 0
            self.known[name] = np.bincount(
                self.group[over][inside], weights[inside], self.groups
            ).astype(float)
        return self.known[name]

    def rows(self, name: str, group: int) -> Index:
        """Give the rows of the cases that a count took, or that a sum added up."""
        over, weights = self._weights(name)
        taken = (weights != 0) & (self.group[over] == group)
        return np.unique(self.tables[over].case[taken])

    def _weights(self, name: str) -> tuple[str, Floats]:
        if name in SUMS:
            return CASES, SUMS[name](self.tables[CASES])
        over, count = COUNTS[name]
        return over, np.asarray(count(self.tables[over]), float)


def grouped(keys: Iterable[str]) -> tuple[list[str], Index]:
    """Number the groups that rows belong to, in order of their keys; an empty key is none."""
    given = list(keys)
    names = sorted({each for each in given if each})
    places = {name: place for place, name in enumerate(names)}
    return names, np.array([places.get(each, -1) for each in given], np.int64)
