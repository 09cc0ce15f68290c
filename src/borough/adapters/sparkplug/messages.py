"""Payloads of Sparkplug B: what an edge node or a device says in one message.

The schema stands here as a table of field numbers (Sparkplug 3.0, section 6.4) and not as
generated code.  What we do not use of it, such as data sets and properties, is skipped.
"""

from functools import cache
from typing import Any

from borough.core.errors import BadReading

_METRIC = {
    "name": (1, "STRING"), "alias": (2, "UINT64"), "timestamp": (3, "UINT64"),
    "datatype": (4, "UINT32"), "is_null": (7, "BOOL"),
    "int_value": (10, "UINT32"), "long_value": (11, "UINT64"),
    "float_value": (12, "FLOAT"), "double_value": (13, "DOUBLE"),
    "boolean_value": (14, "BOOL"), "string_value": (15, "STRING"),
}  # fmt: skip
_PAYLOAD = {
    "timestamp": (1, "UINT64"), "metrics": (2, "MESSAGE"), "seq": (3, "UINT64"),
}  # fmt: skip
_VALUES = [name for name in _METRIC if name.endswith("_value")]
_PACKAGE = "borough.sparkplug"

INT8, INT16, INT32, INT64, BOOLEAN = 1, 2, 3, 4, 11
"""Datatypes that are written as something else; the others are what they look like."""
_BITS = {INT8: 32, INT16: 32, INT32: 32, INT64: 64}
"""Signed whole numbers travel as the two's complement of so many bits."""


@cache
def _schema() -> tuple[Any, type[Exception]]:
    """Make the class of payloads from the table; give it, and what it raises at what is none."""
    # A quarter of a second to load, which no role should spend on what few edge nodes speak.
    from google.protobuf import (  # noqa: PLC0415 - see above
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - see above

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="borough/sparkplug.proto", package=_PACKAGE, syntax="proto2"
    )
    for called, rows in (("Metric", _METRIC), ("Payload", _PAYLOAD)):
        message = file.message_type.add(name=called)
        for name, (number, kind) in rows.items():
            label = kinds.LABEL_REPEATED if name == "metrics" else kinds.LABEL_OPTIONAL
            typed = kinds.Type.Value(f"TYPE_{kind}")
            field = message.field.add(name=name, number=number, type=typed, label=label)
            if kind == "MESSAGE":
                field.type_name = f".{_PACKAGE}.Metric"
        if called == "Metric":
            message.oneof_decl.add(name="value")
            for field in message.field:
                if field.name in _VALUES:
                    field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{_PACKAGE}.Payload")
    return message_factory.GetMessageClass(found), DecodeError


def payload_class() -> Any:
    """Give the class of a message: ``timestamp`` (ms), ``metrics`` and ``seq``, all optional."""
    return _schema()[0]


def read_payload(body: bytes) -> Any:
    """Read a payload; `BadReading` where it is none."""
    made, wrong = _schema()
    try:
        return made.FromString(body)
    except wrong as problem:
        raise BadReading(str(problem)) from None


def number_of(metric: Any, datatype: int) -> float | None:
    """Give the value of a metric as a number, None where it is not one.

    *datatype* is what its birth declared: the message need not say it again.

    >>> number_of(payload_class()().metrics.add(int_value=0xFFFFFFFE), INT16)
    -2.0
    """
    said = metric.WhichOneof("value")
    if said is None or said == "string_value":
        return None
    value = getattr(metric, said)
    bits = _BITS.get(datatype, 0) if said in {"int_value", "long_value"} else 0
    if bits and value >> (bits - 1):
        value -= 1 << bits
    return float(value)


def rebirth(now: int) -> bytes:
    """Write the command that asks an edge node to tell its births again, at *now* (ms)."""
    asked = payload_class()(timestamp=now)
    asked.metrics.add(
        name="Node Control/Rebirth", timestamp=now, datatype=BOOLEAN, boolean_value=True
    )
    return bytes(asked.SerializeToString())
