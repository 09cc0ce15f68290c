"""The registry in SQL: filled once from a district, loaded as columns by every process."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, Engine, Table, func, select

from borough.core.amending import amended
from borough.core.errors import BadRequest
from borough.core.observations import Floats, Index
from borough.core.registry import Kind, Registry, row_of
from borough.storage.sql import attributes as attrs, tables as t
from borough.storage.sql.bulk import columns, fill, unwatched
from borough.storage.sql.changes import HELD, amendment, newest, touched
from borough.storage.sql.counting import at_least, current, raised
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.kinds import declared_kinds, shown

VERSION, NEXT_SERIES, NEXT_THING = "registry", "series", "things"
DEEPEST = 16
"""More gateways than this behind one another are a mistake."""
Progress = Callable[[int, int], None]
Texts = Sequence[Mapping[str, Any] | None]


class SqlRegistry:
    """The district's things as a whole: filled once, loaded in a second or two.

    Single things are found and changed through `SqlThings`; who holds a registry that was loaded
    goes on with `renewed`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def size(self) -> int:
        """How many things were ever entered, retired ones included."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(t.things)) or 0

    def version(self) -> int:
        """A number that rises with every change: load again when it has."""
        with reading(self._engine) as connection:
            return current(connection, VERSION)

    def edition(self) -> tuple[int, int]:
        """Name the last change, as `Registry.edition` does."""
        with reading(self._engine) as connection:
            return newest(connection)

    def meta(self) -> dict[str, Any]:
        """What was said of the district as a whole: id, name, time zone and the like."""
        with reading(self._engine) as connection:
            return {row.name: row.value for row in connection.execute(select(t.meta))}

    def kinds(self) -> list[dict[str, Any]]:
        """Every class of thing with its properties and the attributes it may carry."""
        with reading(self._engine) as connection:
            declared = declared_kinds(connection)
            schemas = connection.execute(
                select(t.kinds.c.attributes).order_by(t.kinds.c.number)
            ).scalars()
            return [shown(kind, each) for kind, each in zip(declared, schemas, strict=True)]

    def save_all(
        self,
        registry: Registry,
        *,
        meta: Mapping[str, Any] | None = None,
        names: Texts | None = None,
        attributes: Texts | None = None,
        schemas: Mapping[str, attrs.Schema] | None = None,
        valid_from_ms: int = 0,
        progress: Progress = lambda _done, _total: None,
    ) -> None:
        """Fill an empty registry, in one transaction; *progress* hears rows done and to do.

        ``names`` holds ``{"zh": ..., "en": ...}`` or None for each row, ``attributes`` their
        attributes, ``schemas`` what each class allows.  Raises `BadRequest` where something
        does not fit, or where the registry holds things already: series are never reused.
        """
        given = attributes or [None] * len(registry.id)
        called = names or [None] * len(registry.id)
        _check(registry, called, given, schemas or {})
        with writing(self._engine) as connection:
            if connection.scalar(select(t.things.c.id).limit(1)) is not None:
                msg = "registry: it holds things already"
                raise BadRequest(msg)
            _save_kinds(connection, registry.kinds, schemas or {})
            things = _thing_columns(registry, called, given, valid_from_ms)
            _fill_all(connection, _parts(registry, things, valid_from_ms), progress)
            _save_meta(connection, meta or {})
            last = int((registry.first + registry.widths).max(initial=0))
            at_least(connection, NEXT_SERIES, last)
            raised(connection, VERSION)
            touched(connection, registry.id.tolist())

    def load(self, *, retired: bool = False) -> Registry:
        """Give the registry as columns, sorted by id; things out of use only where asked for."""
        with reading(self._engine) as connection:
            edition = newest(connection)  # first: what changes meanwhile is then read again
            kinds = declared_kinds(connection)
            chosen = HELD.order_by(t.things.c.id)
            if not retired:
                chosen = chosen.where(t.things.c.valid_to_ms.is_(None))
            ids, keys, kind, first, lon, lat, grid, via = columns(connection, chosen)
            number = np.array(ids, np.int64)
            return Registry(
                kinds=kinds,
                id=number,
                key=tuple(keys),
                kind=np.array(kind, np.int16),
                first=np.array(first, np.int32),
                lon=np.array(lon, np.float64),
                lat=np.array(lat, np.float64),
                grid=np.array(grid, np.int64),
                via=row_of(number, np.array(via, np.int64)),
                relations=_relations(connection, number),
                parameters=_parameters(connection, number),
                edition=(0, 0) if retired else edition,
            )

    def renewed(self, held: Registry) -> Registry | None:
        """Give the registry as `load` would, made of one that was loaded and what has changed.

        None where that cannot be, or is not worth while: what is *held* is of another store, or
        of this one before it was put back to an older state, or too much has changed.
        """
        with reading(self._engine) as connection:
            by = amendment(connection, held)
        if by is None:
            return None
        nothing = by.edition == held.edition and by.kinds == held.kinds
        return held if nothing else amended(held, by)


def _check(registry: Registry, names: Texts, given: Texts, schemas: Mapping[str, Any]) -> None:
    things = len(registry.id)
    wrong = {
        "id: numbers must be 1 or more and rising": things
        and (registry.id[0] < 1 or (np.diff(registry.id) <= 0).any()),
        "key: two things have the same": len(set(registry.key)) < things,
        "names: one for each row, please": len(names) != things,
        "attributes: one for each row, please": len(given) != things,
        "first: two things share a series": _overlapping(registry),
        "via: there is no such row": (registry.via >= things).any(),
    }
    for msg, it_is in wrong.items():
        if it_is:
            raise BadRequest(msg)
    codes = [kind.code for kind in registry.kinds]
    needed = {code for code, schema in schemas.items() if any(a.required for a in schema.values())}
    for key, number, each in zip(registry.key, registry.kind.tolist(), given, strict=True):
        if each or codes[number] in needed:
            try:
                attrs.check(codes[number], schemas.get(codes[number], {}), each or {})
            except BadRequest as error:
                msg = f"{key}: {error}"
                raise BadRequest(msg) from error


def _overlapping(registry: Registry) -> bool:
    wide = registry.widths > 0
    order = np.argsort(registry.first[wide], kind="stable")
    first, widths = registry.first[wide][order], registry.widths[wide][order]
    return bool((first[1:] < first[:-1] + widths[:-1]).any() or (first < 0).any())


def _save_kinds(
    connection: Connection, kinds: Sequence[Kind], schemas: Mapping[str, attrs.Schema]
) -> None:
    rows = [
        {
            "number": number,
            "code": kind.code,
            "name": dict(kind.name),
            "role": kind.role,
            "interval_s": kind.interval_s,
            "heartbeat_s": kind.heartbeat_s,
            "late_s": kind.late_s,
            "attributes": attrs.stored(schemas.get(kind.code, {})),
        }
        for number, kind in enumerate(kinds)
    ]
    _insert(connection, t.kinds, rows)
    rows = [
        {
            "kind": number,
            "place": place,
            "code": each.code,
            "name": dict(each.name),
            "unit": each.unit,
            "low": each.low,
            "high": each.high,
            "normal_low": each.normal[0],
            "normal_high": each.normal[1],
        }
        for number, kind in enumerate(kinds)
        for place, each in enumerate(kind.properties)
    ]
    _insert(connection, t.properties, rows)


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _thing_columns(
    registry: Registry, names: Texts, given: Texts, valid_from_ms: int
) -> dict[str, Sequence[Any]]:
    ids, via = registry.id.tolist(), registry.via.tolist()
    columns: dict[str, Sequence[Any]] = {
        "id": ids,
        "key": registry.key,
        "kind": registry.kind.tolist(),
        "first_series": registry.first.tolist(),
        "lon": _or_none(registry.lon),
        "lat": _or_none(registry.lat),
        "grid": registry.grid.tolist(),
        "via": [ids[row] if row >= 0 else None for row in via],
        "name": [_json(each) if each else "{}" for each in names],
        "attributes": [_json(each) if each else "{}" for each in given],
        "valid_from_ms": [valid_from_ms] * len(ids),
    }
    # Gateways first: SQLite searches the whole table for each row that others already refer to.
    order = np.argsort(_depth(registry.via), kind="stable").tolist()
    return {name: [column[row] for row in order] for name, column in columns.items()}


def _depth(via: Index) -> Index:
    """Count the gateways between each thing and the bus; `BadRequest` for a circle."""
    depth, above = np.zeros(len(via), np.int64), via
    while (above >= 0).any():
        depth += above >= 0
        above = np.where(above >= 0, via[above], -1)
        if depth.max() > DEEPEST:
            msg = f"via: more than {DEEPEST} gateways in a row, or in a circle"
            raise BadRequest(msg)
    return depth


def _parts(
    registry: Registry, things: dict[str, Sequence[Any]], at_ms: int
) -> list[tuple[Table, dict[str, Sequence[Any]]]]:
    ties = [_relation_columns(registry, name, at_ms) for name in registry.relations]
    set_for = [_parameter_columns(registry, key, at_ms) for key in registry.parameters]
    return [
        (t.things, things),
        *((t.relations, each) for each in ties),
        *((t.parameters, each) for each in set_for),
    ]


def _fill_all(
    connection: Connection, parts: list[tuple[Table, dict[str, Sequence[Any]]]], progress: Progress
) -> None:
    """Fill tables that are empty; what watches over single rows is put back afterwards."""
    lengths = [len(next(iter(each.values()))) for _, each in parts]
    total, base = sum(lengths), 0
    with unwatched(connection, (t.things, t.relations, t.parameters)):
        for (table, rows), length in zip(parts, lengths, strict=True):

            def tell(done: int, start: int = base) -> None:
                progress(start + done, total)

            fill(connection, table, rows, tell)
            base += length


def _or_none(degrees: Floats) -> list[float | None]:
    """Turn NaN, "it has no place", into what a table says for it."""
    return [None if value != value else value for value in degrees.tolist()]  # noqa: PLR0124 - only NaN differs from itself


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _relation_columns(
    registry: Registry, name: str, valid_from_ms: int
) -> dict[str, Sequence[Any]]:
    start, end, sign = registry.relations[name]
    return {
        "name": [name] * len(start),
        "from_id": registry.id[start].tolist(),
        "to_id": registry.id[end].tolist(),
        "valid_from_ms": [valid_from_ms] * len(start),
        "sign": sign.tolist(),
    }


def _parameter_columns(
    registry: Registry, key: tuple[str, str], at_ms: int
) -> dict[str, Sequence[Any]]:
    column = registry.parameters[key]
    rows = np.flatnonzero(~np.isnan(column))
    return {
        "scene": [key[0]] * len(rows),
        "parameter": [key[1]] * len(rows),
        "thing": registry.id[rows].tolist(),
        "value": column[rows].tolist(),
        "who": ["district"] * len(rows),
        "set_ms": [at_ms] * len(rows),
    }


def _save_meta(connection: Connection, meta: Mapping[str, Any]) -> None:
    connection.execute(t.meta.delete())
    _insert(connection, t.meta, [{"name": name, "value": value} for name, value in meta.items()])


def _relations(connection: Connection, ids: Index) -> dict[str, tuple[Index, Index, Index]]:
    r = t.relations.c
    chosen = select(r.name, r.from_id, r.to_id, r.sign).where(r.valid_to_ms.is_(None))
    names, start, end, sign = columns(
        connection, chosen.order_by(r.name, r.from_id, r.to_id, r.valid_from_ms)
    )
    rows = (row_of(ids, np.array(start, np.int64)), row_of(ids, np.array(end, np.int64)))
    kept, name = (rows[0] >= 0) & (rows[1] >= 0), np.array(names, "U64")
    signs = np.array(sign, np.int8)
    return {
        each: (rows[0][mine], rows[1][mine], signs[mine])
        for each in dict.fromkeys(names)
        for mine in [kept & (name == each)]
        if mine.any()
    }


def _parameters(connection: Connection, ids: Index) -> dict[tuple[str, str], Floats]:
    p = t.parameters.c
    chosen = select(p.scene, p.parameter, p.thing, p.value).order_by(p.scene, p.parameter)
    scenes, names, things, values = columns(connection, chosen)
    row, value = row_of(ids, np.array(things, np.int64)), np.array(values, np.float64)
    found: dict[tuple[str, str], Floats] = {}
    start = 0
    for pair, rows in groupby(zip(scenes, names, strict=True)):
        end = start + sum(1 for _ in rows)
        mine, column = row[start:end], np.full(len(ids), np.nan)
        column[mine[mine >= 0]] = value[start:end][mine >= 0]
        if not np.isnan(column).all():
            found[pair] = column
        start = end
    return found
