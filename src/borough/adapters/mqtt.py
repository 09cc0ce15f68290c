"""What devices say over MQTT, as columns; what cannot be taken in goes to the dead letters.

    d/{credential}/{device}/{property}   {"v": 12.5, "t": 1720569600000}, or 12.5, or true
    d/{credential}/{device}              {"t": 1720569600000, "flow": 1.2, "pressure": 0.3},
                                         or a JSON list of such reports

``t`` is optional, in ms; true and false are 1 and 0.  What comes under ``spBv1.0/`` is Sparkplug.
About 0.4 µs a message and 0.9 a report, besides what reads the payloads (docs/why/hot-path.md).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from borough.adapters.limits import Limits
from borough.adapters.pace import Pace
from borough.adapters.payloads import UNSAID, read_many, read_reports
from borough.adapters.reports import Form
from borough.adapters.shapes import Reports
from borough.adapters.sparkplug.host import Host, Told
from borough.adapters.topics import REASONS, SPARKPLUG, Topics
from borough.core.errors import BadReading
from borough.core.observations import Floats, Index, Mask
from borough.core.registry import Registry


class Letter(NamedTuple):
    """A message that was not taken in, or not as a whole, and why."""

    reason: str
    detail: str
    subject: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Readings:
    """What a stretch of messages said, one row a reading, in the order of the messages.

    ``message`` is which message a row came in; rows of one report share a number in
    ``report``, counted from 0.  ``received`` is how many readings the messages held, counted as
    they were found; a message that is not read counts as one.  Each is a row or is counted in
    ``rejected`` by reason.  ``clamped`` rows came from the future and got the time of their
    arrival.  ``letters`` may be fewer than rejected.
    """

    message: Index
    report: Index
    series: Index
    time: Index
    value: Floats
    received: int
    clamped: int
    rejected: Counter[str]
    letters: list[Letter]


class Decoder:
    """Turns messages into readings; it keeps a table of the topics that it has met.

    Make another when the registry changes.
    """

    def __init__(self, registry: Registry, limits: Limits) -> None:
        self._registry = registry
        self._topics = Topics(registry)
        self._forms = [Form(kind) for kind in registry.kinds]
        self._few = Reports(registry.kinds)
        self._limits = limits
        self._range = np.stack(registry.limits, axis=1)
        self.host = Host(
            registry,
            reorder_ms=limits.reorder_ms,
            again_ms=limits.rebirth_ms,
            at_once=limits.rebirths_at_once,
        )
        self._thing = registry.row_of_series
        self._pace = Pace(len(registry.id), limits.device_messages, limits.device_ms)

    def take_over(self, before: Self) -> None:
        """Go on from the one for the registry before: births, and topics where they still hold."""
        self.host.take_over(before.host)
        self._topics.take_over(before._topics)

    def decode(
        self, subjects: Sequence[bytes], payloads: Sequence[bytes], now: int, live: int = 0
    ) -> Readings:
        """Read messages that arrived at *now*, district time in ms.

        The first *live* of them are acknowledged to nobody: of these, what a thing says too
        often is rejected as ``too-often``, with one letter for all of it.
        """
        codes = np.fromiter(map(self._topics.__getitem__, subjects), np.int64, len(subjects))
        tally = _Tally(subjects, payloads, self._limits.letters_a_take)
        if live:
            self._hold_back(codes, live, tally, now)
        large = max(map(len, payloads), default=0) > self._limits.payload_bytes
        if large or (codes < 0).any():
            rows = self._mixed(codes, subjects, payloads, tally, now)
        else:
            rows = _singles(np.arange(len(codes)), codes, payloads, tally)
        return self._settle(rows, tally, now)

    def _hold_back(self, codes: Index, live: int, tally: "_Tally", now: int) -> None:
        """Take back the codes of messages by which things speak too often."""
        known = np.flatnonzero((codes[:live] >= 0) | (codes[:live] < -len(REASONS)))
        known = known[codes[known] != SPARKPLUG]
        mine = codes[known]
        thing = np.where(mine >= 0, self._thing[mine.clip(0)], -1 - len(REASONS) - mine)
        over = known[self._pace.beyond(thing, now)]
        if len(over):
            codes[over] = _HELD_BACK
            told = f"{len(over)} messages of these devices at once"
            tally.reject(int(over[0]), "too-often", told)
            tally.reasons["too-often"] += len(over) - 1

    def _mixed(
        self, codes: Index, subjects: Sequence[bytes], payloads: Sequence[bytes], tally: "_Tally",
        now: int,
    ) -> "_Rows":  # fmt: skip
        """Read single readings and reports, each in its way, and put them in order again."""
        size = np.fromiter(map(len, payloads), np.int64, len(payloads))
        fits = size <= self._limits.payload_bytes
        refused = (codes < 0) & (codes >= -len(REASONS))
        for at in np.flatnonzero(refused).tolist():
            tally.reject(at, REASONS[-1 - codes[at]])
        for at in np.flatnonzero(~refused & ~fits & (codes != _HELD_BACK)).tolist():
            tally.reject(at, "too-large", f"{size[at]} bytes")
        single = np.flatnonzero(fits & (codes >= 0))
        reports = np.flatnonzero(fits & (codes < -len(REASONS)) & (codes > SPARKPLUG))
        plugs = np.flatnonzero(fits & (codes == SPARKPLUG)).tolist()
        sparkplug = ((at, subjects[at], payloads[at]) for at in plugs)
        parts = [_Rows(*(np.zeros(0, kind) for kind in _KINDS))]
        if len(single):
            said = [payloads[at] for at in single.tolist()]
            parts.append(_singles(single, codes[single], said, tally))
        if len(reports):
            parts.append(self._reports(reports, codes, payloads, tally))
        if plugs:
            told = self.host.read(sparkplug, tally.reject, now)
            tally.received += told.found - len(plugs)
            parts.append(_of_sparkplug(told))
        rows = _Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        if (rows.message[1:] >= rows.message[:-1]).all():  # as where all are of one sort
            return rows
        return rows.pick(np.argsort(rows.message, kind="stable"))

    def _reports(
        self, which: Index, codes: Index, payloads: Sequence[bytes], tally: "_Tally"
    ) -> "_Rows":
        """Read reports of several properties: few of all classes together, many class by class."""
        row = -1 - len(REASONS) - codes[which]
        kind = self._registry.kind[row]
        if len(which) <= _FEW:
            return self._together(which, row, payloads, tally)
        parts = [_Rows(*(np.zeros(0, kind) for kind in _KINDS))]
        for each in np.unique(kind).tolist():
            mine = kind == each
            parts.append(self._of_a_kind(each, which[mine], row[mine], payloads, tally))
        return _Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _of_a_kind(
        self, kind: int, which: Index, row: Index, payloads: Sequence[bytes], tally: "_Tally"
    ) -> "_Rows":
        """Read the reports of one class together; one by one if any of them is not plain."""
        table = self._forms[kind].read([payloads[at] for at in which.tolist()])
        if table is None:
            return self._one_by_one(which.tolist(), row.tolist(), payloads, tally)
        there = ~np.isnan(table.value)
        found = np.bincount(table.payload, there.sum(axis=1), len(which))
        tally.received += int(found.clip(1).sum()) - len(which)
        for at in which[found == 0].tolist():
            tally.reject(at, "unreadable", "the report says nothing")
        report, place = np.nonzero(there)
        payload = table.payload[report]
        return _Rows(
            which[payload],
            table.number[report],
            self._registry.first[row[payload]].astype(np.int64) + place,
            table.time[report],
            table.value[report, place],
        )

    def _together(
        self, which: Index, row: Index, payloads: Sequence[bytes], tally: "_Tally"
    ) -> "_Rows":
        """Read reports of all classes together, and one by one those that are not plain."""
        kind = self._registry.kind[row]
        table = self._few.read([payloads[at] for at in which.tolist()], kind.tolist())
        rows = _Rows(
            which[table.payload],
            table.number,
            self._registry.first[row[table.payload]].astype(np.int64) + table.place,
            table.time,
            table.value,
        )
        tally.received += table.found - (len(which) - len(table.odd))
        if not len(table.odd):
            return rows
        odd = self._one_by_one(which[table.odd].tolist(), row[table.odd].tolist(), payloads, tally)
        return _Rows(*(np.concatenate(column) for column in zip(rows, odd, strict=True)))

    def _one_by_one(
        self, which: list[int], rows: list[int], payloads: Sequence[bytes], tally: "_Tally"
    ) -> "_Rows":
        """Read reports one at a time and say what is wrong with each: slow and clear.

        The rows of a report lie in the order of its class, as where many are read together.
        """
        heads: list[tuple[float, ...]] = []
        series: list[int] = []
        values: list[float] = []
        for at, row in zip(which, rows, strict=True):
            try:
                reports = read_reports(payloads[at])
            except BadReading as problem:
                tally.reject(at, "unreadable", str(problem))
                continue
            tally.received += sum(len(report.values) for report in reports) - 1
            first, places = self._topics.layout(row)
            for number, report in enumerate(reports):
                before = len(series)
                by_place = sorted(report.values.items(), key=lambda said: places.get(said[0], 0))
                for name, value in by_place:
                    if name in places:
                        series.append(first + places[name])
                        values.append(value)
                    else:
                        tally.reject(at, "unknown-property", name)
                heads.append((at, number, report.time, len(series) - before))
        head = np.array(heads, np.float64).reshape(-1, 4)
        message, order, time = np.repeat(head[:, :3], head[:, 3].astype(np.int64), axis=0).T
        return _Rows(
            message.astype(np.int64),
            order.astype(np.int64),
            np.array(series, np.int64),
            time,
            np.array(values, np.float64),
        )

    def _settle(self, rows: "_Rows", tally: "_Tally", now: int) -> Readings:
        """Check values and times, and number the reports."""
        limits = self._range[rows.series]
        within = (rows.value >= limits[:, 0]) & (rows.value <= limits[:, 1])
        within &= np.isfinite(rows.value)
        if not within.all():
            for at in np.flatnonzero(~within).tolist():
                told = f"{rows.value[at]:.6g} is not within {limits[at].tolist()}"
                tally.reject(int(rows.message[at]), "out-of-range", told)
            rows = rows.pick(within)
        ahead = rows.time > now + self._limits.future_ms
        time = np.where(ahead | (rows.time == UNSAID), now, rows.time.astype(np.int64))
        fresh = np.ones(len(time), bool)
        fresh[1:] = (np.diff(rows.message) != 0) | (np.diff(rows.number) != 0)
        return Readings(
            rows.message,
            (np.cumsum(fresh) - 1).astype(np.uint32),
            rows.series.astype(np.int32),
            time,
            rows.value,
            tally.received,
            int(np.count_nonzero(ahead)),
            tally.reasons,
            tally.letters,
        )


_HELD_BACK = SPARKPLUG - 1
"""The code of a message that is not read."""
_FEW = 1_000
"""So few reports are read together, whatever their classes."""
_KINDS = ("i8", "i8", "i8", "f8", "f8")


class _Rows(NamedTuple):
    """Readings under way: message, number of the report in it, series, time, value."""

    message: Index
    number: Index
    series: Index
    time: Floats
    value: Floats

    def pick(self, which: Mask | Index) -> "_Rows":
        """Keep only the chosen rows."""
        message, number, series = (column[which] for column in (self[0], self[1], self[2]))
        return _Rows(message, number, series, self.time[which], self.value[which])


class _Tally:
    """Counts what is found and what is rejected, and keeps some letters of the latter.

    Each message is one reading, until more are found in it.
    """

    def __init__(self, subjects: Sequence[bytes], payloads: Sequence[bytes], most: int) -> None:
        self.received = len(subjects)
        self.reasons: Counter[str] = Counter()
        self.letters: list[Letter] = []
        self._subjects, self._payloads, self._most = subjects, payloads, most

    def reject(self, at: int, reason: str, detail: str = "") -> None:
        """Reject something in message *at*."""
        self.reasons[reason] += 1
        if len(self.letters) < self._most:
            letter = Letter(reason, detail, self._subjects[at], self._payloads[at])
            self.letters.append(letter)


def _of_sparkplug(told: Told) -> _Rows:
    """Make rows of what edge nodes said; what was measured at one moment is one report."""
    time = np.array(told.time, np.float64)
    number = np.cumsum(np.diff(time, prepend=time[:1]) != 0)
    message, series = np.array(told.message, np.int64), np.array(told.series, np.int64)
    return _Rows(message, number.astype(np.int64), series, time, np.array(told.value, np.float64))


def _singles(message: Index, series: Index, payloads: Sequence[bytes], tally: _Tally) -> _Rows:
    """Read single readings."""
    said = read_many(payloads)
    rows = _Rows(message, np.zeros(len(message), np.int64), series, said.time, said.value)
    if said.why:
        for at, why in said.why.items():
            tally.reject(int(message[at]), "unreadable", why)
        rows = rows.pick(said.good)
    return rows
