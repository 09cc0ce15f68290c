"""Single things: found, shown, added, changed and retired."""

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Text, cast, func, or_, select

from borough.core.errors import BadRequest, NotFound
from borough.storage.sql import attributes as attrs, tables as t
from borough.storage.sql.changes import touched
from borough.storage.sql.counting import at_least, raised, upsert
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.entering import Given, give
from borough.storage.sql.paging import MOST, page
from borough.storage.sql.registry import NEXT_SERIES, NEXT_THING, VERSION

KEY_MARKS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
KEY_MOST = 64
CHANGEABLE = frozenset({"lon", "lat", "grid", "via", "name", "attributes"})
INT64_END = 10**18
LON_LAT = {"lon": 180.0, "lat": 90.0}


class SqlThings:
    """The district's things one by one; whole columns of them come from `SqlRegistry`.

    Things are shown as plain dicts: ``id``, ``key``, ``kind`` (code), ``first_series``, ``lon``,
    ``lat``, ``grid``, ``via`` (key or None), ``name``, ``attributes``, ``valid_from_ms`` and
    ``valid_to_ms``.
    """

    def __init__(self, engine: Engine, given: Given | None = None) -> None:
        self._engine = engine
        self._given = given or {}

    def thing(self, key: str) -> dict[str, Any]:
        """Show one thing with its relations and the parameters set for it; or `NotFound`."""
        with reading(self._engine) as connection:
            shown = dict(_row(connection, key))
            shown["relations"] = _ties(connection, shown["id"])
            set_for = select(t.parameters).where(t.parameters.c.thing == shown["id"])
            shown["parameters"] = [
                {"scene": row.scene, "parameter": row.parameter, "value": row.value}
                | {"who": row.who, "set_ms": row.set_ms}
                for row in connection.execute(set_for.order_by("scene", "parameter"))
            ]
            return shown

    def find(
        self,
        *,
        kind: str = "",
        grid: int | None = None,
        box: tuple[float, float, float, float] | None = None,
        text: str = "",
        retired: bool = False,
        after: int = 0,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """Give the things that fit, by rising id; go on with ``after`` the last id given.

        ``box`` is west, south, east, north in degrees; ``text`` is sought in keys and names.
        """
        chosen = _SHOWN.where(t.things.c.id > after).order_by(t.things.c.id)
        if kind:
            chosen = chosen.where(t.kinds.c.code == kind)
        if grid is not None:
            chosen = chosen.where(t.things.c.grid == grid)
        if box:
            west, south, east, north = box
            chosen = chosen.where(t.things.c.lon.between(west, east))
            chosen = chosen.where(t.things.c.lat.between(south, north))
        if text:
            sought = text.lower()
            places = (t.things.c.key, cast(t.things.c.name, Text))
            chosen = chosen.where(
                or_(*(func.lower(place).contains(sought, autoescape=True) for place in places))
            )
        if not retired:
            chosen = chosen.where(t.things.c.valid_to_ms.is_(None))
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen.limit(page(limit))).mappings()]

    def add(
        self,
        *,
        key: str,
        kind: str,
        lon: float | None,
        lat: float | None,
        grid: int,
        at_ms: int,
        via: str = "",
        name: Mapping[str, str] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Enter a thing under a number and series that no other ever had; None for no place.

        Raises `BadRequest`, naming the field, where something does not fit.
        """
        if not key or len(key) > KEY_MOST or not KEY_MARKS.issuperset(key):
            msg = f"key: 1 to {KEY_MOST} of A-Z a-z 0-9 _ -, not {key!r}"
            raise BadRequest(msg)
        with writing(self._engine) as connection:
            raised(connection, VERSION)  # first, so that two who add at once wait here
            if connection.scalar(select(t.things.c.id).where(t.things.c.key == key)) is not None:
                msg = f"key: {key!r} is taken, and keys are never reused"
                raise BadRequest(msg)
            number, schema, width = _kind(connection, kind)
            attrs.check(kind, schema, attributes or {})
            row: dict[str, Any] = {"key": key, "kind": number, "valid_from_ms": at_ms}
            row |= {"name": dict(name or {}), "attributes": dict(attributes or {})}
            row |= _placed(connection, {"lon": lon, "lat": lat, "grid": grid, "via": via})
            at_least(
                connection, NEXT_THING, connection.scalar(select(func.max(t.things.c.id))) or 0
            )
            row["id"] = raised(connection, NEXT_THING)
            row["first_series"] = raised(connection, NEXT_SERIES, width) - width
            connection.execute(t.things.insert().values(row))
            give(connection, self._given, row["id"], row["id"], at_ms)
            touched(connection, [row["id"]])
            return dict(_row(connection, key))

    def edit(self, key: str, **changes: Any) -> dict[str, Any]:
        """Change ``lon``, ``lat``, ``grid``, ``via``, ``name`` or ``attributes`` (as a whole).

        Raises `NotFound`, or `BadRequest` naming the field.
        """
        for name in changes.keys() - CHANGEABLE:
            msg = f"{name}: cannot be changed; {', '.join(sorted(CHANGEABLE))} can"
            raise BadRequest(msg)
        with writing(self._engine) as connection:
            raised(connection, VERSION)
            row = _row(connection, key)
            if row["valid_to_ms"] is not None:
                msg = f"key: {key!r} was retired"
                raise BadRequest(msg)
            if "attributes" in changes:
                _, schema, _ = _kind(connection, row["kind"])
                attrs.check(row["kind"], schema, changes["attributes"])
            values = changes | _placed(connection, changes)
            if values:
                connection.execute(
                    t.things.update().where(t.things.c.id == row["id"]).values(values)
                )
            touched(connection, [row["id"]])
            return dict(_row(connection, key))

    def retire(self, key: str, *, at_ms: int) -> dict[str, Any]:
        """Take a thing out of use from a moment on; its key, id and series stay its own."""
        with writing(self._engine) as connection:
            raised(connection, VERSION)
            row = _row(connection, key)
            if row["valid_to_ms"] is None:
                ends = {"valid_to_ms": at_ms}
                connection.execute(t.things.update().where(t.things.c.id == row["id"]).values(ends))
            touched(connection, [row["id"]])
            return dict(_row(connection, key))

    def relate(self, name: str, start: str, end: str, *, at_ms: int, sign: int = 1) -> None:
        """Tie two things by their keys, from *start* to *end*, with a sign of +1 or -1."""
        if sign not in {1, -1}:
            msg = f"sign: must be 1 or -1, not {sign}"
            raise BadRequest(msg)
        with writing(self._engine) as connection:
            raised(connection, VERSION)
            ends = {"from_id": _row(connection, start)["id"], "to_id": _row(connection, end)["id"]}
            tie = {"name": name, **ends, "sign": sign, "valid_from_ms": at_ms}
            connection.execute(upsert(connection, t.relations).values(tie).on_conflict_do_nothing())
            touched(connection, ends.values())

    def set_parameter(
        self, scene: str, parameter: str, key: str, value: float | None, *, who: str, at_ms: int
    ) -> None:
        """Tune one parameter of a scene for one thing; None gives it back to the default.

        Whether the value suits the scene is for the caller to check with `Scene.tuned`.
        """
        if value is not None and not math.isfinite(value):
            msg = f"value: must be finite, not {value}"
            raise BadRequest(msg)
        p = t.parameters.c
        with writing(self._engine) as connection:
            raised(connection, VERSION)
            row = _row(connection, key)
            mine = (p.scene == scene) & (p.parameter == parameter) & (p.thing == row["id"])
            connection.execute(t.parameters.delete().where(mine))
            if value is not None:
                made = {"scene": scene, "parameter": parameter, "thing": row["id"], "value": value}
                connection.execute(t.parameters.insert().values(**made, who=who, set_ms=at_ms))
            touched(connection, [row["id"]])


_GATE = t.things.alias("gate")
_SHOWN = (
    select(t.things, t.kinds.c.code.label("kind_code"), _GATE.c.key.label("via_key"))
    .join(t.kinds, t.kinds.c.number == t.things.c.kind)
    .outerjoin(_GATE, _GATE.c.id == t.things.c.via)
    .with_only_columns(
        t.things.c.id, t.things.c.key, t.kinds.c.code.label("kind"), t.things.c.first_series,
        t.things.c.lon, t.things.c.lat, t.things.c.grid, _GATE.c.key.label("via"),
        t.things.c.name, t.things.c.attributes, t.things.c.valid_from_ms, t.things.c.valid_to_ms,
    )
)  # fmt: skip


def _row(connection: Connection, key: str) -> RowMapping:
    row = connection.execute(_SHOWN.where(t.things.c.key == key)).mappings().one_or_none()
    if row is None:
        msg = f"thing: there is no {key!r}"
        raise NotFound(msg)
    return row


def _kind(connection: Connection, code: str) -> tuple[int, dict[str, attrs.Attribute], int]:
    k = t.kinds.c
    row = connection.execute(select(k.number, k.attributes).where(k.code == code)).one_or_none()
    if row is None:
        msg = f"kind: there is no {code!r}"
        raise BadRequest(msg)
    counted = select(func.count()).where(t.properties.c.kind == row.number)
    return row.number, attrs.restored(row.attributes), connection.scalar(counted) or 0


def _placed(connection: Connection, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check where a thing is to be, and turn the key of its gateway into an id."""
    values: dict[str, Any] = {}
    for name, most in LON_LAT.items():
        if name in given:
            value = given[name]
            if value is not None and not (isinstance(value, int | float) and abs(value) <= most):
                msg = f"{name}: must be -{most:g} to {most:g} degrees, not {value!r}"
                raise BadRequest(msg)
            values[name] = value
    if "grid" in given:
        if not isinstance(given["grid"], int) or not -1 <= given["grid"] < INT64_END:
            msg = f"grid: must be a whole number of at most 18 digits, not {given['grid']!r}"
            raise BadRequest(msg)
        values["grid"] = given["grid"]
    if "via" in given:
        gate = select(t.things.c.id).where(
            t.things.c.key == given["via"], t.things.c.valid_to_ms.is_(None)
        )
        values["via"] = connection.scalar(gate) if given["via"] else None
        if given["via"] and values["via"] is None:
            msg = f"via: there is no {given['via']!r}"
            raise BadRequest(msg)
    return values


def _ties(connection: Connection, thing: int) -> list[dict[str, Any]]:
    r = t.relations.c
    start, end = t.things.alias("start"), t.things.alias("end_thing")
    chosen = connection.execute(
        select(
            r.name, start.c.key.label("from"), end.c.key.label("to"), r.sign,
            r.valid_from_ms, r.valid_to_ms,
        )
        .join(start, start.c.id == r.from_id)
        .join(end, end.c.id == r.to_id)
        .where(or_(r.from_id == thing, r.to_id == thing))
        .order_by(r.name, r.from_id, r.to_id)
        .limit(MOST)
    ).mappings()  # fmt: skip
    return [dict(row) for row in chosen]
