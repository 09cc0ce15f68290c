"""Journal records as bytes: a fixed head, four columns, and a checksum over both.

A frame is one message of the journal.  Little-endian throughout:

    magic  checksum  kind  form  rows   now  wall  mqtt  http  cause  tuned  64 bytes
    4s     u32       u16   u16   u32    i64  i64   i64   i64   i64    i64
    time i64[rows], value f64[rows], series i32[rows], report u32[rows]      24 bytes a row

``form`` says which columns are kept in fewer bytes than that, and how: see `core.narrowing`.

``now`` is when the journal took the rows in, in district time; ``wall`` is the same moment
on the wall clock.  ``mqtt`` and ``http`` say how far the doors' own streams are contained in
the journal up to and including this frame, so that a restart takes up each of them exactly
where it stopped; ``tuned`` says the same of changes of parameters, by their number.
``cause`` is the journal position that made the engine derive the rows, -1 where nothing did.
Times are ms.

A frame that changes parameters has no columns; ``rows`` counts the bytes of JSON in their place.
Frames of the first release, ``BJF1``, have no ``tuned``, and are read as if it were 0; those
and ``BJF2`` have no ``form`` but 0.

About 0.01 µs a row to write, 0.003 to read (docs/why/hot-path.md).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self
from zlib import crc32

import numpy as np

from borough.core.errors import BadBatch, BadFrame
from borough.core.narrowing import narrowed, size, widened
from borough.core.observations import REPORT_BITS, Batch, Floats, Index, Mask, Now, Record
from borough.core.tunings import Change, Tuned

ROWS, NOW, DERIVED, TUNED, LENT = "rows", "now", "derived", "tuned", "lent"
KINDS = (ROWS, NOW, DERIVED, TUNED, LENT)
"""What a frame can be: what doors took in, what time it is, what the engine worked out, what
people changed of a scene's parameters, and what another partition took in for this one."""

MOST_BYTES = 1 << 20
"""The longest frame; the bus is set to carry it."""

_MAGIC = b"BJF3"
_SECOND_MAGIC = b"BJF2"
_HEAD = struct.Struct("<4sIHHIqqqqqq")
_FIRST_MAGIC = b"BJF1"
_FIRST_HEAD = struct.Struct("<4sIHHIqqqqq")
_COLUMNS = {"time": "<i8", "value": "<f8", "series": "<i4", "report": "<u4"}
_ROW = sum(np.dtype(kind).itemsize for kind in _COLUMNS.values())

MOST_ROWS = (MOST_BYTES - _HEAD.size) // _ROW
"""As many rows as fit into the longest frame."""


def _none(kind: str) -> Index:
    """Make an empty column."""
    return np.zeros(0, kind)


class _Packed(NamedTuple):
    """The columns of a frame as bytes, for whoever writes again what was read."""

    form: int
    body: memoryview
    columns: dict[str, Any]

    def holds(self, frame: "Frame") -> bool:
        """Say whether these are still the columns of the frame, none of them exchanged."""
        return all(getattr(frame, name) is column for name, column in self.columns.items())


@dataclass(frozen=True, slots=True)
class Frame:
    """A journal record before the journal has given it a place.

    Row *i* says that ``series[i]`` was ``value[i]`` at ``time[i]``; rows of one report share
    a number in ``report``, which never falls from row to row.  See the module for the rest.
    """

    kind: str
    now: int
    wall: int
    mqtt: int = 0
    http: int = 0
    cause: int = -1
    report: Index = field(default_factory=lambda: _none("u4"))
    series: Index = field(default_factory=lambda: _none("i4"))
    time: Index = field(default_factory=lambda: _none("i8"))
    value: Floats = field(default_factory=lambda: np.zeros(0))
    tuned: int = 0
    change: Change | None = None
    packed: _Packed | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.series)

    def record(self, sequence: int) -> Record:
        """Give the record as the engine reads it, placed at *sequence* of the journal."""
        place = sequence << REPORT_BITS
        if self.change is not None:
            return Tuned(place, self.change)
        if self.kind == NOW:
            return Now(place, self.now)
        position = np.asarray(self.report, np.int64) + place
        arrived = np.broadcast_to(np.int64(self.now), len(self))
        return Batch(position, arrived, self.series, self.time, self.value)

    def only(self, rows: Mask) -> Self:
        """Keep some of the rows; which of them are one report stays."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _COLUMNS})

    def parts(self, most: int = MOST_ROWS) -> Iterator[Self]:
        """Cut it into frames of at most *most* rows, none of them inside a report.

        All parts carry the same ``mqtt`` and ``http``: a frame that moves them must be short
        enough not to need cutting, else a crash between two parts would count rows twice.
        ``BadBatch`` if one report alone is longer than *most*.
        """
        start = 0
        while len(self) - start > most:
            end = int(np.searchsorted(self.report, self.report[start + most]))
            if end <= start:
                msg = f"report {self.report[start]} has more than {most} rows"
                raise BadBatch(msg)
            yield self._rows(start, end)
            start = end
        yield self._rows(start, len(self)) if start else self

    def _rows(self, start: int, end: int) -> Self:
        """Cut out a stretch of rows, its reports counted from 0 again."""
        cut = {name: getattr(self, name)[start:end] for name in _COLUMNS}
        cut["report"] = cut["report"] - cut["report"][0]
        return replace(self, **cut)


def joined(frames: Sequence[Frame]) -> Frame:
    """Put frames into one that says of itself what the last does; their reports stay apart."""
    full = [frame for frame in frames if len(frame)]
    if len(full) <= 1:
        only = full[0] if full else frames[-1]
        alone: dict[str, Any] = {name: getattr(only, name) for name in (*_COLUMNS, "packed")}
        return replace(frames[-1], **alone)
    report, base = [], 0
    for frame in full:
        report.append(np.asarray(frame.report, np.int64) - int(frame.report[0]) + base)
        base = int(report[-1][-1]) + 1
    names = ("series", "time", "value")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(each, name) for each in full]) for name in names
    }
    return replace(frames[-1], report=np.concatenate(report).astype(np.uint32), **columns)


def encode(frame: Frame) -> bytes:
    """Turn a frame into bytes; ``BadBatch`` if its columns do not line up or are too long."""
    rows = len(frame)
    if (frame.change is not None) != (frame.kind == TUNED) or (rows and frame.kind in {NOW, TUNED}):
        msg = f"a frame of kind {frame.kind} holds {rows} rows and {frame.change}"
        raise BadBatch(msg)
    if frame.packed is not None and frame.packed.holds(frame):
        return _sealed(frame, frame.packed.form, rows, frame.packed.body)
    columns = [np.asarray(getattr(frame, name), kind) for name, kind in _COLUMNS.items()]
    report = columns[-1]
    if any(column.shape != (rows,) for column in columns) or rows > MOST_ROWS:
        lengths = {name: np.shape(getattr(frame, name)) for name in _COLUMNS}
        msg = f"columns of a frame differ in length or exceed {MOST_ROWS} rows: {lengths}"
        raise BadBatch(msg)
    if (report[1:] < report[:-1]).any():
        msg = "reports of a frame must not fall"
        raise BadBatch(msg)
    time, value, series, report = columns
    form, (time, value, report) = narrowed(time, value, report)
    parts = [np.ascontiguousarray(each).data for each in (time, value, series, report)]
    if frame.change is not None:
        parts = [memoryview(frame.change.text().encode())]
        rows = len(parts[0])
    return _sealed(frame, form, rows, *parts)


def _sealed(frame: Frame, form: int, rows: int, *parts: memoryview) -> bytes:
    """Put head and checksum before the columns."""
    tail = (frame.now, frame.wall, frame.mqtt, frame.http, frame.cause, frame.tuned)
    kind = KINDS.index(frame.kind)
    head = _HEAD.pack(_MAGIC, 0, kind, form, rows, *tail)[8:]
    checksum = crc32(head)
    for part in parts:
        checksum = crc32(part, checksum)
    return b"".join([_MAGIC, struct.pack("<I", checksum), head, *parts])


def decode(data: bytes) -> Frame:
    """Read a frame back; columns that are kept as they are, are views of *data*.

    ``BadFrame`` if a single bit differs from what was written, but for the one in the magic that
    makes a plain frame one of the release before, which says the same.
    """
    first = data[:4] == _FIRST_MAGIC
    head = _FIRST_HEAD if first else _HEAD
    if len(data) < head.size:
        msg = f"{len(data)} bytes are too few for a frame"
        raise BadFrame(msg)
    magic, checksum, kind, form, rows, *tail = head.unpack_from(data)
    plain = magic in {_SECOND_MAGIC, _FIRST_MAGIC} and not form
    known = (magic == _MAGIC or plain) and kind < len(KINDS)
    tunes = known and KINDS[kind] == TUNED
    body = rows if tunes and not form else size(form, rows)
    if not known or len(data) != head.size + body or (first and tunes):
        msg = f"the head of a frame makes no sense: {data[: head.size].hex()}"
        raise BadFrame(msg)
    if crc32(memoryview(data)[8:]) != checksum:
        msg = "the checksum of a frame does not match its bytes"
        raise BadFrame(msg)
    now, wall, mqtt, http, cause, *tuned = tail
    told = Frame(KINDS[kind], now, wall, mqtt, http, cause, tuned=tuned[0] if tuned else 0)
    if tunes:
        return replace(told, change=Change.parsed(data[head.size :]))
    columns: dict[str, Any] = widened(form, rows, data, head.size)
    packed = _Packed(form, memoryview(data)[head.size :], columns) if rows else None
    return replace(told, **columns, packed=packed)
