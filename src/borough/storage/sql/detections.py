"""Detections in SQL: every change of level once, however often the bus hands it out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, select, tuple_

from borough.core.errors import BadRequest, NotFound
from borough.storage.sql import tables as t
from borough.storage.sql.bulk import added
from borough.storage.sql.counting import upsert
from borough.storage.sql.engines import plain, reading, writing
from borough.storage.sql.paging import page
from borough.storage.sql.shelf_tables import gathered

STREAM = "detections"
WHOLE = {"thing": int, "level": int, "position": int, "time": int, "now": int}
WORDS = {"id": str, "scene": str, "level_name": str, "version": str}
MANY = 500
"""Ids in one query."""
_KINDS = tuple({**WHOLE, **WORDS}.items())
INT64_BITS = 63
Edge = Mapping[str, Any]


class SqlDetections:
    """What the scenes saw: one row for each detection, one for each change of its level."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def apply(self, edges: Sequence[Edge], sequence: int) -> list[dict[str, Any]]:
        """Take in changes of level up to *sequence* of the stream; give those that were news.

        They are kept together with the sequence number or not at all, and what was kept before
        changes nothing.  Raises `BadRequest`, naming the field, for an edge that is none.
        """
        with writing(self._engine) as connection:
            return taken_in(connection, edges, sequence)

    def offset(self) -> int:
        """How far the stream was taken in; 0 at the start."""
        kept = select(t.offsets.c.sequence).where(t.offsets.c.name == STREAM)
        with reading(self._engine) as connection:
            return connection.scalar(kept) or 0

    def place(self) -> int:
        """The furthest place in the journal of which a change was taken in; -1 if there is none."""
        with reading(self._engine) as connection:
            found = connection.scalar(select(func.max(t.detection_edges.c.position)))
            return -1 if found is None else int(found)

    def open_count(self) -> int:
        """How many have not ended."""
        still = select(func.count()).where(t.detections.c.ended_ms.is_(None))
        with reading(self._engine) as connection:
            return connection.scalar(still) or 0

    def one(self, detection: str) -> dict[str, Any]:
        """Show one detection with its edges and their evidence; or `NotFound`."""
        with reading(self._engine) as connection:
            chosen = _SHOWN.where(t.detections.c.id == detection)
            row = connection.execute(chosen).mappings().one_or_none()
            if row is None:
                msg = f"detection: there is no {detection!r}"
                raise NotFound(msg)
            edges = select(t.detection_edges).where(t.detection_edges.c.id == detection)
            found = connection.execute(edges.order_by(t.detection_edges.c.position)).mappings()
            return {**row, "edges": [dict(edge) for edge in found]}

    def edges(self, scene: str = "") -> list[dict[str, Any]]:
        """Give every change of level as it came, in the journal's order; of one scene or all.

        Those of outages, which are about no single thing, are left out.
        """
        d, e = t.detections.c, t.detection_edges.c
        chosen = select(
            d.id, d.scene, d.thing, e.level, e.level_name, e.position, e.time_ms.label("time"),
            e.now_ms.label("now"), e["values"], e.before, e.after, e.version, e.by,
        ).join_from(t.detection_edges, t.detections).where(d.thing != 0)  # fmt: skip
        if scene:
            chosen = chosen.where(d.scene == scene)
        with reading(self._engine) as connection:
            found = connection.execute(chosen.order_by(e.position, d.scene, d.thing))
            return [dict(row) for row in found.mappings()]

    def judged(self, scene: str) -> dict[str, tuple[int, str]]:
        """Give the case and its outcome for each detection of a scene whose case was closed."""
        d = t.detections.c
        chosen = select(d.id, d.case_id, d.outcome).where(d.scene == scene, d.outcome.is_not(None))
        chosen = chosen.where(d.thing != 0)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.where(d.case_id.is_not(None)))
            return {row.id: (row.case_id, row.outcome) for row in rows}

    def find(
        self,
        *,
        scene: str = "",
        thing: int | None = None,
        open_only: bool = False,
        level_from: int = 1,
        case: int | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
        before: str = "",
        limit: int = 100,
        told_only: bool = False,
    ) -> list[dict[str, Any]]:
        """Give the detections that fit, newest first; go on with ``before`` the last id given.

        ``level_from`` looks at the worst level that each has reached; times are when it began.
        ``told_only`` leaves out what is shelved, part of an outage, or still being gathered.
        """
        d = t.detections.c
        chosen = _SHOWN.order_by(d.began_ms.desc(), d.id.desc()).where(d.worst >= level_from)
        if told_only:
            waits = select(gathered.c.detection).where(gathered.c.detection == d.id)
            chosen = chosen.where(d.suppressed_by.is_(None), ~waits.exists())
        wanted = {d.scene: scene or None, d.thing: thing, d.case_id: case}
        for column, value in wanted.items():
            if value is not None:
                chosen = chosen.where(column == value)
        if open_only:
            chosen = chosen.where(d.ended_ms.is_(None))
        if since_ms is not None:
            chosen = chosen.where(d.began_ms >= since_ms)
        if until_ms is not None:
            chosen = chosen.where(d.began_ms < until_ms)
        if before:
            last = select(d.began_ms, d.id).where(d.id == before).scalar_subquery()
            chosen = chosen.where(tuple_(d.began_ms, d.id) < last)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen.limit(page(limit))).mappings()]


_SHOWN = select(t.detections, t.things.c.key, t.things.c.lon, t.things.c.lat, t.things.c.grid).join(
    t.things, t.things.c.id == t.detections.c.thing, isouter=True
)


def taken_in(connection: Connection, edges: Sequence[Edge], sequence: int) -> list[dict[str, Any]]:
    """Do what `SqlDetections.apply` says, in a transaction that is open already."""
    given = [_checked(edge) for edge in edges]
    _advance(connection, sequence)
    ids = list(dict.fromkeys(edge["id"] for edge in given))
    seen = set(_edges_kept(connection, ids))
    fresh = []
    for edge in given:
        if (edge["id"], edge["position"]) not in seen:
            seen.add((edge["id"], edge["position"]))
            fresh.append(edge)
    if fresh:
        _keep(connection, fresh)
    return fresh


def label(connection: Connection, case: int, outcome: str) -> None:
    """Tell the detections behind a case what it turned out to be; empty takes it back."""
    mine = t.detections.update().where(t.detections.c.case_id == case)
    connection.execute(mine.values(outcome=outcome or None))


def _checked(edge: Edge) -> dict[str, Any]:
    for name, kind in _KINDS:
        value = edge.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            msg = f"{name}: an edge needs a {kind.__name__}, not {value!r}"
            raise BadRequest(msg)
        if isinstance(value, int) and value.bit_length() > INT64_BITS:
            msg = f"{name}: {value} is too large"
            raise BadRequest(msg)
    return plain(dict(edge))  # type: ignore[no-any-return]  # a dict gives a dict


def _advance(connection: Connection, sequence: int) -> None:
    """Keep how far the stream was read; on PostgreSQL this also makes a second reader wait."""
    kept = upsert(connection, t.offsets).values(name=STREAM, sequence=sequence)
    further = kept.excluded.sequence > t.offsets.c.sequence
    connection.execute(
        kept.on_conflict_do_update(
            index_elements=["name"], set_={"sequence": kept.excluded.sequence}, where=further
        )
    )


def _edges_kept(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[str, int]]:
    e = t.detection_edges.c
    for some in _chunks(ids):
        for row in connection.execute(select(e.id, e.position).where(e.id.in_(some))):
            yield row.id, row.position


def _keep(connection: Connection, fresh: Sequence[dict[str, Any]]) -> None:
    ids = list(dict.fromkeys(edge["id"] for edge in fresh))
    states: dict[str, dict[str, Any]] = {}
    for some in _chunks(ids):
        chosen = select(t.detections).where(t.detections.c.id.in_(some))
        states |= {row["id"]: dict(row) for row in connection.execute(chosen).mappings()}
    known = set(states)
    for edge in fresh:
        states[edge["id"]] = _after(states.get(edge["id"]), edge)
    born = [states[each] for each in ids if each not in known]
    if born:
        added(connection, t.detections, born)
    changed = [states[each] | {"own": each} for each in ids if each in known]
    if changed:
        own = t.detections.c.id == bindparam("own")
        connection.execute(t.detections.update().where(own), changed)
    added(connection, t.detection_edges, [_edge_row(edge) for edge in fresh])


def _after(state: dict[str, Any] | None, edge: Edge) -> dict[str, Any]:
    """Say what a detection is after one more edge; one from before its last changes nothing."""
    if state is not None and edge["position"] < state["position"]:
        return {**state, "worst": max(state["worst"], edge["level"])}
    first = state or {
        "id": edge["id"],
        "scene": edge["scene"],
        "thing": edge["thing"],
        "worst": 0,
        "began_ms": edge["time"],
        "case_id": None,
        "outcome": None,
    }
    return {
        **first,
        "level": edge["level"],
        "level_name": edge["level_name"],
        "worst": max(first["worst"], edge["level"]),
        "changed_ms": edge["time"],
        "ended_ms": None if edge["level"] else edge["time"],
        "position": edge["position"],
        "version": edge["version"],
        "suppressed_by": edge.get("suppressed_by") or first.get("suppressed_by"),
    }


def _edge_row(edge: Edge) -> dict[str, Any]:
    row = {name: edge[name] for name in ("id", "position", "level", "level_name", "version")}
    evidence = {name: edge.get(name, {}) for name in ("values", "before", "after")}
    return row | evidence | {
        "time_ms": edge["time"], "now_ms": edge["now"], "by": edge.get("by", "scene"),
    }  # fmt: skip


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(ids)
    while some := list(islice(waiting, MANY)):
        yield some
