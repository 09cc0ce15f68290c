r"""Payloads of devices: many read in one call, so that none can change what another says.

Payloads are joined to ``[[p1]\n,[p2]\n,...]`` and decoded as a list of 1-tuples.  A payload
that closes its own tuple and opens others can only make more of them, for the line end
between tuples is not allowed inside a JSON string, and where it stands in an array or object
of the payload the next ``,[`` does not fit; so if the count is right, each tuple is what its
payload alone would give.  Otherwise the payloads are halved until the bad ones are alone.
About 0.2 µs a reading (docs/why/hot-path.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from borough.core.errors import BadReading
from borough.core.observations import Floats, Mask

UNSAID = -1.0
"""Stands for a time that a device did not give."""

LAST = 1 << 53
"""Times above it do not survive as a float; in ms it is 285,000 years away."""
_FEW = 16
"""So few payloads are read one by one when they cannot be read together."""

Time = Annotated[float, msgspec.Meta(ge=0, le=LAST)]


class _Reading(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The long form of a single reading."""

    v: float | bool
    t: Time = UNSAID


_Single = _Reading | float | bool
_Report = dict[str, float | bool]

_ONE = msgspec.json.Decoder(_Single)
_MANY = msgspec.json.Decoder(list[tuple[_Single]])
_REPORTS = msgspec.json.Decoder(_Report | list[_Report])
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Said(NamedTuple):
    """What payloads said, row by row: values, times in ms or ``UNSAID``, and why not.

    Where ``why`` has a row, value and time of that row mean nothing.
    """

    value: Floats
    time: Floats
    why: dict[int, str]

    @property
    def good(self) -> Mask:
        """Which payloads could be read."""
        good = np.ones(len(self.value), bool)
        good[list(self.why)] = False
        return good


def read_one(payload: bytes) -> tuple[float, float]:
    """Read the payload of a single reading: its value and time; ``BadReading`` says why not."""
    try:
        said = _ONE.decode(payload)
    except UNREADABLE as problem:
        raise BadReading(str(problem)) from None
    return (float(said.v), said.t) if isinstance(said, _Reading) else (float(said), UNSAID)


def read_many(payloads: Sequence[bytes]) -> Said:
    """Read payloads of single readings, as ``read_one`` would read each of them, but faster."""
    said = _together(payloads)
    if said is None:
        parts = list(_halves(payloads))
        value, time = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        starts = np.cumsum([0] + [len(part.value) for part in parts]).tolist()
        why = {
            start + at: reason
            for start, part in zip(starts, parts, strict=False)
            for at, reason in part.why.items()
        }
        return Said(value, time, why)
    return said


def _together(payloads: Sequence[bytes]) -> Said | None:
    """Read them in one call, or give nothing if any of them is not plain."""
    if not payloads:
        return Said(np.zeros(0), np.zeros(0), {})
    try:
        rows = _MANY.decode(b"[[" + b"]\n,[".join(payloads) + b"]\n]")
    except UNREADABLE:
        return None
    if len(rows) != len(payloads):
        return None
    try:
        value, time = [row.v for (row,) in rows], [row.t for (row,) in rows]  # type: ignore[union-attr] # the usual form; the others are below
    except AttributeError:
        long = [
            (row, UNSAID) if isinstance(row, float | bool) else (row.v, row.t) for (row,) in rows
        ]
        value, time = [row[0] for row in long], [row[1] for row in long]
    return Said(np.array(value, float), np.array(time, float), {})


def _halves(payloads: Sequence[bytes]) -> Iterator[Said]:
    """Read what cannot be read together: in halves, and the few that are left one by one."""
    if len(payloads) <= _FEW:
        yield _one_by_one(payloads)
        return
    middle = len(payloads) // 2
    for half in (payloads[:middle], payloads[middle:]):
        said = _together(half)
        if said is None:
            yield from _halves(half)
        else:
            yield said


def _one_by_one(payloads: Sequence[bytes]) -> Said:
    """Read them singly and say what is wrong with the bad ones."""
    value, time, why = np.zeros(len(payloads)), np.zeros(len(payloads)), {}
    for at, payload in enumerate(payloads):
        try:
            value[at], time[at] = read_one(payload)
        except BadReading as problem:
            why[at] = str(problem)
    return Said(value, time, why)


class Report(NamedTuple):
    """One report of several properties: its time, and the values by property."""

    time: float
    values: Mapping[str, float]


def read_reports(payload: bytes) -> list[Report]:
    """Read the payload of a report, or of a list of them; ``BadReading`` says why not."""
    try:
        said = _REPORTS.decode(payload)
    except UNREADABLE as problem:
        raise BadReading(str(problem)) from None
    reports = []
    for values in said if isinstance(said, list) else [said]:
        time = values.pop("t", UNSAID)
        if isinstance(time, bool) or not (time == UNSAID or 0 <= time <= LAST):
            msg = f"`t` is {time}, not milliseconds since 1970"
            raise BadReading(msg)
        reports.append(Report(time, values))
    if not any(report.values for report in reports):
        msg = "the report says nothing"
        raise BadReading(msg)
    return reports
