"""Read Arrow batches of observations: columns stay columns, no object is made for a row.

About 0.002 µs a row where series are numbers (docs/why/batches.md).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from borough.api.admission import Claims, Coded
from borough.api.arrow_frames import (
    BATCH,
    BUFFERS,
    COMPRESSION,
    DICTIONARY,
    LENGTH,
    NODES,
    SCHEMA,
    Message,
    Table,
    messages,
    require,
)
from borough.api.arrow_names import coded, joined
from borough.core.errors import BadRequest
from borough.core.observations import Floats, Mask

MEDIA = "application/vnd.apache.arrow.stream"
INT, FLOAT, TEXT, BOOL, TIMESTAMP, LARGE_TEXT = 2, 3, 5, 6, 10, 20
"""Numbers of the types of columns that are read."""
FLOATS = {0: "<f2", 1: "<f4", 2: "<f8"}
UNITS = {0: (1000, 1), 1: (1, 1), 2: (1, 1000), 3: (1, 1_000_000)}
"""How a timestamp's unit is turned into ms: times, then divided by."""
WANTED = "the columns must be value, perhaps time, and thing with property, or series"
Values = NDArray[Any] | Coded


@dataclass(frozen=True, slots=True)
class Field:
    """A column as the schema declares it; ``codes`` is how the places in a dictionary are kept."""

    name: str
    type: int
    form: str
    scale: tuple[int, int] = (1, 1)
    dictionary: int = -1
    codes: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """The cells of a column; where ``there`` is false they mean nothing.  None: all are there."""

    values: Values
    there: Mask | None

    def __len__(self) -> int:
        return len(self.values)


def from_arrow(body: bytes) -> Claims:
    """Read a stream of record batches with columns thing, property (or series), value, time.

    Names may be text or dictionary encoded, values any number or boolean, times int64 ms or a
    timestamp with a zone.  Raises `BadRequest` where the body is no such thing.
    """
    try:
        columns = read(body)
    except (ValueError, UnicodeDecodeError) as error:
        msg = f"the body is no whole Arrow stream: {error}"
        raise BadRequest(msg) from error
    many = len(columns["value"])
    nobody = Coded((), np.full(many, -1, np.int32))
    value: Floats = np.asarray(columns["value"].values, np.float64)
    there = columns["value"].there
    series = columns.get("series")
    return Claims(
        at=range(1, many + 1),
        thing=names(columns["thing"]) if series is None else nobody,
        property=names(columns["property"]) if series is None else nobody,
        time=times(columns.get("time")),
        value=value if there is None else np.where(there, value, np.nan),
        series=None if series is None else whole(series, -1),
    )


def read(body: bytes) -> dict[str, Column]:
    """Read all batches, one after the other, as columns by name."""
    fields: list[Field] = []
    dictionaries: dict[int, list[str]] = {}
    batches: list[list[Column]] = []
    for message in messages(body):
        if message.kind == SCHEMA:
            fields = [declared(each) for each in message.header.tables(1)]
            check(fields)
        elif message.kind == DICTIONARY:
            learn(message, fields, dictionaries)
        elif message.kind == BATCH:
            require(bool(fields))
            batches.append(list(cells(message, fields, dictionaries)))
    require(bool(fields) and bool(batches))
    return {
        field.name: together([batch[place] for batch in batches])
        for place, field in enumerate(fields)
    }


def declared(field: Table) -> Field:
    """Read what the schema says of a column; `BadRequest` for a type that is not read."""
    name, kind, told = field.text(0), field.number(2, "<B"), field.table(3)
    packed = field.table(4)
    codes = integer(packed.table(1)) if packed is not None else ""
    made = {
        INT: lambda: Field(name, INT, integer(told)),
        FLOAT: lambda: Field(name, FLOAT, FLOATS.get(told.number(0, "<h") if told else 0, "")),
        BOOL: lambda: Field(name, BOOL, "bits"),
        TEXT: lambda: Field(name, TEXT, "<i4"),
        LARGE_TEXT: lambda: Field(name, LARGE_TEXT, "<i8"),
        TIMESTAMP: lambda: moment(name, told),
    }
    column = made[kind]() if kind in made else Field(name, kind, "")
    if not column.form or (packed is not None and column.type not in {TEXT, LARGE_TEXT}):
        msg = f"{name}: a column of such a type is not read"
        raise BadRequest(msg)
    number = packed.number(0, "<q") if packed is not None else -1
    return Field(name, column.type, column.form, column.scale, number, codes)


def integer(told: Table | None) -> str:
    """Say how whole numbers of a type are kept; four signed bytes where nothing is said."""
    bits = told.number(0, "<i") if told is not None else 32
    require(bits in {8, 16, 32, 64})
    signed = told is None or told.number(1, "<B")
    return f"<{'i' if signed else 'u'}{bits // 8}"


def moment(name: str, told: Table | None) -> Field:
    """Say how times of a type become ms; one without a zone could be anywhere."""
    unit = told.number(0, "<h") if told is not None else -1
    if told is None or unit not in UNITS or not told.text(1):
        msg = f"{name}: a timestamp needs a zone, such as UTC; or send int64 ms"
        raise BadRequest(msg)
    return Field(name, TIMESTAMP, "<i8", UNITS[unit])


def check(fields: list[Field]) -> None:
    """Raise `BadRequest` unless the columns are those that are wanted."""
    kinds = {field.name: field.type for field in fields}
    told = {"series"} if "series" in kinds else {"thing", "property"}
    if set(kinds) - {"time"} != told | {"value"} or len(kinds) < len(fields):
        msg = f"{WANTED}; there are {', '.join(field.name for field in fields)!r}"
        raise BadRequest(msg)
    fits = {
        "series": {INT}, "thing": {TEXT, LARGE_TEXT}, "property": {TEXT, LARGE_TEXT},
        "value": {INT, FLOAT, BOOL}, "time": {INT, TIMESTAMP},
    }  # fmt: skip
    for name, kind in kinds.items():
        if kind not in fits[name]:
            msg = f"{name}: a column of another type is wanted"
            raise BadRequest(msg)


def learn(message: Message, fields: list[Field], dictionaries: dict[int, list[str]]) -> None:
    """Read the names of a dictionary; a later one replaces them, or adds to them if it says so."""
    number, data = message.header.number(0, "<q"), message.header.table(1)
    forms = [field.form for field in fields if field.dictionary == number]
    require(data is not None and bool(forms))
    if data is not None:
        names = list(joined(text(laid_out(data, message.body), forms[0])))
        more = dictionaries.get(number, []) if message.header.number(2, "<B") else []
        dictionaries[number] = [*more, *names]


Part = tuple[int, int, Callable[[], memoryview]]
"""Rows and nulls of a column, and what gives its buffers one after the other."""


def laid_out(batch: Table, body: memoryview) -> Iterator[Part]:
    """Walk the columns of a record batch with the buffers that each may take."""
    if batch.place(COMPRESSION):
        msg = "packed Arrow batches are not taken; pack the whole body with gzip instead"
        raise BadRequest(msg)
    rows = batch.number(LENGTH, "<q")
    buffers = iter(batch.pairs(BUFFERS))

    def buffer() -> memoryview:
        offset, length = next(buffers, (-1, 0))
        require(offset >= 0 and 0 <= length <= len(body) - offset)
        return body[offset : offset + length]

    for many, nulls in batch.pairs(NODES):
        require(many == rows and 0 <= nulls <= many)
        yield many, nulls, buffer


def cells(
    message: Message, fields: list[Field], dictionaries: dict[int, list[str]]
) -> Iterator[Column]:
    """Read the columns of a record batch."""
    parts = list(laid_out(message.header, message.body))
    require(len(parts) == len(fields))
    for field, (many, nulls, buffer) in zip(fields, parts, strict=True):
        there = present(many, nulls, buffer())
        if field.dictionary >= 0:
            codes = fixed(buffer(), field.codes, many).astype(np.int64)
            names = dictionaries.get(field.dictionary, [])
            used = codes if there is None else np.where(there, codes, -1)
            require(
                bool((used < len(names)).all() and (used >= (0 if there is None else -1)).all())
            )
            yield Column(Coded(tuple(names), used), None)
        elif field.type in {TEXT, LARGE_TEXT}:
            found = coded(fixed(buffer(), field.form, many + 1 if many else 0), buffer())
            places = found.codes if there is None else np.where(there, found.codes, -1)
            yield Column(Coded(found.names, places), None)
        elif field.type == BOOL:
            yield Column(bits(buffer(), many), there)
        else:
            values = fixed(buffer(), field.form, many)
            times, over = field.scale
            yield Column(values if field.scale == (1, 1) else values // over * times, there)


def text(parts: Iterator[Part], form: str) -> Coded:
    """Read the one column of a dictionary."""
    many, nulls, buffer = next(parts, (0, 0, lambda: memoryview(b"")))
    present(many, nulls, buffer())
    return coded(fixed(buffer(), form, many + 1 if many else 0), buffer())


def present(many: int, nulls: int, mask: memoryview) -> Mask | None:
    """Read which cells are there; None where all are."""
    return bits(mask, many) if nulls else None


def bits(packed: memoryview, many: int) -> Mask:
    """Unpack bits, the lowest of each byte first."""
    require(many <= 8 * len(packed))
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=many, bitorder="little") > 0


def fixed(packed: memoryview, form: str, many: int) -> NDArray[Any]:
    """Take numbers of a fixed width as they lie there."""
    require(many * np.dtype(form).itemsize <= len(packed))
    return np.frombuffer(packed, form, many)


def together(parts: list[Column]) -> Column:
    """Put the parts of a column one after the other."""
    if len(parts) == 1:
        return parts[0]
    there = [np.ones(len(part), bool) if part.there is None else part.there for part in parts]
    first = parts[0].values
    if not isinstance(first, Coded):
        return Column(np.concatenate([part.values for part in parts]), np.concatenate(there))
    every: list[str] = []
    codes = []
    for part in parts:
        values = part.values
        assert isinstance(values, Coded)  # noqa: S101 - as the first part of the column is
        codes.append(np.where(values.codes >= 0, values.codes + len(every), -1))
        every += values.names
    return Column(Coded(tuple(every), np.concatenate(codes)), None)


def names(column: Column) -> Coded:
    """Take a column as names."""
    assert isinstance(column.values, Coded)  # noqa: S101 - the check before has seen to it
    return column.values


def whole(column: Column, otherwise: int) -> NDArray[np.int64]:
    """Take a column as whole numbers."""
    values = np.asarray(column.values).astype(np.int64)
    return values if column.there is None else np.where(column.there, values, otherwise)


def times(column: Column | None) -> Any:
    """Take times as ms; None, which is now, where there is none."""
    if column is None:
        return None
    values = whole(column, 0)
    if column.there is None:
        return values
    return [
        time if said else None for time, said in zip(values.tolist(), column.there, strict=True)
    ]
