"""The frames of an Arrow stream: messages, their tables, and the bytes that belong to each.

Read here and not by a library: those at hand believe what a message claims of its lengths, and
a claim of a thousand gigabytes, or of a buffer beyond the end, ends the whole process.  Here
every place is checked against the bytes that are there, and what cannot be is a ``ValueError``.
The layout is that of the Arrow columnar format 1.5, "IPC streaming format", and of FlatBuffers.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

FRAME = 0xFFFFFFFF
SCHEMA, DICTIONARY, BATCH = 1, 2, 3
"""Kinds of messages."""
KIND, HEADER, BODY_LENGTH = 1, 2, 3
"""Fields of a Message, counted as its declaration counts them; so with all below."""
LENGTH, NODES, BUFFERS, COMPRESSION = 0, 1, 2, 3
"""Fields of a RecordBatch."""
PAIR = 16
"""Bytes of a node (rows, nulls) and of a buffer (offset, length)."""
NUMBERS = {"<B": 1, "<H": 2, "<h": 2, "<i": 4, "<I": 4, "<q": 8}


@dataclass(frozen=True, slots=True)
class Table:
    """A FlatBuffers table: where it begins in the bytes of its message."""

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> Self:
        """Find the table that a message begins with."""
        return cls(data, number(data, 0, "<I"))

    def place(self, field: int) -> int:
        """Find where a field lies; 0 where the table has none."""
        layout = self.at - number(self.data, self.at, "<i")
        slot = 4 + 2 * field
        if slot + 2 > number(self.data, layout, "<H"):
            return 0
        offset = number(self.data, layout + slot, "<H")
        return self.at + offset if offset else 0

    def number(self, field: int, form: str, otherwise: int = 0) -> int:
        """Read a number; *otherwise* where it is left out."""
        place = self.place(field)
        return number(self.data, place, form) if place else otherwise

    def table(self, field: int) -> "Table | None":
        """Follow a field to another table."""
        place = self.place(field)
        return Table(self.data, place + number(self.data, place, "<I")) if place else None

    def text(self, field: int) -> str:
        """Read a text; "" where it is left out."""
        start, size = self._vector(field, 1)
        return self.data[start : start + size].decode()

    def tables(self, field: int) -> "list[Table]":
        """Follow a field to a list of tables."""
        start, size = self._vector(field, 4)
        places = range(start, start + 4 * size, 4)
        return [Table(self.data, place + number(self.data, place, "<I")) for place in places]

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """Read a list of pairs of whole numbers."""
        start, size = self._vector(field, PAIR)
        places = range(start, start + PAIR * size, PAIR)
        return [struct.unpack_from("<qq", self.data, place) for place in places]

    def _vector(self, field: int, wide: int) -> tuple[int, int]:
        """Find where a list begins, and how many entries of *wide* bytes it has."""
        place = self.place(field)
        if not place:
            return 0, 0
        start = place + number(self.data, place, "<I")
        size = number(self.data, start, "<I")
        require(start + 4 + size * wide <= len(self.data))
        return start + 4, size


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its kind, the table that tells of it, and the bytes that come with it."""

    kind: int
    header: Table
    body: memoryview


def messages(stream: bytes) -> Iterator[Message]:
    """Walk the messages of a stream; `ValueError` where one does not fit into it."""
    at = 0
    while at < len(stream):
        require(number(stream, at, "<I") == FRAME)
        size = number(stream, at + 4, "<i")
        at += 8
        if size == 0:
            return
        require(0 < size <= len(stream) - at)
        message = Table.root(stream[at : at + size])
        at += size
        long = message.number(BODY_LENGTH, "<q")
        require(0 <= long <= len(stream) - at)
        header = message.table(HEADER)
        require(header is not None)
        if header is not None:
            yield Message(message.number(KIND, "<B"), header, memoryview(stream)[at : at + long])
        at += long


def number(data: bytes, at: int, form: str) -> int:
    """Read one number; `ValueError` where it does not lie within the data."""
    require(0 <= at <= len(data) - NUMBERS[form])
    return int(struct.unpack_from(form, data, at)[0])


def require(it_is: bool) -> None:  # noqa: FBT001 - what has to be true
    """Raise `ValueError` where something is not as the format says."""
    if not it_is:
        msg = "not as the Arrow format says"
        raise ValueError(msg)
