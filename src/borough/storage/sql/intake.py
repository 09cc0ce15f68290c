"""Many things at once: the whole registry as columns, and one change to it, whole or not at all.

A change of many things must not keep the other writers of a SQLite file waiting.  So new things
enter in short transactions, unseen (``valid_to_ms`` is `UNSEEN`), and the last transaction lets
them be seen together with everything else that changes.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Connection, Engine, bindparam, func, select, update

from borough.core.errors import BadRequest, NotFound, Stale
from borough.core.observations import Floats, Index
from borough.core.registry import Kind, row_of
from borough.storage.sql import attributes as attrs, tables as t
from borough.storage.sql.bulk import columns, fill
from borough.storage.sql.changes import touched
from borough.storage.sql.counting import at_least, current, raised, upsert
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.entering import Given, give
from borough.storage.sql.intake_table import intakes
from borough.storage.sql.kinds import declared_kinds
from borough.storage.sql.registry import NEXT_SERIES, NEXT_THING, VERSION

NEXT_INTAKE = "intakes"
UNSEEN = -1
"""The end of a thing that is about to enter: it is not there yet, for anybody."""
SHORT = 5_000
"""Rows in one of the short transactions: on a busy machine they take half a second."""
FIELDS = ("lon", "lat", "grid", "via", "name", "attributes", "valid_from_ms", "valid_to_ms")
"""The columns of a thing that may change."""
Tell = Callable[[int], None]
Tie = tuple[str, int, int, int]
"""Name of a relation, from, to, sign."""


@dataclass(frozen=True, slots=True)
class Held:
    """Every thing that ever was, by rising id; retired ones too.

    ``via`` is a row or -1; ``name`` and ``attributes`` are JSON text; times are ms, ``valid_to``
    -1 where it has not ended.  ``ties`` are the relations that hold, in rows.
    """

    version: int
    kinds: tuple[Kind, ...]
    schemas: Mapping[str, attrs.Schema]
    id: Index
    key: Sequence[str]
    kind: Index
    lon: Floats
    lat: Floats
    grid: Index
    via: Index
    name: Sequence[str]
    attributes: Sequence[str]
    valid_from: Index
    valid_to: Index
    ties: Sequence[Tie]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to change: new things as columns, whole new rows for known ones, and relations.

    ``added`` has ``key``, ``kind``, ``width`` (series) and the fields; ``edited`` has ``id`` and
    the fields.  Where an id is wanted (``via``, relations), -1 - *k* means the *k*-th added
    thing; things that others report through come before those.  ``before`` has the fields that
    the edited things have until then.
    """

    added: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    edited: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    tied: Sequence[Tie] = ()
    untied: Sequence[Tie] = ()
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is kept of an intake: its number, when, by whom, from which file, with what result."""

    number: int
    at_ms: int
    who: str
    file: str
    sha256: str
    counts: Mapping[str, int]
    undoes: int | None = None


class SqlIntake:
    """Changes the registry by many things at once; one thing at a time is for `SqlThings`."""

    def __init__(self, engine: Engine, given: Given | None = None) -> None:
        self._engine = engine
        self._given = given or {}

    def held(self) -> Held:
        """Read the whole registry: a few seconds for a third of a million things."""
        c = t.things.c
        chosen = (
            select(
                c.id, c.key, c.kind, c.lon, c.lat, c.grid, func.coalesce(c.via, -1), c.name,
                c.attributes, c.valid_from_ms, func.coalesce(c.valid_to_ms, -1),
            )
            .where(func.coalesce(c.valid_to_ms, 0) != UNSEEN)
            .order_by(c.id)
        )  # fmt: skip
        r = t.relations.c
        holding = select(r.name, r.from_id, r.to_id, r.sign).where(r.valid_to_ms.is_(None))
        with reading(self._engine) as connection:
            version = current(connection, VERSION)
            ids, keys, kind, lon, lat, grid, via, names, given, start, end = columns(
                connection, chosen
            )
            number = np.array(ids, np.int64)
            tie, one, other, sign = columns(connection, holding)
            ends = (row_of(number, np.array(each, np.int64)).tolist() for each in (one, other))
            return Held(
                version=version,
                kinds=declared_kinds(connection),
                schemas={
                    row.code: attrs.restored(row.attributes)
                    for row in connection.execute(select(t.kinds.c.code, t.kinds.c.attributes))
                },
                id=number,
                key=keys,
                kind=np.array(kind, np.int32),
                lon=np.array(lon, np.float64),
                lat=np.array(lat, np.float64),
                grid=np.array(grid, np.int64),
                via=row_of(number, np.array(via, np.int64)),
                name=[_text(each) for each in names],
                attributes=[_text(each) for each in given],
                valid_from=np.array(start, np.int64),
                valid_to=np.array(end, np.int64),
                ties=list(zip(tie, *ends, sign, strict=True)),
            )

    def number(self) -> int:
        """Give an intake its number; nobody else gets the same."""
        with writing(self._engine) as connection:
            return raised(connection, NEXT_INTAKE)

    def enter(
        self, change: Change, note: Note, *, expected: int, tell: Tell = lambda _rows: None
    ) -> int:
        """Carry a change out, wholly or not at all; give the registry's version afterwards.

        *expected* is the version that the change was worked out for; `Stale` where there is a
        newer one by now.  *tell* hears how many new things have entered.
        """
        many = len(change.added.get("key", ()))
        ids = self._entered(change.added, expected, tell) if many else range(0)
        try:
            return self._shown(change, note, ids, expected)
        except Exception:
            self.abandon()
            raise

    def _entered(self, added: Mapping[str, Sequence[Any]], expected: int, tell: Tell) -> range:
        """Put new things where nobody sees them yet, some at a time."""
        widths = np.array(added["width"], np.int64)
        many = len(widths)
        with writing(self._engine) as connection:
            _unchanged(connection, expected)
            at_least(
                connection, NEXT_THING, connection.scalar(select(func.max(t.things.c.id))) or 0
            )
            first = raised(connection, NEXT_THING, many) - many + 1
            total = int(widths.sum())
            series = raised(connection, NEXT_SERIES, total) - total + np.cumsum(widths) - widths
        ids = range(first, first + many)
        rows = {
            "id": ids,
            "key": added["key"],
            "kind": added["kind"],
            "first_series": series.tolist(),
            **{name: added[name] for name in FIELDS},
            "via": [_id(each, ids) for each in added["via"]],
            "valid_to_ms": [UNSEEN] * many,
        }
        try:
            for start in range(0, many, SHORT):
                part = {name: column[start : start + SHORT] for name, column in rows.items()}
                with writing(self._engine) as connection:
                    fill(connection, t.things, part)
                tell(min(start + SHORT, many))
        except Exception:
            self.abandon()
            raise
        return ids

    def _shown(self, change: Change, note: Note, ids: range, expected: int) -> int:
        """Let everything be seen at once: the one transaction that counts."""
        packed = _packed(change, ids)
        with writing(self._engine) as connection:
            _unchanged(connection, expected)
            _let_see(connection, change, ids)
            if ids:
                give(connection, self._given, ids[0], ids[-1], note.at_ms)
            _edit(connection, change, ids)
            self._tie(connection, change, ids, note.at_ms)
            version = raised(connection, VERSION)
            ends = (end for tie in (*change.tied, *change.untied) for end in tie[1:3])
            tied = (ids[-1 - end] if end < 0 else end for end in ends)
            touched(connection, chain(ids, change.edited.get("id", ()), tied))
            kept = {name: getattr(note, name) for name in Note.__slots__}
            connection.execute(intakes.insert().values(**kept, version=version, before=packed))
            return version

    def _tie(self, connection: Connection, change: Change, ids: range, at_ms: int) -> None:
        r = t.relations.c
        if change.untied:
            ends = update(t.relations).where(
                r.name == bindparam("tie"), r.from_id == bindparam("start"),
                r.to_id == bindparam("stop"), r.valid_to_ms.is_(None),
            )  # fmt: skip
            connection.execute(
                ends.values(valid_to_ms=at_ms),
                [{"tie": n, "start": a, "stop": b} for n, a, b, _ in change.untied],
            )
        if change.tied:
            adding = upsert(connection, t.relations)
            adding = adding.on_conflict_do_update(
                index_elements=["name", "from_id", "to_id", "valid_from_ms"],
                set_={"valid_to_ms": None, "sign": adding.excluded.sign},
            )
            connection.execute(
                adding,
                [
                    {"name": name, "from_id": _id(start, ids), "to_id": _id(end, ids),
                     "sign": sign, "valid_from_ms": at_ms}
                    for name, start, end, sign in change.tied
                ],
            )  # fmt: skip

    def abandon(self) -> int:
        """Take away what a change that never came to its end has left; give how many rows.

        Nobody has ever seen them, so nothing refers to them; their numbers stay used.
        """
        unseen = t.things.delete().where(t.things.c.valid_to_ms == UNSEEN)
        if self._engine.dialect.name == "postgresql":
            with writing(self._engine) as connection:
                return connection.execute(unseen).rowcount
        raw = self._engine.raw_connection()
        try:
            raw.execute("PRAGMA foreign_keys = OFF")  # it would search the table for each row
            raw.execute("BEGIN IMMEDIATE")
            done = raw.execute("DELETE FROM things WHERE valid_to_ms = ?", (UNSEEN,))
            raw.commit()
            return int(done.rowcount)
        finally:
            raw.detach()
            raw.close()

    def list(self, limit: int = 100) -> list[dict[str, Any]]:
        """Give the newest intakes, without what they changed."""
        shown = [each for each in intakes.c if each.name != "before"]
        chosen = select(*shown).order_by(intakes.c.number.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]

    def before(self, number: int) -> dict[str, Any]:
        """Give what an intake needs to be taken back; `NotFound`, or `BadRequest` if it was."""
        with reading(self._engine) as connection:
            packed = connection.scalar(select(intakes.c.before).where(intakes.c.number == number))
            if packed is None:
                msg = f"import: none of number {number} has changed anything"
                raise NotFound(msg)
            if connection.scalar(select(intakes.c.number).where(intakes.c.undoes == number)):
                msg = f"import: {number} was taken back already"
                raise BadRequest(msg)
            found: dict[str, Any] = msgspec.json.decode(zlib.decompress(packed))
            return found


def _let_see(connection: Connection, change: Change, ids: range) -> None:
    """Give the new things their true ends: for most that is none."""
    if not ids:
        return
    c = t.things.c
    new = c.id.between(ids[0], ids[-1])
    connection.execute(t.things.update().where(new).values(valid_to_ms=None))
    ended = [
        {"at": number, "valid_to_ms": end}
        for number, end in zip(ids, change.added["valid_to_ms"], strict=True)
        if end is not None
    ]
    if ended:
        connection.execute(update(t.things).where(c.id == bindparam("at")), ended)


def _edit(connection: Connection, change: Change, ids: range) -> None:
    """Write the fields of things that are known."""
    if not change.edited.get("id"):
        return
    marks = ", ".join(f'"{name}" = {_mark(connection, name)}' for name in FIELDS)
    sql = f"UPDATE things SET {marks} WHERE id = {_mark(connection, 'id')}"  # noqa: S608 - our own names
    names = ("id", *FIELDS)
    table = {**change.edited, "via": [_id(each, ids) for each in change.edited["via"]]}
    across = zip(*(table[name] for name in names), strict=True)
    rows = [dict(zip(names, row, strict=True)) for row in across]
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        with raw.cursor() as cursor:
            cursor.executemany(sql, rows)
    else:
        raw.executemany(sql, rows)


def _unchanged(connection: Connection, expected: int) -> None:
    if current(connection, VERSION) != expected:
        msg = "registry: somebody else changed it meanwhile"
        raise Stale(msg)


def _packed(change: Change, ids: range) -> bytes:
    """Keep what is needed to take a change back: what was, what is instead, and what is new."""
    via = [_id(each, ids) for each in change.edited.get("via", ())]
    ends = [
        [(name, _id(start, ids), _id(end, ids), sign) for name, start, end, sign in ties]
        for ties in (change.tied, change.untied)
    ]
    kept = {
        "ids": [ids.start, ids.stop],
        "before": change.before,
        "after": {**change.edited, "via": via},
        "tied": ends[0],
        "untied": ends[1],
    }
    return zlib.compress(msgspec.json.encode(kept), 1)


def _id(wanted: int | None, ids: range) -> int | None:
    """Turn -1 - *k* into the id of the *k*-th new thing."""
    return ids[-1 - wanted] if wanted is not None and wanted < 0 else wanted


def _text(value: Any) -> str:
    """Give a JSON column as text, which only some drivers do."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _mark(connection: Connection, name: str) -> str:
    return f"%({name})s" if connection.dialect.name == "postgresql" else f":{name}"
