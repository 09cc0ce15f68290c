"""Payloads of Sparkplug B: what an edge node or a device says in one message.

The schema stands here as a table of field numbers (Sparkplug 3.0, section 6.4) and not as
generated code.  What we do not use of it, such as data sets and properties, is skipped.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from borough.core.errors import BadReading

_F = descriptor_pb2.FieldDescriptorProto
_METRIC = {
    "name": (1, _F.TYPE_STRING), "alias": (2, _F.TYPE_UINT64), "timestamp": (3, _F.TYPE_UINT64),
    "datatype": (4, _F.TYPE_UINT32), "is_null": (7, _F.TYPE_BOOL),
    "int_value": (10, _F.TYPE_UINT32), "long_value": (11, _F.TYPE_UINT64),
    "float_value": (12, _F.TYPE_FLOAT), "double_value": (13, _F.TYPE_DOUBLE),
    "boolean_value": (14, _F.TYPE_BOOL), "string_value": (15, _F.TYPE_STRING),
}  # fmt: skip
_PAYLOAD = {
    "timestamp": (1, _F.TYPE_UINT64), "metrics": (2, _F.TYPE_MESSAGE), "seq": (3, _F.TYPE_UINT64),
}  # fmt: skip
_VALUES = [name for name in _METRIC if name.endswith("_value")]
_PACKAGE = "borough.sparkplug"

INT8, INT16, INT32, INT64, BOOLEAN = 1, 2, 3, 4, 11
"""Datatypes that are written as something else; the others are what they look like."""
_BITS = {INT8: 32, INT16: 32, INT32: 32, INT64: 64}
"""Signed whole numbers travel as the two's complement of so many bits."""


def _made() -> Any:
    """Make the class of payloads from the table."""
    file = descriptor_pb2.FileDescriptorProto(
        name="borough/sparkplug.proto", package=_PACKAGE, syntax="proto2"
    )
    for called, rows in (("Metric", _METRIC), ("Payload", _PAYLOAD)):
        message = file.message_type.add(name=called)
        for name, (number, kind) in rows.items():
            label = _F.LABEL_REPEATED if name == "metrics" else _F.LABEL_OPTIONAL
            field = message.field.add(name=name, number=number, type=kind, label=label)
            if kind == _F.TYPE_MESSAGE:
                field.type_name = f".{_PACKAGE}.Metric"
        if called == "Metric":
            message.oneof_decl.add(name="value")
            for field in message.field:
                if field.name in _VALUES:
                    field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


Payload = _made()
"""A message of Sparkplug B: ``timestamp`` (ms), ``metrics`` and ``seq``, each may be missing."""


def read_payload(body: bytes) -> Any:
    """Read a payload; `BadReading` where it is none."""
    try:
        return Payload.FromString(body)
    except DecodeError as problem:
        raise BadReading(str(problem)) from None


def number_of(metric: Any, datatype: int) -> float | None:
    """Give the value of a metric as a number, None where it is not one.

    *datatype* is what its birth declared: the message need not say it again.

    >>> number_of(Payload().metrics.add(int_value=0xFFFFFFFE), INT16)
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
    asked = Payload(timestamp=now)
    asked.metrics.add(
        name="Node Control/Rebirth", timestamp=now, datatype=BOOLEAN, boolean_value=True
    )
    return bytes(asked.SerializeToString())
