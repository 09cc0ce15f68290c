"""Read Arrow batches of observations: columns stay columns, no object is made for a row."""

from io import BytesIO
from typing import Any

import numpy as np
from arro3.core import Array, DataType, Schema, Table, dictionary_dictionary, dictionary_indices
from arro3.io import read_ipc_stream

from borough.api.admission import Claims, Coded
from borough.api.arrow_frames import looked_through
from borough.core.errors import BadRequest, BoroughError
from borough.core.observations import Index

MEDIA = "application/vnd.apache.arrow.stream"
NAMES = DataType.dictionary(DataType.int32(), DataType.utf8())
"""Every name once, and a small number for each row."""
INSTANT = DataType.timestamp("ms", tz="UTC")
SIMPLE = ("integer", "floating", "boolean", "string", "large_string", "timestamp")
WANTED = "the columns must be value, perhaps time, and thing with property, or series"


def from_arrow(body: bytes) -> Claims:
    """Read a stream of record batches with columns thing, property (or series), value, time.

    Names may be text or dictionary encoded, values any number or boolean, times int64 ms or a
    timestamp with a zone.  Raises `BadRequest` where the body is no such thing.
    """
    if looked_through(body) > len(body):  # no row takes less than a byte
        msg = "the body claims more rows than it can hold"
        raise BadRequest(msg)
    try:
        reader = read_ipc_stream(BytesIO(body))
        check(reader.schema)
        table = reader.read_all()
    except BoroughError:
        raise
    except Exception as error:  # the reader knows no other class
        msg = f"the body is no Arrow stream: {error}"
        raise BadRequest(msg) from error
    except BaseException as error:  # a panic in Rust is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        msg = "the body is a damaged Arrow stream"
        raise BadRequest(msg) from error
    told = {"series"} if "series" in table.column_names else {"thing", "property"}
    many = table.num_rows
    nobody = Coded((), np.full(many, -1, np.int32))
    return Claims(
        at=range(1, many + 1),
        thing=coded(table, "thing") if "thing" in told else nobody,
        property=coded(table, "property") if "property" in told else nobody,
        time=times(table, many),
        value=plain(table, "value", DataType.float64()),
        series=series(table) if "series" in told else None,
    )


def check(schema: Schema) -> None:
    """Raise `BadRequest` unless the columns are those that are wanted, and of simple types."""
    names = list(schema.names)
    told = {"series"} if "series" in names else {"thing", "property"}
    if set(names) - {"time"} != told | {"value"} or len(set(names)) < len(names):
        msg = f"{WANTED}; there are {', '.join(names)!r}"
        raise BadRequest(msg)
    for name in names:
        kind = schema.field(name).type
        inner = kind.value_type if is_a("dictionary", kind) else kind
        if inner is None or not any(is_a(each, inner) for each in SIMPLE):
            msg = f"{name}: {kind} cannot be read"
            raise BadRequest(msg)


def is_a(what: str, kind: DataType) -> bool:
    """Say whether a type is of a family: ``integer``, ``timestamp`` and so on."""
    return bool(getattr(DataType, f"is_{what}")(kind))


def column(table: Table, name: str, kind: DataType) -> Array:
    """Take a column as one array of a kind; `BadRequest` where it cannot be one."""
    try:
        return table.column(name).cast(kind).combine_chunks()
    except Exception as error:  # the reader knows no other class
        msg = f"{name}: {table.column(name).type} cannot be read as {kind}"
        raise BadRequest(msg) from error


def coded(table: Table, name: str) -> Coded:
    """Take a column of names: each once, and its number for every row; -1 for null."""
    packed = column(table, name, NAMES)
    codes = Array.from_arrow(dictionary_indices(packed))
    names = Array.from_arrow(dictionary_dictionary(packed)).to_pylist()
    return Coded(tuple(names), np.asarray(filled(codes, -1), np.int32))


def series(table: Table) -> Index:
    """Take series numbers; -1 for null."""
    if not is_a("integer", table.column("series").type):
        msg = "series: must be whole numbers"
        raise BadRequest(msg)
    return np.asarray(filled(column(table, "series", DataType.int64()), -1), np.int64)


def plain(table: Table, name: str, kind: DataType) -> Any:
    """Take numbers; NaN for null."""
    return filled(column(table, name, kind), np.nan)


def times(table: Table, many: int) -> Any:
    """Take times as ms; None, which is now, where there is no such column or no time in it."""
    if "time" not in table.column_names:
        return [None] * many
    kind = table.column("time").type
    if is_a("timestamp", kind) and kind.tz is not None:
        return filled(column(table, "time", INSTANT).cast(DataType.int64()), None)
    if is_a("integer", kind):
        return filled(column(table, "time", DataType.int64()), None)
    if is_a("temporal", kind):
        msg = "time: a timestamp needs a zone, such as UTC; or send int64 ms"
        raise BadRequest(msg)
    return filled(column(table, "time", DataType.utf8()), None)


def filled(array: Array, otherwise: Any) -> Any:
    """Give an array's values; only where some are null, one by one."""
    if not array.null_count and not is_a("string", array.type):
        return array.to_numpy()
    return [otherwise if each is None else each for each in array.to_pylist()]
