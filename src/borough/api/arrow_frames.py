"""Walk the frames of an Arrow stream before anybody sets memory aside for what they claim.

The reader of Arrow streams believes lengths that a message states about itself, and a process
that asks for a million gigabytes is ended by the system.  So each message is looked at first:
the frame has to lie within the body, and nothing may be packed, for a packed buffer states how
large it will be.  The layout is that of the Arrow columnar format 1.5, "IPC streaming format",
and of FlatBuffers tables.
"""

import struct
from struct import unpack_from

from borough.core.errors import BadRequest

FRAME = 0xFFFFFFFF
HEAD = 8
BODY_LENGTH, KIND, HEADER = 3, 1, 2
"""Fields of a Message, counted as its schema declares them."""
DICTIONARY, BATCH = 2, 3
"""Kinds of messages that hold data."""
DATA, LENGTH, COMPRESSION = 1, 0, 3
"""Field of a DictionaryBatch, and fields of a RecordBatch."""


def looked_through(body: bytes) -> int:
    """Count the rows that a stream claims to have; `BadRequest` where a claim cannot be true."""
    try:
        return _walked(body)
    except (struct.error, ValueError) as error:
        msg = "the body is no whole Arrow stream"
        raise BadRequest(msg) from error


def _walked(body: bytes) -> int:
    at = rows = 0
    while at < len(body):
        mark, size = unpack_from("<Ii", body, at)
        at += HEAD
        if mark != FRAME or size < 0 or at + size > len(body):
            msg = "a frame does not begin, or does not end, within the body"
            raise ValueError(msg)
        if size == 0:
            break
        message = body[at : at + size]
        at += size
        root = _u4(message, 0)
        place = _field(message, root, BODY_LENGTH)
        long = unpack_from("<q", message, place)[0] if place else 0
        if not 0 <= long <= len(body) - at:
            msg = "a message claims more than there is"
            raise ValueError(msg)
        at += long
        rows += _rows(message, root)
    return rows


def _rows(message: bytes, root: int) -> int:
    """Count the rows of a record batch; those of a dictionary are no rows, but are looked at."""
    kind = _field(message, root, KIND)
    held = message[kind] if kind else 0
    if held not in {DICTIONARY, BATCH}:
        return 0
    batch = _table(message, root, HEADER)
    if held == DICTIONARY:
        batch = _table(message, batch, DATA)
    if _field(message, batch, COMPRESSION):
        msg = "packed Arrow batches are not taken; pack the whole body with gzip instead"
        raise BadRequest(msg)
    place = _field(message, batch, LENGTH)
    many = int(unpack_from("<q", message, place)[0]) if place else 0
    if many < 0:
        msg = "fewer rows than none"
        raise ValueError(msg)
    return many if held == BATCH else min(many, 0)


def _table(message: bytes, table: int, number: int) -> int:
    """Follow a field to the table that it points at."""
    place = _field(message, table, number)
    if not place:
        msg = "a table is missing"
        raise ValueError(msg)
    return place + _u4(message, place)


def _field(message: bytes, table: int, number: int) -> int:
    """Find where a field of a table lies; 0 where the table has none."""
    fields = table - int(unpack_from("<i", message, _inside(message, table))[0])
    wide = int(unpack_from("<H", message, _inside(message, fields))[0])
    slot = 4 + 2 * number
    if slot + 2 > wide:
        return 0
    offset = int(unpack_from("<H", message, _inside(message, fields + slot))[0])
    return _inside(message, table + offset) if offset else 0


def _u4(message: bytes, at: int) -> int:
    return int(unpack_from("<I", message, _inside(message, at))[0])


def _inside(message: bytes, at: int) -> int:
    if not 0 <= at < len(message):
        msg = "an offset leads out of its message"
        raise ValueError(msg)
    return at
