"""The classes of things that a registry declares, as the district's tables say."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from borough.core.registry import Kind, Property
from borough.storage.sql import tables as t


def declared_kinds(connection: Connection) -> tuple[Kind, ...]:
    """Read every class of thing with its properties, in the order of their numbers."""
    held: dict[int, list[Property]] = {}
    order = (t.properties.c.kind, t.properties.c.place)
    for row in connection.execute(select(t.properties).order_by(*order)):
        normal = (row.normal_low, row.normal_high)
        made = Property(row.code, row.name, row.unit, row.low, row.high, normal)
        held.setdefault(row.kind, []).append(made)
    return tuple(
        Kind(
            code=row.code,
            name=row.name,
            role=row.role,
            properties=tuple(held.get(row.number, ())),
            interval_s=row.interval_s,
            heartbeat_s=row.heartbeat_s,
            late_s=row.late_s,
        )
        for row in connection.execute(select(t.kinds).order_by(t.kinds.c.number))
    )


def shown(kind: Kind, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a class out as a plain dict, with the attributes that its things may carry."""
    return {
        "code": kind.code,
        "name": dict(kind.name),
        "role": kind.role,
        "interval_s": kind.interval_s,
        "heartbeat_s": kind.heartbeat_s,
        "late_s": kind.late_s,
        "attributes": dict(schema),
        "properties": [
            {"code": p.code, "name": dict(p.name), "unit": p.unit, "low": p.low, "high": p.high}
            | {"normal": list(p.normal)}
            for p in kind.properties
        ],
    }
